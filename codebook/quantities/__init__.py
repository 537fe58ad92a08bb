"""Numbers that a task says: found, converted to the units of a codebook's arguments, and accounted for by a plan."""

from .find import Quantity, find_quantities

__all__ = ["Quantity", "find_quantities"]
