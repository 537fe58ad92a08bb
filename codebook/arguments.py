"""Arguments of skills: what values each may take, and how a value is written.

A value has one canonical form, its JSON text. Stepped numbers are integer multiples ("ticks") of their step inside, so
that 0.07 and 0.14 are exactly seven and fourteen steps of 0.01; they are written without trailing zeros. An argument
with a default is left out of a command where it has that value. A `planned` value is the one that plans take; the model
is not told of it.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Any

from .command import Value
from .spans import count_words
from .units import Unit

_ID_SCHEMA = {"type": "string", "pattern": r"^[a-z]([a-z0-9_]*[a-z0-9])?\Z", "maxLength": 64}
_PLAIN = r'[^\s"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+'
_TEXT = re.compile(rf"^{_PLAIN}( {_PLAIN})*\Z")
"""One line, blanks only between words, and nothing in it that JSON would have to escape."""

MOST_WORDS = 20
"""The longest text that a command may copy."""

_WORD_LENGTH = 40
"""So many characters of a text there may be for each of its words."""


@dataclass(frozen=True)
class EntityArgument:
    """The id of an observed entity of one of these kinds."""

    kinds: tuple[str, ...]
    default: None = None
    planned: None = None

    def describe(self) -> str:
        return "|".join(self.kinds)

    def schema(self) -> dict[str, Any]:
        return _ID_SCHEMA

    def write(self, value: Value) -> str | None:
        """The JSON text of an id; whether such an entity is there is asked elsewhere."""
        return json.dumps(value) if isinstance(value, str) else None


@dataclass(frozen=True)
class ListArgument:
    """From `low` to `high` different entities of one of these kinds, in the order in which they are to be taken.

    A condition or effect that names the argument says it of each of them.
    """

    kinds: tuple[str, ...]
    low: int
    high: int
    default: None = None
    planned: None = None

    def describe(self) -> str:
        length = str(self.low) if self.low == self.high else f"{self.low} to {self.high}"
        return f"list of {length} {'|'.join(self.kinds)}"

    def schema(self) -> dict[str, Any]:
        return {
            "type": "array", "items": _ID_SCHEMA, "minItems": self.low, "maxItems": self.high, "uniqueItems": True,
        }  # fmt: skip

    def write(self, value: Value) -> str | None:
        """The JSON text of a list of ids."""
        if not isinstance(value, list | tuple) or not self.low <= len(value) <= self.high:
            return None
        if len(set(value)) < len(value) or not all(isinstance(item, str) for item in value):
            return None
        return json.dumps(list(value), separators=(",", ":"))


@dataclass(frozen=True)
class ChoiceArgument:
    """One word out of a list, or one text of a pattern."""

    choices: tuple[str, ...]
    pattern: str | None = None
    default: str | None = None
    planned: str | None = None

    def describe(self) -> str:
        return f"text {self.pattern}" if self.pattern is not None else "|".join(self.choices)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}

    def write(self, value: Value) -> str | None:
        """The JSON text of one of the choices."""
        return json.dumps(value) if isinstance(value, str) and value in self._known else None

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.choices)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return self.choices


@dataclass(frozen=True)
class TextArgument:
    """Words copied from the task, letter for letter: at most so many that follow each other there.

    What they are depends on the task, so that no condition or effect can ask for them.
    """

    max_words: int
    default: str | None = None
    planned: None = None

    @property
    def max_characters(self) -> int:
        return self.max_words * _WORD_LENGTH

    def describe(self) -> str:
        return f"words of the task, at most {self.max_words}"

    def schema(self) -> dict[str, Any]:
        """What can be said of a text without knowing the task."""
        return {"type": "string", "maxLength": self.max_characters, "pattern": _TEXT.pattern}

    def write(self, value: Value) -> str | None:
        """The JSON text of a text; whether the task has these words is asked elsewhere."""
        if not isinstance(value, str) or len(value) > self.max_characters or _TEXT.match(value) is None:
            return None
        return json.dumps(value, ensure_ascii=False) if count_words(value) <= self.max_words else None


@dataclass(frozen=True)
class NumberArgument:
    """A number between bounds on a step; `low` and `high` count steps. The unit stands in the argument's name, unless
    it is declared: `unit` is the declared one.
    """

    low: int
    high: int
    step: Decimal
    default: int | float | None = None
    planned: int | float | None = None
    unit: Unit | None = None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.text_of(ticks) for ticks in range(self.low, self.high + 1))

    def text_of(self, ticks: int) -> str:
        """The canonical text of so many steps."""
        number = Decimal(ticks) * self.step
        return "0" if number == 0 else format(number.normalize(), "f")

    def value(self, ticks: int) -> int | float:
        """The number as Python reads its canonical text."""
        text = self.text_of(ticks)
        return float(text) if "." in text else int(text)

    def count(self, value: float) -> int | None:
        """How many steps a value is, or None where it is on no step or out of bounds."""
        if abs(value) > 1e9 or not isfinite(value):
            return None
        ticks = Decimal(repr(value)) / self.step
        whole = int(ticks.to_integral_value())
        return whole if ticks == whole and self.low <= whole <= self.high else None

    def describe(self) -> str:
        return f"{self.text_of(self.low)}..{self.text_of(self.high)} step {format(self.step, 'f')}"

    def schema(self) -> dict[str, Any]:
        """Bounds alone: a step is held by the codebook, never by float `multipleOf`."""
        return {"type": "number", "minimum": self.value(self.low), "maximum": self.value(self.high)}

    def write(self, value: Value) -> str | None:
        """The canonical text of a number on a step within bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        ticks = self.count(value)
        return None if ticks is None else self.text_of(ticks)


@dataclass(frozen=True)
class BooleanArgument:
    """Yes or no."""

    default: bool | None = None
    planned: bool | None = None

    def describe(self) -> str:
        return "true|false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def write(self, value: Value) -> str | None:
        """`true` or `false`."""
        return json.dumps(value) if isinstance(value, bool) else None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return ("true", "false")


@dataclass(frozen=True)
class FaultyArgument:
    """Stands for an argument with a fault that was told already, so that what refers to it is not told as well.

    A codebook that has one is never made.
    """

    kinds: tuple[str, ...] = ()
    texts: tuple[str, ...] = ("",)
    default: None = None
    planned: None = None

    def describe(self) -> str:
        return "faulty"

    def schema(self) -> dict[str, Any]:
        return {}

    def write(self, value: Value) -> str | None:
        return json.dumps(value)


Argument = (
    EntityArgument | ListArgument | ChoiceArgument | TextArgument | NumberArgument | BooleanArgument | FaultyArgument
)


def described(argument: Argument) -> str:
    """What an argument may be, with its default where it has one."""
    if argument.default is None:
        return argument.describe()
    return f"{argument.describe()}, else {json.dumps(argument.default)}"
