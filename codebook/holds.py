"""What became of the calls of something that stops a robot: `hold` of a user's own class, or its `stop`."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

HoldState = Literal["returned", "pending", "running", "raised"]
"""Whether it was called and has returned, was not called yet, was called and has not returned, or raised."""


class Holds:
    """Notes calls from any thread. Times are monotonic [s]."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._returned_s = float("-inf")
        self.fault = ""
        """What the call that ended last raised, in words; empty where it returned."""

    @contextmanager
    def call(self) -> Iterator[None]:
        """Note the call that is made in this block. What it raises is raised."""
        with self._lock:
            self._running += 1
        began_s, fault = time.monotonic(), ""
        try:
            yield
        except BaseException as problem:
            fault = f"raised {type(problem).__name__}: {problem}"
            raise
        finally:
            with self._lock:
                self._running -= 1
                self.fault = fault
                if not fault:
                    self._returned_s = max(self._returned_s, began_s)

    @property
    def running(self) -> bool:
        """Whether a call has not returned yet."""
        return self._running > 0

    def state(self, since_s: float) -> HoldState:
        """What became of the calls that began at `since_s` or later."""
        with self._lock:
            if self.fault:
                return "raised"
            if self._returned_s >= since_s:
                return "returned"
            return "running" if self._running else "pending"
