"""The loop that moves a robot: carries out commands tick by tick, and looks before every tick whether it still may.

It owns the robot; all but `order` and `halt` belongs to the thread that runs it.
"""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol, runtime_checkable

from codeword.codebook import Codebook, CommandError, Execution, Observation, PrimitiveRobot, Result, Robot
from codeword.codebook.holds import Holds, HoldState
from codeword.codebook.robot import Rearmable
from codeword.runtime.faults import in_one_line
from codeword.runtime.guard import Guard

from .effects import Gate, Held, Look, Release, Start
from .urgency import boost, urgent

_WORST: tuple[HoldState, ...] = ("raised", "running", "pending", "returned")
_AGAIN_S = 0.1
"""How often a robot is held whose loop blocks: what it does there may order it to move again."""
_AT_ONCE_S = 0.02
"""So long `halt` waits for a `stop` that returns, as most do, at once."""


# Stops a robot from a thread of its own, so that nobody waits for what a user's `stop` or `hold` does.
#
# It is the watchdog's arm: where the loop that moves the robot blocks in the middle of a call, a robot whose class
# declares `hold_from_any_thread` is held from here, again and again until that loop goes on.


class Halter:
    """Stops one robot. `progress` counts the turns of the loop that moves it; `busy` says whether it moves it now."""

    @urgent()
    def __init__(self, robot: Robot, progress: Callable[[], int], busy: Callable[[], bool]) -> None:
        self._robot, self._progress, self._busy = robot, progress, busy
        self._stops = Holds()
        self._since_s = float("-inf")
        self._lock = threading.Lock()
        self._asked, self._stopped = threading.Event(), threading.Event()
        self._wanted, self._finished = 0, 0
        self._ending = False
        self.mover: int | None = None
        """The native id of the thread that moves the robot, None while there is none."""
        self._calm: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="halt", daemon=True)
        self._thread.start()

    @property
    def from_any_thread(self) -> bool:
        """Whether the robot may be held from here while a primitive is in the middle of a call."""
        return isinstance(self._robot, PrimitiveRobot) and self._robot.hold_from_any_thread

    def halt(self, since_s: float) -> None:
        """Have the robot stopped now, for a reason that is there since then [s, monotonic]. From any thread; returns at
        once where `stop` does, else 20 ms later.
        """
        blocked = self._stops.running
        if self.mover is not None and self._calm is None:
            self._calm = boost(self.mover)
        self._stopped.clear()
        with self._lock:
            self._wanted += 1
            self._since_s = max(self._since_s, since_s)
        self._asked.set()
        if not blocked:
            self._stopped.wait(_AT_ONCE_S)

    def stop_here(self) -> None:
        """Stop the robot by this thread. What a user's own `stop` raises is noted; it must not end a robot's loop."""
        try:
            with self._stops.call():
                self._robot.stop()
        except Exception as problem:  # noqa: BLE001 (a user's own code may raise anything)
            _say(f"the robot's stop raised {type(problem).__name__}: {problem}")

    def hold_here(self) -> None:
        """Hold the robot by this thread, if it is one out of primitives and was not held since it was to be stopped."""
        if isinstance(self._robot, PrimitiveRobot) and self._robot.holds.state(self._since_s) != "returned":
            self._hold(self._robot)

    def held(self, since_s: float) -> Held:
        """What became of stopping and holding the robot since then [s, monotonic]."""
        calls = {"stop()": self._stops}
        if isinstance(self._robot, PrimitiveRobot):
            calls["hold()"] = self._robot.holds
        states = {name: one.state(since_s) for name, one in calls.items()}
        name = min(states, key=lambda name: _WORST.index(states[name]))
        fault = f"{name} {calls[name].fault}" if states[name] == "raised" else ""
        return Held(states[name], fault, self.from_any_thread, self._finished == self._wanted)

    def end(self) -> None:
        """Let the thread end. Idempotent."""
        self._ending = True
        self._asked.set()

    def _run(self) -> None:
        while self._asked.wait() and not self._ending:
            self._asked.clear()
            with self._lock:
                wanted, before = self._wanted, self._progress()
            self.stop_here()
            self._stopped.set()
            if self.from_any_thread:
                self.hold_here()
            self._finished = wanted
            while self._blocked(before) and isinstance(self._robot, PrimitiveRobot) and self.from_any_thread:
                self._hold(self._robot)

    def _blocked(self, before: int) -> bool:
        """Wait a little; whether the robot's loop is still in the same turn, and nobody asks for another stop."""
        asked = self._asked.wait(_AGAIN_S)
        calm, self._calm = self._calm, None
        if calm is not None:
            calm()
        return not asked and self._progress() == before and self._busy()

    @staticmethod
    def _hold(robot: PrimitiveRobot) -> None:
        try:
            robot.call_hold()
        except Exception as problem:  # noqa: BLE001 (a user's own code may raise anything)
            _say(f"the robot's hold raised {type(problem).__name__}: {problem}")


def _say(what: str) -> None:
    """Tell on standard error; a full disk or a closed terminal must not end a robot's loop."""
    with suppress(OSError):
        sys.stderr.write(f"codeword: {what[:400]}\n")
        sys.stderr.flush()


_POLL_S = 0.002
"""How often a robot is asked whether its command has ended, where it is not moved tick by tick from here."""
_IDLE_S = 0.05


@runtime_checkable
class Stepped(Protocol):
    """An execution that goes on by one tick of `tick_s` [s] when it is told to."""

    tick_s: float

    def step(self) -> Result | None:
        """Go on for one tick; the result if the command has ended."""


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


@dataclass(frozen=True)
class Hold:
    """Hold the robot, which nothing moves now. Where a command is under way its end does so."""


News = Looked | Over | Failed
Order = Start | Release | Look | Job | Hold


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
        self._halter = Halter(robot, lambda: self.progress, lambda: self._execution is not None)
        self._hold_ordered = False
        self._seen: Looked | None = None
        self._id = ""
        self._execution: Execution | None = None
        self._next_s = 0.0

    def order(self, order: Order | None) -> None:
        """Have something done; None ends the loop. From any thread."""
        self._orders.put(order)

    def halt(self, since_s: float) -> None:
        """Stop and hold the robot now, for a reason that is there since then [s, monotonic]. From any thread, which
        does not wait for what a user's own `stop` and `hold` do.
        """
        self._halter.halt(since_s)
        if not self._hold_ordered:
            self._hold_ordered = True
            self._orders.put(Hold())  # this also wakes the loop between two ticks

    def held(self, since_s: float) -> Held:
        """What became of stopping and holding the robot since then [s, monotonic]."""
        return self._halter.held(since_s)

    def run(self) -> None:
        """Move the robot until told to end; it is stopped then, and left open."""
        self._halter.mover = threading.get_native_id()
        try:
            while self._turn():
                self.progress += 1
        finally:
            self._halter.mover = None
            self._halter.end()
            self._halter.stop_here()

    def _turn(self) -> bool:
        """One order, or one tick where it is due or the robot may not move any more. False where the loop is to end."""
        with suppress(Empty):
            order = self._orders.get(timeout=self._wait_s())
            if order is None:
                return False
            self._obey(order)
        execution, now_s = self._execution, time.monotonic()
        if execution is not None and (now_s >= self._next_s or not self._gate.open(now_s)):
            self._tick(execution)
        return True

    def _wait_s(self) -> float:
        """How long to wait for an order before the next tick."""
        if self._execution is None:
            return _IDLE_S
        return max(0.0, self._next_s - time.monotonic())

    def _obey(self, order: Order) -> None:
        try:
            if isinstance(order, Look):
                if order.fresh or self._seen is None:
                    self._look()
                assert self._seen is not None
                self._tell(self._seen)
            elif isinstance(order, Start):
                self._start(order)
            elif isinstance(order, Hold):
                self._hold_ordered = False
                if self._execution is None:
                    self._halter.hold_here()
            elif isinstance(order, Release):
                if isinstance(self.robot, Rearmable):
                    self.robot.rearm()
            else:
                order.do()
        except Exception as problem:  # noqa: BLE001 (a user's own robot may raise anything; it is stopped)
            what = f"the robot raised {in_one_line(problem)}"
            self._halter.stop_here()
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
            self._halter.stop_here()
        try:
            result = execution.step() if isinstance(execution, Stepped) else execution.poll()
        except Exception as problem:  # noqa: BLE001 (a user's own robot may raise anything; it is stopped)
            what = f"the robot raised {in_one_line(problem)}"[:400]
            self._halter.stop_here()
            self._tell(Failed(what))
            result = Result(command="", status="failed", reason="broken", message=what)
        if result is not None:
            self._execution = None
            self._end(self._id, result)
        elif not isinstance(execution, Stepped):
            self._next_s = time.monotonic() + _POLL_S
        elif self._pace:
            self._next_s = max(self._next_s + execution.tick_s / self._pace, time.monotonic())

    def _end(self, command_id: str, result: Result) -> None:
        self._tell(Over(command_id, result))
