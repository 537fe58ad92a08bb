"""Conditions with their variables replaced by what these stand for."""

from collections.abc import Mapping

from .conditions import (
    And,
    Atom,
    Bindings,
    Compare,
    Condition,
    Count,
    CountThings,
    Not,
    Operand,
    Or,
    Property,
    Quantified,
    Term,
    Words,
    each_binding,
)


def substitute(condition: Condition, bindings: Bindings) -> Condition:
    """The condition said of what its variables stand for; of a list, said of each thing in it."""
    each = each_binding(condition.variables(), bindings)
    parts = [_condition(condition, {name: str(value) for name, value in single.items()}) for single in each]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _condition(condition: Condition, values: Mapping[str, str]) -> Condition:
    if isinstance(condition, Atom):
        return _atom(condition, values)
    if isinstance(condition, Compare):
        return Compare(_operand(condition.left, values), condition.sign, _operand(condition.right, values))
    if isinstance(condition, Not):
        return Not(_condition(condition.inner, values))
    if isinstance(condition, Quantified):
        inner = _condition(condition.inner, _without(values, condition.variable))
        return Quantified(condition.every, condition.variable, condition.kinds, inner)
    parts = tuple(_condition(part, values) for part in condition.parts)
    return And(parts) if isinstance(condition, And) else Or(parts)


def _operand(operand: Operand, values: Mapping[str, str]) -> Operand:
    if isinstance(operand, Term):
        return _term(operand, values)
    if isinstance(operand, Property):
        return Property(operand.name, _term(operand.term, values))
    if isinstance(operand, Count):
        return Count(_atom(operand.atom, values))
    if isinstance(operand, CountThings):
        inner = _condition(operand.inner, _without(values, operand.variable))
        return CountThings(operand.variable, operand.kinds, inner)
    assert isinstance(operand, Words)
    return operand


def _atom(atom: Atom, values: Mapping[str, str]) -> Atom:
    return Atom(atom.name, tuple(_term(term, values) for term in atom.terms))


def _term(term: Term, values: Mapping[str, str]) -> Term:
    return Term(values[term.name], bound=False) if term.bound and term.name in values else term


def _without(values: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {other: value for other, value in values.items() if other != name}
