"""Episodes with a decision cache: the same episodes, fewer passes, and poison is told of by name."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Observation, Result
from codeword.codebook.command import Command
from codeword.controller import Decision
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.engine import Cancelled, never
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.store import silent
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.summary import scenario_of, summarize
from tests.benchmarks.cli import bench
from tests.controller.cache.redis_server import RedisServer
from tests.controller.tiny import write_folder
from tests.observations import observe
from tests.runtime.conftest import shipped
from tests.runtime.test_cli import call
from tests.runtime.test_episode import Notes
from tests.runtime.test_remote import Trigger, endless


@pytest.mark.slow
@pytest.mark.model
def test_a_warm_cache_decides_all_and_replays_as_decided(tmp_path: Path) -> None:
    who = DeciderConfig("llm", DEFAULT_MODEL, "none", policy="direct", cache=str(tmp_path / "decisions.sqlite"))
    scenarios = (shipped("tabletop/put_in_bowl"), shipped("tabletop/already_done"))

    def episodes(name: str) -> list[Path]:
        return run(Plan(scenarios, range(2), "sim", tmp_path / name, film=False), Controllers(who, silent))

    cold, warm = summarize(map(read_episode, episodes("cold"))), summarize(map(read_episode, episodes("warm")))
    assert warm.cached_decisions == warm.decisions == cold.decisions > 8
    assert warm.as_json()["cached_decisions"] == warm.decisions
    again = Controllers(replace(who, cache="off"), silent)
    for file in sorted((tmp_path / "warm").glob("*.mcap")):
        episode = read_episode(file)
        assert {step.decision and step.decision.path for step in episode.steps} == {"cache"}
        assert replay(episode, again.make(scenario_of(episode), episode.header.seed), exact=True) == []
        first = read_episode(tmp_path / "cold" / file.name)
        assert [step.command for step in first.steps] == [step.command for step in episode.steps]


def test_poison_is_told_of_in_the_episode_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, store = write_folder(tmp_path / "tiny"), tmp_path / "decisions.sqlite"

    def run_it(name: str) -> dict[str, object]:
        args = (
            "run",
            "tabletop/put_in_bowl",
            "--model",
            str(model),
            "--adapter",
            "none",
            "--policy",
            "direct",
            "--no-film",
            "--json",
        )
        code, out, err = call(capsys, *args, "--cache", str(store), "--out", str(tmp_path / name))
        assert code in (0, 1), err
        figures: dict[str, object] = json.loads(out)
        return figures

    cold = run_it("cold")
    assert (cold["cached_decisions"], cold["poisoned_entries"]) == (0, 0)
    with sqlite3.connect(store) as theirs:
        theirs.execute("""UPDATE entries SET value = replace(value, '"text":"{', '"text":"{\\"evil\\":1,')""")
    theirs.close()
    poisoned = run_it("poisoned")
    assert poisoned["poisoned_entries"] == poisoned["decisions"] == cold["decisions"]
    assert poisoned["refused_commands"] == poisoned["cached_decisions"] == 0
    (file,) = (tmp_path / "poisoned").glob("*.mcap")
    events = [event for event in read_episode(file).events if event.kind == "poisoned"]
    assert len(events) == poisoned["decisions"]
    assert events[0].what.startswith("poisoned cache entry ")
    assert not events[0].scripted
    assert run_it("healed")["cached_decisions"] == cold["decisions"]


def test_two_robots_share_redis_and_go_on_when_it_is_killed(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    model = str(write_folder(tmp_path / "tiny"))
    scenario = endless()

    def episode(robot: str, trigger: Trigger) -> RecordedEpisode:
        controllers = Controllers(DeciderConfig("llm", model, "none", policy="direct", cache=server.url), silent)
        plan = Plan((scenario,), range(1), "sim", tmp_path / robot, film=False)
        return read_episode(run(plan, controllers, listener=lambda _: trigger)[0])

    def paths(episode: RecordedEpisode) -> list[str]:
        return [step.decision.path for step in episode.steps if step.decision]

    first = episode("first", Trigger(2, server.kill))
    told = [event.what for event in first.events if event.kind == "cache"]
    assert len(told) == 1
    assert "does not answer" in told[0]
    assert first.complete
    assert set(paths(first)) == {"decoded"}
    server.start()
    second = episode("second", Trigger(99, server.kill))
    third = episode("third", Trigger(4, server.kill))
    assert third.complete
    assert paths(third)[:4] == ["cache"] * 4
    assert set(paths(third)[4:]) == {"decoded"}
    assert [step.command for step in first.steps] == [step.command for step in second.steps]
    assert [step.command for step in first.steps] == [step.command for step in third.steps]
    for file in tmp_path.rglob("*.mcap"):
        assert b"sesame" not in file.read_bytes()
    server.kill()


def test_the_bench_tells_what_a_warm_cache_saves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = tmp_path / "decisions.sqlite"
    args = (
        "cache", "--scenarios", "tabletop/put_in_bowl", "--seeds", "3", "--cache", str(store),
        "--model", str(write_folder(tmp_path / "tiny")), "--adapter", "none", "--json",
    )  # fmt: skip
    code, out, err = call(capsys, *args, group=bench)
    figures = json.loads(out)
    cold, warm = figures["rows"]
    hits = figures["hits"]
    assert (cold["cache"], warm["cache"]) == ("cold", "warm")
    assert warm["hits"] == hits["n"] == warm["decisions"] == cold["decisions"] == figures["same_commands"]
    assert warm["model_calls"] == warm["passes"] == 0 < cold["model_calls"] <= cold["passes"]
    assert figures["saved"]["model_calls"] == 1.0
    assert 0 < hits["lookup_p95_ms"] <= hits["lookup_and_guard_p95_ms"] <= hits["p95_ms"] >= hits["p50_ms"]
    assert code == int(hits["p95_ms"] > 5 or hits["lookup_and_guard_p95_ms"] > 1), err
    code, _, err = call(capsys, *args, group=bench)
    assert code == 2
    assert "has decisions in it; an empty cache is needed to begin with" in err


class FromCache:
    """A controller whose cache was poisoned past every check but the guard's."""

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        del task, observation, cancelled
        text = '{"skill":"pick","object":"tenth_block"}'
        return Decision(text=text, logprob=0.0, stage_ms={}, path="cache", key="ab" * 32)

    def use(self, codebook: Codebook) -> None:
        del codebook


class Unmoved:
    """A robot to which nothing should come."""

    def observe(self) -> Observation:
        return observe({"red_block": "table"}, ("blue_bowl",))

    def execute(self, command: Command) -> "Unmoved":
        raise AssertionError(f"{command} reached the robot")

    def result(self) -> Result:
        raise AssertionError

    def stop(self) -> None: ...

    def close(self) -> None: ...


def test_the_guard_refuses_what_a_cache_serves_like_anything_else_and_names_it() -> None:
    scenario, notes = shipped("tabletop/put_in_bowl"), Notes()
    run_episode(Episode(scenario, "x", FromCache(), Unmoved(), None, (notes,)))  # type: ignore[arg-type]
    told = [json.loads(record.model_dump_json()) for record in notes.of("event")]
    assert {event["kind"] for event in told} == {"poisoned"}
    assert len(told) == scenario.spec.max_decisions
    assert told[0]["what"] == (
        "poisoned cache entry abababababab refused by the guard: entity: 'tenth_block' is not observed"
    )


def test_the_cache_is_shown_and_cleared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path))
    code, _, err = call(capsys, "cache", "show")
    assert (code, err) == (
        2, f"codeword: {tmp_path}/decisions.sqlite: nothing is kept yet; codeword run --cache auto begins it\n"
    )  # fmt: skip
    model = write_folder(tmp_path / "tiny")
    args = (
        "run",
        "tabletop/put_in_bowl",
        "--model",
        str(model),
        "--adapter",
        "none",
        "--policy",
        "direct",
        "--no-film",
    )
    call(capsys, *args, "--cache", "auto", "--out", str(tmp_path / "out"))
    code, out, _ = call(capsys, "cache", "show", "--json")
    shown = json.loads(out)
    assert (code, shown["cache"]) == (0, f"{tmp_path}/decisions.sqlite")
    assert shown["entries"] > 0 < shown["bytes"]
    assert call(capsys, "cache", "clear")[1] == f"{tmp_path}/decisions.sqlite: {shown['entries']} decisions forgotten\n"
    assert call(capsys, "cache", "show")[1] == f"{tmp_path}/decisions.sqlite: 0 decisions, 0.0 MB\n"


def test_an_episode_s_row_counts_what_came_from_the_cache(expert_episode: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    for step in episode.steps[:2]:
        assert step.decision is not None
        step.decision = step.decision.model_copy(update={"path": "cache"})
    row = outcome_of(episode, scenario_of(episode)).row
    assert (row.cached_decisions, row.fallback_decisions) == (2, 0)
