"""The parts of a task, each of which asks for a command of its own: "drive 2 m, then bark twice"."""

import re
from collections.abc import Sequence

_ORDER = re.compile(r"\b(?:after|before|once|until|till|when|while|if|unless|except|but|instead)\b", re.IGNORECASE)
"""Words by which what is said first need not be what is done first: such a task is left whole."""

_BETWEEN = re.compile(
    r"(?:[,;.!]|\s[-–—]|\s/)\s+(?:(?:and|then|next|finally|afterwards|after that|also)[,\s]+)*"
    r"|\s+(?:and\s+)?(?:then|afterwards|after that)[,\s]+|\s+and\s+(?:then\s+|finally\s+)?",
    re.IGNORECASE,
)
_AFTER_THAT = re.compile(r"\bafter (?:that|this|which)\b|\bwhen (?:done|finished|that is done)\b", re.IGNORECASE)


def parts_of(task: str, kept: Sequence[tuple[int, int]] = ()) -> tuple[str, ...]:
    """A task cut where one thing that is asked for ends and the next one begins, but not within what is to be `kept`,
    each from a character to another; whole where it is not told in order.

    >>> parts_of("drive 2 m, then bark twice and stop"), parts_of("bark after you drive 2 m")
    (('drive 2 m', 'bark twice', 'stop'), ('bark after you drive 2 m',))
    """
    if not tells_order(task):
        return (task,)
    parts, begin = [], 0
    for cut in _BETWEEN.finditer(task):
        if not any(start < cut.end() and cut.start() < end for start, end in kept):
            parts.append(task[begin : cut.start()])
            begin = cut.end()
    return tuple(part for part in (*parts, task[begin:]) if re.search(r"\w", part)) or (task,)


def tells_order(task: str) -> bool:
    """Whether what a task says first is what is to be done first."""
    return _ORDER.search(_AFTER_THAT.sub("then", task)) is None
