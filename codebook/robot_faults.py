"""What a user's own robot got wrong, told in one line with the place in its code and what would be right."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import Value
from .errors import RobotError, did_you_mean
from .facts import Fact
from .observation import Entity
from .robot import Motion, Outcome

if TYPE_CHECKING:
    from .primitive_robot import PrimitiveRobot


class CheckedPrimitives:
    """Implements `Primitives` by a robot's `perform`. Raises RobotError where that is no motion, or ends without an
    Outcome.
    """

    def __init__(self, robot: "PrimitiveRobot") -> None:
        self._robot = robot

    def perform(self, name: str, args: Mapping[str, Value]) -> Motion:
        motion: Any = self._robot.perform(name, args)
        if not inspect.isgenerator(motion):
            raise RobotError(
                f"{place_of(self._robot.perform)} gave {_called(motion)} for '{name}' and is to be a generator: "
                "`yield` once a tick, then `return Outcome(True)`"
            )
        outcome: Any = yield from motion
        if not isinstance(outcome, Outcome):
            raise RobotError(
                f"{place_of(self._robot.perform)} ended '{name}' with {_called(outcome)} and not with an Outcome; "
                "right would be `return Outcome(True)`, or `return Outcome(False, 'slipped')`"
            )
        return outcome


def checked_look(robot: "PrimitiveRobot") -> tuple[tuple[Entity, ...], tuple[Fact, ...]]:
    """What a robot sees. Raises RobotError where that is not things and facts, or a fact or a kind is misspelt: one
    that the codebook has not, while it has one that is called nearly so. Of others nothing can be decided, and nothing
    is said, since one robot may serve several codebooks.
    """
    seen: Any = robot.look()
    where = place_of(robot.look)
    if not isinstance(seen, tuple | list) or len(seen) != 2:
        raise RobotError(f"{where} gave {_called(seen)}; right would be things and facts: `return entities, facts`")
    entities, facts = (tuple(some) if isinstance(some, Iterable) else (some,) for some in seen)
    for some, kind in ((entities, Entity), (facts, Fact)):
        for one in some:
            if not isinstance(one, kind):
                raise RobotError(f"{where} has {_called(one)} among its {'things' if kind is Entity else 'facts'}")
    codebook = robot.codebook
    for name, known, what in (
        *((fact.name, list(codebook.predicates), "fact") for fact in facts),
        *((entity.kind, list(codebook.kinds), "kind of thing") for entity in entities),
    ):
        if name not in known and get_close_matches(name, known, 1):
            meant = did_you_mean(name, known)
            raise RobotError(f"{where} tells of '{name}', a {what} that codebook '{codebook.name}' has not{meant}")
    return entities, facts


def place_of(method: Callable[..., object]) -> str:
    """Where a method is written: `my_cart.py:12: Cart.look`."""
    code = getattr(method, "__code__", None)
    name = getattr(method, "__qualname__", str(method))
    return name if code is None else f"{Path(code.co_filename).name}:{code.co_firstlineno}: {name}"


def _called(value: object) -> str:
    """A value in words: short ones as they are."""
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
