"""What a codebook's skills can do to the things that are there: every command, with its conditions taken apart."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from .arguments import Argument, ChoiceArgument, EntityArgument, ListArgument, TextArgument
from .command import Command, Value
from .command_codec import bind, make_command
from .conditions import Bindings, Condition, each_binding
from .facts import Fact
from .grounding import AllOf, Formula, Grounder, holds
from .skills import Codebook, Skill
from .state import FactState


@dataclass(frozen=True)
class Change:
    """A fact that comes or goes, if `when` holds; None in a place stands for whatever thing."""

    adds: bool
    name: str
    places: tuple[str | None, ...]
    when: Formula


@dataclass(frozen=True)
class Operator:
    """A skill with its arguments, and its preconditions and effects taken apart.

    It is `settled` where the codebook declares every argument: an entity by an effect or a precondition, any other by
    its default, by the value for plans, or by being the only value that brings these effects about. What is not settled
    has to be given by whoever asks, so no plan that is carried out as it stands may hold it. Operators of one `sort`
    differ in nothing that effects tell.
    """

    skill: str
    args: Mapping[str, Value]
    cost: float
    needs: Formula
    changes: tuple[Change, ...]
    naming: frozenset[str]
    settled: bool = True

    @property
    def sort(self) -> Hashable:
        """The skill, the things that it names, and the facts that it changes."""
        things = tuple(value for value in self.args.items() if value[0] in self.naming)
        return self.skill, things, tuple((change.adds, change.name, change.places) for change in self.changes)

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
                    gone.update(fact for fact in state.facts if matches(fact, change.name, change.places))
        return (state.facts - gone) | new

    def command(self, codebook: Codebook) -> Command:
        return make_command(codebook, self.skill, self.args)


def operators(codebook: Codebook, reachable: Mapping[str, list[str]], grounder: Grounder) -> list[Operator]:
    """Every command that changes something and may become possible, in the codebook's order, with the shortest lists;
    of values that nothing asks for one stands for all.
    """
    found: list[Operator] = []
    for skill in codebook.skills.values():
        if not skill.effects:
            continue
        of_skill: list[Operator] = []
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
            of_skill.append(
                Operator(skill.name, args, skill.cost, AllOf(open_needs), tuple(changes), frozenset(skill.entity_args))
            )
        found += _settled(skill, of_skill)
    return found


def adding(steps: Iterable[Operator]) -> dict[tuple[str, tuple[str | None, ...]], list[Operator]]:
    """The operators that bring a fact about, by its name and places."""
    found: dict[tuple[str, tuple[str | None, ...]], list[Operator]] = {}
    for step in steps:
        for change in step.changes:
            if change.adds:
                found.setdefault((change.name, change.places), []).append(step)
    return found


def _settled(skill: Skill, operators: Sequence[Operator]) -> list[Operator]:
    """The operators of a skill, each marked whether all of its arguments are declared."""
    told = _told(skill)
    if any(name not in told for name in skill.entity_args):
        return [replace(operator, settled=False) for operator in operators]
    usual = {name: value for name, argument in skill.args.items() if (value := _usual(argument)) is not None}
    if any(name not in told and name not in usual and not _is_single(skill.args[name]) for name in skill.args):
        return [replace(operator, settled=False) for operator in operators]
    if told <= frozenset(skill.entity_args):
        return list(operators)
    sorts: dict[Hashable, list[Operator]] = {}
    for operator in operators:
        sorts.setdefault(operator.sort, []).append(operator)
    settled: set[int] = set()
    for alike in sorts.values():
        chosen = alike
        for name, value in usual.items():
            chosen = [operator for operator in chosen if operator.args[name] == value] or chosen
        settled |= {id(chosen[0])} if len(chosen) == 1 else set()
    return [replace(operator, settled=id(operator) in settled) for operator in operators]


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
    return _told(skill) | frozenset(skill.entity_args)


def _told(skill: Skill) -> frozenset[str]:
    """The arguments that preconditions or effects tell something of."""
    asked = {name for condition in skill.conjuncts for name in condition.variables()}
    return frozenset(asked | {name for effect in skill.effects for name in effect.variables()})


def _usual(argument: Argument) -> Value | None:
    """The value that the codebook declares for plans, if any."""
    return argument.default if argument.default is not None else argument.planned


def _is_single(argument: Argument) -> bool:
    return not isinstance(argument, EntityArgument | ListArgument | TextArgument) and len(argument.texts) == 1


def _arguments(skill: Skill, reachable: Mapping[str, list[str]]) -> Iterator[dict[str, Value]]:
    """The arguments that make a difference: of those that nothing asks for, one value stands for all."""
    asked = telling(skill)
    choices = []
    for name, argument in skill.args.items():
        values = _values(argument, reachable)
        if name not in asked:
            usual = _usual(argument)
            values = values[:1] if usual is None else [usual]
        choices.append(values)
    for values_of_all in product(*choices):
        yield dict(zip(skill.args, values_of_all, strict=True))


def _values(argument: Argument, reachable: Mapping[str, list[str]]) -> Sequence[Value]:
    if isinstance(argument, EntityArgument | ListArgument):
        things = [thing for kind in argument.kinds for thing in reachable.get(kind, ())]
        if isinstance(argument, EntityArgument):
            return things
        return list(combinations(things, max(1, argument.low)))  # longer ones are merged of these
    if isinstance(argument, TextArgument):
        return []  # words of a task cannot be made up, so that without a default there is no such command
    return [text if isinstance(argument, ChoiceArgument) else json.loads(text) for text in argument.texts]


def matches(fact: Fact, name: str, places: tuple[str | None, ...]) -> bool:
    """Whether a fact is of that name and has these places, None for whatever thing."""
    return (
        fact.name == name
        and len(fact.args) == len(places)
        and all(place is None or place == arg for place, arg in zip(places, fact.args, strict=True))
    )
