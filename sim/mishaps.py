"""What the robot is told of the world, where looking at it goes wrong: late, noisy, or with something hidden."""

import random

from codeword.codebook.facts import Fact
from codeword.codebook.observation import Entity, Observation

from .event_spec import EventSpec

_NOISE_M = 0.02
"""How far off a position may be in a noisy look, along each axis."""
_RESTS = ("on", "in")


class Mishaps:
    """Stands between the truth and the robot's looks. Its noise is a function of seed and of the looks so far."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"senses {seed}")
        self._left: list[tuple[EventSpec, int]] = []
        self._before: Observation | None = None

    def trouble(self, event: EventSpec) -> None:
        """The next looks go wrong as the event says."""
        self._left.append((event, event.times))

    def look(self, truth: Observation) -> Observation:
        """What is seen: the truth, unless something is wrong with this look. The robot's own state is always true."""
        seen = truth
        for event, _ in self._left:
            if event.do == "late" and self._before is not None:
                seen = seen.model_copy(update={"entities": self._before.entities, "facts": self._before.facts})
        if not any(event.do == "late" for event, _ in self._left):
            self._before = truth
        for event, _ in self._left:
            if event.do == "noise":
                seen = self._noisy(seen)
            elif event.do == "hide" and event.entity is not None:
                seen = _without(seen, event.entity)
        self._left = [(event, looks - 1) for event, looks in self._left if looks > 1]
        return seen

    def _noisy(self, seen: Observation) -> Observation:
        rests = [fact for fact in seen.facts if fact.name in _RESTS]
        missed = self._rng.choice(rests) if rests else None
        facts = tuple(fact for fact in seen.facts if fact != missed)
        entities = tuple(self._shifted(entity) if entity.kind == "block" else entity for entity in seen.entities)
        return seen.model_copy(update={"facts": facts, "entities": entities})

    def _shifted(self, entity: Entity) -> Entity:
        if entity.position_m is None:
            return entity
        x_m, y_m, z_m = (at + self._rng.uniform(-_NOISE_M, _NOISE_M) for at in entity.position_m)
        return entity.model_copy(update={"position_m": (x_m, y_m, z_m)})


def _without(seen: Observation, thing: str) -> Observation:
    """An observation that misses a thing; what it holds up is seen to rest on nothing."""
    return seen.model_copy(
        update={
            "entities": tuple(entity for entity in seen.entities if entity.id != thing),
            "facts": tuple(fact for fact in seen.facts if not _names(fact, thing)),
        }
    )


def _names(fact: Fact, thing: str) -> bool:
    return thing in fact.args
