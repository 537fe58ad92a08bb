"""Classes of things that a goal can speak of together: things of a kind, things of which a computed fact is true,
things that look alike, and things that are at one place.

    ["all","block","in","blue_bowl"]     ["all","warm","on","left_zone"]     ["all","red","on","one_another"]
    ["all","left_zone","on","right_zone"]

A class has the same members all the way to the goal: the first three are of what is seen, and never of where it is, and
who is at a place is settled when the goal is written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .facts import ID, Fact
from .grounding import changing
from .observation import Observation
from .skills import Codebook

ALL, ONE_ANOTHER = "all", "one_another"


@dataclass(frozen=True)
class Group:
    """What is wanted of all things of a class that can be so: the fact `name` of each and of `places`, or of each but
    one and another of them, in one chain, where `places` are ONE_ANOTHER.
    """

    of: str
    name: str
    places: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The group word by word."""
        return [ALL, self.of, self.name, *self.places]


def classes(codebook: Codebook, observation: Observation, things: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The classes that these things are of, and which of them, by name: kinds first, then computed facts, then words
    for what is seen of two things at least. A name that stands for a thing names no class.
    """
    state, never = codebook.state(observation), {entity.id for entity in observation.entities}
    kinds = {entity.id: entity.kind for entity in observation.entities}
    changed = changing(codebook)
    found: dict[str, list[str]] = {}
    for kind in codebook.kinds:
        found.setdefault(kind, [thing for thing in things if kinds.get(thing) == kind])
    for fact in codebook.derived.values():
        if len(fact.places) == 1 and fact.name not in changed and fact.condition.properties():
            found.setdefault(fact.name, [thing for thing in things if state.holds(fact.name, (thing,))])
    values = {thing: tuple(state.properties.get(thing, {}).values()) for thing in things}
    for value in sorted({value for seen in values.values() for value in seen if ID.fullmatch(value)}):
        alike = [thing for thing in things if value in values[thing]]
        found.setdefault(value, alike if len(alike) > 1 else [])
    return {name: tuple(members) for name, members in found.items() if members and name not in never}


def gatherings(codebook: Codebook, observation: Observation, things: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of these things are at which place now, by the place's id, in the order in which places are seen. A place
    is whatever a fact that skills change names second, and what does not move itself.
    """
    changed = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects}
    found: dict[str, list[str]] = {}
    for fact in observation.facts:
        if len(fact.args) == 2 and fact.name in changed and fact.args[0] in things and fact.args[1] not in things:
            found.setdefault(fact.args[1], []).append(fact.args[0])
    places = [entity.id for entity in observation.entities if entity.id in found]
    return {place: tuple(thing for thing in things if thing in found[place]) for place in places}


def groups_of(members: Collection[str], facts: Iterable[Fact]) -> dict[str, list[tuple[str, ...]]]:
    """What can be wanted of all members of a class, by the name of the fact: the places that any of them can come to,
    and ONE_ANOTHER.
    """
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for fact in facts:
        if len(fact.args) > 1 and fact.args[0] in members:
            places = (ONE_ANOTHER,) if len(fact.args) == 2 and fact.args[1] in members else fact.args[1:]
            found.setdefault(fact.name, {})[places] = None
    return {name: list(places) for name, places in found.items()}


def spelt_out(
    group: Group, members: Sequence[str], apart: Collection[str], feasible: Collection[Fact], observation: Observation
) -> list[Fact]:
    """What a group wants of each member, but of those set `apart`, as things are now."""
    if group.places != (ONE_ANOTHER,):
        wanted = [Fact(group.name, (member, *group.places)) for member in members if member not in apart]
        return [fact for fact in wanted if fact in feasible]
    among = set(members)
    can = {fact.args[0] for fact in feasible if fact.name == group.name and among.issuperset(fact.args)}
    ordered = chain([m for m in members if m in can or m in apart], apart, group.name, observation)
    return [Fact(group.name, (upper, lower)) for lower, upper in pairwise(ordered) if upper not in apart]


def places_of(name: str, observation: Observation) -> Mapping[str, str]:
    """Where each thing is now that a fact of two things tells a place of."""
    return {fact.args[0]: fact.args[1] for fact in observation.facts if fact.name == name and len(fact.args) == 2}


def chain(members: Sequence[str], apart: Collection[str], name: str, observation: Observation) -> list[str]:
    """Members in the order of a chain, the first at its beginning: one that is set apart, or else where the longest
    chain stands already, if possible not on what is of its own kind.
    """
    kinds = {entity.id: entity.kind for entity in observation.entities}
    at = places_of(name, observation)
    above = {at[member]: member for member in reversed(members) if member in at and member not in apart}

    def from_(first: str) -> list[str]:
        found = [first]
        while (following := above.get(found[-1])) is not None and following not in found:
            found.append(following)
        return found

    def fitness(standing: list[str]) -> tuple[bool, int]:
        place = at.get(standing[0])
        return place is not None and kinds.get(place) != kinds.get(standing[0]), len(standing)

    firsts = [m for m in members if m in apart] or [m for m in members if at.get(m) not in members] or list(members)
    best = max(map(from_, firsts), key=fitness, default=[])
    return best + [member for member in members if member not in best and member not in apart]
