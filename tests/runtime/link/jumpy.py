"""Carts whose process has something wrong with it: a wall clock that jumps, a link whose loop breaks."""

import itertools
import time

from codeword.codebook import Codebook
from codeword.runtime.link.machine import Machine
from tests.runtime.link.cart import Cart


class JumpyCart(Cart):
    """Its wall clock is an hour ahead, then an hour behind, at every other look."""

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        true, hours = time.time, itertools.cycle((3600.0, -3600.0))
        time.time = lambda: true() + next(hours)


class BreakingCart(Cart):
    """Its link breaks when it is told to stop."""

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)

        def broken(*args: object) -> None:
            del args
            raise ZeroDivisionError("a bug in the link")

        Machine._stop = broken  # type: ignore[method-assign, assignment]


class Unmakeable(Cart):
    """It cannot be made: what it needs is not there."""

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook)
        raise OSError("no such port")
