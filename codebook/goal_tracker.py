"""Tracks what a goal asks for, fact by fact, as things come to be seen."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from .conditions import And, Atom, Condition, Not, Term
from .facts import Fact
from .goal_classes import Group, classes, gatherings, spelt_out
from .goal_relations import related_facts
from .goal_rows import is_row, row_facts
from .goals import Goal, facts_by_kinds, goal_facts, in_order
from .observation import Observation
from .skills import Codebook

Possible = Callable[[Codebook, Observation], Sequence[Fact]]
"""The facts that a class of things can be told of: what is said of a class is said of those that have one of them."""


def sayable_facts(codebook: Codebook, observation: Observation, names: Collection[str] = ()) -> list[Fact]:
    """What skills bring about, and the facts of these names, of all things that each can be of by their kinds, whether
    or not that can come true.
    """
    added = {e.atom.name for skill in codebook.skills.values() for e in skill.effects if e.adds}
    return facts_by_kinds(codebook, observation, added.union(names))


def settled(codebook: Codebook, goal: Goal, observation: Observation, possible_facts: Possible = goal_facts) -> Goal:
    """A goal as it is when it is written: what it says of all that is at a place, said of each thing that is there."""
    places = {entity.id for entity in observation.entities}
    groups = [group for group in goal.groups if group.of in places]
    if not groups:
        return goal
    possible = possible_facts(codebook, observation)
    things = list(dict.fromkeys(fact.args[0] for fact in possible if fact.args))
    there = gatherings(codebook, observation, things)
    apart = {fact.args[0] for fact in goal.facts if fact.args}
    said = {fact: None for group in groups for fact in _spelt(group, there, apart, possible, observation)}
    facts = in_order(codebook, observation, dict.fromkeys((*goal.facts, *said)))
    return replace(goal, facts=tuple(facts), groups=tuple(group for group in goal.groups if group.of not in places))


def _spelt(
    group: Group,
    members: Mapping[str, Sequence[str]],
    apart: Collection[str],
    possible: Collection[Fact],
    observation: Observation,
) -> Iterable[Fact]:
    return spelt_out(group, members.get(group.of, ()), apart, set(possible), observation)


class GoalTracker:
    """A goal on the way. What it says of all things of a class is said of those that are seen; while one of them is not
    seen any more, what was said before stands.
    """

    def __init__(self, codebook: Codebook, goal: Goal, possible_facts: Possible = goal_facts) -> None:
        self.codebook, self.goal, self._possible = codebook, goal, possible_facts
        self._before: tuple[Fact, ...] | None = None
        self._seen: Observation | None = None

    def saw(self, observation: Observation) -> None:
        """This is seen in fact, and not predicted."""
        self._before, self._seen = self.facts(observation), observation

    def facts(self, observation: Observation) -> tuple[Fact, ...]:
        """All that is to hold, in the order of the things that it is about."""
        if not self.goal.groups:
            return self.goal.facts
        if self._before is not None and observation is self._seen:
            return self._before
        seen = {entity.id for entity in observation.entities}
        if self._before is not None and not seen.issuperset(arg for fact in self._before for arg in fact.args):
            return self._before
        return tuple(in_order(self.codebook, observation, dict.fromkeys((*self.goal.facts, *self._spelt(observation)))))

    def _spelt(self, observation: Observation) -> Iterable[Fact]:
        possible = self._possible(self.codebook, observation)
        things = list(dict.fromkeys(fact.args[0] for fact in possible if fact.args))
        members = classes(self.codebook, observation, things)
        apart = {fact.args[0] for fact in self.goal.facts if fact.args}
        feasible = set(possible)
        for group in self.goal.groups:
            of = members.get(group.of, ())
            if is_row(group):
                yield from row_facts(self.codebook, group, of, apart, feasible, observation)
            elif len(group.places) > 1:
                yield from related_facts(self.codebook, group, of, apart, feasible, observation)
            else:
                yield from spelt_out(group, of, apart, feasible, observation)

    def condition(self, observation: Observation) -> Condition:
        """All that is to hold, as a condition."""
        return _all_of(self.facts(observation), self.goal.denied)

    def open(self, observation: Observation) -> list[Fact]:
        """The facts that are to hold and do not yet."""
        return [fact for fact in self.facts(observation) if fact not in observation.facts]

    def ending(self, observation: Observation) -> list[Fact]:
        """The facts that are not to hold and still do."""
        return [fact for fact in self.goal.denied if fact in observation.facts]

    def reached(self, observation: Observation) -> bool:
        """Whether there is a goal, and all of it holds."""
        return not (self.goal.cannot or self.open(observation) or self.ending(observation))


def _all_of(facts: Iterable[Fact], denied: Iterable[Fact]) -> Condition:
    """All of these facts, and none of those denied, as a condition."""
    return And((*map(_atom, facts), *(Not(_atom(fact)) for fact in denied)))


def _atom(fact: Fact) -> Atom:
    return Atom(fact.name, tuple(Term(arg, bound=False) for arg in fact.args))
