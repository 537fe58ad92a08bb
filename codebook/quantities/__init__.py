"""Numbers that a task says: found, converted to the units of a codebook's arguments, and accounted for by a plan."""

from .account import Account, Rounding, Unmet, unmet
from .find import Quantity, find_quantities
from .offer import OfferedNumber, Outside, Slot, numbers_text, offered_numbers

__all__ = [
    "Account",
    "OfferedNumber",
    "Outside",
    "Quantity",
    "Rounding",
    "Slot",
    "Unmet",
    "find_quantities",
    "numbers_text",
    "offered_numbers",
    "unmet",
]
