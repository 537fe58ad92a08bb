"""Plans where a search for cheap ones gives up: found exactly where there are any, legal, short, and for eighty things."""

import random
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from codeword.codebook import Codebook, Observation
from codeword.codebook.conditions import Condition
from codeword.codebook.facts import Fact
from codeword.codebook.greedy_search import GreedySearch
from codeword.codebook.grounding import Grounder, changing
from codeword.codebook.operators import operators
from codeword.codebook.planner import SymbolicWorld, plan
from tests.benchmarks.planner import KINDS, arrangement, facts_wanted, observed
from tests.codebook.plan_reference import random_world
from tests.codebook.test_planner import goal
from tests.observations import observe


def search(world: SymbolicWorld, wanted: Condition) -> GreedySearch:
    grounder = Grounder(world.codebook, world.state, changing(world.codebook))
    steps = [step for step in operators(world.codebook, world.reachable, grounder) if step.settled]
    return GreedySearch(steps, lambda step: step.cost, grounder.formula(wanted), world.state)


def is_reachable(world: SymbolicWorld, wanted: Condition) -> bool:
    """Whether any chain of legal commands leads there, by trying them all."""
    waiting, seen = deque([world]), {world.state.facts}
    while waiting:
        here = waiting.popleft()
        if wanted.holds(here.state, {}):
            return True
        for command in here.commands():
            there = here.after(command)
            if there.state.facts not in seen:
                seen.add(there.state.facts)
                waiting.append(there)
    return False


def followed(world: SymbolicWorld, wanted: Condition, found: GreedySearch) -> int | None:
    """The number of commands of the plan, each of which is legal in its turn and which reach the goal; None where there
    is proved to be none.
    """
    made = found.find(world.state)
    if made.steps is None:
        assert made.exhausted
        return None
    for step in made.steps:
        command = step.command(world.codebook)
        assert command in world.commands()
        world = world.after(command)
    assert wanted.holds(world.state, {})
    return len(made.steps)


def random_goal(rng: random.Random, codebook: Codebook, blocks: list[str]) -> Condition:
    """One to three facts that may contradict each other, or name what cannot be there."""
    texts = []
    for _ in range(rng.randint(1, 3)):
        one, other = rng.sample(blocks, 2)
        texts.append(
            rng.choice((f"on({one}, {other})", f"on({one}, table)", f"in({one}, pink_bowl)", f"holding({one})",
                        f"not on({one}, {other})", f"on({one}, {other}) or in({other}, pink_bowl)", "gripper_empty"))
        )  # fmt: skip
    return goal(codebook, *texts)


def test_a_plan_is_found_exactly_where_there_is_one(tabletop: Codebook, sized: Callable[[int], int]) -> None:
    """Against trying all commands, for worlds of four blocks, one of which may be too wide to be taken."""
    rng, worlds = random.Random(3), sized(100)
    counts = {True: 0, False: 0}
    for _ in range(worlds):
        names = [f"{letter}_block" for letter in "abcd"]
        placed: dict[str, str] = {}
        for name in names:
            free = [other for other in placed if other not in placed.values()]
            placed[name] = rng.choice(["table", "table", *free])
        wide = {names[0]: "wide"} if rng.random() < 0.3 else {}
        world = SymbolicWorld.of(tabletop, observe(placed, bowls=("pink_bowl",), **wide))
        wanted = random_goal(rng, tabletop, names)
        reachable = is_reachable(world, wanted)
        assert (followed(world, wanted, search(world, wanted)) is not None) is reachable, (placed, str(wanted))
        found = plan(world, wanted)
        assert bool(found.failure) is not reachable
        assert not found.gave_up
        counts[reachable] += 1
    assert min(counts.values()) > worlds // 8


def random_goals(rng: random.Random, codebook: Codebook, seen: Observation) -> Iterator[Condition]:
    """Facts as they are after random commands, so that most of these goals can be reached."""
    world = SymbolicWorld.of(codebook, seen)
    for _ in range(4):
        for _ in range(rng.randint(1, 5)):
            if commands := world.commands():
                world = world.after(rng.choice(commands))
        facts = sorted(world.state.facts, key=str)
        if facts:
            yield goal(codebook, *map(str, rng.sample(facts, min(len(facts), rng.randint(1, 3)))))


@pytest.mark.parametrize("seed", range(2))
def test_in_random_codebooks_too(seed: int) -> None:
    rng, counts = random.Random(seed), {True: 0, False: 0}
    for _ in range(40):
        drawn = random_world(rng)
        codebook, seen = drawn.codebook(), drawn.observation()
        world = SymbolicWorld.of(codebook, seen)
        for wanted in random_goals(rng, codebook, seen):
            settled = plan(world, wanted, max_expanded=100_000)
            found = followed(world, wanted, search(world, wanted))
            assert (found is None) is bool(settled.failure), (codebook.text, str(wanted))
            counts[found is not None] += 1
    assert counts[True] > 50


def task(kind: str, size: int, seed: int) -> tuple[Observation, list[str], int]:
    """What is there, what is wanted, and how many commands are enough."""
    before, after = arrangement(kind, size, seed)
    return (
        observed(before),
        facts_wanted(after),
        {"one tower": 2 * size - 2, "random to random": 4 * size}.get(kind, 2 * size),
    )


@pytest.mark.parametrize("size", [20, 80])
@pytest.mark.parametrize("kind", KINDS)
def test_eighty_things_are_planned_for_by_looking_at_a_few_states(tabletop: Codebook, kind: str, size: int) -> None:
    seen, texts, enough = task(kind, size, 1)
    world, wanted = SymbolicWorld.of(tabletop, seen), goal(tabletop, *texts)
    found = search(world, wanted).find(world.state)
    assert found.steps is not None
    assert len(found.steps) <= enough
    assert found.looked_at <= 6 * size
    facts = world.state.facts
    for step in found.steps:
        here = world.state.after(facts)
        assert step.possible(here)
        facts = step.facts_after(here)
    assert wanted.holds(world.state.after(facts), {})


def test_what_was_called_impossible_is_planned_for(tabletop: Codebook) -> None:
    """Twenty blocks from one random arrangement to another; the search for cheap plans gives up on these."""
    seen, texts, _ = task("random to random", 20, 4)
    world, wanted = SymbolicWorld.of(tabletop, seen), goal(tabletop, *texts)
    assert plan(world, wanted, max_expanded=20).gave_up
    found = plan(world, wanted)
    assert not found.failure
    assert found.commands[0] in world.commands()
    for command in found.commands:
        world = world.after(command)
    assert wanted.holds(world.state, {})


def test_giving_up_is_told_from_a_proof(tabletop: Codebook) -> None:
    seen, texts, _ = task("reverse a tower", 6, 1)
    world = SymbolicWorld.of(tabletop, seen)
    made = search(world, goal(tabletop, *texts)).find(world.state, most=2)
    assert (made.steps, made.exhausted) == (None, False)
    never = goal(tabletop, "on(block_0, block_1)", "on(block_1, block_0)")
    assert plan(world, never).gave_up
    small = SymbolicWorld.of(tabletop, task("reverse a tower", 3, 1)[0])
    assert search(small, never).find(small.state).exhausted
    found = plan(small, never)
    assert (found.failure, found.gave_up) == ("impossible", False)


def test_a_relaxed_plan_of_what_holds_costs_nothing(tabletop: Codebook) -> None:
    seen, texts, _ = task("one tower", 3, 1)
    world = SymbolicWorld.of(tabletop, seen)
    held = goal(tabletop, "on(block_0, table)", "gripper_empty")
    assert search(world, held).find(world.state).steps == ()
    done = world.with_facts(
        frozenset(
            (Fact("on", ("block_0", "block_1")), Fact("on", ("block_1", "block_2")), Fact("on", ("block_2", "table")))
        )
    )
    assert search(done, goal(tabletop, *texts)).find(done.state).steps == ()
