"""The symbolic world and the plans found in it."""

import random

import pytest

from codeword.codebook import Codebook, Observation
from codeword.codebook.conditions import And, Condition
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.planner import SymbolicWorld, plan
from tests.observations import observe, random_observation


def goal(codebook: Codebook, *texts: str) -> Condition:
    vocabulary = Vocabulary(codebook.places(), codebook.kinds, entities=None)
    return And(tuple(parse_condition(text, vocabulary) for text in texts))


def reaches(codebook: Codebook, seen: Observation, wanted: Condition) -> int:
    """The number of commands of a plan that was followed to its end, each command legal and the goal true at last."""
    world = SymbolicWorld.of(codebook, seen)
    found = plan(world, wanted)
    assert not found.failure
    for command in found.commands:
        assert command in world.commands()
        world = world.after(command)
    assert wanted.holds(world.state, {})
    return len(found.commands)


def test_the_shortest_plans_are_found(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table", "blue_block": "table"}, bowls=("pink_bowl",))
    assert reaches(tabletop, seen, goal(tabletop, "in(red_block, pink_bowl)")) == 2
    assert reaches(tabletop, seen, goal(tabletop, "on(red_block, green_block)", "on(green_block, blue_block)")) == 4
    assert reaches(tabletop, seen, goal(tabletop, "all x in block (in(x, pink_bowl))", "gripper_empty")) == 6


def test_a_stack_is_turned_upside_down(tabletop: Codebook) -> None:
    seen = observe({"a": "b", "b": "c", "c": "d", "d": "table"})
    assert reaches(tabletop, seen, goal(tabletop, "on(b, a)", "on(c, b)", "on(d, c)")) == 8


def test_what_is_too_wide_to_pick_is_pushed(tabletop: Codebook) -> None:
    seen = observe({"crate": "table"}, zones=("left_zone",), crate="wide")
    found = plan(SymbolicWorld.of(tabletop, seen), goal(tabletop, "on(crate, left_zone)"))
    assert [command.skill for command in found.commands] == ["push"]


@pytest.mark.parametrize(
    ("wanted", "failure"),
    [
        ("in(red_block, gold_bowl)", "missing"),
        ("in(crate, pink_bowl)", "impossible"),
        ("on(pink_bowl, red_block)", "impossible"),
        ("on(red_block, red_block)", "impossible"),
    ],
)
def test_what_cannot_be_done_is_told_apart(tabletop: Codebook, wanted: str, failure: str) -> None:
    seen = observe({"red_block": "table", "crate": "table"}, bowls=("pink_bowl",), crate="wide")
    assert plan(SymbolicWorld.of(tabletop, seen), goal(tabletop, wanted)).failure == failure


def test_from_any_state_every_symbolic_step_keeps_the_world_whole(tabletop: Codebook) -> None:
    """Whatever legal commands are followed, each block is in one place and at most one is held."""
    rng = random.Random(5)
    for _ in range(40):
        world = SymbolicWorld.of(tabletop, random_observation(rng))
        blocks = world.state.of_kind("block")
        for _ in range(8):
            commands = world.commands()
            if not commands:
                break
            world = world.after(rng.choice(commands))
            places = [f.args[0] for f in world.state.facts if f.name in ("on", "in", "holding")]
            assert sorted(places) == sorted(blocks)
            assert sum(f.name == "holding" for f in world.state.facts) <= 1


@pytest.mark.parametrize(
    ("wanted", "commands"),
    [
        (("all x in block (on(x, left_zone))", "gripper_empty"), 20),
        (("some b in block (all x in block (x == b or some y in block (on(x, y))))", "gripper_empty"), 18),
        (tuple(f"on(block_{k}, block_{k + 1})" for k in range(9)), 18),
    ],
)
def test_ten_blocks_are_planned_for_in_a_second(tabletop: Codebook, wanted: tuple[str, ...], commands: int) -> None:
    seen = observe({f"block_{k}": "table" for k in range(10)}, zones=("left_zone", "right_zone"))
    world = SymbolicWorld.of(tabletop, seen)
    found = plan(world, goal(tabletop, *wanted))
    assert len(found.commands) == commands
    assert found.expanded < 400


def test_of_alternatives_the_one_that_is_there_is_planned_for(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, bowls=("pink_bowl",))
    assert reaches(tabletop, seen, goal(tabletop, "in(gold_block, pink_bowl) or in(red_block, pink_bowl)")) == 2
    assert reaches(tabletop, seen, goal(tabletop, "not in(gold_block, pink_bowl)", "holding(red_block)")) == 1


def test_what_is_dear_is_gone_round(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, zones=("left_zone",))
    world, wanted = SymbolicWorld.of(tabletop, seen), goal(tabletop, "on(red_block, left_zone)")
    assert [command.skill for command in plan(world, wanted).commands] == ["pick", "place"]
    dear = {'{"skill":"place","object":"red_block","target":"left_zone"}': 9.0}
    assert [command.skill for command in plan(world, wanted, dear=dear).commands] == ["push"]


def test_a_plan_depends_on_nothing_but_what_is_seen(tabletop: Codebook) -> None:
    rng = random.Random(8)
    for _ in range(20):
        seen = random_observation(rng)
        shuffled = seen.model_copy(update={"facts": tuple(rng.sample(seen.facts, len(seen.facts)))})
        wanted = goal(tabletop, "all x in block (some p in bowl|zone (on(x, p) or in(x, p)))", "gripper_empty")
        plans = [plan(SymbolicWorld.of(tabletop, one), wanted, max_expanded=200) for one in (seen, shuffled)]
        assert plans[0] == plans[1]
