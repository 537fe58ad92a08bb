"""Random plans over random codebooks: what is written is read, and carried out as what was read."""

import json
import random
from collections import Counter
from collections.abc import Sequence

import pytest

from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_trace import Trace, same_outcome, trace
from codeword.codebook.task_plan import MOST_ITEMS, Do, TaskPlan, check_things, goal_words, read_plan
from tests.codebook.generated import TASK, random_codebook, random_observation
from tests.codebook.plan_reference import Command, Item, Outcome, World, random_items, random_world, text_of
from tests.codebook.test_task_plan import check_read, walk

BOOKS, PLANS_EACH = 100, 20


@pytest.mark.parametrize("seed", range(4))
def test_two_thousand_plans_are_read_as_they_were_written(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(BOOKS // 4):
        codebook, seen = random_codebook(rng), random_observation(rng)
        graph = plan_graph(codebook, seen, TASK)
        for _ in range(PLANS_EACH):
            text = walk(graph, rng)
            plan = read_plan(codebook, text)
            check_things(codebook, plan, seen)
            check_read(codebook, plan, text)
            assert read_plan(codebook, plan.text) == plan
            assert sum(1 if isinstance(item, Do) else len(goal_words(item.goal)) for item in plan.items) <= MOST_ITEMS


def facts_of(traced: Trace) -> frozenset[tuple[str, ...]]:
    return frozenset((fact.name, *fact.args) for fact in traced.facts)


def worked_out(world: World, items: Sequence[Item], traced: Trace) -> Outcome:
    return world.outcome(items, [json.loads(command.text) for command in traced.commands])


@pytest.mark.parametrize("seed", range(4))
def test_plans_come_to_what_an_interpreter_of_its_own_works_out(seed: int) -> None:
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    for _ in range(25):
        world = random_world(rng)
        codebook, seen = world.codebook(), world.observation()
        for _ in range(8):
            items = random_items(world, rng)
            text = text_of(items)
            traced = trace(codebook, read_plan(codebook, text), seen)
            expected = worked_out(world, items, traced)
            assert (facts_of(traced), traced.failure) == (expected.facts, expected.failure), (codebook.text, text)
            counts.update([expected.failure or "done", "prepared"][: 1 + bool(expected.prepared)])
            counts["spared"] += expected.spared
    assert min(counts[one] for one in ("done", "impossible", "missing", "prepared", "spared")) >= 3, counts


@pytest.mark.parametrize("seed", range(4))
def test_plans_that_come_to_the_same_are_told_from_all_others(seed: int) -> None:
    rng = random.Random(seed)
    counts: Counter[bool] = Counter()
    for _ in range(12):
        world = random_world(rng)
        codebook, seen = world.codebook(), world.observation()
        plans: list[tuple[TaskPlan, Outcome]] = []
        for items in others_like(random_items(world, rng), rng):
            plan = read_plan(codebook, text_of(items))
            plans.append((plan, worked_out(world, items, trace(codebook, plan, seen))))
        for one, first in plans:
            for two, second in plans:
                if one == two:
                    continue
                same = not first.failure and not second.failure
                same = same and (first.facts, first.telling) == (second.facts, second.telling)
                assert same_outcome(codebook, one, two, seen) is same, (codebook.text, one.text, two.text)
                counts[same] += 1
    assert min(counts.values()) >= 20, counts


def others_like(items: list[Item], rng: random.Random) -> list[list[Item]]:
    """Some items, and the same in other orders, with one of them repeated, left out, or counted otherwise."""
    at = rng.randrange(len(items))
    found = [items, items[::-1], rng.sample(items, len(items)), [*items[:at], items[at], *items[at:]]]
    found.append(items[:at] + items[at + 1 :])
    written_out = [
        one
        for item in items
        for one in ([Command(item.deed, item.args)] * item.times if isinstance(item, Command) else [item])
    ]
    once = [Command(item.deed, item.args) if isinstance(item, Command) else item for item in items]
    return [some for some in (*found, written_out, once) if some and sum(map(_size, some)) <= MOST_ITEMS]


def _size(item: Item) -> int:
    return 1 if isinstance(item, Command) else len(item.written[0])
