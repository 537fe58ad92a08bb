"""The loop that moves a robot: carries out commands tick by tick, and looks before every tick whether it still may.

It owns the robot; all but `order` and `halt` belongs to the thread that runs it.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol, runtime_checkable

from codeword.codebook import Codebook, CommandError, Execution, Observation, Result, Robot
from codeword.runtime.guard import Guard

from .effects import Gate, Look, Release, Start

_POLL_S = 0.002
"""How often a robot is asked whether its command has ended, where it is not moved tick by tick from here."""
_IDLE_S = 0.05


@runtime_checkable
class Stepped(Protocol):
    """An execution that goes on by one tick of `tick_s` [s] when it is told to."""

    tick_s: float

    def step(self) -> Result | None:
        """Go on for one tick; the result if the command has ended."""


@runtime_checkable
class Rearmable(Protocol):
    """A robot that stays stopped until it is told to take commands again."""

    def rearm(self) -> None:
        """Take commands again."""


@dataclass(frozen=True)
class Looked:
    """The robot was observed, at that time [s]."""

    observation: Observation
    taken_s: float


@dataclass(frozen=True)
class Over:
    """A command has ended."""

    id: str
    result: Result


@dataclass(frozen=True)
class Failed:
    """The robot raised something it should not."""

    what: str


@dataclass(frozen=True)
class Job:
    """Something to be done between two ticks; it tells of itself how it went."""

    do: Callable[[], None]


News = Looked | Over | Failed
Order = Start | Release | Look | Job


class Mover:
    """Moves one robot. `tell` hears what happens and must take it from this thread.

    A robot whose time stands still between commands (`paused`) looks the same until it has moved. `pace` is how many
    seconds of a stepped robot pass in one second; 0 is as fast as it goes.
    """

    def __init__(
        self, robot: Robot, codebook: Codebook, gate: Gate, tell: Callable[[News], None], *,
        paused: bool = False, pace: float = 0.0,
    ) -> None:  # fmt: skip
        self.robot, self.progress = robot, 0
        self._guard, self._gate, self._tell = Guard(codebook), gate, tell
        self._paused, self._pace = paused, pace
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._seen: Looked | None = None
        self._id = ""
        self._execution: Execution | None = None
        self._next_s = 0.0

    def order(self, order: Order | None) -> None:
        """Have something done; None ends the loop. From any thread."""
        self._orders.put(order)

    def halt(self) -> None:
        """Stop the robot now. From any thread. What a user's own `stop` raises must not keep the link from going on."""
        try:
            self.robot.stop()
        except Exception as problem:  # noqa: BLE001 (a user's own code may raise anything)
            self._tell(Failed(f"stop raised {type(problem).__name__}: {problem}"))

    def run(self) -> None:
        """Move the robot until told to end; it is stopped then, and left open."""
        try:
            while self._turn():
                self.progress += 1
        finally:
            self.halt()

    def _turn(self) -> bool:
        """One order, or one tick. False where the loop is to end."""
        with suppress(Empty):
            if self._execution is None:
                order = self._orders.get(timeout=_IDLE_S)
            elif isinstance(self._execution, Stepped):
                order = self._orders.get_nowait()
            else:
                order = self._orders.get(timeout=_POLL_S)
            if order is None:
                return False
            self._obey(order)
        if self._execution is not None:
            self._tick(self._execution)
        return True

    def _obey(self, order: Order) -> None:
        try:
            if isinstance(order, Look):
                if order.fresh or self._seen is None:
                    self._look()
                assert self._seen is not None
                self._tell(self._seen)
            elif isinstance(order, Start):
                self._start(order)
            elif isinstance(order, Release):
                if isinstance(self.robot, Rearmable):
                    self.robot.rearm()
            else:
                order.do()
        except Exception as problem:  # noqa: BLE001 (a user's own robot may raise anything; it is stopped)
            what = f"the robot raised {type(problem).__name__}: {problem}"
            self.halt()
            self._tell(Failed(what[:400]))
            if isinstance(order, Start):
                self._end(order.id, Result(command=order.command.text, status="failed", reason="broken", message=what))

    def _look(self) -> Observation:
        seen = self.robot.observe()
        self._seen = Looked(seen, time.monotonic())
        return seen

    def _start(self, order: Start) -> None:
        text = order.command.text
        if not self._gate.open(time.monotonic()):
            self._end(order.id, Result(command=text, status="stopped", reason="stopped", message="not begun: stopped"))
            return
        seen = self._seen.observation if self._seen is not None and self._paused else self._look()
        try:
            self._guard.check(text, seen, task=None)  # which only the other side knows
        except CommandError as problem:
            self._end(order.id, Result(command=text, status="refused", reason=problem.check, message=str(problem)))
            return
        self._seen = None
        self._id, self._execution = order.id, self.robot.execute(order.command)
        self._next_s = time.monotonic()

    def _tick(self, execution: Execution) -> None:
        """Go on by one tick. With the gate shut the robot is stopped first, and only comes to its rest."""
        if not self._gate.open(time.monotonic()):
            self.halt()
        try:
            result = execution.step() if isinstance(execution, Stepped) else execution.poll()
        except Exception as problem:  # noqa: BLE001 (a user's own robot may raise anything; it is stopped)
            what = f"the robot raised {type(problem).__name__}: {problem}"[:400]
            self.halt()
            self._tell(Failed(what))
            result = Result(command="", status="failed", reason="broken", message=what)
        if result is not None:
            self._execution = None
            self._end(self._id, result)
        elif self._pace and isinstance(execution, Stepped):
            self._next_s += execution.tick_s / self._pace
            time.sleep(max(0.0, self._next_s - time.monotonic()))

    def _end(self, command_id: str, result: Result) -> None:
        self._tell(Over(command_id, result))
