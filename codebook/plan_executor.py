"""Carries a task's plan out, item by item: the next command for what is observed, or why there is none.

A goal is made true by the planner. A command is issued as soon as its preconditions hold; where they do not, the
planner makes them true first, and does so again after a failure.
"""

from .command import Command
from .conditions import And, Condition, holds_for_each
from .observation import Observation
from .planner import SymbolicWorld
from .pursuit import PATIENCE, Pursuit, idle_command
from .skills import NOTHING, Codebook
from .substitute import substitute
from .task_plan import Achieve, Do, Item, TaskPlan, told_item
from .wanted import Wanted, settled
from .writing import bindings_of, make_command, things_in

MOST_FAILURES = 3
"""After so many failures of one command its item is given up."""


class PlanExecutor:
    """One plan on its way. `at` counts the items that are done."""

    def __init__(self, codebook: Codebook, plan: TaskPlan) -> None:
        self.codebook, self.plan = codebook, plan
        self.at = 0
        self._begin()

    def _begin(self) -> None:
        """The next item is to be begun."""
        self._pursuit = Pursuit(self.codebook, NOTHING)
        self._wanted: Wanted | None = None
        self._sent: Command | None = None
        self._times = self._failures = self._waited = 0

    def use(self, codebook: Codebook) -> None:
        """Go by this codebook from now on."""
        self.codebook = codebook
        self._pursuit.use(codebook)
        if self._wanted is not None:
            self._wanted = Wanted(codebook, self._wanted.goal)

    @property
    def done(self) -> tuple[str, ...]:
        """The items that are done, in words; of a command that is repeated, how often it was carried out so far."""
        items: list[Item] = list(self.plan.items[: self.at])
        if self.at < len(self.plan.items) and self._times:
            item = self.plan.items[self.at]
            assert isinstance(item, Do)
            items.append(Do(item.command, self._times))
        return tuple(map(told_item, items))

    def next(self, observation: Observation) -> Command | str:
        """The next command, `done` behind the last item; or why the item under way cannot be carried out (`missing`,
        `impossible`).
        """
        if self.plan.cannot:
            return self.plan.cannot
        self._account(observation)
        while self.at < len(self.plan.items):
            item = self.plan.items[self.at]
            found = self._achieve(item, observation) if isinstance(item, Achieve) else self._do(item, observation)
            if found is not None:
                return found
            self.at += 1
            self._begin()
        return make_command(self.codebook, "done", {})

    def _account(self, observation: Observation) -> None:
        """Note how the command ended that was sent last for an item of its own."""
        sent, last = self._sent, observation.last
        self._sent = None
        if sent is None or last is None or last.command != sent.text:
            return
        if last.status == "done":
            self._times, self._failures = self._times + 1, 0
        else:
            self._failures += 1

    def _achieve(self, item: Achieve, observation: Observation) -> Command | str | None:
        """The next command to a goal, None where it holds."""
        if self._wanted is None:
            self._wanted = Wanted(self.codebook, settled(self.codebook, item.goal, observation))
        self._wanted.saw(observation)
        return self._pursue(self._wanted.condition(observation), observation)

    def _pursue(self, goal: Condition, observation: Observation) -> Command | str | None:
        self._pursuit.seek(goal)
        found = self._pursuit.next(observation)
        if not isinstance(found, Command):
            return found.failure
        return None if self.codebook.skills[found.skill].ends is not None else found

    def _do(self, item: Do, observation: Observation) -> Command | str | None:
        """The next command towards carrying an item's command out, None where that was done often enough."""
        command = item.command
        if self._times >= item.times:
            return None
        if self._failures >= MOST_FAILURES:
            return "impossible"
        if not self._is_there(command, observation):
            return self._wait(observation) or "missing"
        self._waited = 0
        skill, bindings = self.codebook.skills[command.skill], bindings_of(command)
        state = self.codebook.state(observation)
        if all(holds_for_each(condition, state, bindings) for condition in skill.conjuncts):
            self._sent = command
            return command
        world = SymbolicWorld.of(self.codebook, observation)
        if skill.effects and not self._times and world.facts_after(command) == world.state.facts:
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
