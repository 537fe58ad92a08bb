"""Facts: ground atoms true of an observation, written `on(red_block,table)`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from .conditions import Atom, Bindings, Condition, State, each_binding

ID = re.compile(r"[a-z](?:[a-z0-9_]*[a-z0-9])?")
"""Ids of entities, skills, arguments and facts: their tokens never depend on what stands beside them."""

_FACT = re.compile(rf"({ID.pattern})(?:\(({ID.pattern}(?:, ?{ID.pattern})*)\))?")


class Fact(NamedTuple):
    """An atom: a predicate's name and the entities that it is true of."""

    name: str
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({','.join(self.args)})" if self.args else self.name

    @classmethod
    def parse(cls, text: str) -> "Fact":
        """The fact written in a text. Raises ValueError where the text is not one ground atom."""
        match = _FACT.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text[:80]}' is not a fact; one looks like on(red_block,table)")
        args = match.group(2)
        return cls(match.group(1), tuple(re.split(r", ?", args)) if args else ())


class _AsText:
    """Pydantic sees a fact as its text."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        from_text = core_schema.no_info_after_validator_function(Fact.parse, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(Fact), from_text]),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        return {"type": "string", "pattern": f"^{_FACT.pattern}$"}


FactText = Annotated[Fact, _AsText]


@dataclass(frozen=True)
class Effect:
    """An atom that becomes true (`adds`) or false, if `when` held before."""

    adds: bool
    atom: Atom
    when: Condition | None = None

    def variables(self) -> frozenset[str]:
        return self.atom.variables() | (self.when.variables() if self.when is not None else frozenset())

    def __str__(self) -> str:
        return f"{'' if self.adds else 'not '}{self.atom}{f' if {self.when}' if self.when else ''}"


def apply(effects: Iterable[Effect], facts: frozenset[Fact], state: State, bindings: Bindings) -> frozenset[Fact]:
    """The base facts after the effects, as in PDDL: conditions see the state before, deletions go before additions."""
    gone: set[Fact] = set()
    new: set[Fact] = set()
    for effect in effects:
        for single in each_binding(effect.variables(), bindings):
            if effect.when is not None and not effect.when.holds(state, single):
                continue
            places = effect.atom.places(single)
            if effect.adds:
                new.add(Fact(effect.atom.name, tuple(place for place in places if place is not None)))
                continue
            gone.update(
                fact
                for fact in facts
                if fact.name == effect.atom.name
                and len(fact.args) == len(places)
                and all(place is None or place == arg for place, arg in zip(places, fact.args, strict=True))
            )
    return (facts - gone) | new
