"""Hard limits of a decision: until when it must have come how far. What misses one is ended in the middle of a pass."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LONGEST_WAIT_S = 3600.0
"""A thread cannot wait for however long."""


class Deadlines:
    """Limits on one decision, from now on [ms]; None where there is none. Asked, it says whether one was missed."""

    def __init__(
        self, *, decision_ms: float | None = None, first_token_ms: float | None = None, token_ms: float | None = None
    ) -> None:
        self._began = time.perf_counter()
        self._decision_ms, self._first_token_ms, self._token_ms = decision_ms, first_token_ms, token_ms
        self._first: float | None = None
        self._tokens = 0
        self._missed = ""

    @property
    def missed(self) -> str:
        """The stage whose limit was missed first; empty where none was."""
        self()
        return self._missed

    def __call__(self) -> bool:
        """Whether a limit was missed by now."""
        stage, until = self._next()
        if not self._missed and time.perf_counter() > until:
            self._missed = stage
        return bool(self._missed)

    def wrote(self, tokens: int) -> None:
        """So many tokens of the command are there by now: the first time, those up to its first choice."""
        if self._first is None:
            self._first, self._tokens = time.perf_counter(), 0
        else:
            self._tokens += tokens

    @contextmanager
    def guarding(self, halt: Callable[[bool], None]) -> Iterator[None]:
        """Meanwhile another thread calls `halt(True)` as soon as a limit is missed; `halt(False)` comes at the end."""
        if self._next()[1] == float("inf"):
            yield
            return
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(halt, over), daemon=True, name="deadline")
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()
            halt(False)

    def _watch(self, halt: Callable[[bool], None], over: threading.Event) -> None:
        while (until := self._next()[1]) < float("inf"):  # with its first token there, nothing may be left to miss
            if over.wait(min(max(0.0, until - time.perf_counter()), _LONGEST_WAIT_S)):
                return
            if self():
                halt(True)
                return

    def _next(self) -> tuple[str, float]:
        """The limit that comes first, and when [s]."""
        limits = [("decision_ms", self._began, self._decision_ms)]
        if self._first is None:
            limits.append(("first_token_ms", self._began, self._first_token_ms))
        elif self._token_ms is not None:
            limits.append(("token_ms", self._first, self._token_ms * (self._tokens + 1)))
        times = [(stage, since + limit / 1000) for stage, since, limit in limits if limit is not None]
        return min(times, key=lambda one: one[1], default=("", float("inf")))
