"""Arguments of skills: what values each may take, and how a value is written.

A value has one canonical form. Stepped numbers are integer multiples ("ticks") of their step inside, so that 0.07 and
0.14 are exactly seven and fourteen steps of 0.01; they are written without trailing zeros.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from .command import Value


@dataclass(frozen=True)
class EntityArgument:
    """The id of an observed entity of one of these kinds."""

    kinds: tuple[str, ...]

    def describe(self) -> str:
        return "|".join(self.kinds)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[a-z]([a-z0-9_]*[a-z0-9])?\Z", "maxLength": 64}


@dataclass(frozen=True)
class ChoiceArgument:
    """One word out of a list."""

    choices: tuple[str, ...]

    def describe(self) -> str:
        return "|".join(self.choices)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class NumberArgument:
    """A number between bounds on a step; `low` and `high` count steps. The unit stands in the argument's name."""

    low: int
    high: int
    step: Decimal

    def ticks(self) -> Iterator[int]:
        return iter(range(self.low, self.high + 1))

    def write(self, ticks: int) -> str:
        """The canonical text of so many steps."""
        number = Decimal(ticks) * self.step
        text = format(number.normalize(), "f")
        return "0" if number == 0 else text

    def value(self, ticks: int) -> int | float:
        """The number as Python reads its canonical text."""
        text = self.write(ticks)
        return float(text) if "." in text else int(text)

    def count(self, value: float) -> int | None:
        """How many steps a value is, or None where it is on no step or out of bounds."""
        if not isfinite(value):
            return None
        ticks = Decimal(repr(value)) / self.step
        whole = int(ticks.to_integral_value())
        return whole if ticks == whole and self.low <= whole <= self.high else None

    def describe(self) -> str:
        return f"{self.write(self.low)}..{self.write(self.high)} step {format(self.step, 'f')}"

    def schema(self) -> dict[str, Any]:
        """Bounds alone: a step is held by the codebook, never by float `multipleOf`."""
        return {"type": "number", "minimum": self.value(self.low), "maximum": self.value(self.high)}


@dataclass(frozen=True)
class BooleanArgument:
    """Yes or no."""

    def describe(self) -> str:
        return "true|false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


Argument = EntityArgument | ChoiceArgument | NumberArgument | BooleanArgument


def write_value(argument: Argument, value: Value) -> str | None:
    """The canonical JSON text of a value, or None where the argument cannot take it."""
    if isinstance(argument, NumberArgument):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        ticks = argument.count(value)
        return None if ticks is None else argument.write(ticks)
    if isinstance(argument, BooleanArgument):
        return json.dumps(value) if isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if isinstance(argument, ChoiceArgument) and value not in argument.choices:
        return None
    return json.dumps(value)
