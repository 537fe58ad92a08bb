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

_SHARED: Mapping[str, tuple[str, ...]] = {
    "clauses": (
        "{things} must end up {within}",
        "{things} must {all}end up {within}",
        "{things} should {all}be found {within}",
        "{things} ought to end up {within}",
        "{things} {is} {all}supposed to be {within}",
        "{things} {has} to come {into}",
        "{things} shall {all}move {into}",
        "{things} will {all}be kept {within}",
        "{things} will find room {within}",
        "{things} {is} meant for {place}",
        "{things} {is} due {within}",
        "{things} {is} to be left {within}",
        "{counted} {goes} {into}",
        "{counted} {belongs} {within}",
        "{counted} {is} wanted {within}",
        "{counted} must be brought {into}",
        "{number} must go {into}, namely {things}",
        "{number} must lie {within}, that is, {things}",
        "{place} gets {number}, {things}",
        "{place} is where {things} {belongs}",
        "{place} will be home to {things}",
        "{place} must have {counted}",
        "{place} should end up with {counted}",
        "{place} is reserved for {things}",
        "{place} is to receive {things}",
        "{place} has been set aside for {counted}",
        "{place} needs {things}",
        "{place} wants {counted}",
        "{place} will house {counted}",
        "{place} has to take in {counted}",
        "{into} {goes} {things}",
        "{within} {belongs} {things}",
        "{within} I want {counted}",
        "{within} there should be {number}, namely {things}",
        "for {things} the right spot is {place}",
        "the home of {things} is {place}",
        "my choice for {things} is {place}",
        "we need {counted} {within}",
        "I expect {things} {within}",
        "you will take {counted} {into}",
        "somebody has to bring {things} {into}",
        "when it comes to {things}, {place} is the right address",
    ),
    "clauses_several": (
        "{things} will share {place}",
        "{place} is to be shared by {things}",
        "{things} belong together {within}",
        "{things} will keep each other company {within}",
        "{things} will meet {within}",
        "{things} should be gathered {within}",
        "{things} share a destination, namely {place}",
        "the common place of {things} is {place}",
        "the {pair} for {place} is {things}",
        "{place} has to hold {things} at the same time",
    ),
    "short": (
        "{things} {within}",
        "{counted} {within}",
        "{place} filled with {counted}",
        "{number} {within}, namely {things}",
        "{things} delivered {into}",
        "{things} safely {within}",
        "{things} housed {within}",
        "{counted} lying {within}",
        "{things} parked {within}",
        "{place} holding {counted}",
        "{place} with {counted} {inside}",
        "{place} as the home of {things}",
        "{place} occupied by {things}",
        "{place} stocked with {counted}",
    ),
    "short_several": (
        "{things} together {within}",
        "{things} assembled {within}",
        "{things} united {within}",
        "{place} shared by {things}",
        "the {pair} of {things} {within}",
    ),
    "orders": (
        "put {counted} {into}",
        "send {things} {into}",
        "deliver {counted} {into}",
        "take {things} and leave {it} {within}",
        "grab {counted} and bring {it} {into}",
        "find {things} and set {it} down {within}",
        "stow {things} {within}",
        "get {number} {into}, namely {things}",
        "fill {place} with {counted}",
        "load {place} with {things}",
        "use {place} for {counted}",
        "give {place} {number}, {things}",
        "let {place} have {counted}",
        "turn {place} into the home of {things}",
        "make {place} the place of {things}",
        "assign {things} to {place} and take {it} there",
    ),
    "orders_several": (
        "let {things} share {place}",
        "gather {things} {within}",
        "collect {counted} {within}",
        "have {things} meet {within}",
        "unite {things} {within}",
        "put {things} together {within}",
    ),
}
"""What is said of a place and all that goes there: clauses, phrases without a verb, and orders; and of several things
only. `all` and `counted` say how many they are, `number` says it by itself."""

_SHARED_FORMS = {"shared": "clauses", "shared_that": "clauses", "shared_short": "short", "shared_orders": "orders"}
_WITHIN = ("; ", "; ", ", and ", ", and ", ", while ", ", whereas ", ", but ", "; and ", " - ", "; likewise, ")
_SENTENCES = (". ", ". ", ". ", ". And ", ". Also, ", ". In addition, ", "... ", "... and ")
_ORDERS = (", then ", ", and then ", ", after that ", "; also, ", ", and ", ", and ", "; ", "; next, ", "; finally, ")
_LISTED = ("; ", ", and ", ", and ", ", plus ", " / ", " + ", ", along with ", ", then ", " - ", ", as well as ")


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
    if form in _SHARED_FORMS or form in _PLACES or form in ("grouped", "where", "layout"):
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
    if form in _SHARED_FORMS:
        return _shared(rng, form, list(found.values()), joins)
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


def _shared(rng: random.Random, form: str, places: Sequence[Sequence[Goes]], joins: str) -> str:
    """A clause for each place, most often of one pattern."""
    table = _SHARED_FORMS[form]
    some, several = _SHARED[table], _SHARED[f"{table}_several"]
    mixed = rng.random() < 0.3
    one = rng.choice(some)
    for_several = rng.choice(several) if rng.random() < 0.25 else one
    said = []
    for here in places:
        if mixed:
            one, for_several = rng.choice(some), rng.choice((*some, *several))
        said.append((for_several if len(here) > 1 else one).format(**_shared_words(here, joins)))
    between: Mapping[str, tuple[str, ...]] = {
        "shared": (*_WITHIN, *_SENTENCES),
        "shared_that": _WITHIN,
        "shared_short": _LISTED,
        "shared_orders": _ORDERS,
    }
    return rng.choice(between[form]).join(said)


def _shared_words(here: Sequence[Goes], joins: str) -> Mapping[str, str]:
    """What the patterns of a place are filled with."""
    first, names, count = here[0], [goes.what for goes in here], len(here)
    joins = joins.removeprefix(",") if count == 2 else joins
    many = count > 1 or first.many
    alone, two, more = names[0], f"both {joined(names, ' and ')}", f"all {_COUNTS[count]} of {joined(names, joins)}"
    return {
        "things": joined(names, joins),
        "counted": alone if count == 1 else two if count == 2 else more,
        "all": "" if count == 1 else "both " if count == 2 else f"all {_COUNTS[count]} ",
        "number": f"{_COUNTS[count]} thing{'s' if count > 1 else ''}",
        "pair": {2: "pair", 3: "trio"}.get(count, "group"),
        "place": first.place,
        "into": first.into,
        "within": first.within,
        "inside": first.within.split()[0] + " it",
        **{word: agreeing(word, many) for word in ("is", "has", "goes", "belongs", "it")},
    }


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
