"""Has the threads that stop a robot run before ordinary ones, where the system allows it: often to root alone.

On a busy machine it is the waiting for a processor that makes a stop late. The link's threads have little to do and get
a real-time class; the loop that moves a robot runs a user's own code, which may compute without end, and gets one only
for the moment in which the robot is to be stopped.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

NICE = -10
"""The niceness of threads that may be no real-time ones."""
_MODERATE_S = 0.5
_LINK, _MOVER = 2, 1
"""Real-time priorities: who reads that a robot is to be stopped comes before who does it."""


@contextmanager
def urgent(*, realtime: bool = True) -> Iterator[None]:
    """Have this thread, and every thread that is begun in this block, run before ordinary ones, as far as allowed.

    This thread is as before afterwards. Without `realtime` it is only less nice.
    """
    undo = _urge(threading.get_native_id(), _LINK if realtime else 0)
    try:
        yield
    finally:
        undo()


class Moderation:
    """Has the thread of a loop be an ordinary one while the loop works more than half of the time: who floods it then
    takes no processor from the loop that moves the robot.
    """

    def __init__(self) -> None:
        self._began_s, self._worked_s, self._urgent = time.monotonic(), 0.0, True

    def worked(self, began_s: float) -> None:
        """The loop, which this thread runs, has worked since then [s, monotonic]."""
        now_s = time.monotonic()
        self._worked_s += now_s - began_s
        if now_s - self._began_s < _MODERATE_S:
            return
        idle = self._worked_s < (now_s - self._began_s) / 2
        self._began_s, self._worked_s = now_s, 0.0
        if idle != self._urgent:
            self._urgent = idle
            if idle:
                _urge(threading.get_native_id(), _LINK)
            elif hasattr(os, "sched_setscheduler"):
                _as_before(lambda: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)))


def may_be_urgent() -> bool:
    """Whether this process may have real-time threads."""
    undo = _urge(threading.get_native_id(), _LINK)
    realtime = hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) == os.SCHED_RR
    undo()
    return realtime


def boost(thread: int) -> Callable[[], None]:
    """Have a thread, by its native id, run before ordinary ones; what is returned ends that."""
    return _urge(thread, _MOVER)


def _urge(thread: int, priority: int) -> Callable[[], None]:
    """Real-time with that priority, where it is more than 0 and allowed, else less nice; how to undo it."""
    if not hasattr(os, "sched_setscheduler"):
        return _nothing  # on such a system threads have no niceness of their own either
    try:
        if os.sched_getscheduler(thread) != os.SCHED_OTHER:
            return _nothing  # somebody has chosen a class for it, or it is urgent already
        nice = os.getpriority(os.PRIO_PROCESS, thread)
    except OSError:
        return _nothing  # it has ended
    if priority:
        with suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(priority))
            return lambda: _as_before(lambda: os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0)))
    if nice > NICE:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, NICE)
            return lambda: _as_before(lambda: os.setpriority(os.PRIO_PROCESS, thread, nice))
    return _nothing


def _as_before(undo: Callable[[], None]) -> None:
    with suppress(OSError):  # the thread may have ended
        undo()


def _nothing() -> None:
    """Nothing was done, and nothing is to be undone."""
