"""What happens at a robot that is served, line by line, for whoever stands beside it."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue

from codeword.codebook import Result

from .effects import Effect, Halt, Send, Start
from .messages import Armed, Granted, Refused, Stopped, Welcome

MOST_A_SECOND = 20
"""More lines than these are counted instead: a flood of messages must not become a flood of lines."""

Say = Callable[[str], None]


def silent(what: str) -> None:
    """Tell nobody."""
    del what


class Journal:
    """Writes lines with the time of day on standard error, so many a second at most. Whoever calls it never waits: a
    thread of its own writes, and what it does not get through is counted.
    """

    def __init__(self, write: Say | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write or _on_stderr, clock
        self._second = -1
        self._said = self._left_out = 0
        self._lines: Queue[str] = Queue(maxsize=10 * MOST_A_SECOND)
        threading.Thread(target=self._run, name="journal", daemon=True).start()

    def __call__(self, what: str) -> None:
        second = int(self._clock())
        if second != self._second:
            if self._left_out:
                self._put(f"and {self._left_out} lines more")
            self._second, self._said, self._left_out = second, 0, 0
        self._said += 1
        if self._said > MOST_A_SECOND:
            self._left_out += 1
        else:
            self._put(what)

    def _put(self, what: str) -> None:
        try:
            self._lines.put_nowait(f"{time.strftime('%H:%M:%S')} {what}")
        except Full:
            self._left_out += 1

    def _run(self) -> None:
        while True:
            self._write(self._lines.get())


def _on_stderr(line: str) -> None:
    with suppress(OSError):  # a full disk or a closed terminal
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def told(effect: Effect) -> str:
    """An effect in words; empty for what is not worth a line."""
    if isinstance(effect, Start):
        return f"begins {effect.command.text}"
    if isinstance(effect, Halt):
        return f"halted: {effect.reason}"
    message = effect.message if isinstance(effect, Send) else None
    if isinstance(message, Welcome):
        return "a controller has connected"
    if isinstance(message, Granted):
        return "a controller has the lease"
    if isinstance(message, Armed):
        return "armed"
    if isinstance(message, Stopped):
        return f"stopped: {message.reason}"
    if isinstance(message, Refused):
        return f"refused ({message.check}): {message.message}"
    return ""


def told_result(result: Result) -> str:
    """How a command ended, in words."""
    why = ": ".join(filter(None, (result.reason, result.message)))
    return f"{result.status} in {result.duration_s:.1f} s{f' ({why})' if why else ''}"
