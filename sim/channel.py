"""What a scenario and its judge may see and do beside the robot's own commands; never handed to a controller."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from codeword.codebook.errors import RobotError
from codeword.codebook.observation import Observation

from .camera import picture
from .events import Fired
from .world import TICK_S

if TYPE_CHECKING:
    from .robot import SimRobot


class ScenarioChannel(Protocol):
    """The scenario's own way to a simulated robot."""

    @property
    def time_s(self) -> float:
        """Simulated time since the episode began."""

    @property
    def fallen(self) -> tuple[str, ...]:
        """Ids of the blocks that have fallen off the table, in order of their ids."""

    @property
    def events_fired(self) -> tuple[Fired, ...]:
        """What has gone wrong on purpose so far, in order of time."""

    def truth(self) -> Observation:
        """The world as it is once it has come to rest, for the judge. Raises RobotError while a command runs."""

    def settle(self, duration_s: float) -> None:
        """Let physics go on for so long with the arm holding still. Raises RobotError while a command runs."""

    def camera(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """An RGB picture, shape (height, width, 3), of the whole table and the arm."""


class SimChannel:
    """The channel of a robot in this process."""

    def __init__(self, robot: "SimRobot") -> None:
        self._robot = robot

    @property
    def time_s(self) -> float:
        return self._robot.world.time_s

    @property
    def fallen(self) -> tuple[str, ...]:
        world = self._robot.world
        return tuple(block.id for block in world.of_kind("block") if world.has_fallen(block.id))

    @property
    def events_fired(self) -> tuple[Fired, ...]:
        return tuple(self._robot.events.fired)

    def truth(self) -> Observation:
        self._check_idle("the truth is told")
        self._robot.settle()
        return self._robot.observe()

    def settle(self, duration_s: float) -> None:
        self._check_idle("things settle")
        for _ in range(round(duration_s / TICK_S)):
            self._robot.idle_tick()

    def camera(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        return picture(self._robot.world, width, height)

    def _check_idle(self, what: str) -> None:
        if self._robot.running:
            raise RobotError(f"a command is being carried out: wait for its result before {what}")
