"""Where the robot's knowledge of its world comes from: an interface between the simulated world and whoever computes
facts.
"""

from collections.abc import Mapping
from typing import Protocol

from .arm import Arm
from .installed import CAMERA, check_senses
from .layout import Placed
from .pose import Pose
from .scene import Scene
from .touch import grasped, support_of
from .world import World


class Senses(Protocol):
    """One way to look at the world. The same seed and the same looks in the same world give the same scenes."""

    def look(self) -> Scene:
        """The things that are known of now, and where. Physics stands still."""


def open_senses(name: str, world: World, arm: Arm, seed: int) -> Senses:
    """The senses of that name, one of SENSES. Raises InputError where they cannot be had."""
    check_senses(name)
    if name == CAMERA:
        from .camera_senses import CameraSenses  # OpenCV is loaded for a camera alone

        return CameraSenses(world, arm, seed)
    return Symbols(world)


class Symbols:
    """Implements `Senses` and the scene itself: exact poses out of physics, and what touches what."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.things: Mapping[str, Placed] = world.things

    def look(self) -> Scene:
        return self

    def of_kind(self, kind: str) -> list[Placed]:
        return self._world.of_kind(kind)

    def pose(self, thing: str) -> Pose:
        return self._world.pose(thing)

    def support_of(self, thing: str) -> str | None:
        return support_of(self._world, thing)

    def held(self) -> str | None:
        return grasped(self._world)
