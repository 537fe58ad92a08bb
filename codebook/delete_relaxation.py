"""What is left to goals where nothing that came true ever ends: the delete relaxation of some operators, as arrays.

Every single fact that something asks for is an atom, true or false; so is every alternative and every joint condition,
brought about by an axiom that costs nothing. The heuristic is the cost of a relaxed plan along the cheapest supporters
by additive costs (Bonet and Geffner 2001); its operators that are possible now are the preferred ones (Hoffmann and
Nebel 2001).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from .facts import Fact
from .grounding import AllOf, AnyOf, Formula, Literal, Opaque, holds
from .operators import Change, Operator
from .state import FactState

_UNKNOWN = 2.0
"""What an atom costs of which it is not known what brings it about: a comparison, a fact that is defined by itself."""
_OPEN = 0.1
"""What every atom counts besides that a relaxed plan has to reach: of states with the same commands left, those are
nearer where less stands in their way.
"""
_ROUNDING = 1e-9
_ALWAYS = 0
"""The atom that is always true, asked for by what asks for nothing."""


@dataclass(frozen=True)
class Relaxed:
    """What is left in a state: the cost of a relaxed plan, infinite where there is none, and its operators that come
    first, by their number.
    """

    cost: float
    preferred: tuple[int, ...]


class Relaxation:
    """The atoms and rules of some operators and a goal."""

    def __init__(
        self, steps: Sequence[Operator], cost: Callable[[Operator], float], goals: Sequence[Formula], state: FactState
    ) -> None:
        self._steps = steps
        self._possible_facts = _Facts(steps, state)
        self._atoms: dict[Formula | str, int] = {"always": _ALWAYS}
        self._by_id: dict[int, tuple[Formula, int]] = {}
        self._true: dict[Fact, int] = {}
        self._false: dict[Fact, int] = {}
        self._special: list[tuple[int, Formula]] = []
        self._rules: list[tuple[tuple[int, ...], int, float, int]] = []
        """Atoms that are asked for, the atom that follows, at what cost, by which operator; -1 for an axiom."""
        self._goals = tuple(map(self._atom, goals))
        needs = [self._conjunction(step.needs) for step in steps]
        whens = [[None if c.when is True else self._atom(c.when) for c in step.changes] for step in steps]
        for number, step in enumerate(steps):
            for change, when in zip(step.changes, whens[number], strict=True):
                asked = needs[number] if when is None else (*needs[number], when)
                for atom in self._following(change):
                    self._rules.append((asked, atom, cost(step), number))
        self._lay_out()

    def _conjunction(self, formula: Formula) -> tuple[int, ...]:
        parts = formula.parts if isinstance(formula, AllOf) else (formula,)
        return tuple(dict.fromkeys(map(self._atom, parts))) or (_ALWAYS,)

    def _atom(self, formula: Formula) -> int:
        """The atom of a formula, with the axioms by which it follows from others."""
        if formula is True:
            return _ALWAYS
        known = self._by_id.get(id(formula))
        if known is not None:
            return known[1]
        atom = self._atoms.get(formula)
        if atom is None:
            atom = self._atoms[formula] = len(self._atoms)
            self._define(atom, formula)
        self._by_id[id(formula)] = (formula, atom)  # the formula is kept, so that its id stays its own
        return atom

    def _define(self, atom: int, formula: Formula) -> None:
        if isinstance(formula, AllOf):
            self._rules.append((self._conjunction(formula), atom, 0.0, -1))
        elif isinstance(formula, AnyOf):
            for part in formula.parts:
                self._rules.append((self._conjunction(part), atom, 0.0, -1))
        elif isinstance(formula, Literal) and self._possible_facts.has(formula.name):
            if None not in formula.places:
                fact = Fact(formula.name, tuple(place for place in formula.places if place is not None))
                (self._true if formula.positive else self._false)[fact] = atom
                return
            single = [
                Literal(fact.name, fact.args, formula.positive)
                for fact in self._possible_facts.matching(formula.name, formula.places)
            ]
            if formula.positive:
                for one in single:
                    self._rules.append(((self._atom(one),), atom, 0.0, -1))
            else:
                asked = tuple(map(self._atom, single)) or (_ALWAYS,)
                self._rules.append((asked, atom, 0.0, -1))
        elif isinstance(formula, Literal | Opaque):
            self._special.append((atom, formula))
            self._rules.append(((_ALWAYS,), atom, _UNKNOWN, -1))

    def _following(self, change: Change) -> Iterator[int]:
        """The atoms that anything asks for and that a change makes true."""
        if change.adds:
            atom = self._true.get(Fact(change.name, tuple(place for place in change.places if place is not None)))
            if atom is not None:
                yield atom
            return
        for fact in self._possible_facts.matching(change.name, change.places):
            if (atom := self._false.get(fact)) is not None:
                yield atom

    def _lay_out(self) -> None:
        self._rules.sort(key=lambda rule: rule[1])
        asked = [rule[0] for rule in self._rules]
        self._asked = np.array([atom for some in asked for atom in some], dtype=np.int64)
        self._asked_at = np.cumsum([0, *map(len, asked)])
        by_atom = np.argsort(self._asked, kind="stable")
        self._uses = np.repeat(np.arange(len(asked)), np.diff(self._asked_at))[by_atom]
        self._uses_at = np.searchsorted(self._asked[by_atom], np.arange(len(self._atoms) + 1))
        self._rule_follows = np.array([rule[1] for rule in self._rules], dtype=np.int64)
        self._follows, self._rules_at = np.unique(self._rule_follows, return_index=True)
        ends = np.append(self._rules_at, len(self._rules))[1:]
        self._rule_range = {
            int(atom): (int(begin), int(end))
            for atom, begin, end in zip(self._follows, self._rules_at, ends, strict=True)
        }
        self._cost = np.array([rule[2] for rule in self._rules])
        self._following_of: dict[int, list[int]] = {}
        for _, atom, _, number in self._rules:
            self._following_of.setdefault(number, []).append(atom)
        false = sorted(self._false.values())
        self._all_false = np.array(false, dtype=np.int64)

    def left(self, state: FactState, goals: int) -> Relaxed:
        """What is left in a state of so many of the goals, the first ones."""
        wanted = self._goals[:goals]
        costs = np.full(len(self._atoms), math.inf)
        costs[_ALWAYS] = 0.0
        costs[self._all_false] = 0.0
        for fact in state.facts:
            if (atom := self._false.get(fact)) is not None:
                costs[atom] = math.inf
            if (atom := self._true.get(fact)) is not None:
                costs[atom] = 0.0
        for atom, formula in self._special:
            if holds(formula, state):
                costs[atom] = 0.0
        reached = self._propagate(costs)
        if not np.isfinite(costs[list(wanted)]).all():
            return Relaxed(math.inf, ())
        return self._plan(wanted, costs, reached)

    def _propagate(self, costs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring costs [atoms] down to what rules make of them; gives what each rule costs in all [rules]."""
        if not self._rules:
            return np.empty(0)
        while True:
            whole: NDArray[np.float64] = self._cost + np.add.reduceat(costs[self._asked], self._asked_at[:-1])
            best = np.minimum.reduceat(whole, self._rules_at)
            cheaper = best < costs[self._follows] - _ROUNDING
            costs[self._follows[cheaper]] = best[cheaper]
            if 8 * int(cheaper.sum()) < len(self._follows):
                break
        changed = self._follows[cheaper]
        while len(changed):  # mostly a few in a row: only what asks for them is estimated again
            rules = np.unique(self._uses[_ranges(self._uses_at, changed)])
            asked = costs[self._asked[_ranges(self._asked_at, rules)]]
            sizes = self._asked_at[rules + 1] - self._asked_at[rules]
            whole[rules] = self._cost[rules] + np.add.reduceat(asked, np.cumsum(sizes) - sizes) if len(rules) else 0.0
            atoms = self._rule_follows[rules]
            cheaper = whole[rules] < costs[atoms] - _ROUNDING
            np.minimum.at(costs, atoms[cheaper], whole[rules[cheaper]])
            changed = np.unique(atoms[cheaper])
        return whole

    def _plan(self, wanted: Sequence[int], costs: NDArray[np.float64], whole: NDArray[np.float64]) -> Relaxed:
        """A relaxed plan along the cheapest rules, from what costs most on."""
        waiting = [(-float(costs[atom]), 0, atom) for atom in wanted if costs[atom] > 0.0]
        heapify(waiting)
        seen = {atom for _, _, atom in waiting}
        reached: set[int] = set()
        chosen: dict[int, float] = {}
        preferred: set[int] = set()
        other = 0.0
        while waiting:
            atom = heappop(waiting)[2]
            if atom in reached:
                continue
            begin, end = self._rule_range[atom]
            cheapest = begin + int(whole[begin:end].argmin())
            asked, _, cost, number = self._rules[cheapest]
            if number < 0:
                other += cost
            elif number not in chosen:
                chosen[number] = cost
                reached.update(self._following_of[number])
                if whole[cheapest] == cost:  # what it asks for is so already, as may be for others
                    alike = begin + np.flatnonzero(whole[begin:end] == cost)
                    preferred.update(one for rule in alike if (one := self._rules[rule][3]) >= 0)
            for one in asked:
                if one not in seen and costs[one] > 0.0:
                    seen.add(one)
                    heappush(waiting, (-float(costs[one]), 1, one))
        return Relaxed(sum(chosen.values()) + other + _OPEN * len(seen), tuple(sorted(preferred)))


def _ranges(begins: NDArray[np.int64], some: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from begins[n] up to begins[n + 1] of each n, one after the other."""
    sizes = begins[some + 1] - begins[some]
    shifts = np.repeat(begins[some] - (np.cumsum(sizes) - sizes), sizes)
    found: NDArray[np.int64] = np.arange(len(shifts)) + shifts
    return found


class _Facts:
    """The facts that are so or can come to be, by name."""

    def __init__(self, steps: Iterable[Operator], state: FactState) -> None:
        found: dict[Fact, None] = dict.fromkeys(sorted(state.facts, key=str))
        changed: set[str] = set()
        for step in steps:
            for change in step.changes:
                changed.add(change.name)
                if change.adds:
                    found[Fact(change.name, tuple(place for place in change.places if place is not None))] = None
        self._changed = changed
        self._by_place: dict[tuple[str, int, str | None], list[Fact]] = {}
        for fact in found:
            self._by_place.setdefault((fact.name, -1, None), []).append(fact)
            for number, arg in enumerate(fact.args):
                self._by_place.setdefault((fact.name, number, arg), []).append(fact)

    def has(self, name: str) -> bool:
        """Whether facts of that name are changed by steps, and so are no derived ones."""
        return name in self._changed

    def matching(self, name: str, places: tuple[str | None, ...]) -> list[Fact]:
        """Those of a name with these places, None for whatever thing."""
        given = [(number, place) for number, place in enumerate(places) if place is not None]
        if len(given) == len(places) and places:
            return [Fact(name, tuple(place for place in places if place is not None))]
        key = (name, *given[0]) if given else (name, -1, None)
        return [
            fact
            for fact in self._by_place.get(key, ())
            if len(fact.args) == len(places) and all(fact.args[number] == place for number, place in given)
        ]
