"""A robot for soaking: every command has a number, and is noted with the time at which it began."""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from codeword.codebook import Codebook, Entity, Fact, Motion, Outcome, PrimitiveRobot, Value

NOTES = "CODEWORD_SOAK_NOTES"
"""The variable that names the file of notes: a line for each command, its number and when it began [s, monotonic]."""

ROBOT = """\
robot: soak
description: a robot that counts
primitives:
  count:
    description: take a number and some time
    args:
      hundreds: {number: {min: 0, max: 9999}}
      ones: {number: {min: 0, max: 99}}
"""
CODEBOOK = """\
codebook: soak
description: A robot that counts.
robot: soak_robot.yaml
entities: [thing]
facts:
  seen(thing): the thing is seen
skills:
  count:
    description: take a number
    args:
      hundreds: {integer: {min: 0, max: 9999}}
      ones: {integer: {min: 0, max: 99}}
    budget_s: 5
    steps:
      - count: {hundreds: $hundreds, ones: $ones}
  done:
    description: say that the task is done
  cannot:
    description: say that the task cannot be done
    args:
      reason: {choice: [missing, impossible, unsafe]}
"""


class SoakRobot(PrimitiveRobot):
    """Takes a tenth of a second for each command."""

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        self._notes = Path(os.environ.get(NOTES, os.devnull))

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        """One thing, that is seen."""
        return [Entity(id="thing_1", kind="thing")], [Fact("seen", ("thing_1",))]

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        """Note the number, and go on for five ticks."""
        del name
        with self._notes.open("a") as notes:
            number = 100 * float(str(args["hundreds"])) + float(str(args["ones"]))
            notes.write(f"{round(number)} {time.monotonic()!r}\n")
        for _ in range(5):
            yield
        return Outcome(True)

    def hold(self) -> None:
        """There is nothing to hold."""
