"""The simulated robot as a robot: results, stop, budgets, time, and the same again for the same seed."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from codeword.codebook.command import Command
from codeword.codebook.errors import RobotError
from codeword.codebook.facts import Fact
from codeword.codebook.skills import Codebook
from codeword.sim.arm import HOME
from codeword.sim.bullet import pybullet
from codeword.sim.robot import SimRobot
from codeword.sim.world_spec import WorldSpec

Start = Callable[..., SimRobot]
Make = Callable[..., Command]
WORLD = {"blocks": ["red", "green", "blue"], "bowls": ["yellow"], "zones": ["left", "right"]}

_EPISODE = """
import sys
from codeword.codebook.command import Command
from codeword.codebook.load import load_codebook
from codeword.sim.robot import SimRobot
from codeword.sim.event_spec import EventSpec
from codeword.sim.world_spec import WorldSpec

world = WorldSpec.model_validate({"blocks": ["red", "green", "blue"], "bowls": ["yellow"], "zones": ["left", "right"]})
robot = SimRobot(load_codebook("tabletop"), world, 7, [EventSpec(after="pick", do="slip", nth=2)])
for skill, args in [
    ("pick", {"object": "red_block"}),
    ("place", {"object": "red_block", "target": "green_block"}),
    ("pick", {"object": "blue_block"}),
    ("place", {"object": "blue_block", "target": "yellow_bowl"}),
]:
    print(robot.observe().model_dump_json())
    robot.execute(Command(skill, args, skill)).result()
print(robot.scenario.truth().model_dump_json())
"""


def _episode() -> str:
    return subprocess.run([sys.executable, "-c", _EPISODE], capture_output=True, text=True, check=True).stdout


def test_the_same_again_in_this_and_in_another_process(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for _ in range(2):
        exec(compile(_EPISODE, "episode", "exec"), {})
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == _episode()
    assert "fell out of the gripper" in said[0]


def test_what_is_observed_at_the_start(start: Start) -> None:
    seen = start(**WORLD, wide_blocks=["orange"]).observe()
    assert [(entity.id, entity.kind) for entity in seen.entities] == [
        ("blue_block", "block"),
        ("green_block", "block"),
        ("orange_crate", "block"),
        ("red_block", "block"),
        ("yellow_bowl", "bowl"),
        ("table", "table"),
        ("left_zone", "zone"),
        ("right_zone", "zone"),
    ]
    assert [str(fact) for fact in seen.facts] == [
        "on(blue_block,table)",
        "on(green_block,table)",
        "on(orange_crate,table)",
        "on(red_block,table)",
        "wide(orange_crate)",
    ]
    red = seen.entity("red_block")
    assert red is not None
    assert red.properties == {"color": "red"}
    assert (seen.step, seen.time_s, seen.last) == (0, 0.0, None)


def test_pick_holds_and_place_lets_go(start: Start, command: Make) -> None:
    robot = start(**WORLD)
    result = robot.execute(command("pick", object="red_block")).result()
    assert (result.status, result.reason) == ("done", "")
    seen = robot.observe()
    assert Fact("holding", ("red_block",)) in seen.facts
    assert not any(fact.name in ("on", "in") and fact.args[0] == "red_block" for fact in seen.facts)
    assert seen.last == result
    assert seen.time_s == pytest.approx(result.duration_s)
    robot.execute(command("place", object="red_block", target="left_zone")).result()
    assert Fact("on", ("red_block", "left_zone")) in robot.scenario.truth().facts
    assert robot.observe().step == 2


def test_a_block_on_a_block_in_a_bowl_is_on_the_block(start: Start) -> None:
    robot = start(blocks=["red", "green"], bowls=["yellow"], stacks=[["yellow_bowl", "red", "green"]])
    assert [str(fact) for fact in robot.observe().facts] == ["in(red_block,yellow_bowl)", "on(green_block,red_block)"]


def test_a_wide_block_is_pushed(start: Start, command: Make) -> None:
    robot = start(blocks=["red"], wide_blocks=["orange"], zones=["left"])
    assert robot.execute(command("push", object="orange_crate", target="left_zone")).result().status == "done"
    assert Fact("on", ("orange_crate", "left_zone")) in robot.scenario.truth().facts


def test_a_wide_block_cannot_be_grasped(start: Start, command: Make) -> None:
    robot = start(wide_blocks=["orange"])
    result = robot.execute(command("pick", object="orange_crate")).result()
    assert result.status == "failed"


def test_poll_stands_still_and_advance_goes_on(start: Start, command: Make) -> None:
    robot = start(**WORLD)
    execution = robot.execute(command("wait", duration_s=0.5))
    assert execution.poll() is None
    assert robot.scenario.time_s == 0.0
    assert execution.advance(0.25) is None
    assert robot.scenario.time_s == pytest.approx(0.25)
    with pytest.raises(RobotError, match="a command is being carried out"):
        robot.scenario.truth()
    result = execution.advance(0.75)
    assert result is not None
    assert result == execution.poll() == execution.result()
    assert result.duration_s == pytest.approx(0.5)
    assert robot.scenario.time_s == pytest.approx(1.0)


def test_one_command_at_a_time(start: Start, command: Make) -> None:
    robot = start(**WORLD)
    robot.execute(command("home"))
    with pytest.raises(RobotError, match="busy: another command is being carried out"):
        robot.execute(command("home"))


def test_a_skill_of_another_codebook_is_refused(start: Start, command: Make) -> None:
    with pytest.raises(RobotError, match="codebook 'tabletop' has no skill 'juggle'"):
        start(**WORLD).execute(command("juggle"))


def test_a_skill_without_steps_is_done_at_once(start: Start, command: Make) -> None:
    result = start(**WORLD).execute(command("done")).poll()
    assert result is not None
    assert (result.status, result.duration_s) == ("done", 0.0)


def test_what_is_not_there_is_said(start: Start, command: Make) -> None:
    result = start(**WORLD).execute(command("pick", object="pink_block")).result()
    assert (result.status, result.reason) == ("failed", "not_there")


def test_stop_ends_the_command_and_the_arm_holds(start: Start, command: Make) -> None:
    robot = start(**WORLD)
    execution = robot.execute(command("pick", object="red_block"))
    execution.advance(0.6)
    robot.stop()
    robot.stop()
    assert execution.result().status == "stopped"
    robot.scenario.settle(0.2)
    before = robot.observe().robot.joints_rad
    robot.scenario.settle(0.5)
    assert np.allclose(before, robot.observe().robot.joints_rad, atol=1e-3)
    refused = robot.execute(command("home")).poll()
    assert refused is not None
    assert refused.status == "stopped"
    robot.rearm()
    assert robot.execute(command("home")).result().status == "done"


def test_stop_comes_from_any_thread(start: Start, command: Make) -> None:
    robot = start(**WORLD)

    def call_stop(time_s: float) -> None:
        if time_s > 0.45:
            caller = threading.Thread(target=robot.stop)
            caller.start()
            caller.join()

    robot.watch(0.1, call_stop)
    result = robot.execute(command("wait", duration_s=5.0)).result()
    assert result.status == "stopped"
    assert result.duration_s < 0.65


def test_a_command_over_its_budget_times_out(codebook: Codebook, command: Make) -> None:
    skills = {**codebook.skills, "pick": replace(codebook.skills["pick"], budget_s=1.0)}
    robot = SimRobot(replace(codebook, skills=skills), WorldSpec.model_validate(WORLD), 0)
    result = robot.execute(command("pick", object="red_block")).result()
    robot.close()
    assert (result.status, result.reason, result.duration_s) == ("timeout", "timeout", 1.0)


def test_frames_come_at_their_times(start: Start, command: Make) -> None:
    robot, times_s = start(**WORLD), list[float]()
    robot.watch(0.1, times_s.append)
    robot.execute(command("wait", duration_s=0.5)).result()
    assert times_s == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_a_picture_shows_the_world(start: Start) -> None:
    picture = start(**WORLD).scenario.camera(160, 120)
    assert (picture.shape, picture.dtype) == ((120, 160, 3), np.dtype(np.uint8))
    red, green, blue = (picture[:, :, k].astype(int) for k in range(3))
    assert np.sum((red > 120) & (green < 70) & (blue < 70)) >= 4
    assert np.sum((blue > 120) & (red < 70)) >= 4


def test_closed_is_closed(start: Start) -> None:
    robot = start(**WORLD)
    robot.close()
    robot.close()
    robot.stop()
    with pytest.raises(RobotError, match="the simulated robot is closed"):
        robot.observe()


def test_observations_are_plain_json(start: Start) -> None:
    seen = start(**WORLD).observe()
    assert type(seen).model_validate_json(seen.model_dump_json()) == seen
    assert json.loads(seen.model_dump_json())["facts"][0] == "on(blue_block,table)"


def test_the_arm_comes_home_from_where_no_straight_way_leads_back(start: Start, command: Make) -> None:
    robot = start(blocks=["red"])
    stretched = robot.arm.joints_rad()
    stretched[1], stretched[3] = 1.45, -0.30
    for joint, angle in enumerate(stretched):
        pybullet.resetJointState(robot.world.arm, joint, angle, physicsClientId=robot.world.client)
    robot.arm.hold()
    assert robot.execute(command("home")).result().status == "done"
    assert np.linalg.norm(robot.arm.gripper_pose()[:3] - np.array(HOME[:3])) < 0.012
