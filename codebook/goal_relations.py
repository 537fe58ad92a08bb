"""What goals say of a class by a computed fact of two things, such as `same_color`: each thing of the class to a place
that it has that fact with, or has it not with; or things into chains by it.

    ["all","block","in","bowl","same_color"]                each in a bowl of its own color, where there is one
    ["all","block","in","bowl","not","same_color"]          each in a bowl of another color
    ["all","block","on","one_another","same_color"]         a tower for each color
    ["all","block","on","one_another","not","same_color"]   one tower, neighbors of different colors

Such a fact is of what is seen of two things, and never of where they are.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from .facts import Fact
from .goal_classes import ONE_ANOTHER, Group, chain, classes, places_of
from .grounding import changing
from .observation import Observation
from .skills import Codebook
from .state import FactState

NOT = "not"

_MOST_TRIES = 2_000
"""So many beginnings of a chain are tried at most."""


def relations(codebook: Codebook) -> tuple[str, ...]:
    """The computed facts of two things that no skill changes."""
    changed = changing(codebook)
    return tuple(
        fact.name
        for fact in codebook.derived.values()
        if len(fact.places) == 2 and fact.name not in changed and fact.condition.properties()
    )


def related_ways(
    codebook: Codebook, observation: Observation, members: Sequence[str], facts: Collection[Fact]
) -> dict[str, list[tuple[str, ...]]]:
    """What can be said so of these things, by the name of the fact."""
    names = relations(codebook)
    found: dict[str, list[tuple[str, ...]]] = {}
    if len(members) < 2 or not names:
        return found
    state = codebook.state(observation)
    for name, places in _places(codebook, observation, members, facts).items():
        for of, there in places.items():
            for relation in names:
                pairs = [(a, b) for a in members for b in there if a != b]
                holds = [state.holds(relation, pair) for pair in pairs]
                if any(holds):
                    found.setdefault(name, []).append((of, relation))
                if not all(holds):
                    found.setdefault(name, []).append((of, NOT, relation))
    return found


def _places(
    codebook: Codebook, observation: Observation, members: Sequence[str], facts: Collection[Fact]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """The kinds and computed classes of the places that these things can come to, by the name of the fact."""
    targets: dict[str, set[str]] = {}
    for fact in facts:
        if len(fact.args) == 2 and fact.args[0] in members:
            targets.setdefault(fact.name, set()).add(fact.args[1])
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, places in targets.items():
        of = classes(codebook, observation, [entity.id for entity in observation.entities if entity.id in places])
        told = {word: there for word, there in of.items() if word in codebook.kinds or word in codebook.derived}
        if sum(place in members for place in places) > 1:
            told[ONE_ANOTHER] = tuple(members)
        found[name] = {word: there for word, there in told.items() if word == ONE_ANOTHER or {*there} != {*members}}
    return found


def related_facts(
    codebook: Codebook,
    group: Group,
    members: Sequence[str],
    apart: Collection[str],
    feasible: Collection[Fact],
    observation: Observation,
) -> list[Fact]:
    """What such a group wants of each member, but of those set `apart`, as things are now. A member stays where it is
    right; else it goes to the first place that is, one where no other goes if places can move themselves.
    """
    state, relation = codebook.state(observation), group.places[-1]
    wanted = group.places[1] != NOT
    if group.places[0] == ONE_ANOTHER:
        return list(_chains(state, group.name, relation, wanted, members, apart, feasible, observation))
    places = _places(codebook, observation, members, feasible).get(group.name, {}).get(group.places[0], ())
    things = {fact.args[0] for fact in feasible if fact.args}
    at = places_of(group.name, observation)
    found: list[Fact] = []
    for member in (thing for thing in members if thing not in apart):
        fits = [
            place
            for place in places
            if place != member
            and state.holds(relation, (member, place)) is wanted
            and Fact(group.name, (member, place)) in feasible
        ]
        taken = {fact.args[1] for fact in found} & things
        free = [place for place in fits if place not in taken]
        here = [place for place in free if at.get(member) == place]
        if here or free:
            found.append(Fact(group.name, (member, (here or free)[0])))
    return found


def _chains(
    state: FactState,
    name: str,
    relation: str,
    wanted: bool,
    members: Sequence[str],
    apart: Collection[str],
    feasible: Collection[Fact],
    observation: Observation,
) -> Iterator[Fact]:
    """Chains of things that are related, a chain for each group of them; or one whose neighbors are not."""
    among = set(members)
    can = {fact.args[0] for fact in feasible if fact.name == name and among.issuperset(fact.args)}
    able = [member for member in members if member in can and member not in apart]

    def related(one: str, other: str) -> bool:
        return state.holds(relation, (one, other))

    if not wanted:
        groups = [_in_turn(able, related, name, observation)]
    else:
        groups, rest = [], able
        while rest:
            group = [member for member in rest if member == rest[0] or related(rest[0], member)]
            rest = [member for member in rest if member not in group]
            groups.append(chain(group, (), name, observation))
    for group in groups:
        yield from (Fact(name, (upper, lower)) for lower, upper in pairwise(group))


def _in_turn(
    members: Sequence[str], related: Callable[[str, str], bool], name: str, observation: Observation
) -> list[str]:
    """Members in an order in which no neighbors are related, going on with what stands so; none where there is none."""
    at = places_of(name, observation)
    above = {at[member]: member for member in reversed(members) if at.get(member) in members}

    def from_(first: str) -> list[str]:
        found = [first]
        while (upper := above.get(found[-1])) is not None and upper not in found and not related(upper, found[-1]):
            found.append(upper)
        return found

    tries = 0

    def completed(begun: list[str]) -> list[str]:
        nonlocal tries
        tries += 1
        rest = [member for member in members if member not in begun]
        if not rest or tries > _MOST_TRIES:
            return [] if rest else begun
        fits = [member for member in rest if not related(member, begun[-1])]
        # What there is most of has to come first, or it is left over.
        for member in sorted(fits, key=lambda m: -sum(related(m, other) for other in rest)):
            if found := completed([*begun, member]):
                return found
        return []

    standing = max((from_(m) for m in members if at.get(m) not in members), key=len, default=[])
    begun = [standing[:length] for length in range(len(standing), 0, -1)] + [[member] for member in members]
    return next((found for one in begun if (found := completed(one))), [])
