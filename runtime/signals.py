"""Signals that end a process, as an exception: whoever holds a robot brings it to a stand on the way out."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from codeword.codebook import Robot

HOLD_S = 2.0
"""So long a robot is let come to a stand before another signal cuts that short [s]."""

_ALWAYS = (signal.SIGINT, signal.SIGTERM)
_UNLESS_IGNORED = (signal.SIGHUP, signal.SIGQUIT)
"""What nohup, for one, has a process ignore stays ignored."""


class Terminated(KeyboardInterrupt):
    """A signal has asked the process to end. A KeyboardInterrupt, so that no handler of errors takes it for one."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


def exit_code(problem: BaseException) -> int:
    """The exit code of a process that ends for that: 128 and the signal's number."""
    return 128 + (problem.number if isinstance(problem, Terminated) else int(signal.SIGINT))


class _Shield:
    """Until when signals wait [s, monotonic], and the one that does."""

    until_s = float("-inf")
    waiting: int | None = None


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    if time.monotonic() < _Shield.until_s:
        _Shield.waiting = number
    else:
        raise Terminated(number)


@contextmanager
def raised(*, suspend: bool = False) -> Iterator[None]:
    """Have INT, TERM, HUP and QUIT raise Terminated in the main thread until the end of the block.

    With `suspend` TSTP (Ctrl-Z) does so too: a process that is suspended cannot stop a robot that moves.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    others = [*_UNLESS_IGNORED, *([signal.SIGTSTP] if suspend else [])]
    numbers = [*_ALWAYS, *(number for number in others if signal.getsignal(number) != signal.SIG_IGN)]
    before = {number: signal.signal(number, _raise) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@contextmanager
def held_at_the_end(robot: Robot) -> Iterator[None]:
    """Stop and close a robot at the end of the block, however it ends. A signal that comes meanwhile waits up to
    HOLD_S until that is done, and is raised then.
    """
    try:
        yield
    finally:
        _Shield.until_s = time.monotonic() + HOLD_S
        try:
            try:
                robot.stop()
            finally:
                robot.close()
        finally:
            _Shield.until_s = float("-inf")
            number, _Shield.waiting = _Shield.waiting, None
            if number is not None:
                raise Terminated(number)
