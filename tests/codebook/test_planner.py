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
