"""Signals that end a process, as an exception: whoever holds a robot brings it to a stand on the way out."""

import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from codeword.codebook import Robot
from codeword.codebook.primitive_robot import moved

HOLD_S = 2.0
"""So long a robot is let come to a stand before another signal cuts that short [s]."""

_BLOCKED_S = 0.1
"""A main thread that has not heard of a signal after so long is in the middle of a call that does not return [s]."""


def _known(*names: str) -> tuple[signal.Signals, ...]:
    """Those of some signals that this system has; Windows has few."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


_ALWAYS = (signal.SIGINT, signal.SIGTERM)
_UNLESS_IGNORED = _known("SIGHUP", "SIGQUIT", "SIGBREAK")
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
    """Until when signals wait [s, monotonic], the one that does, and whether the main thread has heard of any."""

    until_s = float("-inf")
    waiting: int | None = None
    heard = threading.Event()


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    _Shield.heard.set()
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
    others = [*_UNLESS_IGNORED, *(_known("SIGTSTP") if suspend else ())]
    numbers = [*_ALWAYS, *(number for number in others if signal.getsignal(number) != signal.SIG_IGN)]
    before = {number: signal.signal(number, _raise) for number in numbers}
    try:
        with _watched(frozenset(map(int, numbers))):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@contextmanager
def _watched(numbers: frozenset[int]) -> Iterator[None]:
    """Have a thread hear of signals too: Python tells the main thread only once the call that it is in has returned."""
    _Shield.heard.clear()
    ours, pythons = socket.socketpair()  # Windows writes signals to no pipe
    pythons.setblocking(False)
    before = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_hold_where_blocked, args=(ours, numbers), name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        pythons.close()
        thread.join(_BLOCKED_S * 10)


def _hold_where_blocked(ours: socket.socket, numbers: frozenset[int]) -> None:
    """Stop the robots when a signal comes that the main thread does not hear of, and hold those that may be held from
    here. Ends with the other end of the pair.
    """
    with ours:
        while came := ours.recv(64):
            if numbers.isdisjoint(came) or _Shield.heard.wait(_BLOCKED_S):
                continue
            for robot in moved():
                robot.stop()
                if robot.hold_from_any_thread:
                    try:
                        robot.call_hold()
                    except Exception as problem:  # noqa: BLE001 (a user's own `hold` may raise anything)
                        with suppress(OSError):
                            sys.stderr.write(f"codeword: hold raised {type(problem).__name__}: {problem}\n")


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
