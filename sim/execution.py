"""A command being carried out in simulated time: physics goes on only when asked to."""

from typing import TYPE_CHECKING

from codeword.codebook.command import Command
from codeword.codebook.observation import Result, Status
from codeword.codebook.robot import Motion, Outcome

from .world import TICK_S

if TYPE_CHECKING:
    from .robot import SimRobot


class SimExecution:
    """Implements `codebook.robot.Execution`; `step`, `advance` and `result` let physics go on, `poll` does not.

    `tick_s` is how much simulated time a step takes [s].
    """

    tick_s = TICK_S

    def __init__(self, robot: "SimRobot", command: Command, motion: Motion, budget_s: float) -> None:
        self._robot, self._command, self._motion = robot, command, motion
        self._budget_ticks = round(budget_s / TICK_S)
        self._ticks = 0
        self._owed_ticks = 0.0  # so that many short advances add up
        self._result: Result | None = None

    def poll(self) -> Result | None:
        """The result if the command has ended, else None. Physics stands still."""
        return self._result

    def advance(self, duration_s: float) -> Result | None:
        """Let physics go on for `duration_s` of simulated time, past the command's end if it comes sooner."""
        self._owed_ticks += duration_s / TICK_S
        ticks = round(self._owed_ticks)
        self._owed_ticks -= ticks
        end = self._robot.world.ticks + ticks
        while self._robot.world.ticks < end:
            if self._result is None:
                self._tick()
            else:
                self._robot.idle_tick()
        return self._result

    def step(self) -> Result | None:
        """Let physics go on for one tick, unless the command has ended; the result if it has now."""
        if self._result is None:
            self._tick()
        return self._result

    def result(self) -> Result:
        """Let physics go on until the command has ended; how it did."""
        while self._result is None:
            self._tick()
        return self._result

    def abandon(self) -> None:
        """End as stopped, with the arm holding still."""
        if self._result is None:
            self._end("stopped", Outcome(False, "stopped", "the robot was stopped"))

    def _tick(self) -> None:
        if self._robot.stopping:
            self.abandon()
            return
        if self._ticks >= self._budget_ticks:
            longest_s = self._budget_ticks * TICK_S
            self._end("timeout", Outcome(False, "timeout", f"not finished within {longest_s:g} s"))
            return
        try:
            next(self._motion)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            self._end("done" if outcome.ok else "failed", outcome)
            return
        self._ticks += 1
        self._robot.moving_tick()

    def _end(self, status: Status, outcome: Outcome) -> None:
        self._motion.close()
        self._result = Result(
            command=self._command.text,
            status=status,
            reason=outcome.reason,
            message=outcome.message,
            duration_s=self._ticks * TICK_S,
        )
        self._robot.ended(self._command, self._result)
