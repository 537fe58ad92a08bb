"""Random layouts: nothing overlaps, all is within reach, and the same seed gives the same."""

import itertools
import math
import random

import pytest

from codeword.codebook.errors import InputError
from codeword.sim.colors import COLORS
from codeword.sim.layout import Placed, lay_out
from codeword.sim.shapes import Rectangle
from codeword.sim.world_spec import WorldSpec


def _outline(thing: Placed) -> Rectangle:
    x_m, y_m, _ = thing.position_m
    return Rectangle(x_m, y_m, thing.yaw_rad, thing.size_m[0] / 2, thing.size_m[1] / 2)


@pytest.mark.parametrize("seeds", [range(k, k + 50) for k in range(0, 200, 50)], ids=str)
def test_nothing_overlaps_and_all_is_reachable(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        colors = list(COLORS)
        spec = WorldSpec.model_validate(
            {
                "blocks": colors[: rng.randint(1, 7)],
                "wide_blocks": colors[: rng.randint(0, 1)],
                "bowls": colors[: rng.randint(0, 2)],
                "zones": rng.sample(["left", "right", "far", "near", "middle"], rng.randint(0, 3)),
            }
        )
        placed = lay_out(spec, seed)
        assert placed == lay_out(spec, seed)
        standing = [thing for thing in placed if thing.kind != "zone"]
        for thing, other in itertools.combinations(standing, 2):
            assert _outline(thing).gap_m(_outline(other)) > 0.0 or _far_apart(thing, other), f"{seed}: {thing} {other}"
        for thing in standing:
            assert 0.33 < math.hypot(*thing.position_m[:2]) < 0.74
        for zone in (thing for thing in placed if thing.kind == "zone"):
            for thing in standing:
                assert not zone.contains(*thing.position_m[:2], -0.02), f"{seed}: {thing.id} in {zone.id}"


def _far_apart(thing: Placed, other: Placed) -> bool:
    """A bowl is round: its square may overlap where it does not."""
    radii_m = [math.hypot(*t.size_m[:2]) / 2 if t.kind == "block" else t.size_m[0] / 2 for t in (thing, other)]
    return math.dist(thing.position_m[:2], other.position_m[:2]) > sum(radii_m)


def test_other_seeds_give_other_layouts() -> None:
    spec = WorldSpec.model_validate({"blocks": ["red"]})
    assert lay_out(spec, 1) != lay_out(spec, 2)


def test_given_poses_are_kept() -> None:
    spec = WorldSpec.model_validate(
        {"blocks": ["red", {"color": "blue", "position_m": [0.6, 0.1]}], "layout": {"red_block": [0.5, -0.1, 0.3]}}
    )
    red, blue = lay_out(spec, 0)
    assert (red.position_m, red.yaw_rad) == ((0.5, -0.1, 0.02), 0.3)
    assert blue.position_m == (0.6, 0.1, 0.02)


def test_things_stand_on_what_they_are_said_to_be_on() -> None:
    spec = WorldSpec.model_validate(
        {
            "blocks": ["red", "green", {"color": "blue", "on": "yellow_bowl"}, {"color": "pink", "on": "left_zone"}],
            "bowls": ["yellow"],
            "zones": ["left"],
            "stacks": [["red", "green"]],
        }
    )
    things = {thing.id: thing for thing in lay_out(spec, 5)}
    assert things["green_block"].position_m[:2] == things["red_block"].position_m[:2]
    assert things["green_block"].position_m[2] == pytest.approx(0.06)
    assert things["blue_block"].position_m[:2] == things["yellow_bowl"].position_m[:2]
    assert things["left_zone"].contains(*things["pink_block"].position_m[:2])


def test_a_world_too_full_is_an_error_of_the_user() -> None:
    colors = list(COLORS)
    spec = WorldSpec.model_validate(
        {"blocks": colors[:12], "bowls": colors[:4], "zones": ["left", "right", "far", "near", "middle"]}
    )
    with pytest.raises(InputError, match="too many things to place: 16 and 5 zones do not fit on the table"):
        lay_out(spec, 0)
