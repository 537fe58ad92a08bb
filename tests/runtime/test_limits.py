"""Hard limits in the loop: what came too late is never carried out, what is done instead is, and each is counted."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Observation
from codeword.codebook.budgets import Budget
from codeword.controller.decider_config import DeciderConfig, ModelInfo
from codeword.controller.decision import Decision, DecisionCancelled
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.limits import overrun
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import EpisodeWriter, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.robots import open_robot
from codeword.runtime.run import header
from codeword.runtime.scenario import Scenario, parse_scenario
from codeword.runtime.summary import add_up
from tests.runtime.conftest import shipped

PICK = '{"skill":"pick","object":"red_block"}'
PLACE = '{"skill":"place","object":"red_block","target":"yellow_bowl"}'
DONE = '{"skill":"done"}'


class Sluggish:
    """Says its lines, each after so many seconds, or as soon as it is given up; tells such figures as it is told to."""

    def __init__(self, *lines: tuple[str, float], **figures: float) -> None:
        self.lines, self.figures = list(lines), figures

    def use(self, codebook: Codebook) -> None:
        raise AssertionError(codebook.name)

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool]) -> Decision:
        del task, observation
        line, after_s = self.lines.pop(0)
        until = time.perf_counter() + after_s
        while time.perf_counter() < until:
            if cancelled():
                raise DecisionCancelled("too late")
            time.sleep(0.001)
        stages = {"total": 1.0, "grammar": self.figures.get("grammar_ms", 0.0)}
        figures = {name: value for name, value in self.figures.items() if name != "grammar_ms"}
        self.figures = {}
        return Decision(text=line, logprob=0.0, stage_ms=stages, path="said", key="said", passes=1, **figures)  # type: ignore[arg-type]


def limited(budgets: str, fallback: str = "") -> Scenario:
    """`put_in_bowl` with other budgets, and a codebook that falls back on something."""
    plain = shipped("tabletop/put_in_bowl")
    before = next(line for line in plain.text.splitlines() if line.startswith("budgets:"))
    book = plain.codebook.text + (f"\nfallback: {fallback}\n" if fallback else "")
    lines = [
        line
        for line in plain.text.splitlines()
        if line != before and not ("max_decisions" in budgets and line.startswith("max_decisions"))
    ]
    return parse_scenario("\n".join([*lines, f"budgets: {budgets}"]) + "\n", "limited.yaml", book)


def play(scenario: Scenario, controller: Sluggish, folder: Path) -> Path:
    robot, physics = open_robot("sim", scenario, seed=1)
    head = header(DeciderConfig("random", "", "none"), ModelInfo(), scenario, 1, "sim")
    path = folder / "one-1.mcap"
    try:
        with EpisodeWriter(path, head, scenario.codebook.text, scenario.text) as writer:
            run_episode(Episode(scenario, "task", controller, robot, physics, (writer,), film=False))
    finally:
        robot.close()
    return path


STRICT = "{decision_ms: {hard: 80}}"


@pytest.mark.parametrize(
    ("budgets", "controller", "stage"),
    [
        (STRICT, Sluggish((PICK, 30.0), (PICK, 0), (PLACE, 0), (DONE, 0)), "decision_ms"),
        (
            "{first_token_ms: {hard: 80}}",
            Sluggish((PICK, 30.0), (PICK, 0), (PLACE, 0), (DONE, 0)),
            "first_token_ms",
        ),
        ("{token_ms: {hard: 8}}", Sluggish((PICK, 0), (PICK, 0), (PLACE, 0), (DONE, 0), token_ms=8.5), "token_ms"),
        (
            "{grammar_ms: {hard: 8}}",
            Sluggish((PICK, 0), (PICK, 0), (PLACE, 0), (DONE, 0), grammar_ms=9.0),
            "grammar_ms",
        ),
    ],
    ids=["decision", "first token", "token", "grammar"],
)
def test_what_is_too_late_is_not_carried_out(budgets: str, controller: Sluggish, stage: str, tmp_path: Path) -> None:
    episode = read_episode(play(limited(budgets), controller, tmp_path))
    first, second, *_ = episode.steps
    assert first.budget is not None and first.budget.missed == (stage,)
    assert (first.decision, first.command) == (None, None)
    assert first.result is not None and (first.result.status, first.result.reason) == ("timeout", "late")
    assert second.observation.time_s == 0.0, "the robot held still"
    assert second.observation.last == first.result
    assert episode.verdict is not None and episode.verdict.success
    assert replay(episode, exact=True) == []
    outcome = outcome_of(episode, limited(budgets))
    assert (outcome.row.late_decisions, outcome.row.missed) == (1, f"{stage} 1")
    summary = add_up([outcome])
    assert not summary.ok
    assert summary.as_json()["budget_misses_by"] == {stage: {"hard": 1, "p95": False}}


def test_a_safe_skill_is_carried_out_instead(tmp_path: Path) -> None:
    controller = Sluggish((PICK, 0), (PLACE, 30.0), (PLACE, 0), (DONE, 0))
    scenario = limited(STRICT, "home")
    episode = read_episode(play(scenario, controller, tmp_path))
    late = episode.steps[1]
    assert late.command is not None and (late.command.text, late.command.fallback) == ('{"skill":"home"}', True)
    assert late.command.allowed
    assert late.result is not None and late.result.status == "done" and late.result.duration_s > 0
    assert episode.steps[2].observation.last == late.result
    assert episode.verdict is not None and episode.verdict.success
    assert replay(episode, exact=True) == []
    assert not any(step.command.fallback for step in episode.steps if step.command is not None and step is not late)


def test_what_the_guard_holds_back_is_not_fallen_back_on(tmp_path: Path) -> None:
    """The hand is full, and the codebook says that one goes home with an empty one."""
    plain = limited(STRICT, "home")
    home = "  home:\n    description: move the arm out of the way\n"
    assert home in plain.codebook.text
    book = plain.codebook.text.replace(home, home + "    preconditions: [gripper_empty]\n")
    scenario = parse_scenario(plain.text, "limited.yaml", book)
    controller = Sluggish((PICK, 0), (PLACE, 30.0), (PLACE, 0), (DONE, 0))
    episode = read_episode(play(scenario, controller, tmp_path))
    late = episode.steps[1]
    assert late.command is not None and (late.command.allowed, late.command.check) == (False, "precondition")
    assert late.result is not None and late.result.status == "timeout"
    assert episode.verdict is not None and episode.verdict.success
    assert replay(episode, exact=True) == []


def test_a_late_look_and_late_checks_count_too(tmp_path: Path) -> None:
    controller = Sluggish((PICK, 0), (PLACE, 0), (DONE, 0))
    scenario = limited("{observe_ms: {hard: 0.000001}, validate_ms: {hard: 1000}}\nmax_decisions: 2")
    episode = read_episode(play(scenario, controller, tmp_path))
    assert [step.budget.missed for step in episode.steps if step.budget] == [("observe_ms",)] * 2
    assert len(controller.lines) == 3, "nothing was decided on a look that came too late"
    scenario = limited("{validate_ms: {hard: 0.000001}}\nmax_decisions: 2")
    episode = read_episode(play(scenario, controller, tmp_path))
    assert [step.budget.missed for step in episode.steps if step.budget] == [("validate_ms",)] * 2
    assert [seen.observation.time_s for seen in episode.steps] == [0.0, 0.0]
    assert replay(episode, exact=True) == []


def test_codebooks_have_budgets_and_scenarios_come_first() -> None:
    plain = shipped("tabletop/put_in_bowl")
    book = plain.codebook.text + "\nbudgets: {decision_ms: {p95: 7}, token_ms: {hard: 5}}\n"
    scenario = parse_scenario(plain.text, "s.yaml", book)
    assert scenario.budgets["token_ms"] == Budget(hard=5)
    assert scenario.budgets["decision_ms"] == plain.spec.budgets["decision_ms"] != Budget(p95=7)


def test_a_limit_is_overrun_above_it_alone() -> None:
    budgets = {"token_ms": Budget(hard=5.0), "decision_ms": Budget(p95=1.0)}
    assert overrun(budgets, {"token_ms": 5.0, "decision_ms": 9.0}) == ()  # type: ignore[arg-type]
    assert overrun(budgets, {"token_ms": 5.1}) == ("token_ms",)  # type: ignore[arg-type]
