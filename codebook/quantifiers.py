"""What a task says of all things of a kind, or of several by name: "every room except the kitchen", "the hall and the
kitchen", "both gates".
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .known_names import NO_NAMES, Things, known_names, words_of
from .mentions import NO_NOUNS, excepted, exceptions_end, named
from .skills import Codebook

_PLURALS = {"person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "foot": "feet"}
_NUMBER = r"(?:\d|an?\b|half\b|one\b|two\b|three\b|four\b|five\b|six\b|ten\b|twenty\b|thirty\b|sixty\b)"
_WHICH = re.compile(
    r"(?!\s*(?:on|off|in|out|up|down|over|away|back)\s*(?:$|[.,;:!?]|(?:and|then|please|now)\b))\s*,?\s*(?:"
    rf"(?:with|for|by|at) (?!{_NUMBER}|me\b|us\b|them\b|once\b)"
    r"|(?:that|which|who|whose|where|without|in|on|off|under|over|above|below|behind|beside|near|next|between|from|of|outside|inside|upstairs|downstairs|here|there|still|left"
    r"|except|but|other|not"
    r"|you (?:are|have|hold|see)|(?:i|we|they) (?:have|had|left|put|gave|told)|[a-z]+ed|[a-z]+ing)\b)"
)  # fmt: skip
"""What tells which of them are meant, where it stands behind all things of a kind."""

_ALL_OF = (
    r"\b(?P<all>all|each and every|every|each|both)(?: single)?(?: one)?(?: of)?"
    r"(?: (?:the|my|our|your|these|those|their))?(?: (?:two|three|four|five|six))?"
)
"""What stands before the word for a kind where all of it are meant."""

_THE = r"\b(?<!of )(?:the|my|our|your|these|those)(?: (?P<count>two|three|four|five|six|2|3|4|5|6))?"
"""What stands before the word for several of a kind where all are meant, if none of them is named besides."""

_LIKE = r"(?P<{}>(?: [a-z]+){{0,2}}?)"
"""What may tell what they are like, before the word for a kind."""

COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

_EVERYTHING = re.compile(
    r"(?<!\bis )(?<!\bare )\b(?:everywhere|everything|everybody|everyone|(?<!at )(?<!after )(?<!above )all of"
    r" (?:them|these|those)|them all"
    r"|the lot)\b"
    r"(?! (?:that|which|who|on|in|under|off|from|here|there|you|i|we|is|was|all ?right|ok|okay|fine)\b|['\u2019]s\b)",
    re.IGNORECASE,
)
"""What speaks of all that a skill can be done with, and says nothing of which."""

_AND = re.compile(
    r"\s*,?\s*(?:(?:and|&|plus|as well as)\s+(?:also\s+)?(?:(?P<place>in|on|at|for|to|of|with|from|into)\s+)?|,\s*)?",
    re.IGNORECASE,
)
"""What stands between the names of several things that are spoken of together."""

_GOES_ON = re.compile(r"\s*,?\s*and\b(?! then\b| after)")
"""With this something else may be asked for each of them: "go to every room and mop"."""


@dataclass(frozen=True)
class Universal:
    """Where a task speaks of several things together, `begin` to `end`, and which these are, without those it excepts
    (`left_out`). They are `apart` where more may be asked for each of them. It is `restricted` where it may mean some
    of these alone ("the dirty rooms").
    """

    begin: int
    end: int
    things: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    apart: bool = False
    restricted: bool = False


@lru_cache(maxsize=16)
def universals(codebook: Codebook, task: str, there: Things) -> tuple[Universal, ...]:
    """Where a task speaks of all things of a kind that are there, or of all whose names have the same noun."""
    return tuple(_universals(codebook, task, there))


def _universals(codebook: Codebook, task: str, there: Things) -> Iterator[Universal]:
    seen, groups, text = [thing for thing, _ in there], _Groups(codebook, there), task.lower()
    known, never = known_names(codebook, there), excepted(task, seen)
    for found in re.finditer(
        rf"(?:{_ALL_OF}{_LIKE.format('like')} (?P<one>{one_of(groups.by_word)})"
        rf"|{_THE}{_LIKE.format('so')} (?P<some>{one_of(groups.plurals)}))\b",
        text,
    ):
        things, like = groups.by_word[found["one"] or found["some"]], words_of(found["like"] or found["so"] or "")
        if not (NO_NAMES | NO_NOUNS).isdisjoint(like):
            continue
        alike = tuple(thing for thing in things if set(like) <= set(words_of(thing)))
        things = alike or things
        if found["some"] and others_named(text, found.start(), found.end(), things, seen):
            continue
        if len(things) != (2 if found["all"] == "both" else COUNTS.get(found["count"] or "", len(things))):
            continue
        end = exceptions_end(text, found.end(), seen)
        besides = known.among(text[found.end() : end], things) if end else ()
        left_out = tuple(thing for thing in things if thing in besides or thing in never)
        end = end or found.end()
        yield Universal(
            found.start(), end, tuple(thing for thing in things if thing not in left_out), left_out,
            apart=found["all"] in ("every", "each", "each and every") and _GOES_ON.match(text, end) is not None,
            restricted=not alike or _WHICH.match(text, end) is not None,
        )  # fmt: skip
    yield from _by_exceptions(text, there, never, groups)


def _by_exceptions(text: str, there: Things, never: Sequence[str], groups: "_Groups") -> Iterator[Universal]:
    """Where a text speaks of all of something that no kind and no name is called, and excepts things of one kind:
    "every gate but the llama's" of pens.
    """
    kinds = {kind for thing, kind in there if thing in never}
    others = tuple(thing for thing, kind in there if kind in kinds and thing not in never)
    for found in re.finditer(rf"{_ALL_OF} (?P<noun>[a-z]+)\b", text):
        end = exceptions_end(text, found.end(), [thing for thing, _ in there])
        if end and len(kinds) == 1 and found["noun"] not in groups.by_word:
            yield Universal(found.start(), end, others, tuple(never), restricted=True)


@lru_cache(maxsize=16)
def named_together(codebook: Codebook, task: str, there: Things) -> tuple[Universal, ...]:
    """Where a task names several things of one kind one after the other: "the hall, the den and the kitchen"."""
    return tuple(_named_together(codebook, task, there))


def _named_together(codebook: Codebook, task: str, there: Things) -> Iterator[Universal]:
    kinds = dict(there)
    left_out = excepted(task, list(kinds))
    mentions = [one for one in known_names(codebook, there).mentions(task) if one.thing and one.thing not in left_out]
    row = mentions[:1]
    for before, one in zip(mentions, [*mentions[1:], None], strict=False):
        joins = _AND.fullmatch(task, before.end, one.begin) if one is not None else None
        place = words_of(task[: row[0].begin])[-1:]
        alike = one is not None and kinds[one.thing] == kinds[before.thing]
        if one is not None and joins and alike and [joins["place"]] in ([None], place):
            row.append(one)
            continue
        things = tuple(dict.fromkeys(mention.thing for mention in row))
        between = re.search(r"\b(?:between|either)\s*$", task[: row[0].begin], re.IGNORECASE)
        joined = re.search(r"\band\b|&|\bplus\b|\bas well as\b", task[row[0].begin : row[-1].end], re.IGNORECASE)
        if len(things) > 1 and joined and not between:
            yield Universal(row[0].begin, row[-1].end, things)
        row = [one] if one is not None else []


def says_everything(task: str) -> bool:
    """Whether a task speaks of everything, or everywhere, and not of what is like this or stands there."""
    return _EVERYTHING.search(task) is not None


def says_which(task: str, end: int) -> bool:
    """Whether a task says behind the word for a thing, from `end` on, which of these it means."""
    return _WHICH.match(task.lower(), end) is not None


def others_named(text: str, begin: int, end: int, things: Sequence[str], seen: Sequence[str]) -> bool:
    """Whether a text names one of some things besides what it says from `begin` to `end`."""
    rest = f"{text[:begin]} {text[end:]}"
    left_out = excepted(text, seen)
    return any(named(rest, thing, seen) for thing in things if thing not in left_out)


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of some words, the longest first; for nothing where there are none."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"


class _Groups:
    """The things that a word stands for, one of them or several: those of a kind, and those whose names have a noun in
    common. `plurals` are the words for several.
    """

    def __init__(self, codebook: Codebook, there: Things) -> None:
        self.by_word: dict[str, tuple[str, ...]] = {}
        self.plurals: set[str] = set()
        things: dict[str, list[str]] = {kind: [] for kind in codebook.kinds}
        nouns: dict[tuple[str, str], list[str]] = {}
        for thing, kind in there:
            things.setdefault(kind, []).append(thing)
            words = [word for word in words_of(thing) if len(word) > 1 and word.isalpha()]
            nouns.setdefault((kind, words[-1] if words else ""), []).append(thing)
        for kind, members in things.items():
            self._add(kind.replace("_", " "), members)
        for (_, noun), members in nouns.items():
            if noun and len(members) > 1 and noun not in self.by_word:
                self._add(noun, members)

    def _add(self, noun: str, members: Sequence[str]) -> None:
        *before, last = noun.split()
        several = {f"{last}s", f"{last}es", _PLURALS.get(last, f"{last}s")}
        several |= {f"{last[:-1]}ies"} if last.endswith("y") else set()
        several |= {f"{last.removesuffix('e')[:-1]}ves"} if last.endswith(("f", "fe")) else set()
        plurals = {" ".join((*before, form)) for form in several}
        for form in (noun, *plurals):
            self.by_word[form] = tuple(dict.fromkeys((*self.by_word.get(form, ()), *members)))
        self.plurals |= plurals


def plural_groups(codebook: Codebook, there: Things) -> Mapping[str, tuple[str, ...]]:
    """The words for several things of a kind, or whose names have a noun in common, with these things."""
    groups = _Groups(codebook, there)
    return {word: groups.by_word[word] for word in groups.plurals}
