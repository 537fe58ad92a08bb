"""Episodes with a model elsewhere: it is killed in the middle, and the episode goes on as it was told to."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codeword.codebook import Observation, parse_codebook
from codeword.codebook.errors import InputError
from codeword.codebook.observation import Record
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.remote.address import Limits
from codeword.controller.remote.model import API_KEY
from codeword.controller.store import silent
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario
from codeword.runtime.summary import scenario_of
from tests.controller.remote.servers import LlamaServer, gone_address
from tests.controller.tiny import write_folder, write_gguf
from tests.runtime.conftest import shipped
from tests.runtime.test_cli import call

STEP = 3
"""The decision before which the server is killed."""


class Trigger:
    """A listener that does something before a decision."""

    def __init__(self, step: int, do: Callable[[], None]) -> None:
        self.step, self.do = step, do

    def write(self, topic: str, record: Record, time_s: float) -> None:
        del topic, time_s
        if isinstance(record, Observation) and record.step == self.step:
            self.do()

    def picture(self, jpeg: bytes, time_s: float) -> None:
        del jpeg, time_s


@pytest.fixture
def llama(tmp_path: Path) -> Iterator[LlamaServer]:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (extra: peers)")
    server = LlamaServer(write_gguf(tmp_path / "tiny.gguf"))
    yield server
    server.kill()


def endless() -> Scenario:
    """A scenario in which neither `done` nor `cannot` is ever legal: models that know nothing go on to its end."""
    scenario = shipped("tabletop/put_in_bowl")
    text = scenario.codebook.text
    for skill in ("done", "cannot"):
        never = f"  {skill}:\n    preconditions: [gripper_empty, not gripper_empty]\n"
        assert text.count(f"\n  {skill}:\n") == 1
        text = text.replace(f"  {skill}:\n", never)
    return replace(scenario, codebook=parse_codebook(text))


def episode_with_a_kill(llama: LlamaServer, folder: Path, fallback: str, cache: str = "off") -> RecordedEpisode:
    """An episode whose server is killed before its fourth decision."""
    limits = Limits(connect_s=0.5, answer_s=1.0)
    who = DeciderConfig(
        "llm", f"{llama.address}/v1#tiny", "none", cache=cache, fallback=fallback, limits=limits, policy="direct"
    )
    controllers = Controllers(who, silent)
    trigger = Trigger(STEP, llama.kill)
    plan = Plan((endless(),), range(1), "sim", folder, film=False)
    (file,) = run(plan, controllers, listener=lambda _: trigger)
    return read_episode(file)


def test_a_server_killed_in_the_middle_is_replaced_by_the_local_model(llama: LlamaServer, tmp_path: Path) -> None:
    episode = episode_with_a_kill(llama, tmp_path / "out", str(write_folder(tmp_path / "local")))
    assert episode.complete
    paths = [step.decision.path for step in episode.steps if step.decision]
    assert paths == ["remote"] * STEP + ["fallback"] * (len(episode.steps) - STEP)
    assert len(paths) > STEP + 1
    assert all(step.command and step.command.allowed for step in episode.steps)
    first = next(event for event in episode.events if event.kind == "fallback")
    assert first.step == STEP
    assert "gives no command (no answer: Connection refused); the local model decides" in first.what
    budget = episode.steps[STEP].budget
    assert budget is not None
    assert budget.stage_ms["decision_ms"] < 6000, "its time-out of 1 s and a local decision, on a busy machine"
    row = outcome_of(episode, scenario_of(episode)).row
    assert row.fallback_decisions == len(paths) - STEP
    assert (row.model, row.profile, row.weights_sha256) == (f"{llama.address}/v1#tiny", "remote", "")
    assert episode.header.fallback == str(tmp_path / "local")


def test_a_server_killed_in_the_middle_with_hold_moves_nothing(llama: LlamaServer, tmp_path: Path) -> None:
    episode = episode_with_a_kill(llama, tmp_path / "out", "hold")
    assert episode.complete
    assert [step.decision is not None for step in episode.steps[: STEP + 1]] == [True] * STEP + [False]
    held = episode.steps[STEP]
    assert held.command is None
    assert held.result is not None
    assert (held.result.status, held.result.reason) == ("timeout", "late")
    assert held.budget is not None
    assert 400 < held.budget.stage_ms["decision_ms"] < 6000
    assert "the robot holds" in next(event for event in episode.events if event.kind == "fallback").what


def test_decisions_made_elsewhere_are_remembered_when_nobody_answers(llama: LlamaServer, tmp_path: Path) -> None:
    store = str(tmp_path / "decisions.sqlite")
    local = str(write_folder(tmp_path / "local"))
    first = episode_with_a_kill(llama, tmp_path / "first", local, store)
    again = episode_with_a_kill(llama, tmp_path / "again", local, store)  # killed before it begins
    assert [step.decision.path for step in again.steps if step.decision][:STEP] == ["cache"] * STEP
    assert [step.command for step in again.steps] == [step.command for step in first.steps]


def test_it_is_asked_again_when_it_is_back(llama: LlamaServer, tmp_path: Path) -> None:
    limits = Limits(connect_s=0.5, answer_s=1.0)
    local = str(write_folder(tmp_path / "local"))
    who = DeciderConfig("llm", f"{llama.address}/v1#tiny", "none", fallback=local, limits=limits, policy="direct")
    scenario = shipped("tabletop/put_in_bowl")
    controller = Controllers(who, silent).make(scenario, 0)
    seen = Observation(step=0, time_s=0.0, entities=(), facts=())
    assert controller.decide("x", seen).path == "remote"
    llama.kill()
    lost = controller.decide("x", seen)
    assert (lost.path, [note.kind for note in lost.notes]) == ("fallback", ["fallback"])
    resting = controller.decide("x", seen)
    assert (resting.path, resting.notes) == ("fallback", ())
    back = LlamaServer(tmp_path / "tiny.gguf", llama.port)
    try:
        until = time.monotonic() + 10
        while (now := controller.decide("x", seen)).path == "fallback" and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        back.kill()
    assert now.path == "remote"
    assert [note.text for note in now.notes] == [f"{who.model} answers again"]


def test_the_command_line_says_what_fell_back_and_never_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(API_KEY, "secret-12345")
    local = write_folder(tmp_path / "local")
    code, out, err = call(
        capsys, "run", "tabletop/put_in_bowl", "--model", f"{gone_address()}#any", "--fallback", str(local),
        "--adapter", "none", "--no-film", "--explain", "--json", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert code in (0, 1), err
    figures = json.loads(out)
    assert figures["fallback_decisions"] == figures["decisions"] > 0
    assert "fallback," in err
    assert "gives no command (no answer: Connection refused)" in " ".join(err.split())
    files = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    assert not any(b"secret-12345" in content for content in (*files, out.encode(), err.encode()))


def test_addresses_are_read_before_anything_is_loaded() -> None:
    with pytest.raises(InputError, match="does not say which model"):
        Controllers(DeciderConfig("llm", "http://host/v1", "none"), silent)
