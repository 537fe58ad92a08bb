"""Plans over the symbolic world that a codebook's own preconditions and effects make, and over nothing else."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from types import MappingProxyType

from .action_space import legal_in
from .command import Command
from .command_codec import bindings_of
from .conditions import Condition
from .effects import apply
from .facts import Fact
from .greedy_search import GreedySearch, traced
from .grounding import Formula, Grounder, changing, literals
from .heuristic import Heuristic
from .merging import merged
from .observation import Observation
from .operators import Operator, operators
from .skills import Codebook
from .state import FactState


class SymbolicWorld:
    """A world that knows only facts: commands change them as the codebook's effects say."""

    def __init__(self, codebook: Codebook, state: FactState, reachable: Mapping[str, list[str]]) -> None:
        self.codebook = codebook
        self.state = state
        self.reachable = reachable

    @classmethod
    def of(cls, codebook: Codebook, observation: Observation) -> "SymbolicWorld":
        """The world that an observation shows."""
        return cls(codebook, codebook.state(observation), codebook.within_reach(observation))

    def commands(self) -> list[Command]:
        """The commands that are legal here and change something."""
        graph = legal_in(self.codebook, self.state, self.reachable)
        return [command for command in graph.commands() if self.codebook.skills[command.skill].effects]

    def facts_after(self, command: Command) -> frozenset[Fact]:
        """The base facts after a command that went as it should."""
        effects = self.codebook.skills[command.skill].effects
        return apply(effects, self.state.facts, self.state, bindings_of(command))

    def with_facts(self, facts: frozenset[Fact]) -> "SymbolicWorld":
        """The same world with other facts."""
        return SymbolicWorld(self.codebook, self.state.after(facts), self.reachable)

    def after(self, command: Command) -> "SymbolicWorld":
        """The world after a command that went as it should."""
        return self.with_facts(self.facts_after(command))


@dataclass(frozen=True)
class Plan:
    """What a search found: commands to the goal and what they cost, or why there are none (`missing`, `impossible`).

    Where it `gave_up`, that is no proof: not all that could be tried was.
    """

    commands: tuple[Command, ...]
    failure: str = ""
    expanded: int = 0
    gave_up: bool = False
    greedy: bool = False
    """Whether the search for a cheap one ended without one, and any was searched for."""


NOTHING_DEAR: Mapping[str, float] = MappingProxyType({})

_MOST_EXPANDED, _MOST_CHECKED = 2_000, 10_000
"""So many states are gone on from in search of a cheap plan, and so many operators checked there; then any plan is
searched for.
"""

_FEWEST_EXPANDED = 4
"""A search that could go on from fewer states is not begun."""

_CLUTTER = 0.25
"""What it costs to bring something to a place that the goal wants for something else, and that is free of such things.
"""


def plan(
    world: SymbolicWorld, goal: Condition, max_expanded: int | None = None, dear: Mapping[str, float] = NOTHING_DEAR
) -> Plan:
    """Cheap commands that a best-first search finds to a state where the goal holds.

    The goal is taken apart for the things that are there, and states are ordered by their cost so far plus what the
    parts that do not hold yet are reckoned to cost. `dear` says what commands, by their text, cost more than usual.
    An argument that nothing declares is never made up: no command is planned with it (see `Operator.settled`).
    Where no chain of skills could bring the goal about, the failure is `impossible`, or `missing` where the goal names
    what is not there; also `impossible` where all states that can be reached were searched, or the search gave up. In
    large worlds that is no search for a cheap plan: it goes for any. With `max_expanded` it gives up behind so many
    states.
    """
    search = _Search(world, goal, dear)
    if max_expanded is not None:
        return search.plan(world.state, max_expanded)
    return search.plan_or_any(world.state, _MOST_EXPANDED)


class _Search:
    """Searches for plans to one goal, over the things that are there."""

    def __init__(self, world: SymbolicWorld, goal: Condition, dear: Mapping[str, float]) -> None:
        self._codebook, self._goal, self._dear = world.codebook, goal, dear
        grounder = Grounder(world.codebook, world.state, changing(world.codebook))
        self._wanted = grounder.formula(goal)
        every = operators(world.codebook, world.reachable, grounder)
        self.steps = [step for step in every if step.settled]
        self._reckoner = Heuristic(world.codebook, self.steps)
        untidy = _untidy(self._wanted, world.state, self.steps)
        self._costs = {id(step): step.cost + self._more(step, untidy) for step in self.steps}

    def _more(self, step: Operator, untidy: Collection[int]) -> float:
        """What a step costs beyond its usual cost."""
        dear = self._dear.get(step.command(self._codebook).text, 0.0) if self._dear else 0.0
        return dear + (_CLUTTER if id(step) in untidy else 0.0)

    def reckoned(self, state: FactState) -> float:
        """What is reckoned to be left to the goal."""
        return self._reckoner.left(self._wanted, state)

    def cost(self, step: Operator) -> float:
        return self._costs[id(step)]

    def plan_or_any(self, start: FactState, max_expanded: float = math.inf) -> Plan:
        """A cheap plan from a state, or any where the search for one gives up."""
        affordable = _MOST_CHECKED // max(1, len(self.steps))
        found = self.plan(start, min(max_expanded, affordable if affordable >= _FEWEST_EXPANDED else 0))
        if not found.gave_up:
            return found
        other = GreedySearch(self.steps, self.cost, self._wanted, start).find(start)
        expanded = found.expanded + other.looked_at
        if other.steps is None:
            return Plan((), "impossible", expanded, gave_up=not other.exhausted, greedy=True)
        return Plan(self._commands(start, other.steps), expanded=expanded, greedy=True)

    def _commands(self, start: FactState, steps: Iterable[Operator]) -> tuple[Command, ...]:
        return merged(self._codebook, start, [step.command(self._codebook) for step in steps])

    def plan(self, start: FactState, max_expanded: float = math.inf) -> Plan:
        """A cheap plan from a state."""
        left = self.reckoned(start)
        if math.isinf(left):
            things = {thing for ids in start.kinds.values() for thing in ids}
            return Plan((), "impossible" if self._goal.entities() <= things else "missing")
        order = count()
        best: dict[frozenset[Fact], float] = {start.facts: 0.0}
        came_by: dict[frozenset[Fact], tuple[frozenset[Fact], Operator]] = {}
        frontier: list[tuple[float, float, int, float, FactState]] = [(left, left, next(order), 0.0, start)]
        expanded = 0
        while frontier and expanded < max_expanded:
            _, left, _, cost, here = heappop(frontier)
            if cost > best[here.facts]:
                continue
            if left == 0:
                return Plan(self._commands(start, traced(came_by, here.facts)), expanded=expanded)
            expanded += 1
            for step in self.steps:
                if not step.possible(here):
                    continue
                facts = step.facts_after(here)
                reached = cost + self.cost(step)
                if reached < best.get(facts, math.inf):
                    best[facts], came_by[facts] = reached, (here.facts, step)
                    there = here.after(facts)
                    ahead = self.reckoned(there)
                    heappush(frontier, (reached + ahead, ahead, next(order), reached, there))
        return Plan((), "impossible", expanded, gave_up=bool(frontier))


def _untidy(goal: Formula, state: FactState, steps: Iterable[Operator]) -> frozenset[int]:
    """The ids of the steps that bring something to a place that is wanted for something else."""
    wanted = {(fact.name, fact.places) for fact in literals(goal) if fact.positive}
    named = {place for _, places in wanted for place in places[1:]}
    named -= {place for fact in state.facts if (fact.name, fact.args) not in wanted for place in fact.args[1:]}
    return frozenset(
        id(step)
        for step in steps
        for change in step.changes
        if change.adds and (change.name, change.places) not in wanted and not named.isdisjoint(change.places[1:])
    )
