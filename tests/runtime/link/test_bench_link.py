"""Short versions of the long checks of the link; the figures themselves come from `make bench`."""

import pytest

from codeword.runtime.link.machine import Machine
from tests.benchmarks.fuzz import bench_fuzz
from tests.benchmarks.link import bench_link
from tests.benchmarks.soak import bench_soak


def test_spoiled_messages_break_nothing_and_move_nothing() -> None:
    sent: list[int] = []
    figures = bench_fuzz(6000, 3, sent.append)
    assert sum(sent) == 6000
    assert figures["motions"] == 0
    assert {"json", "message", "lease", "stopped"} <= figures["to_robot"].keys(), "they come past the parser too"
    assert figures["to_others"]["read"] > 100


def test_a_robot_that_takes_orders_from_strangers_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def anyone(self: Machine, *about: object) -> object:
        del about
        return self.lease

    monkeypatch.setattr(Machine, "_check_holder", anyone)
    figures = bench_fuzz(6000, 3, lambda _: None)
    assert figures["motions"] > 0
    assert not figures["passes"]


@pytest.mark.slow
def test_a_short_soak_over_a_bad_network_with_a_robot_that_is_killed() -> None:
    figures = bench_soak(8.0, 4.0, lambda: None)
    assert figures["restarts"] >= 1
    assert figures["lost"] + figures["doubled"] > 0
    assert figures["commands_begun"] > 0
    assert (figures["begun_twice"], figures["begun_after_expiry"]) == (0, 0)


@pytest.mark.slow
def test_what_the_link_costs_is_measured() -> None:
    figures = bench_link(20, 10, lambda: None)
    assert [row["n"] for row in figures["rows"]] == [20, 5, 5, 5, 5, 5, 5]
    assert figures["rows"][-1]["name"] == "stop asked for to hold() called, beside 2 busy processes"
    assert all(0 < row["p50_ms"] <= row["p95_ms"] <= row["max_ms"] for row in figures["rows"])
