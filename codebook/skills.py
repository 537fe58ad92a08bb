"""What a loaded codebook is: skills with typed arguments, conditions, effects and steps. Immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import Argument, EntityArgument, ListArgument
from .budgets import Budget, Stage
from .conditions import And, Condition, conjuncts
from .facts import Effect
from .observation import Observation
from .primitives import Primitive
from .state import Derived, FactState
from .step_trees import Step

if TYPE_CHECKING:
    from .examples import Example


@dataclass(frozen=True)
class Skill:
    """One entry of a codebook.

    `budget_s` is the longest that it may run, in the robot's own time. `cost` weighs it in plans. `ends` says that the
    episode ends with it, and how: `done` (the task is done) or `cannot` (it cannot be done). `call` names trusted code
    in place of steps. A skill that is not `cached` is decided again each time. One that `waits` declares that it does
    nothing but let time pass.
    """

    name: str
    description: str
    args: Mapping[str, Argument]
    preconditions: Condition
    effects: tuple[Effect, ...]
    steps: tuple[Step, ...]
    call: str
    budget_s: float
    cost: float
    ends: str | None = None
    cached: bool = True
    waits: bool = False

    @cached_property
    def conjuncts(self) -> tuple[Condition, ...]:
        """The preconditions one by one."""
        return conjuncts(self.preconditions)

    @cached_property
    def entity_args(self) -> tuple[str, ...]:
        """The arguments that name entities, lists of them included."""
        return tuple(n for n, argument in self.args.items() if isinstance(argument, EntityArgument | ListArgument))

    @cached_property
    def has_lists(self) -> bool:
        return any(isinstance(argument, ListArgument) for argument in self.args.values())


NOTHING = And(())
"""The condition that always holds."""


@dataclass(frozen=True)
class Workspace:
    """The box of the robot's world frame inside which things may be touched [m]."""

    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]

    def contains(self, position_m: tuple[float, float, float]) -> bool:
        return all(low <= at <= high for low, at, high in zip(self.low_m, position_m, self.high_m, strict=True))


@dataclass(frozen=True)
class Predicate:
    """A base fact that the robot observes: its name, its places and what it means.

    `kinds` are the kinds of things that each place takes, where they are declared: an empty tuple for a place of which
    nothing is.
    """

    name: str
    places: tuple[str, ...]
    description: str
    kinds: tuple[tuple[str, ...], ...] = ()

    @property
    def signature(self) -> str:
        """As it stands in a file: `on(thing in block, place in block|zone)`."""
        kinds = self.kinds or ((),) * len(self.places)
        places = [f"{n} in {'|'.join(k)}" if k else n for n, k in zip(self.places, kinds, strict=True)]
        return f"{self.name}({', '.join(places)})" if places else self.name


@dataclass(frozen=True, eq=False)
class Codebook:
    """A robot's language. `hash` is the SHA-256 of the file's text, `text` the text itself; `files` are all that it was
    read from. `examples` are ways in which people ask for things. `fallback` is the skill that is carried out where a
    hard limit was missed; empty: the robot holds still. `stop_words` are its own, beside those of every codebook.
    """

    name: str
    description: str
    robot: str
    primitives: Mapping[str, Primitive]
    kinds: tuple[str, ...]
    predicates: Mapping[str, Predicate]
    derived: Mapping[str, Derived]
    properties: Mapping[str, tuple[str, ...] | None]
    skills: Mapping[str, Skill]
    workspace: Workspace | None
    wordings: Mapping[str, Mapping[str, str]]
    text: str
    hash: str
    files: tuple[Path, ...] = ()
    budgets: Mapping[Stage, Budget] = field(default_factory=dict)
    fallback: str = ""
    examples: "tuple[Example, ...]" = ()
    stop_words: tuple[str, ...] = ()

    def state(self, observation: Observation) -> FactState:
        """The facts, base and derived, that an observation shows."""
        return FactState.of(self.derived, observation)

    def within_reach(self, observation: Observation) -> dict[str, list[str]]:
        """The ids of the observed entities that commands may name, by kind: those inside the workspace."""
        ids: dict[str, list[str]] = {kind: [] for kind in self.kinds}
        for entity in observation.entities:
            if entity.kind in ids and (
                self.workspace is None or entity.position_m is None or self.workspace.contains(entity.position_m)
            ):
                ids[entity.kind].append(entity.id)
        return ids

    def places(self) -> dict[str, int]:
        """How many places each predicate has, base and derived."""
        base = {name: len(predicate.places) for name, predicate in self.predicates.items()}
        return base | {name: len(derived.places) for name, derived in self.derived.items()}
