"""Conditions over facts: what is parsed from a codebook or a goal, and whether it holds in a state.

    clear(object) and not on(object, any)
    holding(a) or (gripper_empty and object != target)
    all x in block (on(x, target))         some x in block|bowl (within(x, target))

A name in an atom is an argument of the skill, a variable of `all` or `some`, or an entity's id; `any` stands for
whatever thing. The name of a kind is a predicate of one thing: `bowl(target)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Bindings = Mapping[str, str]


class State(Protocol):
    """What conditions are evaluated against."""

    def holds(self, name: str, args: tuple[str | None, ...]) -> bool:
        """Whether a fact of that name is true, None in a place standing for whatever thing."""

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The ids of the entities of a kind, in the observation's order."""


@dataclass(frozen=True)
class Term:
    """A place in an atom: an argument or bound variable, an entity's id, or `any`."""

    name: str
    bound: bool

    def value(self, bindings: Bindings) -> str | None:
        if self.bound:
            return bindings[self.name]
        return None if self.name == "any" else self.name


def _ids(terms: tuple[Term, ...]) -> frozenset[str]:
    return frozenset(term.name for term in terms if not term.bound and term.name != "any")


@dataclass(frozen=True)
class Atom:
    """One predicate over terms.

    Every condition answers three questions about itself: which `variables` are free in it, which `entities` it names by
    id, and which `predicates` it asks for.
    """

    name: str
    terms: tuple[Term, ...]

    def holds(self, state: State, bindings: Bindings) -> bool:
        return state.holds(self.name, tuple(term.value(bindings) for term in self.terms))

    def variables(self) -> frozenset[str]:
        return frozenset(term.name for term in self.terms if term.bound)

    def entities(self) -> frozenset[str]:
        return _ids(self.terms)

    def predicates(self) -> frozenset[str]:
        return frozenset((self.name,))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(term.name for term in self.terms)})" if self.terms else self.name


@dataclass(frozen=True)
class Equal:
    """Whether two terms are the same thing."""

    left: Term
    right: Term

    def holds(self, state: State, bindings: Bindings) -> bool:
        del state
        return self.left.value(bindings) == self.right.value(bindings)

    def variables(self) -> frozenset[str]:
        return frozenset(term.name for term in (self.left, self.right) if term.bound)

    def entities(self) -> frozenset[str]:
        return _ids((self.left, self.right))

    def predicates(self) -> frozenset[str]:
        return frozenset()

    def __str__(self) -> str:
        return f"{self.left.name} == {self.right.name}"


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: "Condition"

    def holds(self, state: State, bindings: Bindings) -> bool:
        return not self.inner.holds(state, bindings)

    def variables(self) -> frozenset[str]:
        return self.inner.variables()

    def entities(self) -> frozenset[str]:
        return self.inner.entities()

    def predicates(self) -> frozenset[str]:
        return self.inner.predicates()

    def __str__(self) -> str:
        if isinstance(self.inner, Equal):
            return f"{self.inner.left.name} != {self.inner.right.name}"
        return f"not ({self.inner})" if isinstance(self.inner, And | Or) else f"not {self.inner}"


@dataclass(frozen=True)
class And:
    """All of these."""

    parts: "tuple[Condition, ...]"

    def holds(self, state: State, bindings: Bindings) -> bool:
        return all(part.holds(state, bindings) for part in self.parts)

    def variables(self) -> frozenset[str]:
        return frozenset().union(*(part.variables() for part in self.parts))

    def entities(self) -> frozenset[str]:
        return frozenset().union(*(part.entities() for part in self.parts))

    def predicates(self) -> frozenset[str]:
        return frozenset().union(*(part.predicates() for part in self.parts))

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """At least one of these."""

    parts: "tuple[Condition, ...]"

    def holds(self, state: State, bindings: Bindings) -> bool:
        return any(part.holds(state, bindings) for part in self.parts)

    def variables(self) -> frozenset[str]:
        return frozenset().union(*(part.variables() for part in self.parts))

    def entities(self) -> frozenset[str]:
        return frozenset().union(*(part.entities() for part in self.parts))

    def predicates(self) -> frozenset[str]:
        return frozenset().union(*(part.predicates() for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, And) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Quantified:
    """For `all` entities of the kinds, or for `some`."""

    every: bool
    variable: str
    kinds: tuple[str, ...]
    inner: "Condition"

    def holds(self, state: State, bindings: Bindings) -> bool:
        things = (thing for kind in self.kinds for thing in state.of_kind(kind))
        each = (self.inner.holds(state, {**bindings, self.variable: thing}) for thing in things)
        return all(each) if self.every else any(each)

    def variables(self) -> frozenset[str]:
        return self.inner.variables() - {self.variable}

    def entities(self) -> frozenset[str]:
        return self.inner.entities()

    def predicates(self) -> frozenset[str]:
        return self.inner.predicates()

    def __str__(self) -> str:
        return f"{'all' if self.every else 'some'} {self.variable} in {'|'.join(self.kinds)} ({self.inner})"


Condition = Atom | Equal | Not | And | Or | Quantified


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The parts that must each hold."""
    if isinstance(condition, And):
        return tuple(part for inner in condition.parts for part in conjuncts(inner))
    return (condition,)
