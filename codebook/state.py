"""The facts of one moment, base and derived: the same for real, predicted and symbolic observations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from .conditions import Condition
from .facts import Fact
from .observation import Observation


@dataclass(frozen=True)
class Derived:
    """A fact computed from others: its places' names and the condition that makes it true of them.

    A definition may use itself (`within` through `on`): it is true of what a finite number of steps proves.
    """

    name: str
    places: tuple[str, ...]
    condition: Condition


_Asked = tuple[str, tuple[str | None, ...]]


class FactState:
    """Base facts and entities of one moment, answering for derived facts as well. Immutable; answers are remembered."""

    def __init__(
        self,
        derived: Mapping[str, Derived],
        kinds: Mapping[str, tuple[str, ...]],
        facts: Iterable[Fact],
        properties: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self.facts = frozenset(facts)
        self.kinds = kinds
        self.properties = properties
        self._derived = derived
        self._things = tuple(thing for things in kinds.values() for thing in things)
        self._known: set[tuple[str, tuple[str | None, ...]]] = set()
        for fact in self.facts:
            for places in product(*((arg, None) for arg in fact.args)):
                self._known.add((fact.name, places))
        self._answers: dict[_Asked, bool] = {}
        self._round: dict[_Asked, bool] | None = None
        self._pending: set[_Asked] = set()
        self._circular = False

    @classmethod
    def of(cls, derived: Mapping[str, Derived], observation: Observation) -> "FactState":
        """The state that an observation shows."""
        kinds: dict[str, list[str]] = {}
        for entity in observation.entities:
            kinds.setdefault(entity.kind, []).append(entity.id)
        properties = {entity.id: entity.properties for entity in observation.entities}
        return cls(derived, {kind: tuple(ids) for kind, ids in kinds.items()}, observation.facts, properties)

    def after(self, facts: Iterable[Fact]) -> "FactState":
        """The same things with other base facts."""
        return FactState(self._derived, self.kinds, facts, self.properties)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The ids of the entities of a kind, in the observation's order."""
        return self.kinds.get(kind, ())

    def property_of(self, thing: str, name: str) -> str | None:
        """What is seen of a thing, or None."""
        return self.properties.get(thing, {}).get(name)

    def count(self, name: str, args: tuple[str | None, ...]) -> int:
        """How many base facts of that name are true, None in a place standing for whatever thing."""
        return sum(
            fact.name == name
            and len(fact.args) == len(args)
            and all(arg in (None, place) for arg, place in zip(args, fact.args, strict=True))
            for fact in self.facts
        )

    def holds(self, name: str, args: tuple[str | None, ...]) -> bool:
        """Whether a fact holds, base or derived or a kind; None stands for whatever thing."""
        asked = (name, args)
        if asked in self._known:
            return True
        definition = self._derived.get(name)
        if definition is None:
            if len(args) == 1 and name in self.kinds:
                return args[0] is None or args[0] in self.kinds[name]
            return False
        if asked in self._answers:
            return self._answers[asked]
        if self._round is not None:
            return self._derive(definition, asked, self._round)
        return self._fixpoint(definition, asked)

    def _fixpoint(self, definition: Derived, asked: _Asked) -> bool:
        """The answer to an outermost question: asked again for as long as a circle on the way yields new truths."""
        proven: dict[_Asked, bool] = {}
        while True:
            self._round, self._circular, before = dict(proven), False, len(proven)
            self._derive(definition, asked, self._round)
            answers, self._round = self._round, None
            proven = {fact: answer for fact, answer in answers.items() if answer}
            if not self._circular or len(proven) == before:
                self._answers.update(answers)
                return answers[asked]

    def _derive(self, definition: Derived, asked: _Asked, answers: dict[_Asked, bool]) -> bool:
        if asked in answers:
            self._circular |= asked in self._pending
            return answers[asked]
        answers[asked] = False
        self._pending.add(asked)
        try:
            answers[asked] = any(
                definition.condition.holds(self, dict(zip(definition.places, things, strict=True)))
                for things in product(*((arg,) if arg is not None else self._things for arg in asked[1]))
            )
        finally:
            self._pending.discard(asked)
        return answers[asked]
