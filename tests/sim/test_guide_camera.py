"""The guide's class for a camera of one's own sees what is in a picture, whoever took it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codeword.codebook.errors import RobotError
from codeword.codebook.facts import Fact
from codeword.sim.camera_senses import EYES, camera_at, drawn
from codeword.sim.layout import lay_out
from codeword.sim.tags import Picture
from codeword.sim.world import World
from codeword.sim.world_spec import WorldSpec

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (extra: camera)")

MOST_OFF_M = 0.003
PAGE = Path(__file__).parents[2] / "runtime" / "guide" / "cameras.md"
SPEC = WorldSpec.model_validate(
    {
        "blocks": ["red", "green", {"color": "blue", "position_m": [0.6, 0.1], "yaw_rad": 0.5}],
        "bowls": [{"color": "yellow", "position_m": [0.6, -0.25]}],
        "layout": {"red_block": [0.6, 0.25, 0.75]},
        "stacks": [["red", "green"]],
    }
)


class Device:
    """Stands in for `cv2.VideoCapture`: gives one picture after the other, then none."""

    def __init__(self, *pictures: Picture) -> None:
        self._left = list(pictures)

    def read(self) -> tuple[bool, Picture | None]:
        return (True, self._left.pop(0)) if self._left else (False, None)


@pytest.fixture
def sight_class() -> Any:
    (block,) = re.findall(r"```py\n# my_sight.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "my_sight.py", "exec"), names)
    return names["Sight"]


def test_the_guides_class_sees_what_is_in_pictures(sight_class: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(lay_out(SPEC, 0), tagged=True)
    cameras = {number: camera_at(np.array(eye), np.array(at), size) for number, (eye, at, size) in enumerate(EYES)}
    pictures = {number: drawn(world, camera).astype(np.uint8) for number, camera in cameras.items()}
    devices = {number: Device(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)) for number, grey in pictures.items()}
    monkeypatch.setattr(cv2, "VideoCapture", devices.get)
    sight = sight_class(cameras, lay_out(SPEC, seed=9))  # other places: they are seen, not known

    entities, facts = sight.look()
    for entity in entities:
        if entity.kind == "block":
            assert np.linalg.norm(np.subtract(entity.position_m, world.pose(entity.id).position_m)) < MOST_OFF_M
    assert {entity.id for entity in entities} == {"red_block", "green_block", "blue_block", "yellow_bowl", "table"}
    on = {("red_block", "table"), ("green_block", "red_block"), ("blue_block", "table")}
    assert {fact for fact in facts if fact.name == "on"} == {Fact("on", pair) for pair in on}

    with pytest.raises(RobotError, match="camera 0 gives no picture: is it plugged in"):
        sight.look()
