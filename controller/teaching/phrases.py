"""How several things are told in one breath: what goes where, what stands on what, and lists as people jot them down.

All of it is made of names as a speaker says them: `the red block`, `into the blue bowl`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven")
_VERBS = ("move", "bring", "carry", "take", "haul", "shift", "transfer")
_NOTES = ((" -> ", "; "), (" -> ", ", "), (" => ", " | "), (": ", "; "), (" to ", ", "), (" to ", "; "))
_CLAUSES = (", and ", "; ", ", while ")

AGREEING: Mapping[str, str] = {
    "is": "are",
    "has": "have",
    "goes": "go",
    "belongs": "belong",
    "needs": "need",
    "does": "do",
    "was": "were",
    "it": "them",
}
"""Words that go with one thing, and what they are with things whose name is plural: `the chips`."""


@dataclass(frozen=True)
class Goes:
    """What goes where, in words; `many` where the name of the thing is plural."""

    what: str
    place: str
    into: str
    within: str
    many: bool = False

    def agreeing(self, word: str) -> str:
        return agreeing(word, self.many)


_EACH: Mapping[str, Callable[[Goes], str]] = {
    "into": lambda goes: f"{goes.what} {goes.into}",
    "in": lambda goes: f"{goes.what} {goes.within}",
    "go": lambda goes: f"{goes.what} {goes.agreeing('goes')} {goes.into}",
    "are": lambda goes: f"{goes.what} {goes.agreeing('is')} {goes.within}",
    "were": lambda goes: f"{goes.what} were {goes.within}",
    "should": lambda goes: f"{goes.what} should be {goes.within}",
    "belong": lambda goes: f"{goes.what} {goes.agreeing('belongs')} {goes.within}",
    "passive": lambda goes: f"{goes.what} {goes.agreeing('is')} to be brought {goes.into}",
    "under": lambda goes: f"{goes.place} under {goes.what}",
    "above": lambda goes: f"{goes.what} directly above {goes.place}",
    "carry": lambda goes: f"{goes.place} should carry {goes.what}",
}
_PLACES: Mapping[str, str] = {"gets": "gets", "for": "is for", "holds": "holds", "takes": "should take"}


def agreeing(word: str, many: bool) -> str:
    """A word as it goes with one thing or with many."""
    return AGREEING[word] if many else word


def joined(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + last + words[-1]


def bare(name: str) -> str:
    """A name as it stands in notes, without its article."""
    return name.removeprefix("the ")


def pairs_told(rng: random.Random, form: str, pairs: Sequence[Goes], joins: str) -> str:
    """Several things and where each goes, in one form."""
    if form in _EACH:
        return joined([_EACH[form](goes) for goes in pairs], joins)
    if form in _PLACES or form in ("grouped", "where", "layout"):
        return _by_place(rng, form, pairs, joins)
    into = [_EACH["into"](goes) for goes in pairs]
    if form == "sentences":
        return " ".join(f"Put {said}." for said in into)
    if form == "numbered":
        if rng.random() < 0.5:
            return " ".join(f"{number}. Put {said}." for number, said in enumerate(into, 1))
        return ", ".join(f"{number}) {said}" for number, said in enumerate(into, 1)) + "."
    if form in ("on", "on_low"):
        said = [f"{goes.what} on {'top of ' if rng.random() < 0.3 else ''}{goes.place}" for goes in pairs]
        return ("put " if form == "on" else "") + joined(said, joins)
    if form == "notes":
        return _notes(rng, pairs)
    if form == "verbs":
        verbs = rng.sample(_VERBS, len(into))
        return joined(
            [f"{verb} {said}" for verb, said in zip(verbs, into, strict=True)], rng.choice((" and ", ", then "))
        )
    verb = rng.choice(("put", "move", "bring"))
    return f"{verb} {f', then {verb} '.join(into) if form == 'then' else joined(into, joins)}"


def _notes(rng: random.Random, pairs: Sequence[Goes]) -> str:
    """As an operator notes it: `red block -> left zone; green block -> blue bowl`."""
    to, between = rng.choice(_NOTES)
    names = [(bare(goes.what), bare(goes.place)) for goes in pairs]
    if "=" in to:
        names = [(f"[{what}]", f"[{place}]") for what, place in names]
    return between.join(f"{what}{to}{place}" for what, place in names)


def _by_place(rng: random.Random, form: str, pairs: Sequence[Goes], joins: str) -> str:
    """Place by place, with all that goes there."""
    found: dict[str, list[Goes]] = {}
    for goes in pairs:
        found.setdefault(goes.place, []).append(goes)
    if form == "layout":
        noted = [(bare(place), ", ".join(bare(goes.what) for goes in here)) for place, here in found.items()]
        if rng.random() < 0.5:
            return "; ".join(f"{place}: {things}" for place, things in noted)
        return ", ".join(f"{place} ({things})" for place, things in noted)
    between = rng.choice(_CLAUSES)
    told = [(place, here, joined([goes.what for goes in here], joins)) for place, here in found.items()]
    if form == "grouped":
        return joined([f"{things} {here[0].into}" for _, here, things in told], ", and ")
    if form == "where":
        return between.join(f"{here[0].within} {things}" for _, here, things in told)
    return between.join(f"{place} {_PLACES[form]} {things}" for place, _, things in told)


def tower_told(rng: random.Random, form: str, upward: Sequence[str]) -> str:
    """A tower, or what is at one end of it, in one form; blocks are given from the lowest to the highest."""
    downward = upward[::-1]
    told: Mapping[str, Callable[[], str]] = {
        "upward": lambda: ", ".join(upward),
        "downward": lambda: ", ".join(downward),
        "upward_then": lambda: ", then ".join(upward),
        "downward_then": lambda: ", then ".join(downward),
        "upward_notes": lambda: noted(rng, upward),
        "downward_notes": lambda: noted(rng, downward),
        "bottom": lambda: upward[0],
        "top": lambda: upward[-1],
        "rest_upward": lambda: joined(upward[1:], " and then "),
        "rest_downward": lambda: joined(downward[1:], " and then "),
        "between": lambda: f" and {joined(downward[1:-1], ' and ')} between",
        "chain": lambda: rng.choice((" on ", " on top of ")).join(downward),
        "under": lambda: rng.choice((" under ", " below ", " beneath ")).join(upward),
        "growing": lambda: f"put {upward[1]} on it" + "".join(f", then {block} on top of that" for block in upward[2:]),
        "levels": lambda: ", ".join(f"level {number}: {bare(block)}" for number, block in enumerate(upward, 1)),
    }
    return told[form]()


def list_told(rng: random.Random, form: str, names: Sequence[str], joins: str) -> str:
    """Several things, or how many they are, in one form."""
    if form == "count":
        return _COUNTS[len(names)]
    if form == "bare":
        return noted(rng, names)
    if form == "then":
        return ", then ".join(names)
    if form in ("head", "rest"):
        return names[0] if form == "head" else joined(names[1:], joins)
    if form == "all":
        return ("both " if len(names) == 2 else "all of ") + joined(names, " and " if len(names) == 2 else joins)
    return joined(names, joins)


def noted(rng: random.Random, names: Sequence[str]) -> str:
    """A list as it stands in notes: `red block / green block`."""
    return rng.choice((", ", " / ", " - ", " + ")).join(bare(name) for name in names)
