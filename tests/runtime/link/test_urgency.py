"""Threads that stop a robot come first where that is allowed, and are ordinary again afterwards."""

import os
import threading

import pytest

from codeword.runtime.link import urgency
from codeword.runtime.link.urgency import Moderation, boost, may_be_urgent, urgent

pytestmark = pytest.mark.skipif(not may_be_urgent(), reason="this system allows no real-time threads")


def kind() -> int:
    """The scheduling class of this thread."""
    return os.sched_getscheduler(0)


def test_a_thread_begun_in_the_block_is_urgent_and_this_one_only_for_as_long() -> None:
    found: list[int] = []
    with urgent():
        assert kind() == os.SCHED_RR
        thread = threading.Thread(target=lambda: found.append(kind()))
        thread.start()
        thread.join()
    assert found == [os.SCHED_RR]
    assert kind() == os.SCHED_OTHER


def test_a_boost_ends_with_what_it_returns() -> None:
    calm = boost(threading.get_native_id())
    assert kind() == os.SCHED_RR
    calm()
    assert kind() == os.SCHED_OTHER


def test_a_loop_that_works_all_the_time_is_an_ordinary_one_until_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(urgency.time, "monotonic", lambda: now_s[0])
    with urgent():
        loop = Moderation()
        for idle_s, work_s, wanted in ((0.0, 1.0, os.SCHED_OTHER), (0.9, 0.1, os.SCHED_RR), (0.4, 0.6, os.SCHED_OTHER)):
            now_s[0] += idle_s
            began_s = now_s[0]
            now_s[0] += work_s
            loop.worked(began_s)
            assert kind() == wanted
