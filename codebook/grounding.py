"""Conditions said of the things that are there: quantifiers and derived facts taken apart into single literals.

What can never change is decided at once, so what is left is what there is to do: of `all x in block (not vowel(x) or
on(x, tray))` one part for each vowel that is there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .conditions import And, Atom, Bindings, Compare, Condition, Not, Or, Quantified
from .skills import Codebook
from .state import FactState


@dataclass(frozen=True)
class Literal:
    """A fact that is to be true, or false; None in a place stands for whatever thing."""

    name: str
    places: tuple[str | None, ...]
    positive: bool = True

    def holds(self, state: FactState) -> bool:
        return state.holds(self.name, self.places) is self.positive

    def __str__(self) -> str:
        places = ", ".join(place or "any" for place in self.places)
        return f"{'' if self.positive else 'not '}{self.name}{f'({places})' if places else ''}"


@dataclass(frozen=True)
class Opaque:
    """A condition that is not taken apart: a comparison of counts that change."""

    condition: Compare
    bindings: tuple[tuple[str, str | tuple[str, ...]], ...]
    positive: bool = True

    def holds(self, state: FactState) -> bool:
        return self.condition.holds(state, dict(self.bindings)) is self.positive

    def __str__(self) -> str:
        said = ", ".join(f"{name}: {value}" for name, value in self.bindings)
        return f"{'' if self.positive else 'not '}({self.condition}){f' for {said}' if said else ''}"


@dataclass(frozen=True)
class AllOf:
    """All of these."""

    parts: "tuple[Formula, ...]"

    def holds(self, state: FactState) -> bool:
        return all(holds(part, state) for part in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """At least one of these."""

    parts: "tuple[Formula, ...]"

    def holds(self, state: FactState) -> bool:
        return any(holds(part, state) for part in self.parts)


Formula = bool | Literal | Opaque | AllOf | AnyOf


def holds(formula: Formula, state: FactState) -> bool:
    """Whether a formula is true of a state."""
    return formula if isinstance(formula, bool) else formula.holds(state)


def literals(formula: Formula) -> Iterator[Literal]:
    """The single facts that a formula is made of."""
    if isinstance(formula, Literal):
        yield formula
    elif isinstance(formula, AllOf | AnyOf):
        for part in formula.parts:
            yield from literals(part)


def open_parts(formula: Formula, state: FactState) -> int:
    """How many single facts are still to come true, of alternatives the fewest."""
    if isinstance(formula, AllOf):
        return sum(open_parts(part, state) for part in formula.parts)
    if isinstance(formula, AnyOf):
        return min(open_parts(part, state) for part in formula.parts)
    return int(not holds(formula, state))


def changing(codebook: Codebook) -> frozenset[str]:
    """The facts, base and derived, that skills can change."""
    names = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects}
    while True:
        more = {d.name for d in codebook.derived.values() if d.condition.predicates() & names} - names
        if not more:
            return frozenset(names)
        names |= more


class Grounder:
    """Takes conditions apart for the things of one state. `changing` names the facts that may become other than now."""

    def __init__(self, codebook: Codebook, state: FactState, changing: frozenset[str]) -> None:
        self._codebook, self._state, self._changing = codebook, state, changing
        self._things = {thing for things in state.kinds.values() for thing in things}

    def formula(
        self,
        condition: Condition,
        bindings: Bindings | None = None,
        *,
        positive: bool = True,
        path: tuple[str, ...] = (),
    ) -> Formula:
        """The condition, or its opposite, as a formula over single facts."""
        given = bindings or {}
        if isinstance(condition, Not):
            return self.formula(condition.inner, given, positive=not positive, path=path)
        if isinstance(condition, And | Or):
            parts = [self.formula(part, given, positive=positive, path=path) for part in condition.parts]
            return _joined(parts, every=isinstance(condition, And) is positive)
        if isinstance(condition, Quantified):
            inner = condition.inner
            parts = [
                self.formula(inner, {**given, condition.variable: thing}, positive=positive, path=path)
                for kind in condition.kinds
                for thing in self._state.of_kind(kind)
            ]
            return _joined(parts, every=condition.every is positive)
        if isinstance(condition, Compare):
            if not condition.predicates() & self._changing:
                return condition.holds(self._state, given) is positive
            used = tuple(sorted((name, given[name]) for name in condition.variables()))
            return Opaque(condition, used, positive)
        return self._atom(condition, given, positive, path)

    def _atom(self, atom: Atom, bindings: Bindings, positive: bool, path: tuple[str, ...]) -> Formula:
        places = atom.places(bindings)
        if any(place is not None and place not in self._things for place in places):
            return not positive  # nothing is true of what is not there
        if atom.name not in self._changing:
            return self._state.holds(atom.name, places) is positive
        derived = self._codebook.derived.get(atom.name)
        if derived is None or None in places or atom.name in path:
            return Literal(atom.name, places, positive)
        inner: Mapping[str, str | tuple[str, ...]] = {
            name: place for name, place in zip(derived.places, places, strict=True) if place is not None
        }
        return self.formula(derived.condition, inner, positive=positive, path=(*path, atom.name))


def _joined(parts: list[Formula], *, every: bool) -> Formula:
    """Parts joined, without what is always true or false."""
    decided = not every
    if any(part is decided for part in parts):
        return decided
    kind = AllOf if every else AnyOf
    flat: dict[Formula, None] = {}
    for part in parts:
        if isinstance(part, kind):
            flat.update(dict.fromkeys(part.parts))
        elif not isinstance(part, bool):
            flat[part] = None
    if not flat:
        return every
    return kind(tuple(flat)) if len(flat) > 1 else next(iter(flat))
