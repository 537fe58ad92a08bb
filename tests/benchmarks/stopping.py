"""How soon a stop is answered, and how soon a robot of a user's own is held for it, also beside busy processes."""

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from codeword.codebook import (
    Codebook,
    Command,
    Entity,
    Fact,
    Motion,
    PrimitiveRobot,
    RobotError,
    Value,
    load_codebook,
    make_command,
)
from codeword.runtime.link.connection import Connection
from codeword.runtime.link.robot import LinkRobot, stop_robot
from codeword.runtime.link.urgency import urgent

NOTES = "CODEWORD_STOP_NOTES"
"""The variable that names the file of notes: when `hold` was called [s, monotonic], as doubles."""

BUSY_LOOPS = 2
"""So many processes that do nothing but compute are put beside the link."""

ROBOT = """\
robot: stopping
description: a robot that goes on until it is stopped
primitives:
  go: {description: go on}
"""
CODEBOOK = """\
codebook: stopping
description: A robot that goes on until it is stopped.
robot: stopping_robot.yaml
entities: [thing]
facts:
  seen(thing): the thing is seen
skills:
  go: {description: go on, budget_s: 60, steps: [go]}
  done: {description: say that the task is done}
  cannot: {description: say that it cannot be done, args: {reason: {choice: [missing, impossible, unsafe]}}}
"""


class StoppingRobot(PrimitiveRobot):
    """Goes on until it is stopped, and notes when it is held."""

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        self._notes = Path(os.environ.get(NOTES, os.devnull)).open("ab", buffering=0)  # noqa: SIM115

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        """One thing, that is seen."""
        return [Entity(id="thing_1", kind="thing")], [Fact("seen", ("thing_1",))]

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Go on."""
        del name, args
        while True:
            yield

    def hold(self) -> None:
        """Note when."""
        self._notes.write(struct.pack("d", time.monotonic()))


@dataclass
class Stops:
    """From asking for a stop in mid-skill, over a connection of its own, to its answer, and to `hold()` [ms]."""

    answered_ms: list[float] = field(default_factory=list)
    held_ms: list[float] = field(default_factory=list)


@contextmanager
def busy_loops(count: int = BUSY_LOOPS) -> Iterator[None]:
    """Have so many processes compute all the while."""
    loops = [subprocess.Popen([sys.executable, "-S", "-E", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


def stops_of_a_class(
    stops: int, serving: Callable[..., AbstractContextManager[tuple[str, object]]], on_step: Callable[[], None]
) -> tuple[Stops, Stops]:
    """Half of the stops while nothing else runs, half beside BUSY_LOOPS busy processes. Calls `on_step` after each."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        book_file, notes = Path(folder) / "stopping.yaml", Path(folder) / "notes"
        book_file.write_text(CODEBOOK)
        (Path(folder) / "stopping_robot.yaml").write_text(ROBOT)
        os.environ[NOTES] = str(notes)
        stack.callback(os.environ.pop, NOTES, None)
        args = ("--robot", "tests.benchmarks.stopping:StoppingRobot", "--codebook", str(book_file))
        url, _ = stack.enter_context(serving(*args))
        book = load_codebook(book_file)
        go = make_command(book, "go", {})
        robot = LinkRobot(url, book)
        stack.callback(robot.close)
        other = Connection(url)
        stack.callback(other.close)
        alone = _stop(robot, go, other, notes, (stops + 1) // 2, on_step)
        with busy_loops():
            return alone, _stop(robot, go, other, notes, stops // 2, on_step)


def _stop(
    robot: LinkRobot, go: Command, other: Connection, notes: Path, stops: int, on_step: Callable[[], None]
) -> Stops:
    went, url = Stops(), robot.connection.url
    for turn in range(stops):
        robot.observe()
        execution = robot.execute(go)
        time.sleep(0.05 + 0.013 * (turn % 20))
        waiting = threading.Thread(target=execution.result)
        waiting.start()
        with urgent():  # as `codeword stop` is
            asked_s = time.monotonic()
            if stop_robot(other, "measured", 5.0) is None:
                raise RobotError(f"{url}: no answer to a stop within 5 s: {other.network}")
            went.answered_ms.append((time.monotonic() - asked_s) * 1000)
        waiting.join()
        went.held_ms.append((min(at for at in _held_at(notes) if at > asked_s) - asked_s) * 1000)
        robot.rearm()
        on_step()
    return went


def _held_at(notes: Path) -> list[float]:
    return [at for (at,) in struct.iter_unpack("d", notes.read_bytes())]
