"""Quantities in a task: numbers with their units, and counts, each with the words that it stands in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from codeword.codebook.units import UNITS, Unit

from .amounts import Amounts, Measured
from .names import Names
from .numbers import Numbers, language_of, tokens_of

_DEGREES = frozenset(["degree", "degrees", "°", "º", "grad", "grado", "grados", "degré", "degrés"])
_SIXTY = 60
_SMALLER: Mapping[Unit | None, Unit] = {UNITS["h"]: UNITS["min"], UNITS["min"]: UNITS["s"]}
"""The unit of a plain number right behind so much of another."""
_ADDED = ("length", "time", "mass", "volume")


@dataclass(frozen=True)
class Quantity:
    """A quantity that a text says, at `text[start:end]`.

    `unit` is the one said; without any, `dimension` is `count` (twice, three steps, a dozen), `fraction` (half of it)
    or `number` (any other). `also` are further readings of the unit's word: degrees are an angle or a temperature.
    """

    start: int
    end: int
    words: str
    value: Fraction
    unit: Unit | None
    dimension: str
    also: tuple[Unit, ...] = ()

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every unit that may be meant, the likeliest first; none where none is said."""
        return (self.unit, *self.also) if self.unit is not None else ()


def find_quantities(task: str, seen_ids: Collection[str] = (), language: str = "") -> tuple[Quantity, ...]:
    """The quantities of a task, in their order.

    `seen_ids` are the ids of seen things; a number that is a part of one (`bowl_2`, block 3) is no quantity, nor is an
    ordinal, a label (slot 4), a clock time or a date. `language` is one of `en`, `de`, `fr`, `es`; empty: the one that
    most of the words belong to. Values are exact. A sign is one that is said (minus, -), never one that a direction
    means (back).
    """
    tokens = tokens_of(task)
    if not tokens:
        return ()
    numbers = Numbers(tokens, language or language_of(tokens))
    amounts = Amounts(tokens, numbers, Names(tokens, numbers, frozenset(seen_ids)))
    found = [_quantity(task, numbers, amount) for amount in amounts]
    return tuple(_merged(task, _shared(task, found, numbers.words.connectors), numbers.words.ands))


def _quantity(task: str, numbers: Numbers, amount: Measured) -> Quantity:
    start, end = numbers.tokens[amount.start].start, numbers.tokens[amount.end - 1].end
    either = amount.unit == UNITS["deg"] and numbers.low(amount.end - 1) in _DEGREES
    also = (UNITS["C"], UNITS["F"]) if either else ()
    return Quantity(start, end, _words(task, start, end), amount.value, amount.unit, amount.dimension, also)


def _words(task: str, start: int, end: int) -> str:
    return " ".join(task[start:end].split())


def _shared(task: str, found: list[Quantity], connectors: Collection[str]) -> list[Quantity]:
    """2 to 3 metres, 1, 2 and 3 metres: all are metres."""
    found = list(found)
    passed = False
    for i in range(len(found) - 2, -1, -1):
        one, other = found[i], found[i + 1]
        between = task[one.end : other.start].strip().casefold()
        joined = between in connectors or (between == "," and passed)
        passed = joined and one.dimension == "number" and other.unit is not None
        if passed:
            found[i] = replace(one, unit=other.unit, dimension=other.dimension, also=other.also)
    return found


def _merged(task: str, found: list[Quantity], ands: Collection[str]) -> list[Quantity]:
    """1 m 20 cm, 2 hours and 30 minutes: one amount."""
    kept: list[Quantity] = []
    for quantity in found:
        whole = _sum(task, kept[-1], quantity, ands) if kept else None
        kept = [*kept, quantity] if whole is None else [*kept[:-1], whole]
    return kept


def _sum(task: str, one: Quantity, other: Quantity, ands: Collection[str]) -> Quantity | None:
    """Two quantities as one, where the second is less than one of the first's unit and follows right behind it."""
    between = task[one.end : other.start].strip().casefold()
    unit = other.unit
    if unit is None and other.dimension == "number" and 0 < other.value < _SIXTY:
        unit = _SMALLER.get(one.unit)  # 1 h 30, four minutes thirty
    joined = not between or (one.dimension == "time" and between in ands and other.unit is not None)
    if one.unit is None or unit is None or one.dimension not in _ADDED or not joined:
        return None
    if unit.dimension != one.dimension or unit.factor >= one.unit.factor or one.value < 0 or other.value < 0:
        return None
    added = unit.convert(other.value, one.unit)
    if added >= 1 or one.value.denominator != 1:
        return None
    return replace(one, end=other.end, words=_words(task, one.start, other.end), value=one.value + added)
