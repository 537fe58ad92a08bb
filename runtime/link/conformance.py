"""What every robot must do, wherever it stands: simulated, over a link, of a user's own, in another language.

`check_robot` runs every check on robots that it opens one after the other, and raises AssertionError at the first that
fails, saying which and how.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from codeword.codebook import Codebook, Command, Observation, Result, Robot, RobotError, read_command
from codeword.codebook.action_space import legal
from codeword.runtime.episode import check_observation
from codeword.runtime.guard import Guard


@runtime_checkable
class Simulated(Protocol):
    """An execution in simulated time, which goes on only when it is told to."""

    def advance(self, duration_s: float) -> Result | None:
        """Go on for so long [s]; the result if the command has ended."""


Open = Callable[[], Robot]
STATUSES = ("done", "failed", "stopped", "refused", "timeout")
LONGEST_S = 60.0
BRIEFLY_S = 0.5
"""So long a command goes on of which only the beginning is looked at."""
"""No command that is tried here may take longer."""


def check_robot(open_robot: Open, codebook: Codebook, moves: str) -> tuple[str, ...]:
    """Run all checks; the names of those that passed. `moves` is a command that takes a second or more, as JSON, and
    is allowed in the robot's first observation.
    """
    passed = []
    for name, check in CHECKS.items():
        robot = open_robot()
        try:
            check(robot, codebook, read_command(codebook, moves))
        except AssertionError as problem:
            raise AssertionError(f"{name}: {problem}") from problem
        finally:
            robot.stop()
            robot.close()
        passed.append(name)
    return tuple(passed)


def observes(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """An observation can be decided by: ids once, facts of the codebook's form, finite numbers, legal commands."""
    seen = robot.observe()
    assert isinstance(seen, Observation), f"observe gave a {type(seen).__name__}"
    check_observation(codebook, seen)
    assert math.isfinite(seen.time_s), "time_s is not finite"
    assert seen.time_s >= 0, "time_s is before reset"
    texts = [command.text for command in legal(codebook, seen).commands()]
    assert moves.text in texts, f"{moves.text} is not legal now"
    assert robot.observe().time_s >= seen.time_s, "time_s goes back"


def carries_out(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """A command ends with a result that names it, and the next observation tells the same."""
    del codebook
    result = result_of(robot, moves)
    assert result.command == moves.text, f"the result is of {result.command}"
    assert result.status == "done", f"it ended as {result.status} ({result.reason}: {result.message})"
    assert result.duration_s > 0, "it took no time"
    assert robot.observe().last == result, "the next observation tells another last result"


def does_one_at_a_time(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """A second command while one runs is refused, and the first goes on."""
    del codebook
    robot.observe()
    execution = robot.execute(moves)
    assert execution.poll() is None, "it ended before it began"
    try:
        robot.execute(moves)
    except RobotError as problem:
        assert "busy" in str(problem), f"the refusal does not say busy: {problem}"
    else:
        raise AssertionError("a second command was taken while one ran")
    assert execution.result().status == "done", "the first did not go on"


def stops_in_mid_skill(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """A stop from another thread ends the command as stopped; once more changes nothing."""
    del codebook
    robot.observe()
    execution = robot.execute(moves)

    def stop_twice() -> None:
        robot.stop()
        robot.stop()

    stopper = threading.Thread(target=stop_twice)
    stopper.start()
    result = execution.result()
    stopper.join()
    assert result.status == "stopped", f"it ended as {result.status}"


def stays_stopped(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """After a stop no command is carried out until the robot is re-armed."""
    del codebook
    robot.observe()
    robot.stop()
    for _ in range(2):
        result = result_of(robot, moves)
        assert result.status == "stopped", f"a stopped robot ended a command as {result.status}"
    rearm = getattr(robot, "rearm", None)
    assert callable(rearm), "there is no rearm"
    rearm()
    assert result_of(robot, moves).status == "done", "it was not carried out after re-arming"


def refuses_what_is_not_its_own(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """A command of another codebook raises RobotError or ends as refused or failed, and nothing moves."""
    del codebook
    robot.observe()
    foreign = Command("no_such_skill", {}, '{"skill":"no_such_skill"}')
    try:
        status = robot.execute(foreign).result().status
    except RobotError:
        status = "refused"
    assert status in ("refused", "failed"), f"a command of another codebook ended as {status}"
    assert result_of(robot, moves).status == "done", "it does not go on afterwards"


def does_what_is_legal(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """Whatever is legal can be begun, and ends in one of the five ways."""
    del moves
    guard = Guard(codebook)
    for turn in range(3):
        seen = robot.observe()
        commands = [c for c in legal(codebook, seen).commands() if codebook.skills[c.skill].ends is None]
        assert commands, "nothing is legal"
        command = commands[(turn * 7919) % len(commands)]
        guard.check(command.text, seen)
        execution, began_s = robot.execute(command), time.monotonic()
        while (result := execution.poll()) is None and not isinstance(execution, Simulated):
            if time.monotonic() - began_s > BRIEFLY_S:
                robot.stop()
            time.sleep(0.005)
        result = execution.result()
        rearm_after(robot, result)
        assert result.status in STATUSES, f"{command.text} ended as {result.status}"
        assert result.status != "refused", f"{command.text} is legal and was refused: {result.message}"


def closes(robot: Robot, codebook: Codebook, moves: Command) -> None:
    """Closing twice is closing once; a closed robot neither looks nor moves; stop is still safe."""
    del codebook
    robot.observe()
    robot.close()
    robot.close()
    robot.stop()
    for what in (robot.observe, lambda: robot.execute(moves)):
        try:
            what()
        except RobotError:
            continue
        raise AssertionError("a closed robot still works")


CHECKS: dict[str, Callable[[Robot, Codebook, Command], None]] = {
    check.__name__: check
    for check in (
        observes, carries_out, does_one_at_a_time, stops_in_mid_skill, stays_stopped, refuses_what_is_not_its_own,
        does_what_is_legal, closes,
    )
}  # fmt: skip


def rearm_after(robot: Robot, result: Result) -> None:
    """Have a robot that was stopped take commands again."""
    if result.status == "stopped":
        robot.rearm()  # type: ignore[attr-defined]


def result_of(robot: Robot, command: Command) -> Result:
    """Carry a command out to its end."""
    began_s = time.monotonic()
    result = robot.execute(command).result()
    assert time.monotonic() - began_s < LONGEST_S, f"{command.text} took longer than {LONGEST_S:g} s"
    return result
