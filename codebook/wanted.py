"""What a goal asks for, fact by fact, as things come to be seen; and what of it is left to do."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from .bearing import bearing, idle
from .classes import Group, classes, gatherings, spelt_out
from .conditions import And, Atom, Condition, Not, Term
from .facts import Fact
from .goals import Goal, facts_by_kinds, goal_facts, in_order
from .legal import legal_in
from .observation import Observation
from .offer import Left
from .planner import SymbolicWorld, ways
from .prompt import fact_text
from .pursuit import PATIENCE, dear
from .relations import NOT, related_facts
from .rows import is_row, row_facts
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


_WEARY = 3
"""So many failures of one command let somebody give up who could still go on."""


class Wanted:
    """A goal on the way. What it says of all things of a class is said of those that are seen; while one of them is not
    seen any more, what was said before stands.
    """

    def __init__(self, codebook: Codebook, goal: Goal, possible_facts: Possible = goal_facts) -> None:
        self.codebook, self.goal, self._possible = codebook, goal, possible_facts
        self._before: tuple[Fact, ...] | None = None
        self._seen: Observation | None = None
        self._failures: dict[str, int] = {}
        self.missed = 0
        """In so many looks, up to the last, something was not there that the goal is about."""

    def saw(self, observation: Observation) -> None:
        """This is seen in fact, and not foretold."""
        again = observation is self._seen
        self._before, self._seen = self.facts(observation), observation
        if again:
            return
        there = {entity.id for entity in observation.entities}
        self.missed = 0 if all(there.issuperset(fact.args) for fact in self._before) else self.missed + 1
        last = observation.last
        if last is not None and last.status != "done" and last.command:
            self._failures[last.command] = self._failures.get(last.command, 0) + 1

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

    def left(self, observation: Observation) -> Left:
        """What does not hold yet, as a prompt tells it; of that, only what nothing else must come before: whatever is
        to rest on a thing waits until that thing is where it is to be. With it the skills that bear on it; time is let
        pass as well where something of it is not within reach, or not seen.
        """
        reason = self.goal.cannot
        idling = frozenset(skill.name for skill in idle(self.codebook))
        giving_up = self._ending("cannot")
        if reason:
            return Left(f"To do: cannot ({reason})", giving_up | (idling if reason == "missing" else frozenset()))
        left, ending = self.open(observation), self.ending(observation)
        if not left and not ending:
            return Left("To do: nothing", self._ending("done"))
        about = {fact.args[0] for fact in left if fact.args}
        first = [fact for fact in left if not about.intersection(fact.args[1:])] or left
        skills = bearing(self.codebook, frozenset(fact.name for fact in (*left, *ending))) | giving_up
        there = {thing for ids in self.codebook.within_reach(observation).values() for thing in ids}
        if not there.issuperset(arg for fact in left for arg in fact.args):
            skills |= idling
        told = [*map(fact_text, first), *(f"{NOT} {fact_text(fact)}" for fact in ending)]
        return Left(f"To do: {'; '.join(told)}", skills, idling)

    def ahead(self, observation: Observation) -> Left:
        """What is left, and the commands that lead nearer to the goal, where the planner finds any: then no others can
        be chosen, and not to give up, but where a command failed again and again, or wants an argument that the
        codebook does not declare and the task may not tell either. Where there can be none, to give up is what can be
        chosen. Of what is not there nothing can be planned: what leads nearer to the rest can be chosen, and to let
        time pass, or once that did not help to give up.
        """
        left = self.left(observation)
        if self.goal.cannot or self.reached(observation):
            return left
        there = {entity.id for entity in observation.entities}
        facts = self.facts(observation)
        seen = [fact for fact in facts if there.issuperset(fact.args)]
        found, best = ways(
            SymbolicWorld.of(self.codebook, observation), _all_of(seen, self.goal.denied), dear(self._failures)
        )
        giving_up = self._ending("cannot")
        if best.never and len(seen) == len(facts):
            return replace(left, ways=(), besides=giving_up | (left.skills & left.idle))
        if best.failure or (not found and len(seen) == len(facts)):
            return left
        if len(seen) < len(facts):
            return replace(left, ways=found, besides=left.idle if self._waits(observation, left) else giving_up)
        weary = max(self._failures.values(), default=0) >= _WEARY
        return replace(left, ways=found, besides=giving_up if weary or not best.settled else frozenset())

    def _waits(self, observation: Observation, left: Left) -> bool:
        """Whether it is too early to give up what is not there, and something can be done to let time pass."""
        skills = [self.codebook.skills[name] for name in left.idle]
        state, reachable = self.codebook.state(observation), self.codebook.within_reach(observation)
        return self.missed <= PATIENCE and legal_in(self.codebook, state, reachable, skills).count > 0

    def _ending(self, how: str) -> frozenset[str]:
        return frozenset(skill.name for skill in self.codebook.skills.values() if skill.ends == how)


def _all_of(facts: Iterable[Fact], denied: Iterable[Fact]) -> Condition:
    """All of these facts, and none of those denied, as a condition."""
    return And((*map(_atom, facts), *(Not(_atom(fact)) for fact in denied)))


def _atom(fact: Fact) -> Atom:
    return Atom(fact.name, tuple(Term(arg, bound=False) for arg in fact.args))
