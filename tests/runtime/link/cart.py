"""A user's own robot for tests: a cart on a rail that notes every tick in which it moves."""

import os
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from codeword.codebook import Codebook, Entity, Fact, Motion, Outcome, PrimitiveRobot, Value

SPEED_M_S = 0.5
NOTES = "CART_NOTES"
"""The variable that names the file of notes: the monotonic time of every tick, as doubles."""


class Cart(PrimitiveRobot):
    tick_s = 0.005

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        self.x_m = 0.0
        self._notes = Path(os.environ.get(NOTES, os.devnull)).open("ab", buffering=0)  # noqa: SIM115

    def look(self) -> tuple[Iterable[Entity], Iterable[Fact]]:
        marks = [Entity(id=f"mark_{n}", kind="mark", position_m=(n / 10, 0.0, 0.0)) for n in range(3)]
        return marks, [Fact("at", (mark.id,)) for n, mark in enumerate(marks) if abs(n / 10 - self.x_m) < 0.02]

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        if name == "misbehave":
            raise ZeroDivisionError("a bug in a user's robot")
        if name == "freeze":
            time.sleep(float(str(args["duration_s"])))
            return Outcome(True)
        distance_m = float(str(args["distance_m"]))
        for _ in range(round(abs(distance_m) / SPEED_M_S / self.tick_s)):
            self._notes.write(struct.pack("d", time.monotonic()))
            self.x_m += SPEED_M_S * self.tick_s * (1 if distance_m > 0 else -1)
            yield
        return Outcome(True)

    def hold(self) -> None:
        pass


def moved_at(notes: Path) -> list[float]:
    """When the cart moved [s, monotonic]."""
    raw = notes.read_bytes() if notes.exists() else b""
    return [time_s for (time_s,) in struct.iter_unpack("d", raw[: len(raw) // 8 * 8])]
