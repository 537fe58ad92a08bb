"""Whether a plan takes its numbers from the task: what was said is not clamped, and not replaced by another number."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .arguments import NumberArgument
from .command import Value
from .quantities import OfferedNumber, Quantity, offered_numbers, unmet
from .quantities.offer import number_slots
from .skills import Codebook
from .task_plan import Do, TaskPlan


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
    use for (the 2 kg of a box to be carried) is left alone.
    """
    offered = offered_numbers(codebook, task, seen_ids)
    if not offered or not plan.items:
        return NumberCheck()
    used = tuple(_used(codebook, plan))
    account = unmet(codebook, offered, used)
    refusals = [
        missing.reason
        for missing in account.unmet
        if _is_beyond(missing.quantity, offered)
        or _has_other(codebook, missing.quantity, used)
        or _has_bare(codebook, missing.quantity, offered, used)
    ]
    return NumberCheck(refusals[0] if refusals else "", tuple(map(str, account.rounded)))


def _used(codebook: Codebook, plan: TaskPlan) -> Iterable[tuple[str, str, Value]]:
    """The numbers that a plan's commands have, those of a repeated command each time."""
    for item in plan.items:
        if isinstance(item, Do):
            args = codebook.skills[item.command.skill].args
            for name, value in list(item.command.args.items()) * item.times:
                if isinstance(args[name], NumberArgument):
                    yield item.command.skill, name, value


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
