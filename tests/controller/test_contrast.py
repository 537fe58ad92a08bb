"""Two tasks of one scene: what is right for one is wrong for the other, and the words tell them apart."""

import random
from collections import Counter
from itertools import islice, pairwise
from math import inf

import pytest

from codeword.controller.teaching.aims import Aim
from codeword.controller.teaching.codebook_generator import shipped_book
from codeword.controller.teaching.contrast import contrast
from codeword.controller.teaching.draft import Draft, DraftTask
from codeword.controller.teaching.kinds import KINDS
from codeword.controller.teaching.lessons import GoalLesson, lessons
from codeword.controller.teaching.mixes import training_mix
from codeword.controller.teaching.scene import State
from codeword.controller.teaching.solver import Solver

PAIRS = {
    "match": {"mismatch"},
    "mismatch": {"match"},
    "even": {"match", None},
    "small_on_big_zones": {"match", "small_on_big"},
    "small_on_big": {"stack_by_size", "stack_by_color"},
    "alternate": {"stack_by_color", "stack_all", None},
    "stack_by_color": {"alternate", "stack_all"},
    "stack_by_size": {"stack_all"},
    "stack_area": {"all_to"},
    "all_to": {"stack_area", None},
    "alphabet": {"reverse_alphabet"},
    "reverse_alphabet": {"alphabet"},
}


def drawn(kind: str, seed: int) -> DraftTask:
    book = shipped_book(KINDS[kind].flavors[0])
    return KINDS[kind].make(Draft(random.Random(seed), book))


def carried_out(task: DraftTask, aim: Aim) -> State:
    """The state at the end of a shortest way."""
    solver = Solver(task.scene, aim, shipped_book("tabletop").able)
    state = task.start
    assert solver.left(state) < inf
    while solver.left(state):
        ahead = [task.scene.moved(state, *move) for move in solver.moves(state)]
        state = min(ahead, key=solver.left)
    return state


@pytest.mark.parametrize("kind", PAIRS)
def test_what_is_right_for_one_task_is_wrong_for_the_other_of_the_same_scene(kind: str) -> None:
    differing, found = [], set()
    for seed in range(12):
        task = drawn(kind, seed)
        other = contrast(random.Random(seed), task)
        found.add(other.kind if other else None)
        if other is None:
            continue
        assert task.aim is not None and other.aim is not None
        assert (other.scene, other.start) == (task.scene, task.start)
        end = carried_out(other, other.aim)
        assert other.aim.least(task.scene, end) == 0
        differing.append(task.aim.least(task.scene, end) > 0)
    assert found == PAIRS[kind]
    # In one tower colors may be in turn by chance, and in a tower of one color the small block on the big one.
    assert sum(differing) >= (0.5 if kind in ("small_on_big", "alternate") else 1) * len(differing) > 2


def test_most_kinds_have_no_other() -> None:
    assert contrast(random.Random(1), drawn("put", 1)) is None
    assert contrast(random.Random(1), drawn("missing", 1)) is None


def test_a_task_that_would_come_to_the_same_is_no_other() -> None:
    counts = {"even": 0, "other": 0}
    for seed in range(20):
        task = drawn("even", seed)
        each = Counter(block.properties["color"] for block in task.scene.blocks)
        even = all(count % 2 == 0 for count in each.values())
        counts["even" if even else "other"] += 1
        assert (contrast(random.Random(1), task) is None) is even
    assert min(counts.values()) > 2


def test_lessons_have_both_beside_each_other_with_different_answers() -> None:
    beside = []
    for group in islice(lessons(5, training_mix()), 30):
        for one, two in pairwise(group):
            if one.observation.entities == two.observation.entities and two.kind in PAIRS.get(one.kind, ()):
                beside.append((one, two))
    assert len(beside) > 5
    assert all(
        one.task != two.task and isinstance(one, GoalLesson) and isinstance(two, GoalLesson) for one, two in beside
    )
    assert sum(not {*one.right} & {*two.right} for one, two in beside) > 0.8 * len(beside)
