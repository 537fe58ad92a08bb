"""Stops a robot from a thread of its own, so that nobody waits for what a user's `stop` or `hold` does.

It is the watchdog's arm: where the loop that moves the robot blocks in the middle of a call, a robot whose class
declares `hold_from_any_thread` is held from here, again and again until that loop goes on.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from codeword.codebook import PrimitiveRobot, Robot
from codeword.codebook.holds import Holds, HoldState

from .effects import Held
from .urgency import boost, urgent

_WORST: tuple[HoldState, ...] = ("raised", "running", "pending", "returned")
_AGAIN_S = 0.1
"""How often a robot is held whose loop blocks: what it does there may order it to move again."""
_AT_ONCE_S = 0.02
"""So long `halt` waits for a `stop` that returns, as most do, at once."""


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
