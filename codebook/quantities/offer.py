"""The numbers of a task as a codebook's arguments take them: in their units, on their steps."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from codeword.codebook.arguments import ChoiceArgument, NumberArgument
from codeword.codebook.skills import Codebook
from codeword.codebook.units import Unit, unit_of

from .find import Quantity, find_quantities

_LONGEST = 240
_PIECE = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Slot:
    """A number argument of a skill, and its unit."""

    skill: str
    name: str
    argument: NumberArgument
    unit: Unit

    def exact(self, quantity: Quantity) -> Fraction | None:
        """The quantity in this argument's unit; None where it is of another dimension."""
        return _converted(quantity, self.unit)

    def nearest(self, value: Fraction) -> Fraction:
        """The multiple of the step that lies nearest, bounds aside; the greater one of two equally near."""
        step = Fraction(self.argument.step)
        whole = int(abs(value) / step + Fraction(1, 2)) * step
        return whole if value >= 0 else -whole

    def outside(self, value: Fraction) -> "Outside | None":
        """The bound that a value lies beyond with either sign, unless its sign is absolute, as of a temperature.

        A value that is not 0 but nearer to 0 than to the first step is less than the least.
        """
        step = Fraction(self.argument.step)
        low, high = self.argument.low * step, self.argument.high * step
        near = self.nearest(value)
        signed = self.unit.dimension == "temperature"
        if (near or not value) and (low <= near <= high or (not signed and low <= -near <= high)):
            return None
        if not signed:
            near = abs(near)
            low, high = step if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high))
        return Outside(self, value, "most", high) if near > high else Outside(self, value, "least", low)


@dataclass(frozen=True)
class Outside:
    """That a value is more than the `most`, or less than the `least`, that an argument takes: `bound`, in its unit."""

    slot: Slot
    value: Fraction
    side: str
    bound: Fraction

    @property
    def missed(self) -> Fraction:
        """By how much, in the dimension's base unit."""
        return abs(abs(self.value) - abs(self.bound)) * self.slot.unit.factor

    def __str__(self) -> str:
        way = "more" if self.side == "most" else "less"
        unit = "" if unit_of(self.slot.name) == self.slot.unit else f" {self.slot.unit}"
        return f"{way} than {self.slot.skill}'s {self.slot.name} takes, at {self.side} {number_text(self.bound)}{unit}"


@dataclass(frozen=True)
class OfferedNumber:
    """A quantity of a task as the model may write it: `value`, in `unit` (None: a plain number or count).

    `exact` is the value before it was rounded to the nearest step of an argument in that unit. `outside` says by which
    bound it is no value of any argument of the dimension; it is then on the step, and not clamped. An offered number
    without a value is a quantity whose dimension no argument of the codebook has.
    """

    quantity: Quantity
    unit: Unit | None
    value: Fraction | None
    exact: Fraction
    outside: Outside | None = None

    @property
    def rounded(self) -> bool:
        return self.value is not None and self.value != self.exact


def offered_numbers(codebook: Codebook, task: str, seen_ids: Collection[str] = ()) -> tuple[OfferedNumber, ...]:
    """Every quantity of a task in every unit that number arguments of the codebook's skills have for its dimension."""
    slots = number_slots(codebook)
    said = quantities_said(codebook, task, seen_ids)
    return tuple(offered for quantity in said for offered in _offered(quantity, slots))


def quantities_said(codebook: Codebook, task: str, seen_ids: Collection[str] = ()) -> tuple[Quantity, ...]:
    """The quantities of a task, but for what names a choice that a skill offers: the 40 mm of a lens `mm_40`."""
    choices = _choices_with_numbers(codebook)
    return tuple(one for one in find_quantities(task, seen_ids) if _pieces(one.words) not in choices)


@lru_cache(maxsize=64)
def _choices_with_numbers(codebook: Codebook) -> frozenset[tuple[str, ...]]:
    """The pieces of all choices that have a number in them and more than that."""
    choices = [
        _pieces(text)
        for skill in codebook.skills.values()
        for argument in skill.args.values()
        if isinstance(argument, ChoiceArgument) and argument.pattern is None
        for text in argument.texts
    ]
    return frozenset(some for some in choices if len(some) > 1 and any(piece.isdecimal() for piece in some))


def _pieces(text: str) -> tuple[str, ...]:
    """The runs of letters and of digits of a text, in any order."""
    return tuple(sorted(_PIECE.findall(text.lower())))


def numbers_text(offered: Iterable[OfferedNumber], longest: int = _LONGEST) -> str:
    """One line for the prompt, as `Numbers: half a metre = 0.5 m; twice = 2`, of at most `longest` characters.

    Empty where nothing is offered. What comes later in the task is left out where it is too much.
    """
    texts: dict[tuple[str, Fraction], dict[str, None]] = {}
    for number in offered:
        if number.value is not None:
            unit = f" {number.unit}" if number.unit is not None and number.unit.name != "fraction" else ""
            values = texts.setdefault((number.quantity.words, number.quantity.value), {})
            values[f"{number_text(number.value)}{unit}"] = None
    line = ""
    for (words, _), values in texts.items():
        text = " = ".join((words, *values))
        longer = f"{line}; {text}" if line else f"Numbers: {text}"
        if len(longer) > longest:
            break
        line = longer
    return line


def number_slots(codebook: Codebook) -> tuple[Slot, ...]:
    """The number arguments of a codebook's skills that have a unit, in their order."""
    found = []
    for skill in codebook.skills.values():
        for name, argument in skill.args.items():
            if isinstance(argument, NumberArgument):
                unit = argument.unit or unit_of(name)
                found += [Slot(skill.name, name, argument, unit)] if unit is not None else []
    return tuple(found)


def number_text(value: Fraction) -> str:
    """A number as commands write it; one with no end to six digits."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(exact) != value:
        exact = Decimal(f"{float(value):.6g}")
    return format(exact.normalize(), "f") if exact else "0"


def _converted(quantity: Quantity, unit: Unit) -> Fraction | None:
    if unit in quantity.units:
        return quantity.value
    for said in quantity.units:
        if said.dimension == unit.dimension:
            return said.convert(quantity.value, unit)
    return unit.from_base(quantity.value) if quantity.dimension == unit.dimension == "fraction" else None


def _offered(quantity: Quantity, slots: tuple[Slot, ...]) -> Iterable[OfferedNumber]:
    by_unit: dict[Unit, list[Slot]] = {}
    for slot in slots:
        if slot.exact(quantity) is not None:
            by_unit.setdefault(slot.unit, []).append(slot)
    for unit, takers in by_unit.items():
        exact = takers[0].exact(quantity)
        assert exact is not None
        beyond = [bound for slot in takers if (bound := slot.outside(exact)) is not None]
        refused = {bound.slot for bound in beyond}
        inside = [slot for slot in takers if slot not in refused]
        value = min((slot.nearest(exact) for slot in inside or takers), key=lambda near: abs(near - exact))
        yield OfferedNumber(quantity, unit, value or exact, exact, None if inside else nearest_bound(beyond))
    if not by_unit:
        plain = quantity.unit is None
        yield OfferedNumber(
            quantity, None if plain else quantity.unit, quantity.value if plain else None, quantity.value
        )


def nearest_bound(beyond: Iterable[Outside]) -> Outside:
    """The bound that is missed by least, of at least one."""
    return min(beyond, key=lambda bound: bound.missed)
