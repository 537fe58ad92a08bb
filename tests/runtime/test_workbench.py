"""The codebook `workbench`: every skill carried out by the arm in simulation, with its effects seen in physics."""

from collections.abc import Iterator

import pytest

from codeword.codebook import load_codebook, make_command
from codeword.codebook.command import Value
from codeword.codebook.planner import SymbolicWorld
from codeword.runtime.guard import Guard
from codeword.sim import SimRobot, WorldSpec

BOOK = load_codebook("workbench")
WORLD = WorldSpec(
    blocks=("red", "green", "blue", "yellow"),
    bowls=("red", "white"),
    zones=("left", "right"),
    stacks=(("red_bowl", "blue"), ("green", "yellow")),
)
Call = tuple[str, dict[str, Value]]
RED: dict[str, Value] = {"object": "red_block"}
TURNS: dict[str, tuple[Call, ...]] = {
    "a grip mended": (
        ("pick_firmly", {**RED, "force_n": 40}),
        ("regrasp", {**RED, "target": "table"}),
        ("drop", {**RED, "bowl": "white_bowl"}),
        ("take_out", {**RED, "bowl": "white_bowl", "target": "left_zone"}),
    ),
    "bowls filled": (
        ("take_out", {"object": "blue_block", "bowl": "red_bowl", "target": "table"}),
        ("sort", {**RED, "bowl": "red_bowl"}),
        ("put_away", {"object": "blue_block", "bowl": "white_bowl"}),
        ("unstack", {"object": "yellow_block", "target": "right_zone"}),
    ),
    "something shown": (
        ("look", {"target": "white_bowl", "duration_s": 0.5}),
        ("point", {"target": "red_block"}),
        ("pick", RED),
        ("weigh", RED),
        ("shake", RED),
        ("show", RED),
        ("place", {**RED, "target": "right_zone"}),
        ("park", {"side": "left"}),
        ("park", {"side": "right"}),
    ),
    "blocks moved along the table": (
        ("straighten", RED),
        ("nudge", {**RED, "direction": "left", "distance_m": 0.06}),
        ("push", {**RED, "target": "right_zone"}),
        ("home", {}),
        ("wait", {"duration_s": 0.5}),
    ),
}


@pytest.fixture
def robot() -> Iterator[SimRobot]:
    made = SimRobot(BOOK, WORLD, seed=2)
    yield made
    made.close()


@pytest.mark.parametrize("turns", TURNS.values(), ids=list(TURNS))
def test_every_skill_runs_and_its_effects_hold(robot: SimRobot, turns: tuple[Call, ...]) -> None:
    for skill, args in turns:
        seen = robot.observe()
        command = Guard(BOOK).check(make_command(BOOK, skill, args).text, seen)
        world = SymbolicWorld.of(BOOK, seen)
        result = robot.execute(command).result()
        assert result.status == "done", f"{command.text}: {result.reason}, {result.message}"
        changed = set(world.facts_after(command)) ^ set(world.state.facts)
        now = set(robot.scenario.truth().facts)
        for fact in changed:
            assert (fact in now) == (fact in world.facts_after(command)), f"{command.text}: {fact}"


def test_no_skill_is_left_out() -> None:
    tried = {skill for turns in TURNS.values() for skill, _ in turns}
    assert tried == {name for name, skill in BOOK.skills.items() if skill.ends is None}
    assert 20 <= len(BOOK.skills) <= 22


def test_a_nudge_goes_the_way_and_about_the_distance_that_was_said() -> None:
    spec = WorldSpec(blocks=("red",), layout={"red_block": (0.5, 0.0, 0.0)})
    for direction, sign in (("left", 1), ("right", -1)):
        robot = SimRobot(BOOK, spec, seed=1)
        robot.execute(make_command(BOOK, "nudge", {**RED, "direction": direction, "distance_m": 0.08})).result()
        block = robot.scenario.truth().entity("red_block")
        assert block is not None
        assert block.position_m is not None
        assert 0.04 < sign * block.position_m[1] < 0.12, block.position_m
        robot.close()
