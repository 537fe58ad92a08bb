"""What a writer of codebooks is told beyond faults."""

from codeword.codebook import load_codebook
from codeword.codebook.advice import advice
from tests.codebook.plan_books import COFFEE, DOG, book


def test_what_can_be_chained_and_what_can_only_be_named() -> None:
    assert advice(book(DOG)) == ("no skill declares effects: tasks can name commands, and the planner can add none",)
    assert advice(book(COFFEE)) == (
        "the planner can chain switch_on, heat; only a task can ask for brew, rinse (no effects)",
    )


def test_facts_that_nothing_brings_about() -> None:
    told = advice(load_codebook("tabletop"))
    assert told[1:] == ("nothing brings about or ends 'wide', which pick asks for",)


def test_descriptions_that_say_nothing_or_the_same() -> None:
    same = DOG.replace("bark once", "sit down now").replace("sit down}", "sit down just now}")
    (_, *told) = advice(book(same))
    assert told == ["a model can hardly tell 'sit' from 'bark': their descriptions are nearly the same"]
    (_, *told) = advice(book(DOG.replace("bark once", "Bark!")))
    assert told == ["the description of 'bark' says no more than its name"]
