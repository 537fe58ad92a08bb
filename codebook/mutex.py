"""Facts that can never hold together: what the pairs of facts that some chain of commands may reach leave out.

The fixed point over pairs of h^2 (Haslum and Geffner 2000): two facts may hold together where both hold now, where one
operator brings both about, or where one brings the first about while the second holds and is not ended. What is not
taken apart, alternatives and comparisons, counts as true, so that nothing is ruled out that could come about.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .facts import Fact
from .grounding import AllOf, Formula, Grounder, Literal, changing
from .observation import Observation
from .operators import Change, Operator, matches, operators
from .skills import Codebook

_MOST_WORK = 20_000_000
"""The most operators times facts that are looked at, some tenths of a second: in larger worlds nothing is ruled out."""


@dataclass(frozen=True)
class _Rule:
    """Facts that come where others hold, by their numbers, and which facts cannot have been there or do not stay."""

    needs: NDArray[np.intp]
    adds: NDArray[np.intp]
    keeps: NDArray[np.bool_]


class Mutexes:
    """Which facts can hold together in some state that commands may lead to from what is seen."""

    def __init__(self, codebook: Codebook, observation: Observation) -> None:
        state, changed = codebook.state(observation), changing(codebook)
        steps = operators(codebook, codebook.within_reach(observation), Grounder(codebook, state, changed))
        self._now = [fact for fact in state.facts if fact.name in changed]
        added = [
            _fact(change) for step in steps for change in step.changes if change.adds and None not in change.places
        ]
        self._facts = {fact: number for number, fact in enumerate(dict.fromkeys([*self._now, *added]))}
        self._steps, self._derived = steps, frozenset(codebook.derived)

    def exclusive(self, facts: Iterable[Fact]) -> bool:
        """Whether some of these facts can never hold together. Of one that no command changes nothing is known, nor of
        anything in a large world."""
        known = [self._facts[fact] for fact in facts if fact in self._facts]
        return len(known) > 1 and not self._together[np.ix_(known, known)].all()

    @cached_property
    def _together(self) -> NDArray[np.bool_]:
        """By the numbers of two facts, whether both may hold at once [facts, facts]."""
        size = len(self._facts)
        if size * len(self._steps) > _MOST_WORK:
            return np.ones((size, size), dtype=bool)
        found = np.zeros((size, size), dtype=bool)
        now = [self._facts[fact] for fact in self._now]
        found[np.ix_(now, now)] = True
        rules = [rule for step in self._steps for rule in self._rules(step)]
        before = -1
        while (reached := int(found.sum())) != before:
            before = reached
            for rule in rules:
                _apply(rule, found)
        return found

    def _rules(self, step: Operator) -> Iterator[_Rule]:
        """An operator as rules: one for what it always brings about, and one for each condition of anything more."""
        ended = [change for change in step.changes if not change.adds and change.when is True]
        always = [change for change in step.changes if change.adds and change.when is True]
        for when in dict.fromkeys(change.when for change in step.changes if change.adds):
            some = [change for change in step.changes if change.adds and change.when == when]
            adds = self._numbers(_fact(change) for change in (*always, *some) if None not in change.places)
            holding = [*_parts(step.needs), *_parts(when)]
            needs = [_fact(part) for part in holding if part.positive and self._is_single(part)]
            if any(fact not in self._facts for fact in needs):
                continue
            gone = [(part.name, part.places) for part in holding if not part.positive]
            gone += [(change.name, change.places) for change in ended]
            keeps = [not any(matches(fact, *pattern) for pattern in gone) for fact in self._facts]
            yield _Rule(self._numbers(needs), adds, np.array(keeps, dtype=bool))

    def _is_single(self, part: Literal) -> bool:
        return None not in part.places and part.name not in self._derived

    def _numbers(self, facts: Iterable[Fact]) -> NDArray[np.intp]:
        return np.array([self._facts[fact] for fact in dict.fromkeys(facts)], dtype=np.intp)


def _apply(rule: _Rule, together: NDArray[np.bool_]) -> None:
    """Mark what may hold together behind a rule, if what it asks for may."""
    if len(rule.needs):
        if not together[np.ix_(rule.needs, rule.needs)].all():
            return
        stays = together[rule.needs].all(axis=0) & rule.keeps
    else:
        stays = together.diagonal() & rule.keeps
    together[rule.adds] |= stays
    together[:, rule.adds] |= stays[:, None]
    together[np.ix_(rule.adds, rule.adds)] = True


def _parts(formula: Formula) -> Iterator[Literal]:
    """The single facts of a formula all of which are to hold."""
    if isinstance(formula, Literal):
        yield formula
    elif isinstance(formula, AllOf):
        for part in formula.parts:
            yield from _parts(part)


def _fact(part: Change | Literal) -> Fact:
    """The fact that a change or a condition with no open place is about."""
    return Fact(part.name, tuple(place for place in part.places if place is not None))
