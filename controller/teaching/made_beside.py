"""Lessons made by a process of their own while a model learns from those before.

In one process, the small objects of lessons and the tensors of passes, each of another size, cut malloc's memory into
so many pieces that much of the time went into looking for a free one (runtime/guide/teaching.md).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection

from codeword.codebook.errors import CodewordError

from .sequences import Group

_SPAWN = get_context("spawn")
_AHEAD = 8
"""So many groups are made before they are asked for."""

Make = Callable[[int], Iterator[Group]]
"""Groups from one by its number on, without end; pickled for the other process."""


def made_beside(make: Make, begin: int) -> Iterator[Group]:
    """The groups that `make` makes from one by its number on. Raises CodewordError where the process dies, and any
    that `make` raises.
    """
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(there, make, begin), daemon=True, name="lessons")
    process.start()
    there.close()
    try:
        for _ in range(_AHEAD):
            here.send(None)
        while True:
            try:
                found = here.recv()
            except (EOFError, OSError):
                process.join()
                raise CodewordError(f"the process that makes lessons died (exit {process.exitcode})") from None
            if isinstance(found, CodewordError):
                raise found
            with suppress(OSError):  # it has died: what it made before is learned from first
                here.send(None)
            yield found
    finally:
        here.close()
        process.terminate()
        process.join()


def _work(orders: Connection, make: Make, begin: int) -> None:
    """One group for each order, until nobody listens any more."""
    if hasattr(os, "nice"):
        os.nice(10)  # learning waits for its slower thread
    with suppress(EOFError, OSError, KeyboardInterrupt):
        try:
            for group in make(begin):
                orders.recv()
                orders.send(group)
        except CodewordError as problem:
            orders.send(problem)
