"""Trusted code that a codebook may name with `call:`, as an example."""

from collections.abc import Mapping

from .command import Value
from .robot import Motion, Outcome, Primitives
from .steps import Observe


def nod(primitives: Primitives, args: Mapping[str, Value], observe: Observe) -> Motion:
    """Hold still for as many half seconds as there are things to be seen, at most three."""
    del args
    for _ in range(min(3, len(observe().entities))):
        outcome = yield from primitives.perform("wait", {"duration_s": 0.5})
        if not outcome.ok:
            return outcome
    return Outcome(True)
