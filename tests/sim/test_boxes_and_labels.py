"""Boxes take what is put into them, and the camera shows what is printed on blocks."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from codeword.codebook import load_codebook
from codeword.codebook.command import Command
from codeword.codebook.facts import Fact
from codeword.sim.layout import lay_out
from codeword.sim.robot import SimRobot
from codeword.sim.world_spec import WorldSpec

Start = Callable[..., SimRobot]
Make = Callable[..., Command]


def test_a_box_takes_six_blocks_and_counts_each(command: Make) -> None:
    colors = ("red", "green", "blue", "pink", "cyan", "white")
    spec = WorldSpec.model_validate({"blocks": [*colors], "boxes": ["brown"]})
    robot = SimRobot(load_codebook("packing"), spec, 4)
    for color in colors:
        assert robot.execute(command("pick", object=f"{color}_block")).result().status == "done"
        assert robot.execute(command("place", object=f"{color}_block", target="brown_box")).result().status == "done"
    facts = robot.scenario.truth().facts
    assert {Fact("in", (f"{color}_block", "brown_box")) for color in colors} == set(facts)
    robot.close()


@pytest.mark.parametrize("seed", range(20))
def test_colored_zones_lie_apart_and_blocks_beside_them(seed: int) -> None:
    spec = WorldSpec.model_validate(
        {"blocks": ["red", "green", "blue", "pink"], "zones": ["red_zone", "blue_zone", "pink_zone"]}
    )
    things = {thing.id: thing for thing in lay_out(spec, seed)}
    zones = [thing for thing in things.values() if thing.kind == "zone"]
    for zone in zones:
        x_m, y_m, _ = zone.position_m
        assert math.hypot(x_m, y_m) < 0.73
        assert all(other is zone or not other.contains(x_m, y_m, -0.07) for other in zones)
        for block in things.values():
            assert block.kind == "zone" or not zone.contains(*block.position_m[:2])


def test_a_letter_is_read_from_the_picture(start: Start) -> None:
    """The picture of a block changes with its letter, is dark where the ink is, and the same for the same letter."""

    def picture(block: object) -> np.ndarray:  # type: ignore[type-arg]
        return start(blocks=[block]).scenario.camera(432, 324).astype(int)

    at = {"position_m": [0.55, 0.0], "yaw_rad": 0.4}
    a, again, k = (picture({"letter": letter, **at}) for letter in "aak")
    plain = picture({"color": "white", "size_m": 0.044, **at})
    assert np.array_equal(a, again)
    changed = np.abs(a - k).sum(axis=2) > 90
    assert 20 < changed.sum() < 600, "the block is small, and nothing else differs"
    rows, columns = np.nonzero(np.abs(a - plain).sum(axis=2) > 200)
    assert np.ptp(rows) < 40
    assert np.ptp(columns) < 40
    assert a[rows, columns].mean() < plain[rows, columns].mean() - 80, "ink is dark on white"


def test_a_word_is_printed_too(start: Start) -> None:
    at = {"position_m": [0.55, 0.0], "yaw_rad": 0.0}
    one, other = (
        start(blocks=[{"label": label, "color": "yellow", **at}]).scenario.camera(432, 324)
        for label in ("soap", "tape")
    )
    assert not np.array_equal(one, other)
