"""What the robot's side of the link wants done: messages to send, and orders to the loop that moves the robot."""

from dataclasses import dataclass

from codeword.codebook.command import Command
from codeword.codebook.holds import HoldState

from .messages import FromRobot


@dataclass(frozen=True)
class Send:
    """A message for a peer, named by its ZeroMQ routing id."""

    peer: bytes
    message: FromRobot


@dataclass(frozen=True)
class Start:
    """Begin to carry out a command."""

    id: str
    command: Command


@dataclass(frozen=True)
class Halt:
    """Stop moving, now. `since_s` is when the robot was first to be stopped for it [s, monotonic]."""

    reason: str
    since_s: float = float("-inf")


@dataclass(frozen=True)
class Held:
    """What became of holding a robot that was to be stopped.

    `fault` is what it raised. `prevails` says that holding prevails over a primitive that has not returned; `settled`
    that no stop is still to come, which would end a re-arming.
    """

    state: HoldState = "returned"
    fault: str = ""
    prevails: bool = False
    settled: bool = True


@dataclass(frozen=True)
class Release:
    """Take commands again after a stop."""


@dataclass(frozen=True)
class Look:
    """Observe. `fresh` asks for a new look; without it the newest one will do where there is any."""

    fresh: bool


Effect = Send | Start | Halt | Release | Look


class Gate:
    """Until when the robot may move, on its own monotonic clock [s]: the dead man's handle.

    Written by the link's loop, read before every tick by the loop that moves the robot, which therefore stops by itself
    where the link's loop is dead.
    """

    def __init__(self) -> None:
        self.until_s = float("-inf")

    def open(self, now_s: float) -> bool:
        """Whether the robot may move now."""
        return now_s < self.until_s

    def shut(self) -> None:
        """It may not move until authority is given again."""
        self.until_s = float("-inf")
