"""Which tags are stuck on which thing, and where: in simulation, and for who prints them."""

from collections.abc import Iterable

import numpy as np

from codeword.codebook.errors import InputError

from .layout import Placed
from .pose import FACES
from .tags import MOST_TAGS, Tag

_ON_BLOCK = 0.82
"""A tag's side over the shortest edge of its block: a rim of the block's color stays."""
_BESIDE_SIDE_M, _BESIDE_M = 0.034, 0.023
"""Tags beside what is fixed: their side, and how far from its edge their middle is."""
_ABOVE_M = 0.0003
"""Paper lies so far above what it is stuck on."""
_OVER_MARKS_M = 0.0025
"""And so far above the table, over what is marked there."""


def tags_of(placed: Iterable[Placed]) -> tuple[Tag, ...]:
    """Six tags on every block, one a side, and four on the table around everything that stays where it is: a function
    of the ids and sizes. Raises InputError where there are more things than tags.
    """
    tags: list[Tag] = []
    for thing in sorted(placed, key=lambda thing: thing.id):
        half = np.array(thing.size_m) / 2
        side_m = _ON_BLOCK * min(thing.size_m) if thing.kind == "block" else _BESIDE_SIDE_M
        for normal, right, up in FACES if thing.kind == "block" else FACES[2:]:
            centre = (half + _ABOVE_M) * normal
            if thing.kind != "block":  # in front of that side, flat on the table
                centre = (half + _BESIDE_M) * normal + np.array([0.0, 0.0, _OVER_MARKS_M - half[2]])
                right, up = (normal[1], -normal[0], 0.0), normal  # its top away from the thing
            x_m, y_m, z_m = centre.tolist()
            tags.append(Tag(len(tags), thing.id, side_m, (x_m, y_m, z_m), right, up))
    if len(tags) > MOST_TAGS:
        raise InputError(f"--senses camera: {len(tags)} tags are needed, and the family 36h11 has {MOST_TAGS}")
    return tuple(tags)
