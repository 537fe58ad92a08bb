"""Conveyor belts: what lies on one is carried along, can be caught, and falls where the belt ends in nothing."""

import pytest
from pydantic import ValidationError

from codeword.codebook import Codebook, read_command
from codeword.sim import SimRobot, WorldSpec

SPEED_M_S = -0.04


def world(y_m: float, **belt: object) -> WorldSpec:
    zone = {"id": "belt", "position_m": [0.5, -0.16], "size_m": [0.1, 0.82], "moves_m_s": [0.0, SPEED_M_S], **belt}
    blocks = [{"color": "red", "position_m": [0.5, y_m]}, {"color": "gray", "position_m": [0.62, 0.0]}]
    return WorldSpec.model_validate(
        {"blocks": blocks, "bowls": [{"color": "blue", "position_m": [0.42, 0.3]}], "zones": [zone]}
    )


def where(robot: SimRobot, thing: str) -> tuple[float, float]:
    entity = robot.observe().entity(thing)
    assert entity is not None and entity.position_m is not None
    return entity.position_m[:2]


@pytest.fixture
def moving(tabletop: Codebook) -> SimRobot:
    return SimRobot(tabletop, world(0.1), seed=0)


def test_what_lies_on_a_belt_moves_with_it_and_nothing_else_does(moving: SimRobot) -> None:
    before, beside = where(moving, "red_block"), where(moving, "gray_block")
    assert before == pytest.approx((0.5, 0.1), abs=0.002), "it stands still until the episode begins"
    moving.scenario.settle(3.0)
    after = where(moving, "red_block")
    assert after[1] - before[1] == pytest.approx(3.0 * SPEED_M_S, abs=0.001)
    assert after[0] == pytest.approx(before[0], abs=0.002)
    assert where(moving, "gray_block") == pytest.approx(beside, abs=0.001)
    assert "on(red_block,belt)" in map(str, moving.observe().facts)
    moving.close()


def test_it_falls_where_the_belt_ends_beyond_the_table(tabletop: Codebook) -> None:
    robot = SimRobot(tabletop, world(-0.5), seed=0)
    robot.scenario.settle(4.0)
    assert robot.observe().entity("red_block") is None
    assert robot.scenario.truth().entity("red_block") is not None
    robot.close()


def test_it_stops_where_the_belt_ends_on_the_table(tabletop: Codebook) -> None:
    robot = SimRobot(tabletop, world(-0.1, position_m=[0.5, -0.1], size_m=[0.1, 0.2]), seed=0)
    robot.scenario.settle(6.0)
    y_m = where(robot, "red_block")[1]
    assert y_m == pytest.approx(-0.2, abs=0.004)
    robot.scenario.settle(1.0)
    assert where(robot, "red_block")[1] == pytest.approx(y_m, abs=0.001)
    robot.close()


@pytest.mark.parametrize("seed", range(4))
def test_the_arm_meets_what_moves_and_lifts_it_off(tabletop: Codebook, seed: int) -> None:
    robot = SimRobot(tabletop, world(-0.2), seed=seed)
    for text in (
        '{"skill":"pick","object":"red_block"}',
        '{"skill":"place","object":"red_block","target":"blue_bowl"}',
    ):
        result = robot.execute(read_command(tabletop, text)).result()
        assert result.status == "done", result
    assert "in(red_block,blue_bowl)" in map(str, robot.observe().facts)
    robot.close()


def test_the_same_seed_moves_the_same(tabletop: Codebook) -> None:
    ends = []
    for _ in range(2):
        robot = SimRobot(tabletop, world(-0.2), seed=1)
        robot.execute(read_command(tabletop, '{"skill":"pick","object":"red_block"}')).result()
        ends.append(robot.observe())
        robot.close()
    assert ends[0] == ends[1]


def test_a_belt_that_is_too_fast_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"less than or equal to 0\.2"):
        world(0.0, moves_m_s=[0.0, 0.5])
