"""What a codebook's skills can do to the things that are there: every command, with its conditions taken apart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from .arguments import Argument, ChoiceArgument, EntityArgument, ListArgument, TextArgument
from .command import Command, Value
from .conditions import Bindings, Condition, each_binding
from .facts import Fact
from .ground import Every, Formula, Grounder, holds
from .skills import Codebook, Skill
from .state import FactState
from .writing import bind, make_command


@dataclass(frozen=True)
class Change:
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
    changes: tuple[Change, ...]

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
        needed = [_Grounded(condition, grounder) for condition in skill.conjuncts]
        changed = [(effect, effect.variables(), _Grounded(effect.when, grounder)) for effect in skill.effects]
        for args in _arguments(skill, reachable):
            bindings = {name: bind(value) for name, value in args.items()}
            needs = [
                condition.formula(single)
                for condition in needed
                for single in each_binding(condition.variables, bindings)
            ]
            if any(need is False for need in needs):
                continue
            changes = [
                Change(effect.adds, effect.atom.name, effect.atom.places(single), formula)
                for effect, variables, when in changed
                for single in each_binding(variables, bindings)
                if (formula := when.formula(single)) is not False
            ]
            open_needs = tuple(need for need in needs if need is not True)
            found.append(Operator(skill.name, args, skill.cost, Every(open_needs), tuple(changes)))
    return found


class _Grounded:
    """A condition taken apart once for all arguments that are the same in what it asks for; None always holds."""

    def __init__(self, condition: Condition | None, grounder: Grounder) -> None:
        self._condition, self._grounder = condition, grounder
        self.variables = frozenset() if condition is None else condition.variables()
        self._known: dict[tuple[str | tuple[str, ...], ...], Formula] = {}

    def formula(self, bindings: Bindings) -> Formula:
        if self._condition is None:
            return True
        asked = tuple(bindings[name] for name in self.variables)
        if asked not in self._known:
            self._known[asked] = self._grounder.formula(self._condition, bindings)
        return self._known[asked]


def telling(skill: Skill) -> frozenset[str]:
    """The arguments that make a difference to what a skill needs or changes, and those that name things."""
    asked = {name for condition in skill.conjuncts for name in condition.variables()}
    asked |= {name for effect in skill.effects for name in effect.variables()}
    return frozenset(asked | {n for n, a in skill.args.items() if isinstance(a, EntityArgument | ListArgument)})


def _arguments(skill: Skill, reachable: Mapping[str, list[str]]) -> Iterator[dict[str, Value]]:
    """The arguments that make a difference: of those that nothing asks for, one value stands for all."""
    asked = telling(skill)
    choices = []
    for name, argument in skill.args.items():
        values = _values(argument, reachable)
        if name not in asked:
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
    if isinstance(argument, TextArgument):
        return []  # words of a task cannot be made up, so that without a default there is no such command
    return [text if isinstance(argument, ChoiceArgument) else json.loads(text) for text in argument.texts]


def _matches(fact: Fact, name: str, places: tuple[str | None, ...]) -> bool:
    return (
        fact.name == name
        and len(fact.args) == len(places)
        and all(place is None or place == arg for place, arg in zip(places, fact.args, strict=True))
    )
