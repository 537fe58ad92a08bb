"""Conditions over facts: what is parsed from a codebook or a goal, and whether it holds in a state.

    clear(object) and not on(object, any)
    holding(a) or (gripper_empty and object != target)
    color(object) == color(target)       count(in(any, bowl)) < 3        speed == fast        distance_m <= 0.1
    letter(x) in a|e|i|o|u               letter(x) < d                   count(x in block (color(x) == red)) == 2
    all x in block (on(x, table))        some x in block|bowl (within(x, target))

A name in an atom is an argument of the skill, a variable of `all` or `some`, or an entity's id; `any` stands for
whatever thing. The name of a kind is a predicate of one thing: `bowl(target)`. A condition that names a list argument
says it of each thing in the list.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Protocol

Bindings = Mapping[str, str | tuple[str, ...]]
"""What each argument stands for: an id, the text of a value, or the ids of a list."""


class State(Protocol):
    """What conditions are evaluated against."""

    def holds(self, name: str, args: tuple[str | None, ...]) -> bool:
        """Whether a fact of that name is true, None in a place standing for whatever thing."""

    def count(self, name: str, args: tuple[str | None, ...]) -> int:
        """How many base facts of that name are true, None in a place standing for whatever thing."""

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The ids of the entities of a kind, in the observation's order."""

    def property_of(self, thing: str, name: str) -> str | None:
        """What is seen of a thing, or None."""


@dataclass(frozen=True)
class Term:
    """A place in an atom: an argument or bound variable, an entity's id or a word, or `any`."""

    name: str
    bound: bool

    def value(self, bindings: Bindings) -> str | None:
        if self.bound:
            value = bindings[self.name]
            assert isinstance(value, str), "lists are taken apart before"
            return value
        return None if self.name == "any" else self.name

    def read(self, state: State, bindings: Bindings) -> str | None:
        del state
        return self.value(bindings)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Property:
    """What is seen of a thing: `color(object)`."""

    name: str
    term: Term

    def read(self, state: State, bindings: Bindings) -> str | None:
        thing = self.term.value(bindings)
        return None if thing is None else state.property_of(thing, self.name)

    def __str__(self) -> str:
        return f"{self.name}({self.term})"


@dataclass(frozen=True)
class Atom:
    """One predicate over terms.

    Every condition answers four questions about itself: which `variables` are free in it, which `entities` it names by
    id, and which `predicates` and which `properties` of things it asks for.
    """

    name: str
    terms: tuple[Term, ...]

    def holds(self, state: State, bindings: Bindings) -> bool:
        return state.holds(self.name, self.places(bindings))

    def places(self, bindings: Bindings) -> tuple[str | None, ...]:
        return tuple(term.value(bindings) for term in self.terms)

    def variables(self) -> frozenset[str]:
        return frozenset(term.name for term in self.terms if term.bound)

    def entities(self) -> frozenset[str]:
        return frozenset(term.name for term in self.terms if not term.bound and term.name != "any")

    def predicates(self) -> frozenset[str]:
        return frozenset((self.name,))

    def properties(self) -> frozenset[str]:
        return frozenset()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.terms))})" if self.terms else self.name


@dataclass(frozen=True)
class Count:
    """How many base facts there are: `count(in(any, bowl))`."""

    atom: Atom

    def read(self, state: State, bindings: Bindings) -> str:
        return str(state.count(self.atom.name, self.atom.places(bindings)))

    def __str__(self) -> str:
        return f"count({self.atom})"


@dataclass(frozen=True)
class CountThings:
    """How many things of some kinds a condition is true of: `count(x in block (on(x, table)))`."""

    variable: str
    kinds: tuple[str, ...]
    inner: "Condition"

    def read(self, state: State, bindings: Bindings) -> str:
        things = (thing for kind in self.kinds for thing in state.of_kind(kind))
        return str(sum(self.inner.holds(state, {**bindings, self.variable: thing}) for thing in things))

    def __str__(self) -> str:
        return f"count({self.variable} in {'|'.join(self.kinds)} ({self.inner}))"


@dataclass(frozen=True)
class Words:
    """The right side of `in`: words, one of which it is."""

    words: tuple[str, ...]

    def read(self, state: State, bindings: Bindings) -> str:
        del state, bindings
        return str(self)

    def __str__(self) -> str:
        return "|".join(self.words)


Operand = Term | Property | Count | CountThings | Words

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
"""How a number is written, in conditions and in commands."""

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<=": le, ">=": ge, "<": lt, ">": gt}


@dataclass(frozen=True)
class Compare:
    """Two operands compared: as numbers where both are numbers, else as words in the order of the alphabet."""

    left: Operand
    sign: str
    right: Operand

    def holds(self, state: State, bindings: Bindings) -> bool:
        left, right = self.left.read(state, bindings), self.right.read(state, bindings)
        if left is None or right is None:
            return False
        if isinstance(self.right, Words):
            return left in self.right.words
        if NUMBER.fullmatch(left) and NUMBER.fullmatch(right):
            return COMPARISONS[self.sign](float(left), float(right))
        return COMPARISONS[self.sign](left, right)

    def _operands(self) -> tuple[Operand, Operand]:
        return self.left, self.right

    def variables(self) -> frozenset[str]:
        names: set[str] = set()
        for operand in self._operands():
            if isinstance(operand, Count):
                names |= operand.atom.variables()
            elif isinstance(operand, CountThings):
                names |= operand.inner.variables() - {operand.variable}
            elif not isinstance(operand, Words):
                term = operand.term if isinstance(operand, Property) else operand
                names |= {term.name} if term.bound else set()
        return frozenset(names)

    def entities(self) -> frozenset[str]:
        names: set[str] = set()
        for operand in self._operands():
            if isinstance(operand, Count):
                names |= operand.atom.entities()
            elif isinstance(operand, CountThings):
                names |= operand.inner.entities()
            elif isinstance(operand, Property) and not operand.term.bound:
                names.add(operand.term.name)
        return frozenset(names)

    def predicates(self) -> frozenset[str]:
        names: set[str] = set()
        for operand in self._operands():
            if isinstance(operand, Count):
                names.add(operand.atom.name)
            elif isinstance(operand, CountThings):
                names |= operand.inner.predicates()
        return frozenset(names)

    def properties(self) -> frozenset[str]:
        names: set[str] = set()
        for operand in self._operands():
            if isinstance(operand, Property):
                names.add(operand.name)
            elif isinstance(operand, CountThings):
                names |= operand.inner.properties()
        return frozenset(names)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


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

    def properties(self) -> frozenset[str]:
        return self.inner.properties()

    def __str__(self) -> str:
        return f"not ({self.inner})" if isinstance(self.inner, And | Or | Compare) else f"not {self.inner}"


@dataclass(frozen=True)
class _Several:
    """What `and` and `or` have in common."""

    parts: "tuple[Condition, ...]"

    def variables(self) -> frozenset[str]:
        return frozenset().union(*(part.variables() for part in self.parts))

    def entities(self) -> frozenset[str]:
        return frozenset().union(*(part.entities() for part in self.parts))

    def predicates(self) -> frozenset[str]:
        return frozenset().union(*(part.predicates() for part in self.parts))

    def properties(self) -> frozenset[str]:
        return frozenset().union(*(part.properties() for part in self.parts))


@dataclass(frozen=True)
class And(_Several):
    """All of these."""

    def holds(self, state: State, bindings: Bindings) -> bool:
        return all(part.holds(state, bindings) for part in self.parts)

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or(_Several):
    """At least one of these."""

    def holds(self, state: State, bindings: Bindings) -> bool:
        return any(part.holds(state, bindings) for part in self.parts)

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

    def properties(self) -> frozenset[str]:
        return self.inner.properties()

    def __str__(self) -> str:
        return f"{'all' if self.every else 'some'} {self.variable} in {'|'.join(self.kinds)} ({self.inner})"


Condition = Atom | Compare | Not | And | Or | Quantified


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The parts that must each hold."""
    if isinstance(condition, And):
        return tuple(part for inner in condition.parts for part in conjuncts(inner))
    return (condition,)


def each_binding(variables: frozenset[str], bindings: Bindings) -> list[Bindings]:
    """The bindings one by one for each thing of the lists among the variables; the same where there is no list."""
    lists = {name: value for name in variables if isinstance(value := bindings[name], tuple)}
    if not lists:
        return [bindings]
    return [{**bindings, **dict(zip(lists, things, strict=True))} for things in product(*lists.values())]


def holds_for_each(condition: Condition, state: State, bindings: Bindings) -> bool:
    """Whether a condition holds, said of each thing of every list that it names."""
    return all(condition.holds(state, single) for single in each_binding(condition.variables(), bindings))
