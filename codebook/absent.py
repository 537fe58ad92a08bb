"""Things that a task names: whether those that are seen, or others, by names like theirs with one word other."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

_WORD = re.compile(r"[a-z]+|[0-9]+")
_NUMBER = re.compile(r"(_[0-9]+)$")
_NO_NAMES = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "its", "their", "his", "her", "our",
    "each", "every", "all", "any", "some", "no", "one", "two", "three", "four", "five", "six", "other",
    "another", "which", "what", "whichever", "whose", "own", "same", "such", "and", "or", "but", "of", "on",
    "in", "into", "onto", "to", "from", "with", "by", "for", "at", "next", "last", "only", "single", "both",
    "either", "neither",
})  # fmt: skip
"""Words that stand before things and tell nothing of how they look."""

_CONTRACTED = re.compile(r"(?<=[a-z])['\u2019][a-z]+")
"""What is no letter of its own: "that's", "don't"."""

_WORDS_OF_A_LETTER = frozenset({"a", "i"})


def named(task: str, thing: str, seen: Iterable[str]) -> bool:
    """Whether a task says the name of a thing: all its words, or one that no other thing seen has. Of things that go by
    a letter it is that letter, unless it is a word of its own, or their sort where the task says no letter with it.

    >>> named("Push orange to the left zone.", "orange_crate", ["orange_crate", "red_crate", "left_zone"])
    True
    >>> named("Push letter B to the left zone.", "letter_c", ["letter_c", "left_zone"])
    False
    """
    said, words = _WORD.findall(_CONTRACTED.sub("", task.lower())), set(_WORD.findall(thing))
    others = {word for other in seen if other != thing for word in _WORD.findall(other)}
    telling = {word for word in words - others - _WORDS_OF_A_LETTER if word.isalpha()}
    if any(_is_letter(word) for word in words):
        telling = {word for word in telling if _is_letter(word) or not _has_letter(said, word)}
    return words <= set(said) or not telling.isdisjoint(said)


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _has_letter(said: Sequence[str], sort: str) -> bool:
    """Whether some sort of thing is said with a letter: "letter B", "the B letter"."""
    return any(
        (word == sort and _is_letter(after)) or (after == sort and _is_letter(word) and word not in _WORDS_OF_A_LETTER)
        for word, after in pairwise(said)
    )


def absent(task: str, seen: Iterable[str]) -> dict[str, frozenset[str]]:
    """Names that a task may give to things that are not seen, each with the things seen whose names are like it: of two
    words at least, as the task says them one after the other, all but one of them the same.

    >>> absent("Put the gold block in the red bowl.", ["red_block", "red_bowl"])
    {'gold_block': frozenset({'red_block'})}
    """
    spoken = _WORD.findall(task.lower())
    names: dict[tuple[str, ...], set[str]] = {}
    for thing in seen:
        names.setdefault(tuple(_NUMBER.sub("", thing).split("_")), set()).add(thing)
    found: dict[str, set[str]] = {}
    for words, things in names.items():
        for begin in range(len(spoken) - len(words) + 1):
            said = tuple(spoken[begin : begin + len(words)])
            other = [new for new, old in zip(said, words, strict=True) if new != old]
            alike = [new for new, old in zip(said, words, strict=True) if new == old and len(new) > 1]
            if alike and len(other) == 1 and other[0] not in _NO_NAMES and said not in names:
                found.setdefault("_".join(said), set()).update(things)
    return {name: frozenset(_alike(name, things)) for name, things in sorted(found.items())}


def _alike(name: str, things: set[str]) -> set[str]:
    """Those of the things that are of the same sort, as the last word says; all where there are none."""
    return {thing for thing in things if _NUMBER.sub("", thing).split("_")[-1] == name.split("_")[-1]} or things
