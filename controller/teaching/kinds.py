"""The kinds of task, how often training draws each, and which codebooks each needs."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from . import kinds_change, kinds_held_out, kinds_put, kinds_refer, kinds_stack
from .codebook_generator import Book
from .draft import Draft, Task
from .pools_of import held_out_kinds


@dataclass(frozen=True)
class Kind:
    """A kind of task: what makes one, how often it is drawn, and for which of the shipped codebooks' relatives. Some
    come beside others as well (contrast.py)."""

    make: Callable[[Draft], Task]
    weight: float
    flavors: tuple[str, ...] = ("tabletop", "colors", "packing")


_ALL = ("tabletop", "colors", "packing", "letters")
_COLORS, _LETTERS, _PACKING, _PLAIN = ("colors",), ("letters",), ("packing",), ("tabletop", "colors")

KINDS: Mapping[str, Kind] = {
    "put": Kind(kinds_put.put, 3, _ALL),
    "put_several": Kind(kinds_put.put_several, 2, _ALL),
    "put_pairs": Kind(kinds_put.put_pairs, 5, _ALL),
    "all_to": Kind(kinds_put.all_to, 2),
    "some_to": Kind(kinds_put.some_to, 5, ("colors", "letters", "packing")),
    "group_but": Kind(kinds_put.group_but, 3, ("colors", "letters", "packing")),
    "some_of_color": Kind(kinds_put.some_to, 0.6, ("tabletop",)),
    "color_but": Kind(kinds_put.group_but, 0.8, ("tabletop",)),
    "match": Kind(kinds_put.match, 4, _PLAIN),
    "mismatch": Kind(kinds_put.mismatch, 3, _PLAIN),
    "corners": Kind(kinds_put.corners, 1.5),
    "area_to_area": Kind(kinds_put.area_to_area, 4),
    "even": Kind(kinds_put.even, 7, _COLORS),
    "pack_all": Kind(kinds_put.pack_all, 2.5, _PACKING),
    "pack_any": Kind(kinds_put.pack_any, 2, _PACKING),
    "push": Kind(kinds_put.push, 2, _PLAIN),
    "push_and_put": Kind(kinds_put.push_and_put, 2.2, _PLAIN),
    "hold": Kind(kinds_put.hold, 0.4),
    "release": Kind(kinds_put.release, 0.4),
    "missing": Kind(kinds_put.missing, 2.5, _ALL),
    "instead": Kind(kinds_change.instead, 2.6, _ALL),
    "instead_missing": Kind(kinds_change.instead_missing, 0.5, _ALL),
    "elsewhere": Kind(kinds_change.elsewhere, 0.9, _ALL),
    "after_all": Kind(kinds_change.after_all, 0.8, _ALL),
    "without": Kind(kinds_change.without, 1.2, _ALL),
    "any_of": Kind(kinds_change.any_of, 1.8, _ALL),
    "where_is": Kind(kinds_refer.where_is, 1.8, _ALL),
    "takes_place_of": Kind(kinds_refer.takes_place_of, 1.8, _ALL),
    "area_but": Kind(kinds_refer.area_but, 2),
    "all_but_group": Kind(kinds_refer.all_but_group, 2.5, ("colors", "letters", "packing")),
    "all_but_color": Kind(kinds_refer.all_but_group, 1.5, ("tabletop",)),
    "some_number": Kind(kinds_refer.some_number, 2, _ALL),
    "too_wide": Kind(kinds_put.too_wide, 2),
    "stack_two": Kind(kinds_stack.stack_two, 1.8),
    "stack_order": Kind(kinds_stack.stack_order, 4),
    "stack_all": Kind(kinds_stack.stack_all, 1.2),
    "stack_area": Kind(kinds_stack.stack_area, 2.5, _PLAIN),
    "stack_group": Kind(kinds_stack.stack_group, 3, _COLORS),
    "stack_by_color": Kind(kinds_stack.stack_by_color, 5, _COLORS),
    "stack_by_size": Kind(kinds_stack.stack_by_size, 5, _COLORS),
    "alternate": Kind(kinds_stack.alternate, 5, _COLORS),
    "small_on_big": Kind(kinds_stack.small_on_big, 1.6, _COLORS),
    "small_on_big_zones": Kind(kinds_stack.small_on_big_zones, 5, _COLORS),
    "unstack": Kind(kinds_stack.unstack, 1.2),
    "take_off": Kind(kinds_stack.take_off, 0.6),
    "swap": Kind(kinds_stack.swap, 3),
    "alphabet": Kind(kinds_stack.alphabet, 3, _LETTERS),
    "reverse_alphabet": Kind(kinds_stack.reverse_alphabet, 3, _LETTERS),
    "spell": Kind(kinds_stack.spell, 5, _LETTERS),
    "spell_part": Kind(kinds_stack.spell_part, 7, _LETTERS),
    "spell_one_of": Kind(kinds_stack.spell_one_of, 8, _LETTERS),
    "all_but_one": Kind(kinds_held_out.all_but_one, 1),
    "empty_bowl": Kind(kinds_held_out.empty_bowl, 1),
    "put_and_stack": Kind(kinds_held_out.put_and_stack, 1),
}


def make_task(
    rng: random.Random, book: Book, *, held_out: bool = False, among: Collection[str] = KINDS
) -> tuple[str, Task]:
    """A task that fits a codebook, of one of these kinds, and what kind it is; with `held_out` of a kind that training
    never draws."""
    options = [name for name in fitting(book, held_out=held_out) if name in among]
    name = rng.choices(options, [KINDS[option].weight for option in options])[0]
    return name, KINDS[name].make(Draft(rng, book))


def fitting(book: Book, *, held_out: bool = False) -> list[str]:
    """The kinds of task that fit a codebook, either those of training or those held out."""
    apart = held_out_kinds()
    return [name for name, kind in KINDS.items() if book.flavor in kind.flavors and (name in apart) is held_out]
