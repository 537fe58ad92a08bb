"""What goals say of things in a row of numbered places: that they are in order, or that they spell a word.

    ["all","lettered","on","zone","rising","letter"]     from the first of the alphabet on, or "falling"
    ["all","golf","on","zone","spelled"]                 the letters of a word of the task, those that are there

A place is one of a row where something is seen of it that is a number.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from .facts import Fact
from .goal_classes import Group
from .observation import Observation
from .skills import Codebook
from .state import FactState

RISING, FALLING, SPELLED = "rising", "falling", "spelled"

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"(?<![^\W\d_])[^\W\d_](?:[\W_]{1,2}[^\W\d_](?![^\W\d_]))+")
"""A word told letter by letter: `g, o, l, f`."""

_SHORTEST = 3
"""A word to spell has so many letters at least."""


def is_row(group: Group) -> bool:
    """Whether a group is said of a row."""
    return len(group.places) > 1 and (group.places[-1] == SPELLED or group.places[-2] in (RISING, FALLING))


def ordered_ways(
    codebook: Codebook, observation: Observation, members: Sequence[str], facts: Collection[Fact]
) -> dict[str, list[tuple[str, ...]]]:
    """What can be said of the order of these things, by the name of the fact: each kind of place with a row, up and
    down what is seen of two of them at least, and differs.
    """
    state = codebook.state(observation)
    values: dict[str, set[str]] = {}
    for member in members:
        for name, value in state.properties.get(member, {}).items():
            if name in codebook.properties:
                values.setdefault(name, set()).add(value)
    told = [name for name, seen in values.items() if len(seen) > 1]
    if not told:
        return {}
    return {
        name: [(kind, how, of) for kind in kinds for of in told for how in (RISING, FALLING)]
        for name, kinds in _rows(codebook, observation, facts).items()
    }


def spelled_ways(
    codebook: Codebook, observation: Observation, task: str, facts: Collection[Fact]
) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    """The words of a task that can be spelled, all but one letter at least, each with what can be said of it."""
    rows: dict[str, list[tuple[str, ...]]] = {
        name: [(kind, SPELLED) for kind in kinds] for name, kinds in _rows(codebook, observation, facts).items()
    }
    letters = {letter for _, letter in _letters(codebook.state(observation), facts)}
    runs = ("".join(filter(str.isalpha, run)) for run in _RUN.findall(task.lower()))
    words = dict.fromkeys((*_WORD.findall(task.lower()), *runs))
    return {
        word: rows
        for word in words
        if rows and len(word) >= _SHORTEST and sum(letter not in letters for letter in word) < 2
    }


def row_facts(
    codebook: Codebook,
    group: Group,
    members: Sequence[str],
    apart: Collection[str],
    feasible: Collection[Fact],
    observation: Observation,
) -> list[Fact]:
    """What is at which place of the row then: the first thing at the first place, but for those set `apart`."""
    state = codebook.state(observation)
    if group.places[-1] == SPELLED:
        free = [(letter, thing) for thing, letter in _letters(state, feasible) if thing not in apart]
        ordered = []
        for letter in group.of:
            if found := next((one for one in free if one[0] == letter), None):
                free.remove(found)
                ordered.append(found[1])
    else:
        how, name = group.places[-2:]
        value = {thing: state.properties.get(thing, {}).get(name) for thing in members if thing not in apart}
        there = [thing for thing in members if value.get(thing) is not None]
        ordered = sorted(there, key=lambda thing: _in_order(str(value[thing])), reverse=how == FALLING)
    places = _numbered(observation, group.places[0], {f.args[1] for f in feasible if len(f.args) == 2})
    facts = [Fact(group.name, (thing, place)) for thing, place in zip(ordered, places, strict=False)]
    return [fact for fact in facts if fact in feasible]


def _letters(state: FactState, facts: Collection[Fact]) -> list[tuple[str, str]]:
    """The things that facts can be said of and that bear a single letter, each with it, by id."""
    things = sorted({fact.args[0] for fact in facts if len(fact.args) == 2})
    seen = [(thing, value) for thing in things for value in state.properties.get(thing, {}).values()]
    return [(thing, value) for thing, value in seen if len(value) == 1 and value.isalpha()]


def _rows(codebook: Codebook, observation: Observation, facts: Collection[Fact]) -> Mapping[str, list[str]]:
    """The kinds of places that have a row, by the name of the fact that brings things there."""
    found: dict[str, list[str]] = {}
    for name in sorted({fact.name for fact in facts if len(fact.args) == 2}):
        to = {fact.args[1] for fact in facts if fact.name == name and len(fact.args) == 2}
        kinds = [kind for kind in codebook.kinds if len(_numbered(observation, kind, to)) > 1]
        if kinds:
            found[name] = kinds
    return found


def _numbered(observation: Observation, kind: str, among: Collection[str]) -> list[str]:
    """The places of a row, from the first on."""
    numbers: dict[str, int] = {}
    for entity in observation.entities:
        if entity.kind == kind and entity.id in among:
            told = [int(value) for value in entity.properties.values() if value.isdecimal()]
            if told:
                numbers[entity.id] = told[0]
    return sorted(numbers, key=numbers.__getitem__)


def _in_order(value: str) -> tuple[float, str]:
    """Numbers by what they count, and words behind them by the alphabet."""
    return (float(value), "") if value.isdecimal() else (float("inf"), value)
