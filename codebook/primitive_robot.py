"""A robot out of primitives: what a user's own robot inherits, so that it says only how it looks, moves and holds."""

import atexit
import inspect
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from .command import Command, Value
from .errors import RobotError, did_you_mean
from .facts import Fact
from .holds import Holds
from .observation import Entity, Observation, Result, RobotState, Status
from .robot import Motion, Outcome
from .skills import Codebook
from .steps import carry_out


class CheckedPrimitives:
    """Implements `Primitives` by a robot's `perform`. Raises RobotError where that is no motion, or ends without an
    Outcome.
    """

    def __init__(self, robot: "PrimitiveRobot") -> None:
        self._robot = robot

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        motion: Any = self._robot.perform(name, args)
        if not inspect.isgenerator(motion):
            raise RobotError(
                f"{place_of(self._robot.perform)} gave {_called(motion)} for '{name}' and is to be a generator: "
                "`yield` once a tick, then `return Outcome(True)`"
            )
        outcome: Any = yield from motion
        if not isinstance(outcome, Outcome):
            raise RobotError(
                f"{place_of(self._robot.perform)} ended '{name}' with {_called(outcome)} and not with an Outcome; "
                "expected `return Outcome(True)`, or `return Outcome(False, 'slipped')`"
            )
        return outcome


def checked_look(robot: "PrimitiveRobot") -> tuple[tuple[Entity, ...], tuple[Fact, ...]]:
    """What a robot sees. Raises RobotError where that is not things and facts, or a fact or a kind is misspelt: one
    that the codebook has not, while it has one that is called nearly so. Of others nothing can be decided, and nothing
    is said, since one robot may serve several codebooks.
    """
    seen: Any = robot.look()
    where = place_of(robot.look)
    if not isinstance(seen, tuple | list) or len(seen) != 2:
        raise RobotError(f"{where} gave {_called(seen)}; expected things and facts: `return entities, facts`")
    entities, facts = (tuple(some) if isinstance(some, Iterable) else (some,) for some in seen)
    for some, kind in ((entities, Entity), (facts, Fact)):
        for one in some:
            if not isinstance(one, kind):
                raise RobotError(f"{where} has {_called(one)} among its {'things' if kind is Entity else 'facts'}")
    codebook = robot.codebook
    for name, known, what in (
        *((fact.name, list(codebook.predicates), "fact") for fact in facts),
        *((entity.kind, list(codebook.kinds), "kind of thing") for entity in entities),
    ):
        if name not in known and get_close_matches(name, known, 1):
            meant = did_you_mean(name, known)
            raise RobotError(f"{where} tells of '{name}', a {what} that codebook '{codebook.name}' has not{meant}")
    return entities, facts


def place_of(method: Callable[..., object]) -> str:
    """Where a method is written: `my_cart.py:12: Cart.look`."""
    code = getattr(method, "__code__", None)
    name = getattr(method, "__qualname__", str(method))
    return name if code is None else f"{Path(code.co_filename).name}:{code.co_firstlineno}: {name}"


def _called(value: object) -> str:
    """A value in words: short ones as they are."""
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


class PrimitiveRobot(ABC):
    """Implements `Robot` over primitives, in wall time: a command goes on by one tick of `tick_s` [s] at a time.

    `look`, `perform` and `hold` are to be written. All but `stop` belongs to one thread. A robot that is still moved
    when the interpreter exits is closed, and so held.
    """

    tick_s = 0.02
    hold_from_any_thread: ClassVar[bool] = False
    """Whether `hold` may be called from another thread while a primitive is in the middle of a call, and then prevails
    over it: the robot stands until `hold` has returned and the primitive has ended. A robot that declares it is held
    also while a primitive blocks; any other only once that returns.
    """

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        self._began_s = time.monotonic()
        self._stop = threading.Event()
        self._running: TickedExecution | None = None
        self._last: Result | None = None
        self._begun = 0
        self._open = True
        self.holds = Holds()
        """What became of the calls of `hold`."""

    @abstractmethod
    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        """The things that are seen now and the codebook's base facts, poses in the robot's world frame [m, rad]."""

    @abstractmethod
    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Start a primitive whose name and arguments were checked: a generator that yields once a tick."""

    @abstractmethod
    def hold(self) -> None:
        """Stand still. Called when a command ends in whatever way, when the robot is stopped, and when the process
        ends; always safe to call, as often as one likes.
        """

    def state(self) -> RobotState:
        """The robot's own state; a robot without a gripper has none to tell."""
        return RobotState()

    def observe(self) -> Observation:
        """What is seen now; `step` counts the commands begun, `time_s` runs from when the robot was made."""
        self._check_open()
        entities, facts = checked_look(self)
        return Observation(
            step=self._begun, time_s=time.monotonic() - self._began_s, entities=tuple(entities), facts=tuple(facts),
            robot=self.state(), last=self._last,
        )  # fmt: skip

    def execute(self, command: Command) -> "TickedExecution":
        """Start to carry out a command. Raises RobotError while another runs and for a skill of another codebook.

        While the robot is stopped (until `rearm`), the command ends as stopped at once.
        """
        self._check_open()
        if self._running is not None:
            raise RobotError(f"busy: another command is being carried out, {command.text} must wait")
        if command.skill not in self.codebook.skills:
            raise RobotError(f"codebook '{self.codebook.name}' has no skill '{command.skill}'")
        self._begun += 1
        motion = carry_out(self.codebook, command, CheckedPrimitives(self), self.observe)
        _MOVED[id(self)] = self
        self._running = TickedExecution(self, command, motion, self.codebook.skills[command.skill].budget_s)
        return self._running

    def stop(self) -> None:
        """Stop moving: the command under way ends as stopped with the next tick. From any thread, idempotent."""
        self._stop.set()

    def rearm(self) -> None:
        """Take commands again after a stop."""
        self._stop.clear()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called since the last `rearm`."""
        return self._stop.is_set()

    def ended(self, result: Result) -> None:
        """An execution has ended: hold."""
        self._running, self._last = None, result
        self.call_hold()

    def call_hold(self) -> None:
        """Call `hold`, and note in `holds` what becomes of it. Raises what it raises."""
        with self.holds.call():
            self.hold()
        if self._running is None:
            _MOVED.pop(id(self), None)

    def close(self) -> None:
        """Abandon what is under way and hold. Idempotent once `hold` has returned; raises what it raises."""
        if self._open:
            self.stop()
            try:
                if self._running is not None:
                    self._running.step()
            finally:
                self.call_hold()
            self._open = False

    def _check_open(self) -> None:
        if not self._open:
            raise RobotError("the robot is closed")


class TickedExecution:
    """Implements `Execution` for a robot out of primitives; `poll` goes on when a tick is due, `step` at once."""

    def __init__(self, robot: PrimitiveRobot, command: Command, motion: Motion, budget_s: float) -> None:
        self.tick_s = robot.tick_s
        self._robot, self._command, self._motion, self._budget_s = robot, command, motion, budget_s
        self._began_s = self._next_s = time.monotonic()
        self._result: Result | None = None

    def poll(self) -> Result | None:
        """The result if the command has ended. Goes on by a tick if one is due."""
        now_s = time.monotonic()
        if self._result is None and now_s >= self._next_s:
            self._next_s = max(self._next_s + self.tick_s, now_s)
            self.step()
        return self._result

    def result(self) -> Result:
        """Carry the command out to its end."""
        while (result := self.poll()) is None:
            time.sleep(max(0.0, self._next_s - time.monotonic()))
        return result

    def step(self) -> Result | None:
        """Go on by one tick; the result if the command has ended."""
        if self._result is not None:
            return self._result
        taken_s = time.monotonic() - self._began_s
        if self._robot.stopping:
            self._end("stopped", Outcome(False, "stopped", "the robot was stopped"))
        elif taken_s > self._budget_s:
            self._end("timeout", Outcome(False, "timeout", f"not finished within {self._budget_s:g} s"))
        else:
            try:
                next(self._motion)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                self._end("done" if outcome.ok else "failed", outcome)
            except BaseException as problem:
                self._end("failed", Outcome(False, "broken", f"{type(problem).__name__}: {problem}"))
                raise
        return self._result

    def _end(self, status: Status, outcome: Outcome) -> None:
        self._result = Result(
            command=self._command.text, status=status, reason=outcome.reason, message=outcome.message,
            duration_s=time.monotonic() - self._began_s,
        )  # fmt: skip
        try:
            self._motion.close()
        finally:
            self._robot.ended(self._result)


_MOVED: dict[int, PrimitiveRobot] = {}


def moved() -> list[PrimitiveRobot]:
    """The robots of this process that carry out a command, or whose `hold` has not returned since."""
    return list(_MOVED.values())


@atexit.register
def _hold_all() -> None:
    """Hold whatever is still moved when the interpreter exits."""
    for robot in moved():
        try:
            robot.close()
        except Exception as problem:  # noqa: BLE001 (a user's own `hold` may raise anything; the others are held too)
            sys.stderr.write(f"codeword: {type(robot).__name__} was not held: {type(problem).__name__}: {problem}\n")
