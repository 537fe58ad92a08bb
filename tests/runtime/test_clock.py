"""The clock: what physics does while a decision is made, and that replay does the same again."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from codeword.codebook import Codebook, Observation
from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.decision import Decision
from codeword.controller.store import silent
from codeword.runtime.cli_run import read_clock
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replay
from codeword.runtime.robots import open_robot
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario
from codeword.runtime.scenario_spec import Clock, Latency
from tests.benchmarks.cli import bench
from tests.benchmarks.latency import bench_latency, draw_latency
from tests.runtime.conftest import shipped
from tests.runtime.test_episode import DONE, PICK, PLACE, Notes

EXPERT = DeciderConfig("expert", "", "none")


class Slow:
    """Says its lines after a while."""

    def __init__(self, after_s: float, *lines: str) -> None:
        self.after_s, self.lines = after_s, list(lines)

    def use(self, codebook: Codebook) -> None:
        raise AssertionError(codebook.name)

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool]) -> Decision:
        del task, observation, cancelled
        time.sleep(self.after_s)
        return Decision(text=self.lines.pop(0), logprob=0.0, stage_ms={"total": 0.0}, path="said", key="said")


def passed(scenario: Scenario, clock: Clock) -> list[tuple[float, float]]:
    """When each look was taken, and how long physics went on after it [s]."""
    notes = Notes()
    robot, physics = open_robot("sim", scenario, seed=1)
    try:
        run_episode(
            Episode(
                scenario.by_clock(clock), "task", Slow(0.2, PICK, PLACE, DONE), robot, physics, (notes,), film=False
            )
        )
    finally:
        robot.close()
    looks = [record.time_s for record in notes.of("observation")]  # type: ignore[attr-defined]
    went_on = [record.passed_s for record in notes.of("budget")]  # type: ignore[attr-defined]
    return list(zip(looks, went_on, strict=True))


def test_physics_waits_or_goes_on_as_the_clock_says() -> None:
    scenario = shipped("tabletop/put_in_bowl")
    paused, live, given = (passed(scenario, clock) for clock in ("paused", "live", Latency(latency_ms=1500)))
    assert [went_on for _, went_on in paused] == [0.0, 0.0, 0.0]
    assert all(0.2 <= went_on < 5.0 for _, went_on in live)
    assert [went_on for _, went_on in given] == [1.5, 1.5, 1.5]
    assert given[1][0] == pytest.approx(paused[1][0] + 1.5, abs=0.1)
    assert live[1][0] == pytest.approx(paused[1][0] + live[0][1], abs=0.1)


def test_a_given_latency_above_the_hard_limit_misses_it() -> None:
    scenario = shipped("tabletop/put_in_bowl")
    late = scenario.by_clock(Latency(latency_ms=20_000))
    notes = Notes()
    robot, physics = open_robot("sim", late, seed=1)
    try:
        run_episode(Episode(late, "task", Slow(0.0, *[PICK] * 8), robot, physics, (notes,), film=False))
    finally:
        robot.close()
    assert {record.missed for record in notes.of("budget")} == {("decision_ms",)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("clock", ["live", Latency(latency_ms=700)], ids=str)
def test_replay_obeys_the_log(clock: Clock, tmp_path: Path) -> None:
    scenarios = (shipped("conveyor/catch_two"), shipped("conveyor/let_one_pass"))
    plan = Plan(scenarios, range(2), "sim", tmp_path, film=False, clock=clock)
    for file in run(plan, Controllers(EXPERT, silent)):
        episode = read_episode(file)
        assert episode.header.clock == str(clock)
        assert replay(episode, exact=True) == []


@pytest.mark.slow
def test_success_falls_as_latency_grows() -> None:
    scenarios = [shipped(f"conveyor/{name}") for name in ("catch_one", "catch_two", "let_one_pass")]
    counted: list[int] = []
    figures = bench_latency(Controllers(EXPERT, silent), scenarios, [0.0, 2000.0], 1, lambda: counted.append(1))
    assert len(counted) == 9
    live, at_once, slow = figures["rows"]
    assert (live["given"], at_once["given"], slow["given"]) == (False, True, True)
    assert (live["success"], at_once["success"], slow["success"]) == (3, 3, 0)
    assert live["latency_ms"] < 500 < slow["latency_ms"] == 2000.0
    drawn = draw_latency(figures)
    assert drawn.startswith("<svg") and "as it is:" in drawn and drawn.count("<circle") == 3


@pytest.mark.parametrize("text", ["fast", "-5ms", "99999ms", "nan", "", "5", "s"])
def test_another_clock_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match="expected paused, live, or a latency up to 60s, such as 500ms"):
        read_clock(text)


def test_clocks_are_read() -> None:
    assert [read_clock(text) for text in (None, "paused", "live")] == [None, "paused", "live"]
    assert read_clock("500ms") == read_clock("0.5 s") == Latency(latency_ms=500)


def test_latencies_that_are_none_are_refused() -> None:
    result = CliRunner().invoke(bench, ["latency-curve", "--latencies", "0,soon"])
    assert isinstance(result.exception, InputError)
    assert "'0,soon' are no times in ms" in str(result.exception)


def test_a_plan_without_a_clock_leaves_the_scenarios_their_own(tmp_path: Path) -> None:
    belt = shipped("conveyor/catch_one")
    plan = Plan((belt,), range(1), "sim", tmp_path)
    assert plan.drawn(belt, 0).spec.clock == "live"
    assert replace(plan, clock="paused").drawn(belt, 0).spec.clock == "paused"
