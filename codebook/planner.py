"""Plans over the symbolic world that a codebook's own preconditions and effects make, and over nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from .arguments import EntityArgument, ListArgument
from .command import Command
from .conditions import Atom, Condition, Term, conjuncts
from .effects import apply
from .facts import Fact
from .legal import legal_in
from .observation import Observation
from .skills import Codebook
from .state import FactState
from .writing import bindings_of

GOAL_WEIGHT = 2.0
"""What one goal still open is reckoned to cost: taking a thing and putting it down."""


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


def plan(world: SymbolicWorld, goal: Condition, max_expanded: int = 3_000) -> Plan:
    """The cheapest commands that a weighted A* search finds to a state where the goal holds.

    Where the goal names what is not there the failure is `missing`; where no skill could ever bring one of its facts
    about, or nothing was found, it is `impossible`.

    States are ordered by cost so far plus GOAL_WEIGHT for each conjunct of the goal that does not hold yet. The
    search ends after `max_expanded` states.
    """
    parts = conjuncts(goal)
    things = {thing for ids in world.state.kinds.values() for thing in ids}
    if not goal.entities() <= things:
        return Plan((), "missing")
    for part in parts:
        if isinstance(part, Atom) and not part.variables() and not _attainable(world, part, ()):
            return Plan((), "impossible")

    def still_open(state: FactState) -> float:
        return GOAL_WEIGHT * sum(not part.holds(state, {}) for part in parts)

    order = count()
    best: dict[frozenset[Fact], float] = {world.state.facts: 0.0}
    frontier: list[tuple[float, float, int, SymbolicWorld, tuple[Command, ...]]] = []
    left = still_open(world.state)
    heappush(frontier, (left, left, next(order), world, ()))
    expanded = 0
    while frontier and expanded < max_expanded:
        _, left, _, here, commands = heappop(frontier)
        if left == 0:
            return Plan(commands, expanded=expanded)
        cost = best[here.state.facts]
        expanded += 1
        for command in here.commands():
            facts = here.facts_after(command)
            reached = cost + here.codebook.skills[command.skill].cost
            if reached < best.get(facts, float("inf")):
                best[facts] = reached
                there = here.with_facts(facts)
                ahead = still_open(there.state)
                heappush(frontier, (reached + ahead, ahead, next(order), there, (*commands, command)))
    return Plan((), "impossible", expanded)


def _attainable(world: SymbolicWorld, goal: Atom, path: tuple[Fact, ...]) -> bool:
    """Whether some chain of skills could make a ground atom true; True in doubt, never False where one can.

    Preconditions on facts that no skill changes must hold now, those on facts that skills bring about must be
    attainable in turn; all else is taken as granted.
    """
    places = tuple(term.name for term in goal.terms)
    fact = Fact(goal.name, places)
    if goal.name not in world.codebook.predicates or "any" in places or world.state.holds(*fact):
        return goal.name in world.codebook.derived or "any" in places or world.state.holds(*fact)
    if fact in path:
        return False
    changing = {effect.atom.name for skill in world.codebook.skills.values() for effect in skill.effects}
    fixed = (set(world.codebook.predicates) | set(world.codebook.kinds)) - changing
    for skill in world.codebook.skills.values():
        for effect in skill.effects:
            bindings = _bind(effect.atom, places) if effect.adds and effect.atom.name == goal.name else None
            if bindings is None or not all(
                thing in (thing for kind in argument.kinds for thing in world.reachable.get(kind, ()))
                for name, thing in bindings.items()
                if isinstance(argument := skill.args[name], EntityArgument | ListArgument)
            ):
                continue
            needs = [need for need in skill.conjuncts if need.variables() <= set(bindings)]
            if effect.when is not None and effect.when.variables() <= set(bindings):
                needs.append(effect.when)
            if all(
                need.holds(world.state, bindings)
                if need.predicates() <= fixed
                else not isinstance(need, Atom) or _attainable(world, _ground(need, bindings), (*path, fact))
                for need in needs
            ):
                return True
    return False


def _bind(atom: Atom, places: tuple[str, ...]) -> dict[str, str] | None:
    """What an atom's variables must be for it to say this of these places, or None where it cannot."""
    bindings: dict[str, str] = {}
    for term, place in zip(atom.terms, places, strict=True):
        if (term.bound and bindings.setdefault(term.name, place) != place) or (not term.bound and term.name != place):
            return None
    return bindings


def _ground(atom: Atom, bindings: Mapping[str, str]) -> Atom:
    return Atom(atom.name, tuple(Term(bindings[t.name], False) if t.bound else t for t in atom.terms))
