"""Every shipped scenario is whole and open at its start, and the expert solves a sample of them."""

from functools import cache
from pathlib import Path

import pytest

from codeword.codebook.grounding import Grounder, changing, open_parts
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.cli_published import load_published
from codeword.runtime.judge import Verdict
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.robots import open_robot
from codeword.runtime.run import Controllers, Expert, Plan, run
from codeword.runtime.scenario import find_scenarios, load_scenario, suites
from codeword.runtime.summary import scenario_of
from tests.runtime.conftest import shipped

ALL = find_scenarios(("grounded", "lohoravens", "disturbed"))
IDS = [f"{path.parent.name}/{path.stem}" for path in ALL]
SAMPLE = [
    "grounded/letters_in_reverse_order", "grounded/make_a_picnic_box", "grounded/blocks_in_different_corners",
    "lohoravens/stack_in_alternate_colors", "lohoravens/even_counts_to_same_colored_zones",
    "disturbed/another_task_on_the_way", "disturbed/hidden_for_a_while", "disturbed/needed_block_vanishes",
    "disturbed/tower_taken_down", "disturbed/late_looks",
]  # fmt: skip


loaded = cache(load_scenario)


def play(name: str, out: Path, controller: str = "expert", seed: int = 0) -> RecordedEpisode:
    controllers = Controllers(DeciderConfig(controller, "", "none"), silent)
    return read_episode(run(Plan((shipped(name),), range(seed, seed + 1), "sim", out, film=False), controllers)[0])


def essence(episode: RecordedEpisode) -> tuple[object, ...]:
    """All of an episode that is a function of its seed: everything but wall times."""
    steps = [(s.observation, s.decision and s.decision.essence(), s.command, s.result) for s in episode.steps]
    return (episode.header, steps, episode.events, episode.verdict)


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_every_scenario_says_its_task_in_five_ways_for_every_seed(path: Path) -> None:
    scenario = loaded(path)
    assert scenario.name == path.stem
    for seed in range(4):
        drawn = scenario.seeded(seed)
        for task in (drawn.spec, drawn.changed().spec):
            wordings = {task.task, *task.wordings}
            assert len(wordings) >= 6
            assert not any("$" in wording or "_" in wording for wording in wordings)
    assert all(scenario.spec.budgets[stage].p95 for stage in ("decision_ms", "validate_ms"))


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_no_goal_holds_from_the_start(path: Path) -> None:
    scenario = loaded(path)
    robot, physics = open_robot("sim", scenario, 0)
    assert physics is not None
    state = scenario.codebook.state(physics.start())
    robot.close()
    assert scenario.goal is not None
    formula = Grounder(scenario.codebook, state, changing(scenario.codebook)).formula(scenario.goal)
    assert open_parts(formula, state) >= 1


def test_the_published_suites_are_complete() -> None:
    published = load_published()
    assert {name: len(suite.tasks) for name, suite in published.suites.items()} == {"grounded": 20, "lohoravens": 11}
    for name, suite in published.suites.items():
        assert {path.stem for path in (suites() / name).glob("*.yaml")} == set(suite.tasks)
        assert all(len(task.percent) == len(suite.columns) == 4 for task in suite.tasks.values())


def test_everything_goes_wrong_somewhere() -> None:
    done = {event.do for path in ALL for event in loaded(path).spec.events}
    assert done == {"slip", "move", "remove", "jam", "late", "noise", "hide", "retask"}
    assert sum(bool(loaded(path).changed().spec.cannot) for path in ALL) >= 3


@pytest.mark.parametrize("name", SAMPLE)
def test_the_expert_solves_it(name: str, tmp_path: Path) -> None:
    verdict = play(name, tmp_path).verdict
    assert isinstance(verdict, Verdict)
    assert verdict.success is True, verdict
    assert (verdict.credit, verdict.bumps) == (1.0, 0)


@pytest.mark.parametrize("controller", ["expert", "random"])
def test_the_same_seed_makes_the_same_episode(controller: str, tmp_path: Path) -> None:
    for name in ("grounded/spell_a_sport", "disturbed/noisy_looks"):
        first, second = (essence(play(name, tmp_path / part, controller, 2)) for part in ("one", "two"))
        assert first == second
        assert essence(play(name, tmp_path / "other", controller, 3)) != first


@pytest.mark.parametrize("name", ["another_task_in_the_end", "noisy_looks", "hidden_for_a_while", "one_block_vanishes"])
def test_what_went_wrong_goes_wrong_again_in_a_replay(name: str, tmp_path: Path) -> None:
    episode = play(f"disturbed/{name}", tmp_path, seed=1)
    assert episode.events
    assert replay(episode, Expert(scenario_of(episode)), exact=True) == []
