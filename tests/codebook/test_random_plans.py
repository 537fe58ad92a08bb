"""Random plans over random codebooks: what is written is read, and carried out as what was read."""

import random

import pytest

from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_trace import trace
from codeword.codebook.task_plan import MOST_ITEMS, Do, check_things, goal_words, read_plan
from tests.codebook.generated import TASK, random_codebook, random_observation
from tests.codebook.test_task_plan import walk

BOOKS, PLANS_EACH = 100, 20


@pytest.mark.parametrize("seed", range(4))
def test_two_thousand_plans_are_read_as_they_were_written(seed: int) -> None:
    rng = random.Random(seed)
    written = 0
    for _ in range(BOOKS // 4):
        codebook, seen = random_codebook(rng), random_observation(rng)
        graph = plan_graph(codebook, seen, TASK)
        for _ in range(PLANS_EACH):
            text = walk(graph, rng)
            plan = read_plan(codebook, text)
            check_things(codebook, plan, seen)
            again = read_plan(codebook, plan.text)
            assert again == plan
            first, second = trace(codebook, plan, seen), trace(codebook, again, seen)
            assert first == second
            assert sum(1 if isinstance(item, Do) else len(goal_words(item.goal)) for item in plan.items) <= MOST_ITEMS
            written += 1
    assert written == BOOKS * PLANS_EACH // 4
