"""Whoever stands beside a robot that is served reads what happens to it, and a flood of messages is no flood of lines."""

import re
import threading

from codeword.codebook import Result, load_codebook, read_command
from codeword.runtime.link.effects import Halt, Look, Send, Start
from codeword.runtime.link.journal import MOST_A_SECOND, Journal, told, told_result
from codeword.runtime.link.messages import Refused


class Lines:
    """Takes lines from another thread; `until` waits for so many."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._changed:
            self.all.append(line)
            self._changed.notify_all()

    def until(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, 30)
            return list(self.all)


def test_lines_have_the_time_of_day() -> None:
    lines = Lines()
    Journal(lines)("armed")
    (line,) = lines.until(1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d armed", line)


def test_of_a_flood_the_first_lines_are_written_and_the_rest_is_counted() -> None:
    lines, now = Lines(), [0.0]
    journal = Journal(lines, lambda: now[0])
    for number in range(5000):
        journal(f"refused {number}")
    now[0] = 1.0
    journal("armed")
    told_ = [line[9:] for line in lines.until(MOST_A_SECOND + 2)]
    assert told_[:MOST_A_SECOND] == [f"refused {number}" for number in range(MOST_A_SECOND)]
    assert told_[MOST_A_SECOND:] == [f"and {5000 - MOST_A_SECOND} lines more", "armed"]


def test_one_who_writes_slowly_keeps_nobody_waiting() -> None:
    """A terminal that takes nothing, as after Ctrl-S: what it does not take is counted."""
    go_on, lines, now = threading.Event(), Lines(), [0.0]

    def slow(line: str) -> None:
        go_on.wait(30)
        lines(line)

    journal = Journal(slow, lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        for number in range(MOST_A_SECOND):
            journal(f"{second} {number}")
    assert lines.all == []
    go_on.set()
    assert lines.until(10 * MOST_A_SECOND)[0].endswith("0 0")


def test_what_matters_has_a_line_and_what_does_not_has_none() -> None:
    home = read_command(load_codebook("tabletop"), '{"skill":"home"}')
    refused = Refused(id="", session="0" * 16, time_ms=0, check="stopped", message="re-arm it first")
    assert told(Start("a", home)) == 'begins {"skill":"home"}'
    assert told(Halt("silence")) == "halted: silence"
    assert told(Send(b"x", refused)) == "refused (stopped): re-arm it first"
    assert told(Look(fresh=True)) == ""
    failed = Result(command="x", status="failed", reason="broken", message="motor 3 is hot", duration_s=1.25)
    assert told_result(failed) == "failed in 1.2 s (broken: motor 3 is hot)"
    assert told_result(Result(command="x", status="done", duration_s=2.0)) == "done in 2.0 s"
