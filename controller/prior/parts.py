"""The parts of a task, each of which asks for a command of its own, in the order in which they are to be done, as in
"drive 2 m, then bark twice" and "bark after you drive 2 m".
"""

import re
from collections.abc import Sequence

_WHOLE = re.compile(r"\b(?:until|till|while|if|unless|except|but|instead)\b", re.IGNORECASE)
"""Words by which what is said first need not be what is done first, nor be done at all: such a task is left whole."""
_LATER = re.compile(r"\b(?:after|before|once|when|as soon as)\b", re.IGNORECASE)
_TURNED = (
    (re.compile(r"^\s*(?:after|once|when|as soon as)\s+(?P<first>[^,]+),\s*(?P<second>.+)$", re.IGNORECASE)),
    (re.compile(r"^\s*before\s+(?P<second>[^,]+),\s*(?P<first>.+)$", re.IGNORECASE)),
    (re.compile(r"^(?P<second>.+?),?\s+(?:after|once|when|as soon as)\s+(?P<first>.+)$", re.IGNORECASE)),
    (re.compile(r"^(?P<first>.+?),?\s+before\s+(?P<second>.+)$", re.IGNORECASE)),
)
"""What is done first and what second, where one word says so."""

_BETWEEN = re.compile(
    r"(?:[,;.!]|\s[-–—]|\s/)\s+(?:(?:and|then|next|finally|afterwards|after that|also)[,\s]+)*"
    r"|\s+(?:and\s+)?(?:then|afterwards|after that)[,\s]+|\s+and\s+(?:then\s+|finally\s+)?",
    re.IGNORECASE,
)
_AFTER_THAT = re.compile(
    r"\b(?:and )?after (?:that|this|which)\b|\b(?:and )?(?:when|once) (?:done|finished|that is done)\b", re.IGNORECASE
)


def parts_of(task: str, kept: Sequence[tuple[int, int]] = ()) -> tuple[str, ...]:
    """A task cut where one thing that is asked for ends and the next one begins, but not within what is to be `kept`,
    each from a character to another; whole where it does not tell in which order.

    >>> parts_of("drive 2 m, then bark twice and stop"), parts_of("bark after you drive 2 m and turn")
    (('drive 2 m', 'bark twice', 'stop'), ('you drive 2 m', 'turn', 'bark'))
    """
    if not tells_order(task):
        return (task,)
    plain = _AFTER_THAT.sub(lambda match: "then".ljust(len(match[0])), task)  # places stay
    turned = next((found for pattern in _TURNED if (found := pattern.match(plain))), None)
    spans = [turned.span(name) for name in ("first", "second")] if turned else [(0, len(plain))]
    parts = [part for begin, end in spans for part in _cut(plain, begin, end, kept)]
    return tuple(part for part in parts if re.search(r"\w", part)) or (task,)


def _cut(text: str, begin: int, end: int, kept: Sequence[tuple[int, int]]) -> list[str]:
    """A stretch of a text cut where one thing ends and the next begins."""
    parts = []
    for cut in _BETWEEN.finditer(text, begin, end):
        if not any(first < cut.end() and cut.start() < last for first, last in kept):
            parts.append(text[begin : cut.start()])
            begin = cut.end()
    return [*parts, text[begin:end]]


def tells_order(task: str) -> bool:
    """Whether a task says in which order things are to be done."""
    plain = _AFTER_THAT.sub("then", task)
    return _WHOLE.search(plain) is None and len(_LATER.findall(plain)) <= 1
