"""Plans over the symbolic world that a codebook's own preconditions and effects make, and over nothing else."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from types import MappingProxyType

from .command import Command
from .conditions import Condition
from .effects import apply
from .facts import Fact
from .ground import Grounder, changing
from .legal import legal_in
from .observation import Observation
from .operators import Operator, operators
from .reckoning import Reckoner
from .skills import Codebook
from .state import FactState
from .writing import bindings_of


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
    """What a search found: commands to the goal, or why there are none (`missing` or `impossible`)."""

    commands: tuple[Command, ...]
    failure: str = ""
    expanded: int = 0


NOTHING_DEAR: Mapping[str, float] = MappingProxyType({})


def plan(
    world: SymbolicWorld, goal: Condition, max_expanded: int = 2_000, dear: Mapping[str, float] = NOTHING_DEAR
) -> Plan:
    """Cheap commands that a best-first search finds to a state where the goal holds.

    The goal is taken apart for the things that are there, and states are ordered by their cost so far plus what the
    parts that do not hold yet are reckoned to cost. `dear` says what commands, by their text, cost more than usual.
    Where no chain of skills could bring the goal about, the failure is `impossible`, or `missing` where the goal names
    what is not there; also `impossible` where nothing was found in `max_expanded` states.
    """
    codebook, start = world.codebook, world.state
    grounder = Grounder(codebook, start, changing(codebook))
    wanted = grounder.formula(goal)
    steps = operators(codebook, world.reachable, grounder)
    reckoner = Reckoner(codebook, steps)
    left = reckoner.left(wanted, start)
    if math.isinf(left):
        things = {thing for ids in start.kinds.values() for thing in ids}
        return Plan((), "impossible" if goal.entities() <= things else "missing")
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
            return Plan(_traced(codebook, came_by, here.facts), expanded=expanded)
        expanded += 1
        for step in steps:
            if not step.possible(here):
                continue
            facts = step.facts_after(here)
            reached = cost + step.cost + (dear.get(step.command(codebook).text, 0.0) if dear else 0.0)
            if reached < best.get(facts, math.inf):
                best[facts], came_by[facts] = reached, (here.facts, step)
                there = here.after(facts)
                ahead = reckoner.left(wanted, there)
                heappush(frontier, (reached + ahead, ahead, next(order), reached, there))
    return Plan((), "impossible", expanded)


def _traced(
    codebook: Codebook, came_by: Mapping[frozenset[Fact], tuple[frozenset[Fact], Operator]], facts: frozenset[Fact]
) -> tuple[Command, ...]:
    """The commands that led to a state."""
    steps: list[Command] = []
    while facts in came_by:
        facts, step = came_by[facts]
        steps.append(step.command(codebook))
    return tuple(reversed(steps))
