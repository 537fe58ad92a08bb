"""The kinds of things that facts can be of: as a codebook declares them, or as its skills tell."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from .arguments import EntityArgument, ListArgument
from .conditions import And, Atom, Compare, Condition, Count, CountThings, Not, Or, Quantified
from .facts import Effect
from .parse import ParseError, Vocabulary
from .skills import Codebook, Skill

Kinds = Mapping[str, tuple[str, ...]]
"""The kinds that each variable may be of."""


@lru_cache(maxsize=64)
def place_kinds(codebook: Codebook) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """The kinds of things that each place of each base fact takes: those declared; else those that skills bring it
    about or end it for; else those that conditions ask it of. Empty for a place of which nothing tells.
    """
    changed, asked = _Found(codebook), _Found(codebook)
    for skill in codebook.skills.values():
        args = _entities(skill)
        for effect in skill.effects:
            for name, kinds in _possible(effect, skill.preconditions, args, codebook.kinds).items():
                changed.add(effect.atom, {name: kinds})
        whens = [effect.when for effect in skill.effects if effect.when is not None]
        for condition in (*skill.conjuncts, *whens):
            for atom, kinds_of in _atoms(condition, args):
                asked.add(atom, kinds_of)
    for derived in codebook.derived.values():
        for atom, kinds_of in _atoms(derived.condition, {}):
            asked.add(atom, kinds_of)
    return {
        name: tuple(
            (predicate.kinds[place] if predicate.kinds else ())
            or changed.kinds(name, place)
            or asked.kinds(name, place)
            for place in range(len(predicate.places))
        )
        for name, predicate in codebook.predicates.items()
    }


def unknown_places(codebook: Codebook) -> list[str]:
    """What is to be declared: one line for each fact that names things of which neither the fact nor a skill tells the
    kinds; none where a codebook has no kinds.
    """
    if not codebook.kinds:
        return []
    known = place_kinds(codebook)
    return [
        f"{predicate.signature}: nothing tells of which kinds '{place}' is; write {place} in "
        + (place if place in codebook.kinds else f"{'|'.join(codebook.kinds)} with those that it takes")
        for name, predicate in codebook.predicates.items()
        for place, kinds in zip(predicate.places, known[name], strict=True)
        if not kinds
    ]


def check_effect(effect: Effect, preconditions: Condition, vocabulary: Vocabulary) -> None:
    """Raises ParseError where an effect could make a fact true of things of other kinds than it is declared to take."""
    takes = vocabulary.fact_kinds.get(effect.atom.name, ())
    if not effect.adds or not any(takes):
        return
    args = {name: kinds for name, kinds in vocabulary.variable_kinds.items() if kinds}
    possible = _possible(effect, preconditions, args, vocabulary.kinds)
    for term, kinds in zip(effect.atom.terms, takes, strict=True):
        others = [kind for kind in possible.get(term.name, ()) if term.bound and kinds and kind not in kinds]
        if others:
            raise ParseError(
                f"'{effect.atom}' can be of a {others[0]}, and '{effect.atom.name}' takes {'|'.join(kinds)}; narrow "
                f"the argument '{term.name}', or say: if {' or '.join(f'{kind}({term.name})' for kind in kinds)}",
                0,
            )


class _Found:
    """The kinds found for the places of facts, in the codebook's order."""

    def __init__(self, codebook: Codebook) -> None:
        self._order = codebook.kinds
        self._found: dict[tuple[str, int], set[str]] = {}

    def add(self, atom: Atom, kinds_of: Kinds) -> None:
        for place, term in enumerate(atom.terms):
            if term.bound:
                self._found.setdefault((atom.name, place), set()).update(kinds_of.get(term.name, ()))

    def kinds(self, name: str, place: int) -> tuple[str, ...]:
        found = self._found.get((name, place), set())
        return tuple(kind for kind in self._order if kind in found)


def _entities(skill: Skill) -> dict[str, tuple[str, ...]]:
    args = skill.args.items()
    return {name: argument.kinds for name, argument in args if isinstance(argument, EntityArgument | ListArgument)}


def _possible(
    effect: Effect, preconditions: Condition, args: Kinds, every: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """The kinds that each thing of an effect can be of, by what its `if` and the preconditions say of kinds."""
    asked = [preconditions, *([effect.when] if effect.when is not None else [])]
    return {
        name: tuple(kind for kind in args[name] if all(_may_hold(one, name, kind, every) for one in asked))
        for name in effect.atom.variables()
        if name in args
    }


def _may_hold(condition: Condition, name: str, kind: str, every: tuple[str, ...], *, positive: bool = True) -> bool:
    """Whether a condition, or its opposite, can hold where a variable is of a kind; only kinds are looked at."""
    if isinstance(condition, Not):
        return _may_hold(condition.inner, name, kind, every, positive=not positive)
    if isinstance(condition, And | Or):
        parts = [_may_hold(part, name, kind, every, positive=positive) for part in condition.parts]
        return all(parts) if isinstance(condition, And) is positive else any(parts)
    if isinstance(condition, Atom) and condition.name in every and condition.variables() == {name}:
        return (condition.name == kind) is positive
    return True


def _atoms(condition: Condition, kinds: Kinds) -> Iterator[tuple[Atom, Kinds]]:
    """Every fact that a condition asks for, with the kinds of the variables there."""
    if isinstance(condition, Atom):
        yield condition, kinds
    elif isinstance(condition, Not):
        yield from _atoms(condition.inner, kinds)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _atoms(part, kinds)
    elif isinstance(condition, Quantified):
        yield from _atoms(condition.inner, {**kinds, condition.variable: condition.kinds})
    elif isinstance(condition, Compare):
        for operand in (condition.left, condition.right):
            if isinstance(operand, Count):
                yield operand.atom, kinds
            elif isinstance(operand, CountThings):
                yield from _atoms(operand.inner, {**kinds, operand.variable: operand.kinds})
