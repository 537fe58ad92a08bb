"""Tasks said in other words: the right ones, where they stand for the same, and none that could mean something else."""

import random

import pytest

from codeword.controller.teaching.plan_lessons import reworded
from codeword.controller.teaching.pools_of import synonyms


def ways(task: str, *known: str) -> set[str]:
    return {reworded(random.Random(seed), task, known) for seed in range(60)}


def test_an_order_begins_otherwise_and_keeps_what_follows() -> None:
    assert ways("Pick up the cup") == {
        f"{verb} the cup" for verb in ("Grab", "Take hold of", "Get hold of", "Grasp")
    }  # fmt: skip
    assert ways("wave, then shut the lid") == {"beckon, then close the lid"}


@pytest.mark.parametrize(
    "task",
    [
        "the pause is over",  # no order
        "push up the lid",  # another verb with its particle
        "pick_up the cup",  # an id
        "bring the close shave to me",
        "fold_3 and unfold_4",
    ],
)
def test_what_is_no_order_stays(task: str) -> None:
    assert ways(task) == {task}


def test_no_word_comes_in_that_the_codebook_knows() -> None:
    assert ways("grab the cup", "grasp", "take", "pick") == {"get hold of the cup"}
    assert ways("shut the lid", "close") == {"shut the lid"}


def test_no_phrase_stands_twice_in_a_group_and_none_is_empty() -> None:
    for groups in synonyms().values():
        for group in groups:
            assert len(set(group)) == len(group) > 1
            assert all(phrase == phrase.strip().lower() and phrase for phrase in group)
