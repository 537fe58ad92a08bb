"""Tasks said in other words than their codebook's: a model is to learn what words mean, and not that they are alike."""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from .pools_of import synonyms

_BEGINNING = (
    r"(?:(?<=^)|(?<=, )|(?<=; )|(?<=\. )|(?<=: )|(?<=\band )|(?<=\bthen )|(?<=\bplease )|(?<=\byou )|(?<=\bnow ))"
)
"""Where an order begins."""
_MOST = 2
"""So many words or phrases of a task are replaced at most."""


def reworded(rng: random.Random, task: str, known: Collection[str]) -> str:
    """A task in which a word or phrase or two have become others that mean the same. None comes in that has a word of
    those that are `known`, by the first five letters: it could mean something else there.
    """
    found = list(_pattern().finditer(task))
    rng.shuffle(found)
    changes: list[tuple[int, int, str]] = []
    for match in found[:_MOST]:
        others = [
            other
            for other in _others()[match[0].lower()]
            if not any(word[:5] in known for word in other.split() if len(word) > 3)
        ]
        if others:
            changes.append((*match.span(), rng.choice(others)))
    for begin, end, other in sorted(changes, reverse=True):
        as_begun = other[:1].upper() + other[1:] if task[begin].isupper() else other
        task = task[:begin] + as_begun + task[end:]
    return task


@cache
def _others() -> Mapping[str, Sequence[str]]:
    """By each word or phrase what may stand in its place."""
    found: dict[str, list[str]] = {}
    for group in (*synonyms()["orders"], *synonyms()["anywhere"]):
        for phrase in group:
            some = found.setdefault(phrase, [])
            some += [other for other in group if other != phrase and other not in some]
    return found


@cache
def _pattern() -> re.Pattern[str]:
    """Any of them in its place, the longest first, but within no id; one with a particle of its own is another."""
    orders, anywhere = (_one_of(synonyms()[where]) for where in ("orders", "anywhere"))
    return re.compile(
        rf"(?:{_BEGINNING}(?:{orders})|(?<![\w-])(?:{anywhere}))(?![\w-])(?!\s+(?:up|down|on|off|out|over|in)\b)",
        re.IGNORECASE,
    )


def _one_of(groups: Sequence[Sequence[str]]) -> str:
    phrases = {phrase for group in groups for phrase in group}
    return "|".join(map(re.escape, sorted(phrases, key=lambda phrase: (-len(phrase), phrase))))
