"""Vectors of words tell which are alike."""

from codeword.controller.prior.vectors import Likeness, known


def test_the_likest_of_some_words_is_the_one_of_its_meaning() -> None:
    for word, right, others in (
        ("flip", "turn", ("wash", "brush")),
        ("movie", "film", ("curtain", "lamp")),
        ("dim", "brightness", ("volume", "loudness")),
        ("shine", "polish", ("rack", "music")),
    ):
        mine, *rest = Likeness([[right], *([other] for other in others)]).of([word])
        assert mine > max(rest), word


def test_words_that_are_the_same_or_unknown_tell_nothing() -> None:
    likeness = Likeness([["turn"], [], ["xyzzyish"]])
    assert likeness.of(["turn"]) == [0.0, 0.0, 0.0]
    assert likeness.of(["qwxz", "the"]) == [0.0, 0.0, 0.0]
    assert Likeness([]).of(["turn"]) == []
    assert known(["turn", "the", "turn", "qwxz"]) == ("turn",)
