"""A plan where a search for a cheap one gives up: greedy, by what a relaxed plan leaves, its first commands preferred.

Goals that would have to be given up again for others are left until those are reached (reasonable orders, Koehler and
Hoffmann 2000). Nothing is left out for good: what is not preferred is tried where the preferred leads no nearer.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from .delete_relaxation import Relaxation
from .facts import Fact
from .grounding import AllOf, Formula, Literal, holds
from .operators import Operator, adding
from .state import FactState

MOST_LOOKED_AT = 4_000
"""So many states are looked at before it gives up."""
_PATIENCE = 60
"""So many preferred states may lead no nearer before others are tried."""
_TOO_EARLY = 2.0
"""What it costs that a goal was reached that has to be given up for another: twice a command."""
_WEIGHT = 20.0
"""By so much what is left counts more than what was spent."""
_CLOSER = 0.5
"""Of two steps from one state that is taken first which reaches a fact of the goal."""
_LEVELS = 3
"""So far it is looked for what a fact of the goal needs, what that needs, and so on."""


@dataclass(frozen=True)
class Found:
    """The steps to the goal, or None; how many states were looked at, and whether these were all there are."""

    steps: tuple[Operator, ...] | None
    looked_at: int
    exhausted: bool = False


class GreedySearch:
    """Looks for any plan to a goal, a few of its parts after the others."""

    def __init__(
        self, steps: Sequence[Operator], cost: Callable[[Operator], float], goal: Formula, state: FactState
    ) -> None:
        self._steps, self._cost = steps, cost
        parts = goal.parts if isinstance(goal, AllOf) else () if goal is True else (goal,)
        self._order = _Order(steps, parts)
        self._goals = sorted(parts, key=self._order.rank)
        self._relaxation = Relaxation(steps, cost, self._goals, state)
        ranks = [self._order.rank(part) for part in self._goals]
        self._agenda = [
            number for number in range(1, len(ranks) + 1) if number == len(ranks) or ranks[number] != ranks[number - 1]
        ]
        """So many of the goals are sought first, so many next."""

    def find(self, start: FactState, most: int = MOST_LOOKED_AT) -> Found:
        """A plan from a state."""
        steps: list[Operator] = []
        here, looked_at = start, 0
        for goals in self._agenda:
            found = self._find(here, goals, most - looked_at)
            looked_at += found.looked_at
            if found.steps is None:
                break
            steps += found.steps
            for step in found.steps:
                here = here.after(step.facts_after(here))
        else:
            return Found(tuple(steps), looked_at)
        if len(self._agenda) == 1:
            return found
        whole = self._find(start, len(self._goals), most - looked_at)
        return Found(whole.steps, looked_at + whole.looked_at, whole.exhausted)

    def _find(self, start: FactState, goals: int, most: int) -> Found:
        """A plan from a state to so many goals, the first ones."""
        order = count(0, -1)  # of equals the latest first
        came_by: dict[frozenset[Fact], tuple[frozenset[Fact], Operator]] = {}
        spent, known = {start.facts: 0.0}, {}
        ahead: list[tuple[float, int, frozenset[Fact], Operator]] = []
        others: list[tuple[float, int, frozenset[Fact]]] = []
        here, looked_at, nearest, since = start, 0, math.inf, 0
        while True:
            looked_at += 1
            left = self._relaxation.left(here, goals)
            if left.cost == 0.0 and all(holds(goal, here) for goal in self._goals[:goals]):
                return Found(tuple(traced(came_by, here.facts)), looked_at)
            if looked_at >= most:
                return Found(None, looked_at)
            estimate = left.cost + _TOO_EARLY * self._order.too_early(here)
            if math.isfinite(estimate):
                since = 0 if estimate < nearest else since + 1
                nearest, known[here.facts] = min(nearest, estimate), estimate
                some = [step for number in left.preferred if (step := self._steps[number]).possible(here)]
                fitting = [step for step in some if not self._order.comes_too_early(step, here)] or some
                heappush(others, (spent[here.facts] + _WEIGHT * estimate, next(order), here.facts))
                self._push(ahead, order, here, spent[here.facts], estimate, fitting)
            while True:
                if others and (not ahead or since > _PATIENCE):
                    since = 0
                    facts = heappop(others)[2]
                    here = start.after(facts)
                    every = [step for step in self._steps if step.possible(here)]
                    self._push(ahead, order, here, spent[facts], known[facts], every)
                if not ahead:
                    if not others:
                        return Found(None, looked_at, exhausted=True)
                    continue
                _, _, before, step = heappop(ahead)
                facts = step.facts_after(start.after(before))
                if facts not in spent:
                    came_by[facts], spent[facts] = (before, step), spent[before] + self._cost(step)
                    here = start.after(facts)
                    break

    def _push(
        self,
        ahead: "list[tuple[float, int, frozenset[Fact], Operator]]",
        order: "count[int]",
        here: FactState,
        spent: float,
        estimate: float,
        steps: Iterable[Operator],
    ) -> None:
        """Steps to be taken from a state, each with what it is estimated to come to."""
        for step in steps:
            closer = _CLOSER * self._order.reaches(step, here)
            whole = spent + self._cost(step) + _WEIGHT * estimate - closer
            heappush(ahead, (whole, next(order), here.facts, step))


class _Order:
    """Which facts of a goal have to come before which: those for which the latter would have to end again."""

    def __init__(self, steps: Sequence[Operator], parts: Sequence[Formula]) -> None:
        wanted = [part for part in parts if isinstance(part, Literal) and part.positive]
        self._adding = adding(steps)
        ending = {one: self._ended_for(one) for one in wanted}
        near = {
            later: [one for one in wanted if one != later and any(_ends(end, later) for end in ending[one])]
            for later in wanted
        }
        self._wanted = frozenset(wanted)
        self._before = {later: before for later in wanted if (before := _closed(near, later))}

    def _ended_for(self, wanted: Literal) -> frozenset[Literal]:
        """What cannot be while a fact is brought about: the opposite of what every way to it asks for."""
        found: set[Literal] = set()
        waiting, seen = [(wanted, 0)], {wanted}
        while waiting:
            one, level = waiting.pop()
            ways = [frozenset(_asked(step.needs)) for step in self._adding.get((one.name, one.places), ())]
            for need in frozenset.intersection(*ways) if ways else ():
                if not need.positive:
                    found.add(need)
                elif level < _LEVELS and need not in seen:
                    seen.add(need)
                    waiting.append((need, level + 1))
        return frozenset(found)

    def rank(self, part: Formula) -> float:
        """After how many others a part of the goal comes; the last are those of which nothing is known."""
        known = isinstance(part, Literal) and part in self._wanted
        return len(self._before.get(part, ())) if known else float("inf")  # type: ignore[arg-type]

    def reaches(self, step: Operator, state: FactState) -> bool:
        """Whether a step reaches a fact of the goal, and not too early."""
        return any(
            change.adds
            and (fact := Literal(change.name, change.places)) in self._wanted
            and all(one.holds(state) for one in self._before.get(fact, ()))
            for change in step.changes
        )

    def too_early(self, state: FactState) -> int:
        """How many facts of the goal hold that have to be given up again."""
        return sum(
            later.holds(state) and not all(one.holds(state) for one in before) for later, before in self._before.items()
        )

    def comes_too_early(self, step: Operator, state: FactState) -> bool:
        """Whether a step reaches a fact of the goal before those that have to come before it."""
        for change in step.changes:
            if change.adds:
                before = self._before.get(Literal(change.name, change.places), ())
                if not all(one.holds(state) for one in before):
                    return True
        return False


def _closed(near: Mapping[Literal, Sequence[Literal]], one: Literal) -> tuple[Literal, ...]:
    """All that has to come before one, also before what comes before it."""
    found: dict[Literal, None] = {}
    waiting = list(near[one])
    while waiting:
        other = waiting.pop()
        if other not in found and other != one:
            found[other] = None
            waiting += near[other]
    return tuple(found)


def _asked(needs: Formula) -> "list[Literal]":
    """The facts that have to hold for all of a formula to hold."""
    parts = needs.parts if isinstance(needs, AllOf) else (needs,)
    return [part for part in parts if isinstance(part, Literal)]


def _ends(need: Literal, fact: Literal) -> bool:
    """Whether a fact cannot be while this holds, which says that something is not so; None is whatever thing."""
    return need.name == fact.name and all(
        mine is None or mine == place for mine, place in zip(need.places, fact.places, strict=True)
    )


def traced(
    came_by: Mapping[frozenset[Fact], tuple[frozenset[Fact], Operator]], facts: frozenset[Fact]
) -> list[Operator]:
    """The steps that led to a state."""
    steps: list[Operator] = []
    while facts in came_by:
        facts, step = came_by[facts]
        steps.append(step)
    return steps[::-1]
