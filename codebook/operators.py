"""What a codebook's skills can do to the things that are there, and what is reckoned to be left to a goal."""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from .arguments import Argument, ChoiceArgument, EntityArgument, ListArgument
from .command import Command, Value
from .conditions import Condition, each_binding
from .facts import Fact
from .ground import Every, Formula, Grounder, Literal, Unparted, holds
from .skills import Codebook, Skill
from .state import FactState
from .writing import bind, make_command

_UNKNOWN = 2.0
"""What a part of a goal is reckoned to cost that no single skill is known to bring about."""
_UNDOING = 0.5
"""What it is reckoned to cost to end a fact: little, since it mostly ends on the way to another goal."""
_DEPTH = 4


@dataclass(frozen=True)
class _Change:
    """A fact that comes or goes, if `when` holds; None in a place stands for whatever thing."""

    adds: bool
    name: str
    places: tuple[str | None, ...]
    when: Formula


@dataclass(frozen=True)
class Operator:
    """A skill with its arguments, and its preconditions and effects taken apart."""

    skill: str
    args: Mapping[str, Value]
    cost: float
    needs: Formula
    changes: tuple[_Change, ...]

    def possible(self, state: FactState) -> bool:
        return holds(self.needs, state)

    def facts_after(self, state: FactState) -> frozenset[Fact]:
        """The base facts after it went as it should: deletions go before additions."""
        gone: set[Fact] = set()
        new: set[Fact] = set()
        for change in self.changes:
            if holds(change.when, state):
                if change.adds:
                    new.add(Fact(change.name, tuple(place for place in change.places if place is not None)))
                else:
                    gone.update(fact for fact in state.facts if _matches(fact, change.name, change.places))
        return (state.facts - gone) | new

    def command(self, codebook: Codebook) -> Command:
        return make_command(codebook, self.skill, self.args)


def operators(codebook: Codebook, reachable: Mapping[str, list[str]], grounder: Grounder) -> list[Operator]:
    """Every command that changes something and may become possible, in the codebook's order."""
    found: list[Operator] = []
    for skill in codebook.skills.values():
        if not skill.effects:
            continue
        for args in _arguments(skill, reachable):
            bindings = {name: bind(value) for name, value in args.items()}
            needs = [
                grounder.formula(condition, single)
                for condition in skill.conjuncts
                for single in each_binding(condition.variables(), bindings)
            ]
            if any(need is False for need in needs):
                continue
            changes = [
                _Change(effect.adds, effect.atom.name, effect.atom.places(single), when)
                for effect in skill.effects
                for single in each_binding(effect.variables(), bindings)
                if (when := True if effect.when is None else grounder.formula(effect.when, single)) is not False
            ]
            open_needs = tuple(need for need in needs if need is not True)
            found.append(Operator(skill.name, args, skill.cost, Every(open_needs), tuple(changes)))
    return found


def _arguments(skill: Skill, reachable: Mapping[str, list[str]]) -> Iterator[dict[str, Value]]:
    """The arguments that make a difference: of those that nothing asks for, one value stands for all."""
    conditions: list[Condition] = list(skill.conjuncts)
    asked = {name for condition in conditions for name in condition.variables()}
    asked |= {name for effect in skill.effects for name in effect.variables()}
    choices = []
    for name, argument in skill.args.items():
        values = _values(argument, reachable)
        if name not in asked and not isinstance(argument, EntityArgument | ListArgument):
            values = values[:1] if argument.default is None else [argument.default]
        choices.append(values)
    for values_of_all in product(*choices):
        yield dict(zip(skill.args, values_of_all, strict=True))


def _values(argument: Argument, reachable: Mapping[str, list[str]]) -> Sequence[Value]:
    if isinstance(argument, EntityArgument | ListArgument):
        things = [thing for kind in argument.kinds for thing in reachable.get(kind, ())]
        if isinstance(argument, EntityArgument):
            return things
        return [some for size in range(argument.low, argument.high + 1) for some in combinations(things, size)]
    return [text if isinstance(argument, ChoiceArgument) else json.loads(text) for text in argument.texts]


def _matches(fact: Fact, name: str, places: tuple[str | None, ...]) -> bool:
    return (
        fact.name == name
        and len(fact.args) == len(places)
        and all(place is None or place == arg for place, arg in zip(places, fact.args, strict=True))
    )


@dataclass(frozen=True)
class _Left:
    """What is left to something: skills to carry out, at a cost, and facts to end on the way, each counted once."""

    cost: float = 0.0
    ending: frozenset["Literal"] = frozenset()

    @property
    def total(self) -> float:
        return self.cost + _UNDOING * len(self.ending)


_NEVER = _Left(math.inf)


class Reckoner:
    """Reckons what is left to a goal: the sum over its open facts of the cheapest skill for each, with what it needs.

    Infinite only where no chain of skills could bring the goal about.
    """

    def __init__(self, codebook: Codebook, steps: Sequence[Operator]) -> None:
        self._derived = codebook.derived.keys()
        self._bringing: dict[tuple[str, tuple[str | None, ...]], list[Operator]] = {}
        for step in steps:
            for change in step.changes:
                if change.adds:
                    self._bringing.setdefault((change.name, change.places), []).append(step)

    def left(self, goal: Formula, state: FactState) -> float:
        """What is left to a formula; 0 exactly where it holds."""
        return _Reckoning(self._bringing, self._derived, state).left(goal)


class _Reckoning:
    """One state's reckoning; what a fact costs is remembered."""

    def __init__(
        self,
        bringing: Mapping[tuple[str, tuple[str | None, ...]], list[Operator]],
        derived: Collection[str],
        state: FactState,
    ) -> None:
        self._bringing, self._derived, self._state = bringing, derived, state
        self._known: dict[Literal, _Left] = {}

    def left(self, goal: Formula) -> float:
        return self._sum(self._open(goal, ()), ()).total

    def _open(self, goal: Formula, path: tuple[Literal, ...]) -> frozenset[Literal | Unparted] | None:
        """The facts still open, of alternatives the cheapest; None where the formula can never hold."""
        if isinstance(goal, bool):
            return frozenset() if goal else None
        if isinstance(goal, Literal | Unparted):
            return frozenset() if goal.holds(self._state) else frozenset((goal,))
        if isinstance(goal, Every):
            every: set[Literal | Unparted] = set()
            for part in goal.parts:
                more = self._open(part, path)
                if more is None:
                    return None
                every |= more
            return frozenset(every)
        best, cheapest = None, math.inf
        for part in goal.parts:
            some = self._open(part, path)
            if some is None:
                continue
            if not some:
                return some
            cost = self._sum(some, path).total
            if cost < cheapest:
                best, cheapest = some, cost
        return best

    def _sum(self, literals: frozenset[Literal | Unparted] | None, path: tuple[Literal, ...]) -> _Left:
        if literals is None:
            return _NEVER
        each = [self._cost(literal, path) for literal in literals]
        cost = math.fsum(one.cost for one in each)  # the same in whatever order
        return _Left(cost, frozenset().union(*(one.ending for one in each)))

    def _cost(self, literal: Literal | Unparted, path: tuple[Literal, ...]) -> _Left:
        if isinstance(literal, Unparted):
            return _Left(_UNKNOWN)
        if not literal.positive:
            return _Left(0.0, frozenset((literal,)))
        if literal in path:
            return _NEVER
        if literal.name in self._derived or None in literal.places or len(path) >= _DEPTH:
            return _Left(_UNKNOWN)  # what is defined by itself, or is of whatever thing, is not looked into
        if not path and literal in self._known:
            return self._known[literal]
        cheapest = _NEVER
        for step in self._bringing.get((literal.name, literal.places), ()):
            deeper = (*path, literal)
            needs = self._sum(self._open(step.needs, deeper), deeper)
            whole = _Left(step.cost + needs.cost, needs.ending)
            if whole.total < cheapest.total:
                cheapest = whole
        if not path:
            self._known[literal] = cheapest
        return cheapest
