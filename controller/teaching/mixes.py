"""What lessons are drawn from: pools of names and wordings, kinds of task and codebooks, for training and for each
split of validation.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .codebook_generator import FLAVORS, Book, make_book, shipped_book
from .kinds import KINDS
from .pools_of import Pools, training_pools

_SHIPPED = 0.3
"""How often the codebook is a shipped one as it is."""


@dataclass(frozen=True)
class Mix:
    """What lessons are drawn from. `names` and `wordings` are pools; held-out ones make lessons for evaluation.

    With `goals` the goal of each task is asked for, else single commands on the way to it; `hides` says how often
    something that a task names is not seen for a while.
    """

    names: Mapping[str, Any]
    wordings: Mapping[str, Any]
    held_out_kinds: bool = False
    shipped: float = _SHIPPED
    strange: float | None = None
    kinds: tuple[str, ...] = tuple(KINDS)
    goals: bool = True
    hides: float = 0.24


def training_mix() -> Mix:
    """What training draws from."""
    pools: Pools = training_pools()
    return Mix(pools.names, pools.wordings)


def books(seed: int, mix: Mix, begin: int = 0) -> Iterator[tuple[Book, random.Random]]:
    """Codebooks without end, from one by its number, each with the generator that its lessons are drawn by."""
    number = begin
    shipped = {flavor: shipped_book(flavor) for flavor in FLAVORS}
    while True:
        rng = random.Random(f"{seed}/{number}")
        number += 1
        if rng.random() < mix.shipped:
            yield shipped[rng.choices(list(FLAVORS), list(FLAVORS.values()))[0]], rng
        else:
            yield make_book(rng, mix.names, strange=mix.strange), rng
