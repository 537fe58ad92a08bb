"""Where a text names things, choices and numbers."""

from codeword.codebook import parse_codebook
from codeword.codebook.known_names import NUMBER, KnownNames, things_of
from tests.codebook.plan_books import scene

BOOK = parse_codebook("""
codebook: shelf
robot: {robot: shelf, primitives: {act: {description: acts}}}
entities: [locker, parcel]
skills:
  stow: {description: stow, args: {parcel: {entity: parcel}, locker: {entity: locker}}}
  light: {description: light up, args: {colour: {choice: [red, amber]}}}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")
SEEN = scene(locker_1="locker", locker_2="locker", blue_box="parcel", wine_box="parcel", box_office="locker")


def named(text: str) -> list[tuple[str, list[str], str]]:
    return [
        (one.text, sorted(n.name for n in one.among), one.thing)
        for one in KnownNames(BOOK, things_of(SEEN)).mentions(text)
    ]


def test_words_that_stand_together_name_one_thing() -> None:
    assert named("the blue box into locker two") == [
        ("the blue box", ["blue_box"], "blue_box"),
        ("locker two", ["locker_2"], "locker_2"),
    ]


def test_words_of_several_things_may_be_any_of_them() -> None:
    assert named("that box") == [("that box", ["blue_box", "box_office", "wine_box"], "")]


def test_the_noun_may_be_left_to_one() -> None:
    assert named("the blue one, please") == [("the blue one", ["blue_box"], "blue_box")]


def test_choices_and_numbers_are_named_too() -> None:
    found = list(KnownNames(BOOK, things_of(SEEN)).mentions("amber for 10 seconds"))
    assert [one.sorts for one in found] == [{"light.colour"}, {NUMBER}]
    assert (found[1].text, found[1].unit, found[0].thing) == ("10 seconds", "seconds", "")


def test_of_some_things_those_that_are_named() -> None:
    assert KnownNames(BOOK, things_of(SEEN)).among("not the blue one, nor 2", ["blue_box", "locker_2"]) == (
        "blue_box",
        "locker_2",
    )
    assert KnownNames(BOOK, things_of(SEEN)).among("a box", ["blue_box", "wine_box"]) == ()
