"""Of ways that mirror each other the first is taken, whatever the last digits of poses are: those differ between
processors."""

import pytest

from codeword.sim import WorldSpec
from codeword.sim.layout import lay_out
from codeword.sim.spots import Held, Spot, find_spot
from codeword.sim.world import World

HELD = Held("green_block", (0.02, 0.02), (0.0, 0.0), 0.0, 0.02)


@pytest.fixture
def world() -> "World":
    """A block in the middle of a zone: there is room on either side."""
    spec = WorldSpec.model_validate(
        {"blocks": [{"color": "red", "position_m": [0.5, 0.0], "yaw_rad": 0.0}, "green"], "zones": ["middle"]}
    )
    return World(lay_out(spec, 0))


def spot(world: World, target: str, off: float, hand: tuple[float, float, float]) -> Spot:
    """The best spot where the block that is in the way lies and turns a little otherwise."""
    x_m, y_m, z_m = world.pose("red_block").position_m
    world.put("red_block", (x_m, y_m, z_m), off)
    found = find_spot(world, HELD, target, (hand[0], hand[1] + off, hand[2] + off))
    world.put("red_block", (x_m, y_m, z_m), 0.0)
    assert found is not None
    return found


@pytest.mark.parametrize("target", ["middle_zone", "table"])
@pytest.mark.parametrize("off", [1e-12, 1e-6, 1e-3])
def test_two_places_as_good_are_told_apart_by_their_order(world: World, target: str, off: float) -> None:
    for hand in ((0.5, 0.0, 0.0), (0.45, 0.0, 0.0), (0.5, 0.01, 0.0)):
        one, other = (spot(world, target, sign * off, hand) for sign in (1, -1))
        assert (one.x_m, one.y_m) == pytest.approx((other.x_m, other.y_m), abs=0.002)
