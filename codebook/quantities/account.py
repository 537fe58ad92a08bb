"""Whether the commands of a plan account for the quantities of its task, and which of them were rounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from codeword.codebook.command import Value
from codeword.codebook.skills import Codebook

from .find import Quantity
from .offer import OfferedNumber, Slot, nearest_bound, number_slots, number_text


@dataclass(frozen=True)
class Unmet:
    """A quantity that no command takes up, and why, in words."""

    quantity: Quantity
    reason: str


@dataclass(frozen=True)
class Rounding:
    """A quantity that a command took as another value, on its argument's step."""

    quantity: Quantity
    slot: Slot
    exact: Fraction
    value: Fraction

    def __str__(self) -> str:
        return f"{self.quantity.words} was taken as {number_text(abs(self.value))} {self.slot.unit}"


@dataclass(frozen=True)
class Account:
    """What became of the quantities of a task that have a unit."""

    unmet: tuple[Unmet, ...] = ()
    rounded: tuple[Rounding, ...] = ()


def unmet(codebook: Codebook, offered: Iterable[OfferedNumber], used: Iterable[tuple[str, str, Value]]) -> Account:
    """Which quantities of a task the values `used` (skill, argument, value; in the plan's order) do not account for.

    A quantity that is said with a unit is accounted for by a value of its dimension that equals it, or the nearest
    step to it, or by values of one argument that follow each other and add up to it (2 + 2 + 1 m for 5 m). The sign
    counts for temperatures alone: 5 m back may be -5. Counts and plain numbers are not looked at. An argument that a
    command leaves to its default was used with that value.
    """
    slots = number_slots(codebook)
    values = _values(slots, used)
    missing, rounded = [], []
    quantities = dict.fromkeys(number.quantity for number in offered if number.quantity.unit is not None)
    for quantity in quantities:
        takers = [slot for slot in slots if slot.exact(quantity) is not None]
        takes = [take for slot in takers if (take := _take(quantity, slot, values.get(slot, []))) is not None]
        if not takes:
            missing.append(Unmet(quantity, _reason(quantity, takers)))
        elif all(take.exact != take.value for take in takes):
            rounded.append(min(takes, key=lambda take: abs(take.exact - take.value) * take.slot.unit.factor))
    return Account(tuple(missing), tuple(rounded))


def _values(slots: tuple[Slot, ...], used: Iterable[tuple[str, str, Value]]) -> dict[Slot, list[Fraction]]:
    """The numbers used, by argument."""
    named = {(slot.skill, slot.name): slot for slot in slots}
    values: dict[Slot, list[Fraction]] = {}
    for skill, name, value in used:
        slot = named.get((skill, name))
        if slot is not None and isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            values.setdefault(slot, []).append(Fraction(repr(value)))
    return values


def _take(quantity: Quantity, slot: Slot, values: list[Fraction]) -> Rounding | None:
    """How the values of an argument account for a quantity; equal values where nothing was rounded."""
    exact = slot.exact(quantity)
    assert exact is not None
    near = slot.nearest(exact)
    wanted = near if near or not exact else exact
    signed = slot.unit.dimension == "temperature"
    sums = values if signed else [abs(value) for value in (*values, *_sums(values))]
    found = wanted if signed else abs(wanted)
    return Rounding(quantity, slot, exact, wanted) if found in sums else None


def _sums(values: list[Fraction]) -> Iterable[Fraction]:
    """The sums of two or more values in a row that have the same sign."""
    for start, first in enumerate(values):
        total = first
        for value in values[start + 1 :]:
            if value * first < 0:
                break
            total += value
            yield total


def _reason(quantity: Quantity, takers: list[Slot]) -> str:
    if not takers:
        return f"no skill takes {quantity.words}: none has an argument of {quantity.dimension}"
    bounds = [slot.outside(exact) for slot in takers if (exact := slot.exact(quantity)) is not None]
    beyond = [bound for bound in bounds if bound is not None]
    if len(beyond) < len(bounds):
        return f"no command takes up {quantity.words}"
    return f"{quantity.words} is {nearest_bound(beyond)}"
