"""Whether a plan takes its numbers from the task: what was said is not clamped, and not replaced by another number."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction

from .arguments import NumberArgument
from .command import Value
from .command_codec import make_command
from .quantities import OfferedNumber, Quantity, find_quantities, offered_numbers, unmet
from .quantities.offer import number_slots, number_text
from .skills import Codebook
from .task_plan import Achieve, Do, Item, TaskPlan

_FACTORS = (60, 100, 1000)
"""By how much units that codebooks have no word for differ: cents and euros, packs a second and a minute."""

_MOST = re.compile(
    r"\b(?:maximum|max|maximal|highest|full (?:power|speed|blast|volume|throttle|tilt|steam|brightness|strength)"
    r"|flat out|as (?:high|fast|loud|far|bright|much|hard|strong|long|hot) as (?:possible|it goes|it gets|you can))\b",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"\b(?:minimum|minimal|lowest|slowest|quietest|dimmest"
    r"|as (?:low|slow|quiet|soft|dim|little|cool) as (?:possible|it goes|it gets|you can))\b",
    re.IGNORECASE,
)

_COUNTED = 2
"""The least whole number that is looked for in a plan: "one" may be anything."""


@dataclass(frozen=True)
class NumberCheck:
    """Why a plan must not be carried out, in words, empty where it may; and which numbers were rounded to a step."""

    refusal: str = ""
    rounded: tuple[str, ...] = ()


def check_numbers(codebook: Codebook, task: str, seen_ids: Collection[str], plan: TaskPlan) -> NumberCheck:
    """Compare the quantities of a task that have a unit with the numbers of a plan.

    Refused is a quantity beyond every argument of its dimension (5 m where `drive` takes 2 at most, unless commands add
    up to it), one for which the plan has another number of its dimension, and one whose number it has without the unit
    (145 packs a minute for 145 mm a pack, where another argument takes millimetres). A quantity that the plan has no
    use for (the 2 kg of a box to be carried) is left alone. A number without a unit is refused where the plan has
    another one in its place: 4 spoons for forty.
    """
    offered = offered_numbers(codebook, task, seen_ids)
    if not offered or not plan.items:
        return NumberCheck()
    used = tuple(_used(codebook, plan))
    if replaced := _replaced(codebook, offered, plan, used):
        return NumberCheck(replaced)
    account = unmet(codebook, offered, used)
    refusals = [
        missing.reason
        for missing in account.unmet
        if _is_beyond(missing.quantity, offered)
        or _has_other(codebook, missing.quantity, used)
        or _has_bare(codebook, missing.quantity, offered, used)
    ]
    return NumberCheck(refusals[0] if refusals else "", tuple(map(str, account.rounded)))


def most_or_least(codebook: Codebook, task: str, seen_ids: Collection[str], plan: TaskPlan) -> TaskPlan:
    """A plan with the greatest or the least number that an argument takes where its task asks for that and says no
    number, and it has one number; as it is elsewhere.
    """
    names = {word for thing in seen_ids for word in thing.split("_")}  # Max may be somebody
    most, least = (any(found[0].lower() not in names for found in way.finditer(task)) for way in (_MOST, _LEAST))
    places = [
        (at, item, name, argument)
        for at, item in enumerate(plan.items)
        if isinstance(item, Do)
        for name in item.command.args
        if isinstance(argument := codebook.skills[item.command.skill].args[name], NumberArgument)
    ]
    if most == least or len(places) != 1 or find_quantities(task, seen_ids):
        return plan
    ((at, item, name, argument),) = places
    if least and argument.low < 0:
        return plan  # the least may be the most in the other direction
    value = argument.value(argument.high if most else argument.low)
    command = make_command(codebook, item.command.skill, dict(item.command.args) | {name: value})
    return TaskPlan((*plan.items[:at], Do(command, item.times), *plan.items[at + 1 :]), plan.cannot)


_PLUS = re.compile(r"(?:\+|\bplus)\s*$", re.IGNORECASE)


def with_signs(codebook: Codebook, task: str, seen_ids: Collection[str], plan: TaskPlan) -> TaskPlan:
    """A plan whose numbers have the signs that its task says ("+45 degrees", "minus thirty"), where an argument takes
    both; as it is elsewhere.
    """
    said = find_quantities(task, seen_ids)
    signed = [one for one in said if one.value < 0 or one.words[:1] == "+" or _PLUS.search(task, 0, one.start)]
    others = {abs(one.value) for one in said if one not in signed}
    clear = [one for one in signed if abs(one.value) not in others]
    return TaskPlan(tuple(_signed(codebook, clear, item) for item in plan.items), plan.cannot) if clear else plan


def _signed(codebook: Codebook, said: Collection[Quantity], item: Item) -> Item:
    if isinstance(item, Achieve):
        return item
    skill, args = codebook.skills[item.command.skill], dict(item.command.args)
    slots = {slot.name: slot for slot in number_slots(codebook) if slot.skill == skill.name}
    for name, value in args.items():
        argument = skill.args[name]
        if not isinstance(argument, NumberArgument) or not isinstance(value, int | float):
            continue
        exact = {slots[name].exact(one) if name in slots and one.unit is not None else one.value for one in said}
        meant = {float(one) for one in exact if one is not None and abs(float(one)) == abs(value)}
        if len(meant) == 1 and argument.count(-value) is not None:
            args[name] = math.copysign(value, *meant) if isinstance(value, float) else int(*meant)
    return Do(make_command(codebook, skill.name, args), item.times)


def _used(codebook: Codebook, plan: TaskPlan) -> Iterable[tuple[str, str, Value]]:
    """The numbers that a plan's commands have, those of a repeated command each time."""
    for item in plan.items:
        if isinstance(item, Do):
            args = codebook.skills[item.command.skill].args
            for name, value in list(item.command.args.items()) * item.times:
                if isinstance(args[name], NumberArgument):
                    yield item.command.skill, name, value


def _replaced(
    codebook: Codebook, offered: Iterable[OfferedNumber], plan: TaskPlan, used: Iterable[tuple[str, str, Value]]
) -> str:
    """Why a plan has a number that nobody said in place of one that was said without a unit; empty where it has none.

    A whole number from 2 on that is in the plan nowhere, neither as a value nor as how often, was replaced where an
    argument without a unit has a value that is neither its default nor said.
    """
    said = {abs(number.quantity.value) for number in offered}
    has = {_size(value) for _, _, value in used} | _counts(plan)
    quantities = dict.fromkeys(number.quantity for number in offered if number.quantity.unit is None)
    lost = [one for one in quantities if one.value >= _COUNTED and one.value.denominator == 1 and one.value not in has]
    slots = {(slot.skill, slot.name) for slot in number_slots(codebook)}
    for skill, name, value in used:
        free = (skill, name) not in slots and codebook.skills[skill].args[name].default != value
        if lost and free and not any(_may_be(one, _size(value)) for one in said):
            return f"{lost[0].words} was said, and {skill} has {number_text(_size(value))} as its {name}"
    return ""


def _may_be(said: Fraction, value: Fraction) -> bool:
    """Whether a value may be what a number says in another unit, or with its fraction: 3.5 for three euros fifty."""
    ratio = max(said, value) / min(said, value) if said and value else 0
    return said in (value, int(value)) or ratio in _FACTORS


def _size(value: Value) -> Fraction:
    return abs(Fraction(repr(value)))


def _counts(plan: TaskPlan) -> set[Fraction]:
    """How often something is done in a plan: each command, each skill, and all in all."""
    commands, skills = Counter[str](), Counter[str]()
    for item in plan.items:
        if isinstance(item, Do):
            commands[item.command.text] += item.times
            skills[item.command.skill] += item.times
    return set(map(Fraction, [*commands.values(), *skills.values(), len(plan.items)]))


def _is_beyond(quantity: Quantity, offered: Iterable[OfferedNumber]) -> bool:
    """Whether no argument takes a quantity for being too much or too little, though some are of its dimension."""
    mine = [number for number in offered if number.quantity == quantity]
    return bool(mine) and all(number.outside is not None for number in mine)


def _has_other(codebook: Codebook, quantity: Quantity, used: Iterable[tuple[str, str, Value]]) -> bool:
    """Whether a plan has some number of a quantity's dimension."""
    of_dimension = {(slot.skill, slot.name) for slot in number_slots(codebook) if slot.exact(quantity) is not None}
    return any((skill, name) in of_dimension for skill, name, _ in used)


def _has_bare(
    codebook: Codebook,
    quantity: Quantity,
    offered: Iterable[OfferedNumber],
    used: Iterable[tuple[str, str, Value]],
) -> bool:
    """Whether a plan has a quantity's number for something else, though an argument of its dimension is there and
    nothing else that is said has that number.
    """
    slots = {(slot.skill, slot.name): slot for slot in number_slots(codebook)}
    takers = {place for place, slot in slots.items() if slot.exact(quantity) is not None}
    others = {abs(number.quantity.value) for number in offered if number.quantity != quantity}
    if not takers or abs(quantity.value) in others:
        return False
    return any(
        (skill, name) not in takers
        and isinstance(value, int | float)
        and abs(value) == abs(quantity.value)
        and str(quantity.unit) not in name.split("_")  # a rate such as dose_l_ha
        for skill, name, value in used
    )
