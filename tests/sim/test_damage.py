"""Damage is counted: ordinary work does none, a hand driven into things does."""

from collections.abc import Callable

from codeword.codebook.command import Command
from codeword.codebook.facts import Fact
from codeword.sim.robot import HARD_N, SimRobot

Start = Callable[..., SimRobot]
Make = Callable[..., Command]


def test_picking_and_placing_is_gentle(start: Start, command: Make) -> None:
    robot = start(1, blocks=["red", "green"], bowls=["yellow"])
    for place in ("green_block", "yellow_bowl"):
        robot.execute(command("pick", object="red_block")).result()
        assert robot.execute(command("place", object="red_block", target=place)).result().status == "done"
    damage = robot.scenario.damage
    assert (damage.fallen, damage.bumps) == ((), 0)
    assert 5 < damage.peak_n < HARD_N / 2


def test_pressing_into_a_block_is_one_bump(start: Start) -> None:
    robot = start(blocks=[{"color": "red", "size_m": [0.06, 0.06, 0.07], "position_m": [0.5, 0.0], "yaw_rad": 0.0}])
    for z_m in (0.2, 0.03):
        for _ in robot.arm.perform("shut_gripper", {}):
            robot.moving_tick()
        for _ in robot.arm.perform("move_to", {"x_m": 0.5, "y_m": 0.0, "z_m": z_m}):
            robot.moving_tick()
    damage = robot.scenario.damage
    assert damage.bumps >= 1
    assert damage.peak_n > HARD_N


def test_what_the_arm_drops_off_the_table_is_counted(start: Start) -> None:
    robot = start(blocks=["red", {"color": "green", "position_m": [0.5, 0.56]}])
    robot.world.put("green_block", (0.5, 0.6, 0.02), 0.0)  # as if it had been pushed there
    robot.scenario.settle(1.0)
    assert robot.scenario.damage.fallen == ("green_block",)


def test_a_little_outside_counts_as_inside_for_the_judge_alone(start: Start) -> None:
    """The left zone ends at 0.33 - 0.065 m."""
    robot = start(blocks=[{"color": "red", "position_m": [0.5, 0.262], "yaw_rad": 0.0}], zones=["left"])
    assert Fact("on", ("red_block", "table")) in robot.observe().facts
    assert Fact("on", ("red_block", "left_zone")) in robot.scenario.truth(tolerance_m=0.005).facts
    assert Fact("on", ("red_block", "table")) in robot.scenario.truth(tolerance_m=0.001).facts
