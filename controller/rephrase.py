"""A task without what its speaker took back, and in the order in which things are to be done.

"Take the red, no wait, the blue block" asks for the blue block, and "a picture, but the lamp on first" for the lamp
first. People mend and turn round what they say without thinking of it; a small model often takes the first thing that
was said, or leaves out what stands behind "but". Both are put straight by their form (self-repairs consist of what is
taken back, words like "no, sorry", and what takes its place) where what they speak of is known, and else left alone.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from codeword.codebook.known_names import NO_NAMES, NUMBER, KnownNames, known_names, things_of, words_of
from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook

from .prior.of_task import learned
from .prior.words import features, speaks_of

_WORD = re.compile(r"[a-z]+|[0-9]+", re.IGNORECASE)
_EDIT = re.compile(
    r"(?:\s*(?:[,;.:!\u2026\u2014\u2013]+|\s-+)\s*|\s+(?=no,? (?:wait|sorry|not)\b))"
    r"(?:(?:oh|ah|uh|um|er|erm|hm|oops|well)\b[\s,]*)?"
    r"(?:(?:no,? wait|wait,? no|wait(?=,? (?:i mean|sorry))|no,? make (?:that|it)"
    r"|no(?=\s*[,;:.!\u2026\u2014\u2013-]|\s+(?:the|a|an|not|i|wait|sorry|rather)\b)|nope|sorry|rather|or rather"
    r"|correction|actually|scratch that|i mean|i meant|my mistake|make that)\b[\s,;:.!\u2026\u2014\u2013-]*)+"
    r"(?:(?:just|better|it's)\b[\s,]*)*"
    r"(?:not\s+[^,;:.]{1,30}[,;:.]\s*)?(?:but\s+)?",
    re.IGNORECASE,
)
"""What stands between what is taken back and what takes its place."""

_I_MEAN = re.compile(r"(?:\s*,)?\s+(?:i mean|i meant|instead|rather|of course)\b", re.IGNORECASE)
_NEGATED = re.compile(r"^\s*not\s+(?P<taken_back>[^,;:.]{1,30}),\s*(?:but\s+)?(?P<rest>.+)$", re.IGNORECASE | re.DOTALL)
_TOO = re.compile(r"\s*,?\s*(?:too|also|as well)\b", re.IGNORECASE)
"""Behind what comes on top of what was said, and takes nothing back."""
_THEN = re.compile(r"\bthen\b|\bafter(?:wards)?\b", re.IGNORECASE)

_FLAGS = re.IGNORECASE
_PART = r"(?:[^.;]|(?<=\d)\.(?=\d))+?"
_FIRST = tuple(
    re.compile(form.replace("FIRST", f"(?P<first>{_PART})").replace("SECOND", f"(?P<second>{_PART})"), _FLAGS)
    for form in (
        r"^SECOND,?\s+but\s+(?:first(?:ly)?|before (?:that|this)|beforehand)\b[,\s]*FIRST[.!]?$",
        r"^SECOND,?\s+but\s+FIRST,?\s+(?:first|beforehand|before (?:that|this))[.!]?$",
        r"^before\s+(?:you\s+)?(?!that\b|this\b)SECOND,\s*FIRST[.!]?$",
        r"^FIRST,?\s+before\s+you\s+(?!leave|come|go on)SECOND[.!]?$",
    )
)
"""What is done first and what second, where it is said the other way round."""

_NEEDED = ((1, 1.0), (1, 1.0), (2, 1.0), (2, 0.5))
"""How many of the two parts have to speak of a skill, and how probably none may be asked for: "but first" is clear, and
"before you" may as well tell of a time ("before you tire").
"""

_UNPARTED = re.compile(r"^before\s+you\s+(?!that\b|this\b)(?P<rest>[^,;:.!]+)[.!]?$", _FLAGS)
"""The same without a comma between them."""
_JOINING = set("a an the these those my your its of to in into on onto at for from with by and or as".split())  # noqa: SIM905
"""Words that neither begin a command nor end one."""
_NO_BEGINNING = _JOINING.union("this that up down off out over under back then first please".split())  # noqa: SIM905
"""Words that begin no command."""
_CLEAR = 0.25
"""How probable the skills of both have to be."""

_IT = re.compile(r"\b(?:it|them|that one)\b", re.IGNORECASE)


def rephrased(codebook: Codebook, task: str, observation: Observation) -> str:
    """The task as it is to be read: what was taken back left out, and what is to be done first said first; the very
    same text where there is nothing of this, or where it is not clear.

    Of the things and choices that are known alone, and of numbers, is anything taken back; and only parts that speak of
    a skill change places.
    """
    known = known_names(codebook, things_of(observation))
    return _in_order(codebook, _mended(task, known), observation, known)


def _mended(task: str, known: KnownNames) -> str:
    """A task without what its speaker took back."""
    negated = _NEGATED.match(task)
    if negated is not None:
        out, rest = negated["taken_back"], negated["rest"]
        sorts = [one.sorts for one in known.mentions(out)]
        if sorts and any(one.sorts & sorts[0] for one in known.mentions(rest)):
            task = rest
    at = 0
    while (edit := _EDIT.search(task, at)) is not None:
        at = edit.end()
        mended = _without_repair(task, edit, known)
        if mended is not None:
            task, at = mended
    return task


def _without_repair(task: str, edit: re.Match[str], known: KnownNames) -> tuple[str, int] | None:
    """A task in which what stands behind some words of repair takes the place of what it mends, and where to go on."""
    mentions = list(known.mentions(task))
    behind = [one for one in mentions if edit.end() <= one.begin <= edit.end() + 2]
    before = [one for one in mentions if one.end <= edit.start()]
    pairs = [
        (old, new)
        for new in sorted(behind, key=lambda one: one.begin - one.end)
        for old in sorted(before, key=lambda one: -one.end)
        if old.sorts & new.sorts and not _THEN.search(task, old.end, edit.start())
    ]
    if not pairs:
        return _said_again(task, edit)
    old, new = pairs[0]
    if _TOO.match(task, new.end):
        return None
    rest = task[new.end :]
    if (said := _I_MEAN.match(rest)) is not None:
        rest = rest[said.end() :]
    begin, instead = old.begin, task[new.begin : new.end]
    if old.unit and not new.unit:
        instead = f"{instead} {old.unit}"
    elif all(word.isdigit() for word in words_of(instead) if word not in NO_NAMES and word != NUMBER):
        *_, last = _WORD.finditer(task, old.begin, old.end)
        if words_of(last[0])[0].isdigit():  # "locker 1, no, the 2"
            begin, instead = last.start(), instead.split()[-1]
    head = task[:begin] + instead + task[old.end : edit.start()]
    return head + rest, len(head)


def _said_again(task: str, edit: re.Match[str]) -> tuple[str, int] | None:
    """A task without what is said once more, from the same word on: "go to the hall, no, go to the kitchen"."""
    again = _WORD.match(task, edit.end())
    before = [one for one in _WORD.finditer(task, 0, edit.start()) if again and one[0].lower() == again[0].lower()]
    if again is None or not before or again[0].lower() in NO_NAMES:
        return None
    if _THEN.search(task, before[-1].end(), edit.start()):
        return None
    head = task[: before[-1].start()]
    return head + task[edit.end() :], len(head)


def _in_order(codebook: Codebook, task: str, observation: Observation, known: KnownNames) -> str:
    """A task of two parts with that first that is to be done first."""
    for pattern in _FIRST:
        found = pattern.match(task.strip())
        if found is None:
            continue
        first, second = found["first"].strip(" ,"), found["second"].strip(" ,")
        needed, floor = _NEEDED[_FIRST.index(pattern)]
        asks = [_asks(codebook, part, observation, floor) for part in (first, second)]
        if sum(asks) < needed or re.match(r"not\b|and\b|with\b", first, _FLAGS) or "before" in first.lower():
            continue
        if found.start("first") > found.start("second"):
            first = _with_thing(first, second, known)
        return f"{first}, then {second}"
    unparted = _UNPARTED.match(task.strip())
    parts = _parted(codebook, unparted["rest"], observation, known) if unparted is not None else None
    return task if parts is None else f"{_with_thing(parts[1], parts[0], known)}, then {parts[0]}"


def _parted(codebook: Codebook, text: str, observation: Observation, known: KnownNames) -> tuple[str, str] | None:
    """The two commands that follow each other without anything between them, cut where each speaks of its skill most
    clearly, but neither within a name, nor before a thing's, nor behind a bare number; None where they do not speak
    of two.
    """
    words, named = list(re.finditer(r"\S+", text)), list(known.mentions(text))
    things = {one.begin for one in named if any(name.is_thing for name in one.among)}
    bare = [one for one in named if all(word.isdigit() for word in words_of(text[one.begin : one.end]))]
    found: list[tuple[float, str, str]] = []
    for last, begins in pairwise(words):
        if begins[0].lower() in _NO_BEGINNING or last[0].lower() in _JOINING or "".join(words_of(begins[0])).isdigit():
            continue
        if begins.start() in things or any(one.begin < begins.start() < one.end for one in named):
            continue
        if any(one.begin <= begins.start() < one.end or one.end == last.end() for one in bare):
            continue
        parts = text[: last.end()], text[begins.start() :]
        found.append((math.prod(_likeliest(codebook, part, observation) for part in parts), *parts))
    probable, before, behind = max(found, default=(0.0, "", ""))
    return (before, behind) if probable > _CLEAR else None


def _likeliest(codebook: Codebook, part: str, observation: Observation) -> float:
    """How probable the likeliest skill is that a part of a task asks for; 0 where it rather asks for none."""
    if not _asks(codebook, part, observation, 0.5):
        return 0.0
    return max(value for name, value in learned().odds(codebook, part, observation).items() if name)


def _asks(codebook: Codebook, part: str, observation: Observation, floor: float) -> bool:
    """Whether a part of a task speaks of a skill, and asks for none less probably than `floor` by its words."""
    speaks = any(map(speaks_of, features(codebook, part, observation).rows))
    return speaks and learned().odds(codebook, part, observation)[""] < floor


def _with_thing(part: str, other: str, known: KnownNames) -> str:
    """A part of a task with a thing in place of "it": the first that the part names which stood before it."""
    named = [other[one.begin : one.end] for one in known.mentions(other) if any(n.is_thing for n in one.among)]
    things = [said for said in named if not all(word.isdigit() for word in words_of(said))]
    pronouns: Sequence[re.Match[str]] = list(_IT.finditer(part))
    if not things or len(pronouns) != 1:
        return part
    return part[: pronouns[0].start()] + things[0] + part[pronouns[0].end() :]
