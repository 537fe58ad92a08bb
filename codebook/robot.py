"""What a robot is to the rest: an interface of four verbs, and the primitives below it.

Simulation, a network link and a user's own class stand behind `Robot`. Skills are interpreted on the robot's side over
`Primitives`: small things that a robot can do by itself.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .command import Command, Value
from .observation import Observation, Result


class Execution(Protocol):
    """A command being carried out; it runs while the controller thinks."""

    def poll(self) -> Result | None:
        """The result if the command has ended, else None. Returns at once."""

    def result(self) -> Result:
        """Wait until the command has ended and return how."""


class Robot(Protocol):
    """Anything that can be observed and carries out commands."""

    def observe(self) -> Observation:
        """Look at the world now."""

    def execute(self, command: Command) -> Execution:
        """Start to carry out a command. One at a time: raises RobotError while another runs."""

    def stop(self) -> None:
        """Stop moving. Safe at any time, from any thread, as often as one likes."""

    def close(self) -> None:
        """Let go of the robot and all that belongs to it. Idempotent."""


@dataclass(frozen=True)
class Outcome:
    """How a primitive or a step ended. `reason` is a short id, empty when all went well."""

    ok: bool
    reason: str = ""
    message: str = ""


Motion = Generator[None, None, Outcome]
"""A primitive under way: each `next` lets the robot go on for one tick (of its own length); returns an Outcome.

Closing the generator abandons the primitive; the robot then holds still."""


class Primitives(Protocol):
    """What a robot can do by itself. Names and arguments are those of its set in `codebook.primitives`."""

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Start a primitive whose name and arguments were checked against the robot's set."""


@runtime_checkable
class Rearmable(Protocol):
    """A robot that stays stopped until it is told to take commands again."""

    def rearm(self) -> None:
        """Take commands again."""
