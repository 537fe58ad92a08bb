"""Which sign a direction has: what a codebook says of it ("left is positive", "backwards if negative"), and which
direction a task names.
"""

import re
from functools import lru_cache

_SIDES = (
    ("left",), ("right",),
    ("forward", "forwards", "ahead", "straight on"), ("back", "backward", "backwards", "reverse"),
    ("up", "upward", "upwards", "raise", "higher"), ("down", "downward", "downwards", "lower"),
    ("in", "inward", "inwards"), ("out", "outward", "outwards"),
    ("clockwise", "cw"), ("counterclockwise", "anticlockwise", "counter-clockwise", "anti-clockwise", "ccw"),
)  # fmt: skip
"""Directions in pairs: each and its opposite, in some words for it."""
_NAMED = {word: number for number, words in enumerate(_SIDES) for word in words}
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_NAMED, key=len, reverse=True))})(?![\w-])", re.IGNORECASE)
_POSITIVE = re.compile(r"\b(?:positive|plus)\b|\+", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(?:negative|minus)\b|(?<!\w)[-−](?!\w)", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;.()]|\band\b")


@lru_cache(maxsize=512)
def told_directions(description: str) -> frozenset[tuple[int, int]]:
    """The directions that a description gives a sign to, each by its number, with 1 or -1 for it and the other sign for
    its opposite.

    >>> sorted(told_directions("turn on the spot, left is positive")), sorted(told_directions("back if negative"))
    ([(0, 1), (1, -1)], [(2, 1), (3, -1)])
    """
    found: set[tuple[int, int]] = set()
    for clause in _CLAUSE.split(description):
        sides = {_NAMED[match[0].lower()] for match in _WORD.finditer(clause)}
        signs = [sign for pattern, sign in ((_POSITIVE, 1), (_NEGATIVE, -1)) if pattern.search(clause)]
        if len(sides) == len(signs) == 1:
            (side,), (sign,) = sides, signs
            found |= {(side, sign), (side ^ 1, -sign)}
    return frozenset(found)


def sign_of(description: str, part: str) -> int:
    """The sign, 1 or -1, that a number has in a task's words; 0 where the description and they do not tell.

    >>> sign_of("turn on the spot, left is positive", "turn right by 90 degrees")
    -1
    """
    named = {_NAMED[match[0].lower()] for match in _WORD.finditer(part)}
    signs = {sign for side, sign in told_directions(description) if side in named}
    return signs.pop() if len(signs) == 1 else 0
