"""Recorded episodes hold on every processor: the same decisions and results, whatever kernels compute the digits."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook import Observation
from codeword.codebook.action_prompt import offer
from codeword.controller.digest import graph_digest
from codeword.controller.processor import processor
from codeword.runtime.episodes.checks import check
from codeword.runtime.episodes.pairs import compare
from codeword.runtime.episodes.record import keep
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.summary import scenario_of, task_at
from codeword.runtime.tolerances import TOLERANCES
from tests.controller.tiny import quantized
from tests.processors import OTHERS, only_where_kernels_are_chosen, skip_where_in_use
from tests.runtime.episodes.test_diff import called
from tests.runtime.test_replay import rewritten

EPISODES = Path(__file__).parents[2] / "episodes"
TELLING = ("stack_cool_colors-0.mcap", "stack_blocks_of_same_color-0.mcap")
"""Those whose contacts enlarge last digits most: to tenths of millimetres, a tick and a newton."""


def moved(seen: Observation, by_m: float) -> Observation:
    """An observation with everything that is measured elsewhere by so much, in every direction."""
    entities = tuple(
        thing
        if thing.position_m is None
        else thing.model_copy(update={"position_m": tuple(at_m + by_m for at_m in thing.position_m), "yaw_rad": thing.yaw_rad + by_m})
        for thing in seen.entities
    )  # fmt: skip
    return seen.model_copy(update={"entities": entities, "time_s": seen.time_s + abs(by_m)})


def as_of(episode: RecordedEpisode, folder: Path, name: str, **header: Any) -> Path:
    """The episode in another file, with another header."""
    episode.header = episode.header.model_copy(update=header)
    return rewritten(episode, folder / name)


@only_where_kernels_are_chosen
@pytest.mark.parametrize("environment", OTHERS, ids=lambda environment: next(iter(environment)))
def test_recorded_episodes_hold_under_the_kernels_of_another_processor(environment: dict[str, str]) -> None:
    skip_where_in_use(environment)
    args = ["replay", *(str(EPISODES / name) for name in TELLING), "--redecide", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "codeword.runtime.cli", *args],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (done.returncode, told["identical"], told["differences"]) == (0, len(TELLING), [])
    assert told["processor"] != processor()
    if "GLIBC_TUNABLES" in environment:  # OpenBLAS's older kernels change these episodes on some processors alone
        assert told["apart"].keys() >= {"position_m", "yaw_rad"}, "it computes otherwise, or this shows nothing"


def test_what_differs_between_processors_leads_to_no_other_decision() -> None:
    """No pose stands in a prompt, and none is so near to a limit that what it may be apart would offer other commands."""
    by_m = next(tolerance.most for tolerance in TOLERANCES if tolerance.unit == "m")
    for path in sorted(EPISODES.glob("*.mcap")):
        episode = read_episode(path, pictures=False)
        scenario = scenario_of(episode)
        for number, step in enumerate(episode.steps):
            task = task_at(episode, scenario, number)
            asked = [
                (offered.prompt, graph_digest(offered.legal.graph))
                for seen in (step.observation, moved(step.observation, by_m), moved(step.observation, -by_m))
                for offered in [offer(scenario.codebook, task, seen)]
            ]
            assert asked[0] == asked[1] == asked[2], f"{path.name} step {number}"


def test_last_digits_count_where_it_is_to_be_exact(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = called(capsys, "replay", expert_episode, "--exact")
    assert (code, out.splitlines()[-1]) == (0, "1 of 1 episodes identical, bit by bit")
    episode = read_episode(expert_episode, pictures=False)
    assert episode.header.processor == processor()
    episode.steps[1].observation = moved(episode.steps[1].observation, 1e-12)
    digits = as_of(episode, tmp_path, "digits.mcap")
    code, out, _ = called(capsys, "replay", digits)
    assert code == 0
    assert out.splitlines()[-1].startswith("1 of 1 episodes the same; measured numbers at most ")
    code, out, _ = called(capsys, "replay", digits, "--exact", "--json")
    told = json.loads(out)
    assert (code, told["exit"], told["identical"], told["other_processor"]) == (5, 5, 0, {})
    assert told["differences"][0]["field"] == "observation.time_s"
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, digits)
    assert (code, out.splitlines()[-1]) == (0, "no difference in what was seen, decided or done")
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, digits, "--exact")
    assert code == 5
    assert "the first at step 1: observation." in out


def test_a_recording_of_another_processor_is_named_in_a_line(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        as_of(read_episode(expert_episode, pictures=False), tmp_path, f"{name}.mcap", processor="riscv64, musl 1.2")
    old = as_of(read_episode(expert_episode, pictures=False), tmp_path, "zero.mcap", processor="")
    code, out, _ = called(capsys, "replay", tmp_path, "--exact")
    assert code == 6
    here = f"this is '{processor()}'"
    assert out.splitlines()[:2] == [
        f"{tmp_path / 'one.mcap'} and 1 more: not compared bit by bit: recorded on another processor, 'riscv64, musl 1.2'; {here}",
        f"{old}: not compared bit by bit: the file does not say on which processor; {here}",
    ]
    code, out, _ = called(capsys, "replay", tmp_path, "--exact", "--json")
    assert json.loads(out)["other_processor"] == {
        str(tmp_path / "one.mcap"): "riscv64, musl 1.2", str(tmp_path / "two.mcap"): "riscv64, musl 1.2", str(old): "",
    }  # fmt: skip
    code, out, _ = called(capsys, "episodes", "diff", expert_episode, old, "--exact")
    assert code == 6
    assert "not compared bit by bit: " in out


@pytest.mark.parametrize("planted", ["a block 2 cm elsewhere", "another command", "another status", "another fact"])
def test_another_behaviour_is_seen(
    planted: str, expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    episode = read_episode(expert_episode, pictures=False)
    step = episode.steps[1]
    assert step.command is not None and step.result is not None
    if planted == "a block 2 cm elsewhere":
        block = step.observation.entities[0]
        assert block.position_m is not None
        x_m, y_m, z_m = block.position_m
        there = (block.model_copy(update={"position_m": (x_m + 0.02, y_m, z_m)}), *step.observation.entities[1:])
        step.observation, field = (
            step.observation.model_copy(update={"entities": there}),
            "observation.entities[0].position_m[0]",
        )
    elif planted == "another command":
        text = step.command.text.replace("red_bowl", "table")
        step.command, field = step.command.model_copy(update={"text": text}), "command.text"
    elif planted == "another status":
        status = "done" if step.result.status != "done" else "failed"
        step.result, field = step.result.model_copy(update={"status": status}), "result.status"
    else:
        fewer = step.observation.facts[1:]
        step.observation, field = step.observation.model_copy(update={"facts": fewer}), "observation.facts"
    edited = rewritten(episode, tmp_path / "edited.mcap")
    code, out, _ = called(capsys, "replay", edited, "--json")
    told = json.loads(out)
    assert (code, told["identical"]) == (1, 0)
    assert (told["differences"][0]["step"], told["differences"][0]["field"]) == (1, field)
    assert check(read_episode(edited), ("guard", "commands", "goals")).found
    assert compare(read_episode(expert_episode), read_episode(edited)).differences
    kept = keep(edited, tmp_path / "kept", False, lambda _: None)
    made = rewritten(read_episode(expert_episode, pictures=False), tmp_path / "made" / edited.name)
    assert (kept.what, keep(made, tmp_path / "kept", False, lambda _: None).what) == ("new", "refused")


def test_a_block_laid_elsewhere_is_seen(expert_episode: Path, tmp_path: Path) -> None:
    """Not the log is edited but the world: the same commands meet another one."""
    episode = read_episode(expert_episode, pictures=False)
    again = replay(as_read(as_of(episode, tmp_path, "seed.mcap", seed=episode.header.seed + 1)))
    assert any(found.field.startswith("observation.entities[0].position_m") for found in again)


def as_read(path: Path) -> RecordedEpisode:
    return read_episode(path, pictures=False)


def test_the_exact_check_is_of_its_own(expert_episode: Path, tmp_path: Path) -> None:
    episode = read_episode(expert_episode, pictures=False)
    episode.steps[1].observation = moved(episode.steps[1].observation, 1e-12)
    assert check(episode, ("guard", "commands", "goals")).found == ()
    fields = {found.field.partition(".")[0] for found in check(episode, ("exact",)).found}
    assert fields == {"observation"}
    made = rewritten(episode, tmp_path / "made" / expert_episode.name)
    whole = rewritten(read_episode(expert_episode, pictures=False), tmp_path / expert_episode.name)
    before = whole.read_bytes()
    assert keep(made, tmp_path, True, lambda _: None).what == "same"
    assert whole.read_bytes() == before
    assert keep(made, tmp_path, True, lambda _: None, exact=True).what == "updated"
    episode.header = episode.header.model_copy(update={"processor": "another"})
    assert check(episode, ("exact",)).found == ()


def test_another_kernel_s_probabilities_are_not_compared_and_commands_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key of a decision names the kernels, and probabilities follow their rounding."""
    monkeypatch.setenv("CODEWORD_CACHE", str(tmp_path / "cache"))
    quantized(tmp_path / "model")
    args = ("run", "tabletop/put_in_bowl", "--no-film", "--model", tmp_path / "model" / "model", "--adapter", "none")
    code, _, err = called(capsys, *args, "--policy", "direct", "--out", tmp_path / "out")
    assert code in (0, 1), err
    (made,) = (tmp_path / "out").glob("*.mcap")
    episode = read_episode(made)
    decision = episode.steps[0].decision
    assert decision is not None and decision.logprob is not None
    other = {"key": "0" * 64, "logprob": decision.logprob - 0.01, "choices": ()}
    episode.steps[0].decision = decision.model_copy(update=other)
    code, out, _ = called(capsys, "replay", rewritten(episode, tmp_path / "same.mcap"), "--redecide", "--json")
    told = json.loads(out)
    assert (code, {one["field"] for one in told["differences"]}) == (
        3, {"decision.key", "decision.logprob", "decision.choices"},
    )  # fmt: skip
    elsewhere = as_of(episode, tmp_path, "elsewhere.mcap", profile="cpu-packed-vnni-bf16/1")
    code, out, _ = called(capsys, "replay", elsewhere, "--redecide", "--json")
    told = json.loads(out)
    assert (code, told["identical"], told["differences"]) == (0, 1, [])
    why = told["uncompared"][str(elsewhere)]["decision.logprob"]
    assert (
        why == f"it depends on kernels: decided with cpu-packed-vnni-bf16/1, here {read_episode(made).header.profile}"
    )
    code, out, _ = called(capsys, "episodes", "diff", made, elsewhere)
    assert (code, out.splitlines()[-1]) == (0, "no difference in what was seen, decided or done")
    text = decision.text.replace("pick", "push") if "pick" in decision.text else '{"skill":"done"}'
    episode.steps[0].decision = decision.model_copy(update={**other, "text": text})
    code, out, _ = called(capsys, "replay", as_of(episode, tmp_path, "text.mcap"), "--redecide", "--json")
    assert code == 1
    assert json.loads(out)["differences"][0]["field"] == "decision.text"
