"""The loop with the real model: every command legal, whatever the task says; episodes replay and are decided again."""

from itertools import islice
from pathlib import Path

import pytest

from codeword.codebook import legal
from codeword.codebook.action_prompt import stable_text
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.engine import Engine
from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.controller.store import silent
from codeword.runtime.guard import Guard
from codeword.runtime.quantization_texts import HOSTILE, situations
from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replay
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario
from codeword.runtime.summary import scenario_of
from tests.benchmarks.decision import bench_decision, decisions, find_sides
from tests.benchmarks.lookahead import WAYS, bench_lookahead
from tests.benchmarks.validity import decide
from tests.runtime.conftest import shipped

pytestmark = pytest.mark.model

SUITE = tuple(load_scenario(path) for path in find_scenarios(("tabletop",)))


@pytest.fixture(scope="module")
def llm() -> Controllers:
    return Controllers(DeciderConfig("llm", DEFAULT_MODEL, "none", policy="direct"), silent)


@pytest.fixture(scope="module")
def engine(llm: Controllers) -> Engine:
    assert llm.engine is not None
    return llm.engine


def test_whatever_the_prompt_says_the_command_is_legal(engine: Engine) -> None:
    """The same as `python -m tests.benchmarks validity`, which counts a thousand."""
    for situation in islice(situations(SUITE, seed=7, hostile=True), 24):
        text = decide(engine, situation).text
        assert legal(situation.codebook, situation.observation).allows(text)
        assert Guard(situation.codebook).check(text, situation.observation).text == text


@pytest.mark.slow
def test_every_hostile_task_leaves_the_legal_set_as_it_is(engine: Engine) -> None:
    honest = next(situations(SUITE, seed=8))
    graph = legal(honest.codebook, honest.observation).graph
    for poison in HOSTILE:
        assert graph.accepts(decide(engine, type(honest)(honest.codebook, poison, honest.observation)).text)


def test_model_episodes_replay_and_are_decided_the_same_again(llm: Controllers, tmp_path: Path) -> None:
    scenarios: tuple[Scenario, ...] = (shipped("tabletop/put_in_bowl"), shipped("tabletop/already_done"))
    for file in run(Plan(scenarios, range(1), "sim", tmp_path, film=False), llm):
        episode = read_episode(file)
        assert all(step.decision and step.decision.path == "decoded" for step in episode.steps)
        assert all(step.command and step.command.allowed for step in episode.steps)
        assert replay(episode, llm.make(scenario_of(episode), episode.header.seed), exact=True) == []


@pytest.mark.slow
def test_deciding_ahead_changes_times_and_nothing_else(llm: Controllers) -> None:
    """The same as `python -m tests.benchmarks lookahead`, which runs suites: on the way something slips, which is not predicted."""
    counted: list[int] = []
    scenarios = (shipped("tabletop/put_in_bowl"), shipped("tabletop/slip_on_the_way"))
    figures = bench_lookahead(llm, scenarios, 1, lambda: counted.append(1))
    assert len(counted) == 2 * len(WAYS)
    assert figures["decisions_after_first"] > figures["served"] > 0.5 * figures["decisions_after_first"]
    assert (figures["same_decisions"], figures["differences_on_deciding_again"]) == (True, 0)
    assert figures["served_when_mistaken"] == 0
    assert figures["same_simulated_time"]


@pytest.mark.slow
def test_the_prefix_cache_changes_times_and_nothing_else() -> None:
    model, counted = resolve(DEFAULT_MODEL), []
    specs, left_out = find_sides(("ours", "no prefix cache"), model, silent)
    figures = bench_decision(model, specs, 2, lambda: counted.append(1), suites=("tabletop",))
    assert (left_out, figures["left_out"]) == ({}, {})
    assert len(counted) == decisions(specs, 2, suites=("tabletop",)) == 4
    assert [row["name"] for row in figures["rows"]] == ["ours", "no prefix cache"]
    assert all(row["n"] == row["legal"] == row["agree"] == 2 and row["rss_mb"] > 100 for row in figures["rows"])
    assert figures["ratios"]["no prefix cache"] > 1.2
    assert 400 < figures["prompt_tokens"] < 600


def test_the_codebook_is_read_ahead_of_the_first_decision(engine: Engine) -> None:
    situation = next(situations(SUITE, seed=9))
    engine.warm(stable_text(situation.codebook))
    assert decide(engine, situation).tokens_cached > 300


def test_with_what_it_was_taught_the_default_model_reaches_goals(tmp_path: Path) -> None:
    """As physics judges them: with the adapter that is shipped, in what that is best at, as `codeword run` does."""
    taught = Controllers(DeciderConfig("llm", DEFAULT_MODEL, "auto"), silent)
    assert taught.loaded.adapter_hash
    files = run(Plan((shipped("tabletop/put_in_bowl"),), range(1, 4), "sim", tmp_path, film=False), taught)
    verdicts = [read_episode(file).verdict for file in files]
    assert [verdict.success for verdict in verdicts if verdict is not None] == [True] * 3
