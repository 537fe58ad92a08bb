"""Carries a task's plan out, item by item: the next command for what is observed, or why there is none.

A goal is made true by the planner. A command is issued as soon as its preconditions hold; where they do not, the
planner makes them true first, and does so again after a failure.
"""

from collections.abc import Mapping
from copy import copy
from functools import partial
from typing import Self

from .command import Command
from .command_codec import bindings_of, make_command, things_in
from .conditions import (
    And,
    Atom,
    Bindings,
    Compare,
    Condition,
    Count,
    CountThings,
    Not,
    Operand,
    Or,
    Property,
    Quantified,
    Term,
    Words,
    each_binding,
    holds_for_each,
)
from .goal_classes import Group
from .goal_executor import PATIENCE, GoalExecutor, idle_command
from .goal_tracker import GoalTracker, Possible, sayable_facts, settled
from .goals import Goal
from .observation import Observation
from .planner import SymbolicWorld
from .skills import NOTHING, Codebook
from .task_plan import Achieve, Do, Item, TaskPlan, remade, told_command, told_item, unnamed_args
from .transition import unshown_effects


def substitute(condition: Condition, bindings: Bindings) -> Condition:
    """The condition said of what its variables stand for; of a list, said of each thing in it."""
    each = each_binding(condition.variables(), bindings)
    parts = [_condition(condition, {name: str(value) for name, value in single.items()}) for single in each]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _condition(condition: Condition, values: Mapping[str, str]) -> Condition:
    if isinstance(condition, Atom):
        return _atom(condition, values)
    if isinstance(condition, Compare):
        return Compare(_operand(condition.left, values), condition.sign, _operand(condition.right, values))
    if isinstance(condition, Not):
        return Not(_condition(condition.inner, values))
    if isinstance(condition, Quantified):
        inner = _condition(condition.inner, _without(values, condition.variable))
        return Quantified(condition.every, condition.variable, condition.kinds, inner)
    parts = tuple(_condition(part, values) for part in condition.parts)
    return And(parts) if isinstance(condition, And) else Or(parts)


def _operand(operand: Operand, values: Mapping[str, str]) -> Operand:
    if isinstance(operand, Term):
        return _term(operand, values)
    if isinstance(operand, Property):
        return Property(operand.name, _term(operand.term, values))
    if isinstance(operand, Count):
        return Count(_atom(operand.atom, values))
    if isinstance(operand, CountThings):
        inner = _condition(operand.inner, _without(values, operand.variable))
        return CountThings(operand.variable, operand.kinds, inner)
    assert isinstance(operand, Words)
    return operand


def _atom(atom: Atom, values: Mapping[str, str]) -> Atom:
    return Atom(atom.name, tuple(_term(term, values) for term in atom.terms))


def _term(term: Term, values: Mapping[str, str]) -> Term:
    return Term(values[term.name], bound=False) if term.bound and term.name in values else term


def _without(values: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {other: value for other, value in values.items() if other != name}


MOST_FAILURES = 3
"""After so many failures of one command, whether of the plan or of the planner's, its item is given up."""


class PlanExecutor:
    """One plan on its way. `at` counts the items that are done; `gave_up` says after how many states the planner gave
    up on the item that could not be carried out last, which is no proof that it cannot be; 0 where that is proved.
    `unshown` tells of a command that was done again and again, and whose declared effects did not show.
    """

    def __init__(self, codebook: Codebook, plan: TaskPlan) -> None:
        self.codebook, self.plan = codebook, plan
        self.at = self.gave_up = 0
        self.unshown = ""
        self._begin()

    def _begin(self) -> None:
        """The next item is to be begun."""
        self._pursuit = GoalExecutor(self.codebook, NOTHING)
        self._wanted: GoalTracker | None = None
        self._sent: Command | None = None
        self._before: Observation | None = None
        self._is_of_item = False
        self._unseen: tuple[str, Observation] | None = None
        """The command whose effects do not show, and what was seen then."""
        self._times = self._waited = 0
        self._failures: dict[str, int] = {}

    def copy(self) -> Self:
        """Another one that is as far, and goes on by itself."""
        other = copy(self)
        other._pursuit = self._pursuit.copy()
        other._wanted = copy(self._wanted)
        other._failures = dict(self._failures)
        return other

    def use(self, codebook: Codebook) -> None:
        """Go by this codebook from now on, with the arguments that the plan's commands had, defaults too.

        Raises CommandError where one of them is no command any more; then nothing is changed.
        """
        self.plan = remade(codebook, self.plan)
        self.codebook = codebook
        self._pursuit.use(codebook)
        if self._wanted is not None:
            self._wanted = GoalTracker(codebook, self._wanted.goal, possible_facts(self._wanted.goal))

    @property
    def done(self) -> tuple[str, ...]:
        """The items that are done, in words; of a command that is repeated, how often it was carried out so far."""
        items: list[Item] = list(self.plan.items[: self.at])
        if self.at < len(self.plan.items) and self._times:
            item = self.plan.items[self.at]
            assert isinstance(item, Do)
            items.append(Do(item.command, self._times))
        return tuple(map(told_item, items))

    @property
    def failures(self) -> dict[str, int]:
        """How often each command of the item under way has failed in a row, by its text."""
        return dict(sorted(self._failures.items()))

    def next(self, observation: Observation) -> Command | str:
        """The next command, `done` behind the last item; or why the item under way cannot be carried out (`missing`,
        `impossible`).
        """
        if self.plan.cannot:
            return self.plan.cannot
        self._account(observation)
        if (again := self._look_again(observation)) is not None:
            return again
        if max(self._failures.values(), default=0) >= MOST_FAILURES:
            return "impossible"
        while self.at < len(self.plan.items):
            item = self.plan.items[self.at]
            found = self._achieve(item, observation) if isinstance(item, Achieve) else self._do(item, observation)
            if isinstance(found, Command):
                self._sent, self._before = found, observation
            if found is not None:
                return found
            self.at += 1
            self._begin()
        return make_command(self.codebook, "done", {})

    def _account(self, observation: Observation) -> None:
        """Note how the command ended that was sent last. One of the planner's that was done and changed nothing that is
        seen, where it was to, has failed as well.
        """
        sent, last, is_of_item = self._sent, observation.last, self._is_of_item
        self._sent, self._is_of_item = None, False
        if sent is None or last is None or last.command != sent.text:
            return
        is_done, before = last.status == "done", self._before
        unshown: tuple[str, ...] = ()
        if is_done and not is_of_item and before is not None and before.facts == observation.facts:
            unshown = unshown_effects(self.codebook, before, sent, observation)
        self._times += is_done and is_of_item
        if is_done and not unshown:
            self._failures.pop(sent.text, None)
            self.unshown = ""
            return
        self._unseen = (sent.text, observation) if unshown else None
        self._failures[sent.text] = times = self._failures.get(sent.text, 0) + 1
        self.unshown = f"{told_command(sent)} was done {times} times, but {' and '.join(unshown)}" if unshown else ""

    def _look_again(self, observation: Observation) -> Command | None:
        """A command that only lets time pass, a few times, where effects do not show: what is seen may be late."""
        if self._unseen is None:
            return None
        command, before = self._unseen
        if observation.facts != before.facts:
            self._unseen, self._waited, self.unshown = None, 0, ""
            self._failures.pop(command, None)
            return None
        again = self._wait(observation)
        if again is None:
            self._unseen, self._waited = None, 0
        return again

    def _achieve(self, item: Achieve, observation: Observation) -> Command | str | None:
        """The next command to a goal, None where it holds."""
        if self._wanted is None:
            if not all(self._says(group, observation) for group in item.goal.groups):
                return "missing"
            goal = settled(self.codebook, item.goal, observation, possible_facts(item.goal))
            self._wanted = GoalTracker(self.codebook, goal, possible_facts(goal))
        self._wanted.saw(observation)
        return self._pursue(self._wanted.condition(observation), observation)

    def _says(self, group: Group, observation: Observation) -> bool:
        """Whether anything is there of which a class can be said."""
        alone = Goal((), groups=(group,))
        possible = possible_facts(alone)
        goal = settled(self.codebook, alone, observation, possible)
        return bool(GoalTracker(self.codebook, goal, possible).facts(observation))

    def _pursue(self, goal: Condition, observation: Observation) -> Command | str | None:
        self._pursuit.seek(goal)
        found = self._pursuit.next(observation)
        if not isinstance(found, Command):
            self.gave_up = found.expanded if found.gave_up else 0
            return found.failure
        return None if self.codebook.skills[found.skill].ends is not None else found

    def _do(self, item: Do, observation: Observation) -> Command | str | None:
        """The next command towards carrying an item's command out, None where that was done often enough."""
        command = item.command
        if self._times >= item.times:
            return None
        if not self._is_there(command, observation):
            return self._wait(observation) or "missing"
        self._waited = 0
        skill, bindings = self.codebook.skills[command.skill], bindings_of(command)
        state = self.codebook.state(observation)
        if all(holds_for_each(condition, state, bindings) for condition in skill.conjuncts):
            self._is_of_item = True
            return command
        world = SymbolicWorld.of(self.codebook, observation)
        # What only ends a fact about a thing may be done for its own sake, with that thing: to throw a ball.
        tells_all = skill.effects and not unnamed_args(skill) and (any(e.adds for e in skill.effects) or not skill.args)
        if tells_all and not self._times and world.facts_after(command) == world.state.facts:
            return None  # all that it is for is so already
        needed = And(tuple(substitute(condition, bindings) for condition in skill.conjuncts))
        return self._pursue(needed, observation)

    def _is_there(self, command: Command, observation: Observation) -> bool:
        """Whether all things that a command names are within reach."""
        reachable = {thing for things in self.codebook.within_reach(observation).values() for thing in things}
        args = self.codebook.skills[command.skill].args
        return all(reachable.issuperset(things_in(args[name], value)) for name, value in command.args.items())

    def _wait(self, observation: Observation) -> Command | None:
        """A command that only lets time pass, a few times: what is missing may be hidden."""
        if self._waited >= PATIENCE:
            return None
        self._waited += 1
        return idle_command(SymbolicWorld.of(self.codebook, observation))


def possible_facts(goal: Goal) -> Possible:
    """What the classes of a goal can be told of: what it says of them as well, where no skill brings that about, since
    it may be so already.
    """
    return partial(sayable_facts, names={group.name for group in goal.groups})
