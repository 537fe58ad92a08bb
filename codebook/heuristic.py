"""The heuristic of the planner's search: how much is left from a state to a goal."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .grounding import AllOf, Formula, Literal, Opaque
from .operators import Operator, adding
from .skills import Codebook
from .state import FactState

_UNKNOWN = 2.0
"""What a part of a goal is reckoned to cost that no single skill is known to bring about."""
_UNDOING = 0.5
"""What it is reckoned to cost to end a fact: little, since it mostly ends on the way to another goal."""
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
