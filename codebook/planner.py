"""Plans over the symbolic world that a codebook's own preconditions and effects make, and over nothing else."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from types import MappingProxyType

from .action_space import legal_in
from .arguments import ListArgument
from .command import Command, Value
from .command_codec import bindings_of, make_command
from .conditions import Condition, holds_for_each
from .facts import Fact, apply
from .greedy_search import GreedySearch, traced
from .grounding import AllOf, Formula, Grounder, Literal, Opaque, changing, literals
from .observation import Observation
from .operators import Operator, adding, operators
from .skills import Codebook
from .state import FactState

# Commands one after the other that differ in a list of things alone, as one command.
#
# Plans are searched for with the shortest lists, as there are too many longer ones, and as a longer one could hold
# things that nobody asked for.


def merged(codebook: Codebook, start: FactState, commands: Sequence[Command]) -> tuple[Command, ...]:
    """The same commands from a state on, neighbours made into one where that is legal and comes to the same facts."""
    if not any(codebook.skills[command.skill].has_lists for command in commands):
        return tuple(commands)
    found: list[Command] = []
    before, here = start, start  # the states before and behind the last command that was found
    for command in commands:
        after = here.after(_facts_after(codebook, here, command))
        both = _joined(codebook, found[-1], command) if found else None
        if both is None or not _possible(codebook, before, both) or _facts_after(codebook, before, both) != after.facts:
            found.append(command)
            before = here
        else:
            found[-1] = both
        here = after
    return tuple(found)


def _joined(codebook: Codebook, one: Command, other: Command) -> Command | None:
    """One command for two that differ in one list alone; None where there can be none."""
    if one.skill != other.skill:
        return None
    args: Mapping[str, Value] = one.args
    differ = [name for name, value in args.items() if value != other.args[name]]
    if len(differ) != 1:
        return None
    (name,) = differ
    argument, first, second = codebook.skills[one.skill].args[name], args[name], other.args[name]
    if not isinstance(argument, ListArgument) or not isinstance(first, tuple) or not isinstance(second, tuple):
        return None
    if set(first) & set(second) or len(first) + len(second) > argument.high:
        return None
    return make_command(codebook, one.skill, {**args, name: (*first, *second)})


def _possible(codebook: Codebook, state: FactState, command: Command) -> bool:
    bindings = bindings_of(command)
    return all(holds_for_each(condition, state, bindings) for condition in codebook.skills[command.skill].conjuncts)


def _facts_after(codebook: Codebook, state: FactState, command: Command) -> frozenset[Fact]:
    return apply(codebook.skills[command.skill].effects, state.facts, state, bindings_of(command))


_UNKNOWN = 2.0
"""What a part of a goal is estimated to cost that no single skill is known to bring about."""
_UNDOING = 0.5
"""What it is estimated to cost to end a fact: little, since it mostly ends on the way to another goal."""
_DEPTH = 4


@dataclass(frozen=True)
class _Left:
    """What is left to something: skills to carry out, at a cost, and facts to end on the way, each counted once."""

    cost: float = 0.0
    ending: frozenset["Literal"] = frozenset()

    @property
    def total(self) -> float:
        return self.cost + _UNDOING * len(self.ending)


_NEVER = _Left(math.inf)


class Heuristic:
    """Reckons what is left to a goal: the sum over its open facts of the cheapest skill for each, with what it needs.

    Infinite only where no chain of skills could bring the goal about.
    """

    def __init__(self, codebook: Codebook, steps: Sequence[Operator]) -> None:
        self._derived = codebook.derived.keys()
        self._bringing = adding(steps)

    def left(self, goal: Formula, state: FactState) -> float:
        """What is left to a formula; 0 exactly where it holds."""
        return _Reckoning(self._bringing, self._derived, state).left(goal)


class _Reckoning:
    """What is left from one state; what a fact costs is remembered."""

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

    def _open(self, goal: Formula, path: tuple[Literal, ...]) -> frozenset[Literal | Opaque] | None:
        """The facts still open, of alternatives the cheapest; None where the formula can never hold."""
        if isinstance(goal, bool):
            return frozenset() if goal else None
        if isinstance(goal, Literal | Opaque):
            return frozenset() if goal.holds(self._state) else frozenset((goal,))
        if isinstance(goal, AllOf):
            every: set[Literal | Opaque] = set()
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

    def _sum(self, literals: frozenset[Literal | Opaque] | None, path: tuple[Literal, ...]) -> _Left:
        if literals is None:
            return _NEVER
        each = [self._cost(literal, path) for literal in literals]
        cost = math.fsum(one.cost for one in each)  # the same in whatever order
        return _Left(cost, frozenset().union(*(one.ending for one in each)))

    def _cost(self, literal: Literal | Opaque, path: tuple[Literal, ...]) -> _Left:
        if isinstance(literal, Opaque):
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
    parts that do not hold yet are estimated to cost. `dear` says what commands, by their text, cost more than usual.
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
        self._heuristic = Heuristic(world.codebook, self.steps)
        untidy = _untidy(self._wanted, world.state, self.steps)
        self._costs = {id(step): step.cost + self._more(step, untidy) for step in self.steps}

    def _more(self, step: Operator, untidy: Collection[int]) -> float:
        """What a step costs beyond its usual cost."""
        dear = self._dear.get(step.command(self._codebook).text, 0.0) if self._dear else 0.0
        return dear + (_CLUTTER if id(step) in untidy else 0.0)

    def estimate(self, state: FactState) -> float:
        """What is estimated to be left to the goal."""
        return self._heuristic.left(self._wanted, state)

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
        left = self.estimate(start)
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
                    ahead = self.estimate(there)
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
