"""What goes wrong on purpose really happens, and can be mended."""

from collections.abc import Callable

import pytest

from codeword.codebook.command import Command
from codeword.codebook.facts import Fact
from codeword.sim.robot import SimRobot

Start = Callable[..., SimRobot]
Make = Callable[..., Command]
WORLD = {"blocks": ["red", "green", "blue"], "bowls": ["yellow"], "zones": ["left", "right"]}


@pytest.mark.parametrize("seed", range(6))
def test_what_slips_falls_and_can_be_picked_again(start: Start, command: Make, seed: int) -> None:
    robot = start(seed, [{"after": "pick", "do": "slip"}], **WORLD)
    assert robot.execute(command("pick", object="red_block")).result().status == "done"
    assert Fact("holding", ("red_block",)) in robot.observe().facts
    lifted_m = robot.observe().entity("red_block").position_m[2]  # type: ignore[union-attr,index]
    result = robot.execute(command("place", object="red_block", target="yellow_bowl")).result()
    assert (result.status, result.reason) == ("failed", "slipped")
    seen = robot.scenario.truth()
    assert not any(fact.name == "holding" for fact in seen.facts)
    assert seen.entity("red_block").position_m[2] < lifted_m - 0.1  # type: ignore[union-attr,index]
    assert [fired.event.do for fired in robot.scenario.events_fired] == ["slip"]
    assert robot.execute(command("pick", object="red_block")).result().status == "done"
    assert robot.execute(command("place", object="red_block", target="yellow_bowl")).result().status == "done"
    assert Fact("in", ("red_block", "yellow_bowl")) in robot.scenario.truth().facts


def test_the_second_pick_slips(start: Start, command: Make) -> None:
    robot = start(0, [{"after": "pick", "nth": 2, "do": "slip"}], **WORLD)
    for block, status in (("red_block", "done"), ("green_block", "failed")):
        robot.execute(command("pick", object=block)).result()
        assert robot.execute(command("place", object=block, target="left_zone")).result().status == status


def test_something_is_moved_at_its_time(start: Start) -> None:
    robot = start(0, [{"at_s": 0.5, "do": "move", "entity": "green_block", "to_zone": "left"}], **WORLD)
    robot.scenario.settle(0.4)
    assert Fact("on", ("green_block", "table")) in robot.observe().facts
    robot.scenario.settle(0.4)
    assert Fact("on", ("green_block", "left_zone")) in robot.scenario.truth().facts
    assert robot.scenario.events_fired[0].time_s == pytest.approx(0.5, abs=0.05)


def test_what_is_moved_goes_beside_what_is_there(start: Start, command: Make) -> None:
    events = [{"after": "wait", "do": "move", "entity": "green_block", "to_zone": "left"}]
    robot = start(0, events, blocks=[{"color": "red", "on": "left_zone"}, "green"], zones=["left"])
    robot.execute(command("wait", duration_s=0.5)).result()
    facts = robot.scenario.truth().facts
    assert {Fact("on", ("green_block", "left_zone")), Fact("on", ("red_block", "left_zone"))} <= set(facts)


def test_what_is_held_is_moved_only_when_let_go(start: Start, command: Make) -> None:
    events = [{"after": "pick", "do": "move", "entity": "red_block", "to_zone": "right"}]
    robot = start(0, events, **WORLD)
    robot.execute(command("pick", object="red_block")).result()
    assert robot.scenario.events_fired == ()
    robot.execute(command("place", object="red_block", target="left_zone")).result()
    assert Fact("on", ("red_block", "right_zone")) in robot.scenario.truth().facts


def test_what_is_removed_is_gone(start: Start, command: Make) -> None:
    robot = start(0, [{"after": "wait", "do": "remove", "entity": "blue_block"}], **WORLD)
    robot.execute(command("wait", duration_s=0.5)).result()
    assert robot.observe().entity("blue_block") is None
    assert robot.scenario.damage.fallen == ()
    assert robot.execute(command("pick", object="blue_block")).result().reason == "not_there"


def test_a_jammed_gripper_grasps_the_next_time(start: Start, command: Make) -> None:
    robot = start(0, [{"at_s": 0.0, "do": "jam"}], **WORLD)
    result = robot.execute(command("pick", object="red_block")).result()
    assert (result.status, result.reason) == ("failed", "nothing_grasped")
    assert robot.execute(command("pick", object="red_block")).result().status == "done"


def test_what_falls_off_the_table_is_not_seen_but_counted(start: Start) -> None:
    robot = start(0, [{"at_s": 0.1, "do": "move", "entity": "red_block", "to_position_m": [0.5, 0.59]}], **WORLD)
    robot.scenario.settle(2.0)
    seen, truth = robot.observe(), robot.scenario.truth()
    assert seen.entity("red_block") is None
    assert truth.entity("red_block") is not None, "a goal about every block still speaks of it"
    assert not any("red_block" in fact.args for fact in (*seen.facts, *truth.facts))
    assert robot.scenario.damage.fallen == (), "it was not the arm that pushed it off"
