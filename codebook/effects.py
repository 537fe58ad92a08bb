"""Effects: how a skill changes the base facts when it goes as it should."""

from collections.abc import Iterable
from dataclasses import dataclass

from .conditions import Atom, Bindings, Condition, State, each_binding
from .facts import Fact


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
