"""What a scenario and its judge may see and do beside the robot's own commands; never handed to a controller."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from codeword.codebook.errors import RobotError
from codeword.codebook.observation import Observation

from .bullet import pybullet
from .damage_report import Damage
from .events import Fired
from .world import TICK_S, World

if TYPE_CHECKING:
    from .robot import SimRobot

_EYE_M = (1.40, -0.64, 0.98)
_LOOK_AT_M = (0.31, 0.0, 0.22)
_FIELD_OF_VIEW_DEG = 45.0
_LIGHT = (0.9, -0.8, 2.2)


def picture(world: World, width: int, height: int) -> npt.NDArray[np.uint8]:
    """An RGB picture, shape (height, width, 3), three quarters from the front, with the whole table and the arm."""
    view = pybullet.computeViewMatrix(_EYE_M, _LOOK_AT_M, (0.0, 0.0, 1.0))
    projection = pybullet.computeProjectionMatrixFOV(_FIELD_OF_VIEW_DEG, width / height, 0.1, 5.0)
    _, _, rgba, _, _ = pybullet.getCameraImage(
        width,
        height,
        view,
        projection,
        lightDirection=_LIGHT,
        lightDistance=4.0,
        lightColor=(1.0, 1.0, 1.0),
        lightAmbientCoeff=0.55,
        lightDiffuseCoeff=0.5,
        lightSpecularCoeff=0.1,
        shadow=1,
        renderer=pybullet.ER_TINY_RENDERER,
        flags=pybullet.ER_NO_SEGMENTATION_MASK,
        physicsClientId=world.client,
    )
    pixels: npt.NDArray[np.uint8] = np.asarray(rgba, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
    return pixels.copy()


class ScenarioChannel(Protocol):
    """The scenario's own way to a simulated robot."""

    @property
    def time_s(self) -> float:
        """Simulated time since the episode began."""

    @property
    def damage(self) -> Damage:
        """What has fallen off the table, and how hard the arm has bumped into things."""

    @property
    def events_fired(self) -> tuple[Fired, ...]:
        """What has gone wrong on purpose so far, in order of time."""

    def start(self) -> Observation:
        """The world as it is now, for the judge to compare with. Physics stands still."""

    def truth(self, settle_s: float = 2.0, tolerance_m: float = 0.0) -> Observation:
        """The world as it is once it has come to rest, or after `settle_s`, for the judge; with what has fallen off the
        table, and with things counted to a zone that are not more than `tolerance_m` outside.

        Raises RobotError while a command runs.
        """

    def settle(self, duration_s: float) -> None:
        """Let physics go on for so long with the arm holding still. Raises RobotError while a command runs."""

    def camera(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """An RGB picture, shape (height, width, 3), of the whole table and the arm."""

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Call `on_frame(time_s)` after every `every_s` of simulated time, between two ticks of physics."""


class SimChannel:
    """The channel of a robot in this process."""

    def __init__(self, robot: "SimRobot") -> None:
        self._robot = robot

    @property
    def time_s(self) -> float:
        return self._robot.world.time_s

    @property
    def damage(self) -> Damage:
        return self._robot.damage

    @property
    def events_fired(self) -> tuple[Fired, ...]:
        return tuple(self._robot.events.fired)

    def start(self) -> Observation:
        return self._robot.truth(fallen=True)

    def truth(self, settle_s: float = 2.0, tolerance_m: float = 0.0) -> Observation:
        self._check_idle("the truth is told")
        self._robot.settle(settle_s)
        return self._robot.truth(fallen=True, tolerance_m=tolerance_m)

    def settle(self, duration_s: float) -> None:
        self._check_idle("things settle")
        for _ in range(round(duration_s / TICK_S)):
            self._robot.idle_tick()

    def camera(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        return picture(self._robot.world, width, height)

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        self._robot.watch(every_s, on_frame)

    def _check_idle(self, what: str) -> None:
        if self._robot.running:
            raise RobotError(f"a command is being carried out: wait for its result before {what}")
