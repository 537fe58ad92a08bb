"""The kinds of task, how often training draws each, and which codebooks each needs."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from . import kinds_change, kinds_held_out, kinds_put, kinds_refer, kinds_stack
from .codebook_generator import Book
from .draft import Draft, DraftTask
from .pools_of import held_out_kinds


@dataclass(frozen=True)
class TaskKind:
    """A kind of task: what makes one, how often it is drawn, and for which of the shipped codebooks' relatives. Some
    come beside others as well (contrast.py)."""

    make: Callable[[Draft], DraftTask]
    weight: float
    flavors: tuple[str, ...] = ("tabletop", "colors", "packing")


_ALL = ("tabletop", "colors", "packing", "letters")
_COLORS, _LETTERS, _PACKING, _PLAIN = ("colors",), ("letters",), ("packing",), ("tabletop", "colors")

KINDS: Mapping[str, TaskKind] = {
    "put": TaskKind(kinds_put.put, 3, _ALL),
    "put_several": TaskKind(kinds_put.put_several, 2, _ALL),
    "put_pairs": TaskKind(kinds_put.put_pairs, 5, _ALL),
    "all_to": TaskKind(kinds_put.all_to, 2),
    "some_to": TaskKind(kinds_put.some_to, 5, ("colors", "letters", "packing")),
    "group_but": TaskKind(kinds_put.group_but, 3, ("colors", "letters", "packing")),
    "some_of_color": TaskKind(kinds_put.some_to, 0.6, ("tabletop",)),
    "color_but": TaskKind(kinds_put.group_but, 0.8, ("tabletop",)),
    "match": TaskKind(kinds_put.match, 4, _PLAIN),
    "mismatch": TaskKind(kinds_put.mismatch, 3, _PLAIN),
    "corners": TaskKind(kinds_put.corners, 1.5),
    "area_to_area": TaskKind(kinds_put.area_to_area, 4),
    "even": TaskKind(kinds_put.even, 7, _COLORS),
    "pack_all": TaskKind(kinds_put.pack_all, 2.5, _PACKING),
    "pack_any": TaskKind(kinds_put.pack_any, 2, _PACKING),
    "push": TaskKind(kinds_put.push, 2, _PLAIN),
    "push_and_put": TaskKind(kinds_put.push_and_put, 2.2, _PLAIN),
    "hold": TaskKind(kinds_put.hold, 0.4),
    "release": TaskKind(kinds_put.release, 0.4),
    "missing": TaskKind(kinds_put.missing, 2.5, _ALL),
    "instead": TaskKind(kinds_change.instead, 2.6, _ALL),
    "instead_missing": TaskKind(kinds_change.instead_missing, 0.5, _ALL),
    "elsewhere": TaskKind(kinds_change.elsewhere, 0.9, _ALL),
    "after_all": TaskKind(kinds_change.after_all, 0.8, _ALL),
    "without": TaskKind(kinds_change.without, 1.2, _ALL),
    "any_of": TaskKind(kinds_change.any_of, 1.8, _ALL),
    "where_is": TaskKind(kinds_refer.where_is, 1.8, _ALL),
    "takes_place_of": TaskKind(kinds_refer.takes_place_of, 1.8, _ALL),
    "area_but": TaskKind(kinds_refer.area_but, 2),
    "all_but_group": TaskKind(kinds_refer.all_but_group, 2.5, ("colors", "letters", "packing")),
    "all_but_color": TaskKind(kinds_refer.all_but_group, 1.5, ("tabletop",)),
    "some_number": TaskKind(kinds_refer.some_number, 2, _ALL),
    "too_wide": TaskKind(kinds_put.too_wide, 2),
    "stack_two": TaskKind(kinds_stack.stack_two, 1.8),
    "stack_order": TaskKind(kinds_stack.stack_order, 4),
    "stack_all": TaskKind(kinds_stack.stack_all, 1.2),
    "stack_area": TaskKind(kinds_stack.stack_area, 2.5, _PLAIN),
    "stack_group": TaskKind(kinds_stack.stack_group, 3, _COLORS),
    "stack_by_color": TaskKind(kinds_stack.stack_by_color, 5, _COLORS),
    "stack_by_size": TaskKind(kinds_stack.stack_by_size, 5, _COLORS),
    "alternate": TaskKind(kinds_stack.alternate, 5, _COLORS),
    "small_on_big": TaskKind(kinds_stack.small_on_big, 1.6, _COLORS),
    "small_on_big_zones": TaskKind(kinds_stack.small_on_big_zones, 5, _COLORS),
    "unstack": TaskKind(kinds_stack.unstack, 1.2),
    "take_off": TaskKind(kinds_stack.take_off, 0.6),
    "swap": TaskKind(kinds_stack.swap, 3),
    "alphabet": TaskKind(kinds_stack.alphabet, 3, _LETTERS),
    "reverse_alphabet": TaskKind(kinds_stack.reverse_alphabet, 3, _LETTERS),
    "spell": TaskKind(kinds_stack.spell, 5, _LETTERS),
    "spell_part": TaskKind(kinds_stack.spell_part, 7, _LETTERS),
    "spell_one_of": TaskKind(kinds_stack.spell_one_of, 8, _LETTERS),
    "all_but_one": TaskKind(kinds_held_out.all_but_one, 1),
    "empty_bowl": TaskKind(kinds_held_out.empty_bowl, 1),
    "put_and_stack": TaskKind(kinds_held_out.put_and_stack, 1),
}


def make_task(
    rng: random.Random, book: Book, *, held_out: bool = False, among: Collection[str] = KINDS
) -> tuple[str, DraftTask]:
    """A task that fits a codebook, of one of these kinds, and what kind it is; with `held_out` of a kind that training
    never draws."""
    options = [name for name in fitting(book, held_out=held_out) if name in among]
    name = rng.choices(options, [KINDS[option].weight for option in options])[0]
    return name, KINDS[name].make(Draft(rng, book))


def fitting(book: Book, *, held_out: bool = False) -> list[str]:
    """The kinds of task that fit a codebook, either those of training or those held out."""
    apart = held_out_kinds()
    return [name for name, kind in KINDS.items() if book.flavor in kind.flavors and (name in apart) is held_out]
