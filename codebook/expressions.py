"""Numbers in steps: arithmetic over a skill's arguments and over where things are.

$distance_m / 2 + 0.01          $object.z_m + $object.height_m          -($turn_rad)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import add, mul, sub, truediv

from .command import Value
from .errors import did_you_mean
from .observation import Entity

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|\$([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?|(\S))")

FIELDS: Mapping[str, Callable[[Entity], float | None]] = {
    "x_m": lambda thing: thing.position_m[0] if thing.position_m else None,
    "y_m": lambda thing: thing.position_m[1] if thing.position_m else None,
    "z_m": lambda thing: thing.position_m[2] if thing.position_m else None,
    "yaw_rad": lambda thing: thing.yaw_rad,
    "length_m": lambda thing: thing.size_m[0] if thing.size_m else None,
    "width_m": lambda thing: thing.size_m[1] if thing.size_m else None,
    "height_m": lambda thing: thing.size_m[2] if thing.size_m else None,
}
"""What can be read of an entity: its centre and turn in the world frame, and its extent."""


class ExpressionError(ValueError):
    """A text that is no expression; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int) -> None:
        self.offset = offset
        super().__init__(message)


class NoValueError(ValueError):
    """An expression that has no value now: something is not seen, or a division by zero."""


Lookup = Callable[[str], Entity | None]


@dataclass(frozen=True)
class Number:
    """A number as it stands."""

    number: float

    def value(self, args: Mapping[str, Value], entity: Lookup) -> float:
        del args, entity
        return self.number


@dataclass(frozen=True)
class Argument:
    """The value of a number argument, or a field of the entity that an argument names."""

    name: str
    field: str | None

    def value(self, args: Mapping[str, Value], entity: Lookup) -> float:
        given = args[self.name]
        if self.field is None:
            assert isinstance(given, int | float)
            return float(given)
        thing = entity(str(given))
        found = FIELDS[self.field](thing) if thing is not None else None
        if found is None:
            raise NoValueError(f"{self.field} of '{given}' is not seen")
        return found


@dataclass(frozen=True)
class Operation:
    """Two expressions and a sign."""

    left: "Expression"
    sign: str
    right: "Expression"

    def value(self, args: Mapping[str, Value], entity: Lookup) -> float:
        left, right = self.left.value(args, entity), self.right.value(args, entity)
        if self.sign == "/" and right == 0:
            raise NoValueError("division by zero")
        result = float(_SIGNS[self.sign](left, right))
        if not isfinite(result):
            raise NoValueError("the number is too large")
        return result


Expression = Number | Argument | Operation
_SIGNS: Mapping[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}


def parse_expression(text: str, numbers: tuple[str, ...], entities: tuple[str, ...]) -> Expression:
    """The expression that a text says over these number and entity arguments. Raises ExpressionError."""
    parser = _Parser(text, numbers, entities)
    tree = parser.sum()
    if parser.at < len(parser.tokens):
        rest = text[parser.offset() :].strip()
        unit = f"a number stands without its unit; leave '{rest}' out" if rest.isalpha() else ""
        raise ExpressionError(unit or "did not expect more here", parser.offset())
    return tree


class _Parser:
    def __init__(self, text: str, numbers: tuple[str, ...], entities: tuple[str, ...]) -> None:
        self.tokens = list(_TOKEN.finditer(text))
        self.end = len(text)
        self.numbers = numbers
        self.entities = entities
        self.at = 0

    def offset(self) -> int:
        if self.at >= len(self.tokens):
            return self.end
        match = self.tokens[self.at]
        return match.start() + len(match.group()) - len(match.group().lstrip())

    def take(self, signs: str) -> str:
        sign = self.tokens[self.at].group(4) if self.at < len(self.tokens) else None
        if sign is None or sign not in signs:
            return ""
        self.at += 1
        return sign

    def sum(self) -> Expression:
        tree = self.product()
        while sign := self.take("+-"):
            tree = Operation(tree, sign, self.product())
        return tree

    def product(self) -> Expression:
        tree = self.operand()
        while sign := self.take("*/"):
            tree = Operation(tree, sign, self.operand())
        return tree

    def operand(self) -> Expression:
        if self.take("-"):
            return Operation(Number(0.0), "-", self.operand())
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise ExpressionError("expected ')'", self.offset())
            return inner
        start = self.offset()
        if self.at >= len(self.tokens) or self.tokens[self.at].group(4):
            raise ExpressionError(
                "expected a number, an argument such as $distance_m, or a field such as $object.x_m", start
            )
        number, name, field, _ = self.tokens[self.at].groups()
        self.at += 1
        if number is not None:
            return Number(float(number))
        if field is None:
            if name not in self.numbers:
                raise ExpressionError(f"'${name}' is no number argument{did_you_mean(name, self.numbers)}", start)
        elif name not in self.entities:
            raise ExpressionError(f"'${name}' is no entity argument{did_you_mean(name, self.entities)}", start)
        elif field not in FIELDS:
            raise ExpressionError(f"an entity has no '{field}'{did_you_mean(field, list(FIELDS))}", start)
        return Argument(name, field)
