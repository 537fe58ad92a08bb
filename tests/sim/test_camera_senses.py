"""Senses of both kinds pass the same tests; the camera's own: nothing is told that is not seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from codeword.codebook.command import Command
from codeword.codebook.errors import CommandError
from codeword.codebook.facts import Fact
from codeword.codebook.load import load_codebook
from codeword.codebook.observation import Observation
from codeword.runtime.guard import Guard
from codeword.sim.bullet import pybullet
from codeword.sim.camera_senses import CameraSenses
from codeword.sim.installed import CAMERA, SENSES, SYMBOLS
from codeword.sim.pose import Pose
from codeword.sim.robot import SimRobot
from codeword.sim.world_spec import WorldSpec

pytest.importorskip("cv2", reason="OpenCV is not installed (extra: camera)")

Make = Callable[..., Command]
TABLE = {
    "blocks": ["red", "green", "blue"],
    "bowls": ["yellow"],
    "zones": ["left", "right"],
    "stacks": [["red", "green"]],
}
WORLDS: dict[str, dict[str, Any]] = {
    "tabletop": TABLE,
    "bowls": {
        "blocks": ["red", "cyan", "small_pink_block"],
        "bowls": ["white", "gray"],
        "stacks": [["gray_bowl", "cyan"]],
    },
    "packing": {"blocks": ["black", "white"], "boxes": ["brown"], "wide_blocks": ["orange"]},
    "letters": {"blocks": ["letter_a", "letter_d"], "row": 6},
}
MOST_OFF_M = 0.004


def robot_with(senses: str, seed: int = 1, codebook: str = "tabletop", **world: Any) -> SimRobot:
    return SimRobot(load_codebook(codebook), WorldSpec.model_validate(world or TABLE), seed, senses=senses)


def off_m(seen: Observation, truth: Observation, thing: str) -> float:
    one, other = seen.entity(thing), truth.entity(thing)
    assert one is not None and other is not None and one.position_m is not None and other.position_m is not None
    return float(np.linalg.norm(np.subtract(one.position_m, other.position_m)))


def check_told(robot: SimRobot, held: str = "") -> None:
    """Everything is told of, in the same order, with the same facts, where it is."""
    seen, truth = robot.observe(), robot.truth()
    assert [entity.model_copy(update={"position_m": None, "yaw_rad": 0.0}) for entity in seen.entities] == [
        entity.model_copy(update={"position_m": None, "yaw_rad": 0.0}) for entity in truth.entities
    ]
    assert (seen.facts, seen.robot, seen.time_s, seen.last) == (truth.facts, truth.robot, truth.time_s, truth.last)
    placed = [entity.id for entity in truth.entities if entity.position_m is not None and entity.id != held]
    assert max(off_m(seen, truth, thing) for thing in placed) < MOST_OFF_M


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("senses", SENSES)
def test_senses_tell_of_all_that_is_there(senses: str, world: dict[str, Any]) -> None:
    check_told(robot_with(senses, 2, **world))


@pytest.mark.parametrize("senses", SENSES)
def test_senses_follow_what_the_robot_does(senses: str, command: Make) -> None:
    robot = robot_with(senses)
    for skill, args in (
        ("pick", {"object": "green_block"}),
        ("place", {"object": "green_block", "target": "yellow_bowl"}),
        ("push", {"object": "blue_block", "target": "left_zone"}),
        ("pick", {"object": "red_block"}),
        ("place", {"object": "red_block", "target": "blue_block"}),
    ):
        assert robot.execute(command(skill, **args)).result().status == "done"
        check_told(robot, held=args["object"] if skill == "pick" else "")


@pytest.mark.parametrize("senses", SENSES)
def test_senses_tell_no_more_of_what_is_gone(senses: str) -> None:
    robot = robot_with(senses)
    robot.observe()
    robot.world.put("blue_block", (0.5, 0.0, -0.5), 0.0)
    robot.world.remove("green_block")
    robot.settle(0.1)
    check_told(robot)
    assert robot.observe().entity("blue_block") is None


@pytest.mark.parametrize("senses", SENSES)
def test_senses_say_the_same_for_the_same_seed(senses: str, command: Make) -> None:
    def told() -> list[str]:
        robot = robot_with(senses, 3)
        first = robot.observe().model_dump_json()
        assert robot.observe().model_dump_json() == first, "looking again moves nothing"
        robot.execute(command("pick", object="green_block")).result()
        return [first, robot.observe().model_dump_json()]

    assert told() == told()


def test_looking_changes_nothing_in_the_world(command: Make) -> None:
    ends = []
    for senses in SENSES:
        robot = robot_with(senses)
        for skill, args in (
            ("pick", {"object": "green_block"}),
            ("place", {"object": "green_block", "target": "table"}),
        ):
            robot.observe()
            robot.execute(command(skill, **args)).result()
        ends.append(robot.truth())
    assert ends[0] == ends[1]


def test_what_the_gripper_holds_is_told_by_the_gripper(command: Make) -> None:
    robot = robot_with(CAMERA)
    robot.execute(command("pick", object="green_block")).result()
    seen = robot.observe()
    assert Fact("holding", ("green_block",)) in seen.facts
    held = seen.entity("green_block")
    assert held is not None and held.position_m == seen.robot.gripper_to_world_m


def test_a_covered_block_is_not_told_of_and_no_command_may_name_it() -> None:
    robot = robot_with(CAMERA)
    assert robot.observe().entity("blue_block") is not None
    cover(robot, "blue_block", (0.03, 0.03, 0.08))
    robot.settle(0.1)
    seen = robot.observe()
    assert seen.entity("blue_block") is None
    assert not any("blue_block" in fact.args for fact in seen.facts)
    with pytest.raises(CommandError, match="blue_block"):
        Guard(load_codebook("tabletop")).check('{"skill":"pick","object":"blue_block"}', seen, None)


def test_a_block_whose_upper_side_is_hidden_does_not_count_as_clear() -> None:
    robot = robot_with(CAMERA)
    cover(robot, "green_block", (0.03, 0.03, 0.022))  # green stands on red, whose sides are seen all the same
    robot.settle(0.1)
    seen = robot.observe()
    assert seen.entity("green_block") is None
    assert seen.entity("red_block") is None, "something unknown lies on it"
    assert seen.entity("blue_block") is not None


def test_what_is_fixed_to_the_table_stays_known_once_seen() -> None:
    robot = robot_with(CAMERA)
    robot.observe()
    cover(robot, "yellow_bowl", (0.15, 0.15, 0.04))
    robot.settle(0.1)
    assert robot.observe().entity("yellow_bowl") is not None
    fresh = robot_with(CAMERA)
    cover(fresh, "yellow_bowl", (0.15, 0.15, 0.04))
    assert fresh.observe().entity("yellow_bowl") is None


def test_another_seed_has_other_noise() -> None:
    robot = robot_with(SYMBOLS)
    poses = []
    for seed in (1, 2):
        again = robot_with(CAMERA, 1)
        poses.append(CameraSenses(again.world, again.arm, seed).look().pose("red_block"))
    assert poses[0] != poses[1]
    assert np.linalg.norm(np.subtract(poses[0].position_m, robot.world.pose("red_block").position_m)) < MOST_OFF_M


def test_the_axes_of_a_pose_are_those_of_physics() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        quaternion = rng.normal(size=4)
        x, y, z, w = (quaternion / np.linalg.norm(quaternion)).tolist()
        m = pybullet.getMatrixFromQuaternion((x, y, z, w))
        axes = Pose((0.0, 0.0, 0.0), (x, y, z, w)).axes
        assert axes == ((m[0], m[3], m[6]), (m[1], m[4], m[7]), (m[2], m[5], m[8]))


def cover(robot: SimRobot, thing: str, half_m: tuple[float, float, float]) -> None:
    """Put a bell over a thing, for the eye alone."""
    shape = pybullet.createVisualShape(
        pybullet.GEOM_BOX, halfExtents=half_m, rgbaColor=(0.5, 0.5, 0.5, 1.0), physicsClientId=robot.world.client
    )
    pybullet.createMultiBody(
        0.0, -1, shape, basePosition=robot.world.pose(thing).position_m, physicsClientId=robot.world.client
    )
