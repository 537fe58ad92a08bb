"""Robots of a user's own that note when they are held, and whose calls block or raise where a test wants it."""

import ctypes
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from codeword.codebook import Codebook, Command, Entity, Fact, Motion, Observation, Outcome, PrimitiveRobot, Value
from codeword.codebook.primitive_robot import TickedExecution

NOTES = "ROVER_NOTES"
"""The variable that names the file of notes: a line for whatever happens, its name and the monotonic time [s]."""


class Note:
    """A file of notes, written at once."""

    def __init__(self) -> None:
        self._file = Path(os.environ.get(NOTES, os.devnull)).open("ab", buffering=0)  # noqa: SIM115

    def __call__(self, what: str) -> None:
        self._file.write(f"{what} {time.monotonic()}\n".encode())


class Rover(PrimitiveRobot):
    """It goes on until it is held. `misbehave` raises; `freeze` blocks in one call, for as long as a file of that name is
    there.
    """

    tick_s = 0.01

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        self.note = Note()

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        return [], []

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        self.note(f"begin-{name}")
        if name == "misbehave":
            raise ZeroDivisionError("a bug in a user's robot")
        if name == "freeze":
            time.sleep(float(str(args["duration_s"])))
            while Path(os.environ[NOTES] + ".freeze").exists():
                time.sleep(0.01)
            return Outcome(True)
        while True:
            self.note("move")
            yield

    def hold(self) -> None:
        self.note("hold")
        self.note("held")


class ThreadsafeRover(Rover):
    """Its motors can be switched off from anywhere."""

    hold_from_any_thread = True


class DeafRover(ThreadsafeRover):
    """Its call hears of no signal until it returns, as that of a driver in C may."""

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        if name == "freeze":
            self.note("begin-freeze")
            sleeper = threading.Thread(target=time.sleep, args=(float(str(args["duration_s"])),))
            sleeper.start()
            ctypes.CDLL(None).pthread_join(ctypes.c_ulong(sleeper.ident or 0), None)
            return Outcome(True)
        return (yield from super().perform(name, args))


class StubbornRover(Rover):
    """Its `hold` blocks for as long as a file of that name is there."""

    def hold(self) -> None:
        self.note("hold")
        while Path(os.environ[NOTES] + ".block").exists():
            time.sleep(0.01)
        self.note("held")


class FaultyRover(Rover):
    """Its `hold` raises for as long as a file of that name is there."""

    def hold(self) -> None:
        self.note("hold")
        if Path(os.environ[NOTES] + ".block").exists():
            raise OSError("the motor bus is gone")
        self.note("held")


class OwnStop:
    """No robot out of primitives: four verbs, and a `stop` that blocks for as long as a file of that name is there."""

    def __init__(self, codebook: Codebook) -> None:
        self._rover = Rover(codebook)

    def observe(self) -> Observation:
        return self._rover.observe()

    def execute(self, command: Command) -> TickedExecution:
        return self._rover.execute(command)

    def rearm(self) -> None:
        self._rover.rearm()

    def stop(self) -> None:
        while Path(os.environ[NOTES] + ".block").exists():
            time.sleep(0.01)
        self._rover.stop()

    def close(self) -> None:
        self._rover.close()


def notes(file: Path) -> Iterator[tuple[str, float]]:
    """What has happened, and when [s, monotonic]."""
    for line in file.read_text().splitlines() if file.exists() else ():
        what, _, time_s = line.partition(" ")
        yield what, float(time_s)
