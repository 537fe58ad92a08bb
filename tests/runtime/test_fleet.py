"""Episodes of several robots with one engine process: the same as with an engine of their own, and when it is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codeword.codebook.errors import InputError
from codeword.codebook.prompt import CONTRACT
from codeword.controller.adapter import Adapter
from codeword.controller.remote.address import Limits
from codeword.controller.remote.errors import RemoteError
from codeword.controller.sampling import Sampling
from codeword.controller.store import silent
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import Episode, read_episode
from codeword.runtime.run import Controllers, Plan, Who, run
from codeword.runtime.summary import scenario_of
from tests.controller.fleet.processes import EngineProcess, engine_process
from tests.controller.tiny import quantized
from tests.runtime.conftest import shipped
from tests.runtime.test_cli import call
from tests.runtime.test_remote import STEP, Trigger, endless


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantized(tmp_path_factory.mktemp("model")).folder


@pytest.fixture
def engine(folder: Path, tmp_path: Path) -> Iterator[EngineProcess]:
    with engine_process(folder, f"ipc://{tmp_path}/e.sock") as process:
        yield process


def episode(who: Who, out: Path, trigger: Trigger | None = None) -> Episode:
    plan = Plan((endless(),), range(1), "sim", out, film=False)
    (file,) = run(plan, Controllers(who, silent), listener=None if trigger is None else lambda _: trigger)
    return read_episode(file)


def test_an_episode_is_the_one_that_an_engine_of_its_own_makes(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    shared = episode(Who("llm", engine.address, "none", fallback="hold", policy="direct"), tmp_path / "shared")
    own = episode(Who("llm", str(folder), "none", policy="direct"), tmp_path / "own")
    assert len(shared.steps) > STEP
    assert [step.decision.essence() for step in shared.steps if step.decision] == [
        step.decision.essence() for step in own.steps if step.decision
    ]
    assert shared.header.weights_hash == own.header.weights_hash
    assert shared.header.profile == own.header.profile
    assert (shared.header.fallback, own.header.fallback) == ("hold", "")


@pytest.mark.parametrize("policy", ["auto", "plan"])
def test_plans_and_their_keys_are_those_that_an_engine_of_its_own_makes(
    engine: EngineProcess, folder: Path, tmp_path: Path, policy: str
) -> None:
    """Drawn, so that plans differ; no plan is too unsure to be carried out."""
    own = Who("llm", str(folder), "none", sampling=Sampling(1.0), sure=0.0, policy=policy)
    shared = replace(own, model=engine.address, fallback="hold")
    plan = Plan((shipped("tabletop/put_in_bowl"),), range(4), "sim", tmp_path, film=False)
    made = [
        [read_episode(file) for file in run(replace(plan, out=tmp_path / name), Controllers(who, silent))]
        for name, who in (("shared", shared), ("own", own))
    ]
    for one, other in zip(*made, strict=True):
        assert one.header.policy == other.header.policy == "plan"
        assert one.header.contract == other.header.contract
        assert [step.decision.essence() for step in one.steps if step.decision] == [
            step.decision.essence() for step in other.steps if step.decision
        ]
    decisions = [step.decision for episode in made[0] for step in episode.steps if step.decision]
    assert len({decision.plan for decision in decisions}) > 1
    assert engine.stop()["decisions"] >= 4


def test_a_plan_is_written_by_the_local_model_where_the_engine_was_killed(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    own = Who("llm", str(folder), "none", sure=0.0)
    who = replace(own, model=engine.address, fallback=str(folder), limits=Limits(answer_s=2.0))
    made = episode(who, tmp_path / "out", Trigger(0, engine.kill))
    alone = episode(own, tmp_path / "own")
    assert made.header.policy == alone.header.policy == "plan"
    assert "the local model decides" in next(event for event in made.events if event.kind == "fallback").what
    assert [step.decision.essence() for step in made.steps if step.decision] == [
        step.decision.essence() for step in alone.steps if step.decision
    ]


def test_plans_of_two_contracts_are_not_asked_for(
    engine: EngineProcess, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's adapter writes plans by one contract, the model's that decides when it does not answer by another."""
    goals = Adapter("goals", Path("goals"), policies=("plan", "direct"), contract=CONTRACT)
    monkeypatch.setattr("codeword.runtime.run.load_adapter", lambda *_: goals)
    who = Who("llm", engine.address, "goals", fallback=str(folder))
    with pytest.raises(InputError, match="adapter none and the fallback's goals were not taught plans under") as told:
        Controllers(replace(who, policy="plan"), silent)
    assert "\n" not in str(told.value)
    assert Controllers(who, silent).loaded.policy == "direct"
    assert Controllers(replace(who, fallback="hold"), silent).loaded.policy == "plan"


def test_an_engine_killed_in_the_middle_is_replaced_by_the_local_model(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    who = Who("llm", engine.address, "none", fallback=str(folder), limits=Limits(answer_s=2.0), policy="direct")
    made = episode(who, tmp_path / "out", Trigger(STEP, engine.kill))
    assert made.complete
    paths = [step.decision.path for step in made.steps if step.decision]
    assert paths == ["decoded"] * STEP + ["fallback"] * (len(made.steps) - STEP)
    assert len(paths) > STEP + 1
    first = next(event for event in made.events if event.kind == "fallback")
    assert first.step == STEP
    assert f"{engine.address} gives no command" in first.what
    assert first.what.endswith("the local model decides")
    assert outcome_of(made, scenario_of(made)).row.fallback_decisions == len(paths) - STEP
    assert made.header.fallback == str(folder)
    own = episode(Who("llm", str(folder), "none", policy="direct"), tmp_path / "own")
    assert [step.command for step in made.steps] == [step.command for step in own.steps]


def test_an_engine_killed_in_the_middle_with_hold_moves_nothing(engine: EngineProcess, tmp_path: Path) -> None:
    who = Who("llm", engine.address, "none", fallback="hold", limits=Limits(answer_s=2.0), policy="direct")
    made = episode(who, tmp_path / "out", Trigger(STEP, engine.kill))
    assert made.complete
    assert [step.decision is not None for step in made.steps[: STEP + 1]] == [True] * STEP + [False]
    assert made.steps[STEP].command is None
    assert "the robot holds" in next(event for event in made.events if event.kind == "fallback").what


def test_decisions_are_remembered_under_the_key_of_the_engine(
    engine: EngineProcess, folder: Path, tmp_path: Path
) -> None:
    store = str(tmp_path / "decisions.sqlite")
    episode(Who("llm", engine.address, "none", fallback="hold", cache=store, policy="direct"), tmp_path / "first")
    again = episode(Who("llm", str(folder), "none", cache=store, policy="direct"), tmp_path / "again")
    assert {step.decision.path for step in again.steps if step.decision} == {"cache"}


def test_workers_share_one_engine(engine: EngineProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(
        capsys, "run", "tabletop/put_in_bowl", "--seeds", "4", "--jobs", "2", "--model", engine.address, "--adapter",
        "none", "--policy", "direct", "--fallback", "hold", "--no-film", "--json", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert code in (0, 1), err
    told = json.loads(out)
    assert (told["episodes"], told["fallback_decisions"], told["invalid_commands"]) == (4, 0, 0)
    figures = engine.stop()
    assert figures["decisions"] == told["decisions"] > 4
    assert len(figures["waits_ms"]) == 2, "two workers"


def test_nobody_there_and_a_wrong_address_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"ipc://{tmp_path}/nobody.sock"
    code, _, err = call(
        capsys, "run", "tabletop/put_in_bowl", "--model", nobody, "--fallback", "hold", "--connect-s", "0.2",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip
    lines = err.strip().splitlines()
    assert code == 2
    assert lines == [
        f"codeword: no engine answers at {nobody} (right would be one started by: codeword engine --bind {nobody})"
    ]
    with pytest.raises(InputError, match="may be another machine"):
        Controllers(Who("llm", "tcp://10.0.0.1:5570", "none"), silent)


def start(folder: Path, address: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "codeword.runtime.cli", "engine", "--bind", address, "--model", str(folder)]
    return subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_verb_serves_until_ctrl_c(folder: Path, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/e.sock"
    process = start(folder, address)
    assert process.stderr is not None
    while "serves at" not in process.stderr.readline():
        assert process.poll() is None
    assert oct(os.stat(tmp_path / "e.sock").st_mode & 0o777) == "0o600"  # noqa: PTH116
    second = start(folder, address)
    _, err = second.communicate(timeout=60)
    assert second.returncode == 2
    assert err.strip().endswith(f"codeword: --bind: another process serves {address} already")
    made = episode(Who("llm", address, "none", fallback="hold", policy="direct"), tmp_path / "out")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (0, False)
    figures = json.loads(out)
    assert figures["decisions"] == sum(step.decision is not None for step in made.steps)
    (waits,) = figures["waits"].values()
    assert waits["n"] == figures["decisions"]
    assert not (tmp_path / "e.sock").exists()
    with pytest.raises(RemoteError, match="no engine answers"):
        Controllers(Who("llm", address, "none", fallback="hold", limits=Limits(connect_s=0.2)), silent)


def test_a_file_in_the_way_stays(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("mine")
    process = start(folder, f"ipc://{path}")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"{path} is a file, and no socket" in err
    assert path.read_text() == "mine"
