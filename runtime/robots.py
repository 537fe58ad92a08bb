"""Opens the robot that a user names: `sim`, one over ROS 2, or a class of their own as `package.module:Class`."""

import importlib
import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from codeword.codebook import Codebook, Observation, Robot
from codeword.codebook.calls import trusted_calls
from codeword.codebook.errors import InputError, RobotError
from codeword.codebook.primitives import load_robot, shipped_robots
from codeword.sim.damage_report import Damage
from codeword.sim.event_spec import EventSpec
from codeword.sim.installed import SENSES, SYMBOLS, check_installed, check_senses

from .episode import Physics
from .ros2.domain import ROS2, domain_of
from .scenario import Scenario

if TYPE_CHECKING:
    from codeword.sim.channel import ScenarioChannel

PICTURE_SIZE = (432, 324)
"""Width and height of recorded pictures [pixels]."""


class SimPhysics:
    """What a simulated robot's scenario channel offers, in the loop's terms."""

    def __init__(self, channel: "ScenarioChannel", settle_s: float, tolerance_m: float) -> None:
        self._channel, self._settle_s, self._tolerance_m = channel, settle_s, tolerance_m

    def start(self) -> Observation:
        """The world as it is now."""
        return self._channel.start()

    def truth(self) -> Observation:
        """The world after it has settled."""
        return self._channel.truth(self._settle_s, self._tolerance_m)

    def pass_time(self, duration_s: float) -> None:
        """Let physics go on for so long with the robot holding still."""
        self._channel.settle(duration_s)

    def damage(self) -> Damage:
        """What has fallen off the table, and how hard the arm has bumped into things."""
        return self._channel.damage

    def events(self) -> tuple[tuple[float, str], ...]:
        """What happened by the scenario's script so far: when [s], and in words."""
        return tuple((fired.time_s, _in_words(fired.event)) for fired in self._channel.events_fired)

    def jpeg(self) -> bytes:
        """A picture of the scene, JPEG."""
        out = io.BytesIO()
        Image.fromarray(self._channel.camera(*PICTURE_SIZE)).save(out, "JPEG", quality=82)
        return out.getvalue()

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Call back with the time after every so much of simulated time, between two ticks of physics."""
        self._channel.watch(every_s, on_frame)


def _in_words(event: EventSpec) -> str:
    where = event.to_zone or event.to_position_m
    times = f"{event.times} times" if event.times > 1 else ""
    return " ".join(filter(None, (event.do, event.entity, f"to {where}" if where else "", times)))


def check_fit(name: str, scenario: Scenario) -> None:
    """Raises InputError where a robot cannot carry out a scenario's codebook, and CodebookError where it is to be
    driven over ROS 2 and its mapping has faults.
    """
    for call in trusted_calls(scenario.codebook):
        if call.missing:
            raise InputError(f"{scenario.path}: the codebook '{scenario.codebook.name}' {call}")
    if name.startswith(ROS2):
        from .ros2.mapping import MappingFile

        MappingFile(scenario.codebook)
        return
    kind, what = (
        ("lekiwi", "this one is a LeKiwi") if name.startswith("lekiwi://") else ("arm", "the simulated one is an arm")
    )
    if name != "sim" and kind == "arm":
        return
    missing = sorted(set(scenario.codebook.primitives) - _primitives_of(kind))
    if missing:
        raise InputError(
            f"{scenario.path}: the codebook '{scenario.codebook.name}' is for the robot "
            f"'{scenario.codebook.robot}', and {what}: it cannot {', '.join(missing)}"
        )


@cache
def _primitives_of(robot: str) -> frozenset[str]:
    return frozenset(load_robot(shipped_robots()[robot]))


def open_robot(name: str, scenario: Scenario, seed: int, senses: str = SYMBOLS) -> tuple[Robot, Physics | None]:
    """The robot of that name set up for a scenario, and its physics where it is simulated; `senses` are for the one
    that is simulated here.

    A user's class is called with the codebook. Raises InputError where the name leads nowhere.
    """
    check_fit(name, scenario)
    if name == "sim":
        from codeword.sim import SimRobot  # physics is loaded for a simulated robot alone

        robot = SimRobot(scenario.codebook, scenario.spec.world, seed, scenario.spec.events, senses)
        return robot, SimPhysics(robot.scenario, scenario.spec.settle_s, scenario.spec.tolerance_m)
    check_robot_name(name)
    if name.startswith("lekiwi://"):
        from .link.lekiwi import LeKiwiRobot

        return LeKiwiRobot(scenario.codebook, name), None
    if "://" in name and not name.startswith(ROS2):
        from .link.opening import open_link  # the link knows this module

        return open_link(name, scenario, seed)
    return make_robot(name, scenario.codebook), None


def make_robot(name: str, codebook: Codebook) -> Robot:
    """A robot of a user's own class, `package.module:Class`, called with a codebook, or one over ROS 2.

    Raises RobotError, and InputError or CodebookError for what is wrong in a mapping to ROS 2.
    """
    if name.startswith(ROS2):
        from .ros2.robot import Ros2Robot

        return Ros2Robot(codebook, name)
    module, _, cls = name.partition(":")
    try:
        made: Robot = getattr(importlib.import_module(module), cls)(codebook)
    except Exception as problem:
        raise RobotError(
            f"robot '{name}', called as {cls}(codebook), could not be made: {type(problem).__name__}: {problem}"
        ) from problem
    return made


def check_robot_senses(name: str, senses: str) -> None:
    """Raises InputError for senses that a robot of that name cannot have here."""
    if senses in SENSES and senses != SYMBOLS and name != "sim":
        raise InputError(f"--senses {senses} is for --robot sim; the robot '{name}' looks with what it has")
    check_senses(senses)


def check_robot_name(name: str) -> None:
    """Raises InputError where no robot can be made from that name."""
    if name == "sim":
        check_installed()
        return
    if name.startswith("lekiwi://"):
        from .link.lekiwi import lekiwi_address

        lekiwi_address(name)
        return
    if name.startswith(ROS2):
        domain_of(name)
        return
    if name.startswith("tcp://"):
        from .link.sockets import address

        address(name)
        return
    module, colon, cls = name.partition(":")
    if "://" in name or not colon or not cls:
        raise InputError(
            f"unknown robot '{name}'; a robot is 'sim', tcp://host:port, lekiwi://host, ros2://, or a class of "
            "yours as package.module:Class"
        )
    try:
        found = getattr(importlib.import_module(module), cls, None)
    except Exception as problem:
        raise InputError(f"robot '{name}' cannot be imported: {type(problem).__name__}: {problem}") from problem
    missing = [verb for verb in ("observe", "execute", "stop", "close") if not callable(getattr(found, verb, None))]
    if found is None or missing:
        what = f"has no {', '.join(missing)}" if found is not None else f"is not in {module}"
        raise InputError(f"robot '{name}': {cls} {what}; a robot has observe, execute, stop and close")
