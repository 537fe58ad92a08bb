"""Spans of a task: which words may be copied, and that grammar and guard mean the same by it."""

import random

import pytest

from codeword.codebook.spans import count_words, is_span, spans


@pytest.mark.parametrize(
    ("task", "most", "expected"),
    [
        ("say good morning", 2, ["say", "say good", "good", "good morning", "morning"]),
        ("Say: hello, Anna!", 3, ["Say", "Say: hello", "Say: hello, Anna", "hello", "hello, Anna", "Anna"]),
        ("don't  stop\n(now)", 2, ["don't", "don't stop", "stop", "stop (now", "now"]),
        ("a - b", 2, ["a", "b"]),
        ("a - b", 3, ["a", "a - b", "b"]),
        ("hi hi hi", 2, ["hi", "hi hi"]),
        ("20% of 3.5 kg", 1, ["20", "of", "3.5", "kg"]),
        ("a\\b c\x07d", 4, ["a", "b", "b c", "c", "d"]),
        ("说早上好，安娜", 2, ["说", "说早", "早", "早上", "上", "上好", "好", "好，安", "安", "安娜", "娜"]),
        ("说hello吧", 2, ["说", "说hello", "hello", "hello吧", "吧"]),
        ("schöne Grüße", 1, ["schöne", "Grüße"]),
        ("scho\u0308ne\u0301", 1, ["scho\u0308ne\u0301"]),
        ("नमस्ते अन्ना", 1, ["नमस्ते", "अन्ना"]),
        ("hi 👋 Anna 👋", 3, ["hi", "hi 👋 Anna", "Anna"]),
        ("", 3, []),
        (" -- !! 👋", 3, []),
    ],
)
def test_what_may_be_copied(task: str, most: int, expected: list[str]) -> None:
    assert list(spans(task, most)) == expected


def test_a_quotation_is_copied_as_it_is_and_nothing_goes_over_its_marks() -> None:
    found = spans('say "¿Qué tal, Anna?" to her', 4)
    assert "¿Qué tal, Anna?" in found
    assert "Qué tal, Anna" in found
    assert not any('"' in text for text in found)
    assert "say" in found
    assert not any("say" in text and "Qué" in text for text in found)
    assert "Wow!" in spans("read »Wow!« aloud", 1)
    assert "嗨！" in spans("说「嗨！」", 1)
    assert "👋" in spans("show “👋” now", 1)
    assert "Good morning!" not in spans('say "Good morning!"', 1), "more words than may be copied"
    assert ", then" not in spans('say "a", then "b"', 3), "that stands between quotations"
    assert not any("”" in text or "“" in text for text in spans("say “one “two” three” now", 9))


ALPHABET = ["a", "bc", "1", " ", " ", " ", ",", "'", '"', "“", "”", "\\", "\n", "好", "早", "\u0301", "👋", "-", "é"]


def test_the_guard_s_question_and_the_grammar_s_list_agree_on_every_piece_of_a_task() -> None:
    rng, yes = random.Random(5), 0
    for _ in range(400):
        task, most = "".join(rng.choices(ALPHABET, k=rng.randint(0, 14))), rng.randint(1, 4)
        line = " ".join(task.split())
        pieces = {line[a:b] for a in range(len(line)) for b in range(a + 1, len(line) + 1)}
        taken = {piece for piece in pieces if is_span(task, piece, most)}
        assert taken == set(spans(task, most)), repr(task)
        assert all(count_words(piece) <= most for piece in taken), repr(task)
        yes += len(taken)
    assert yes > 800


def test_of_a_very_long_task_the_beginning_is_copied() -> None:
    task = " ".join(f"w{number}" for number in range(1000)) + ' "the end"'
    found = spans(task, 20)
    assert found[-1] == "w299"
    assert len(found) < 20 * 300
    assert is_span(task, "w298 w299", 20)
    assert not is_span(task, "w299 w300", 20)
    assert not is_span(task, "the end", 20)


def test_what_is_no_span() -> None:
    task = "say good morning to Anna"
    for text in (
        "",
        "good night",
        "Good morning",
        "ood morning",
        "good mornin",
        "good  morning",
        "good morning ",
        "to",
    ):
        assert is_span(task, text, 2) == (text == "to"), text
    assert not is_span(task, "good morning to", 2)
    assert not is_span("", "good", 2)
