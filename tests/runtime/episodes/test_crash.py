"""A log never stops a robot: a disk that is full, a process that is killed, and what logging costs."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from codeword.runtime.recording import read_episode
from codeword.runtime.replay import replay
from tests.benchmarks.recording import bench_cost, bench_kills

LIMIT_BYTES = 9_000
"""Files may grow to this size only: more than what an episode file begins with, less than a whole one."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))


def run_on_a_full_disk(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codeword.runtime.cli", "run", "tabletop/slip_on_the_way", "--no-film"]
    command += ["--controller", "expert", "--first-seed", "3", "--out", str(folder), *args]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, preexec_fn=limited, capture_output=True, text=True, check=False, timeout=120, env=environment
    )  # fmt: skip


@pytest.mark.parametrize("film", [False, True])
def test_a_full_disk_stops_logging_and_not_the_robot(expert_episode: Path, tmp_path: Path, film: bool) -> None:
    done = run_on_a_full_disk(tmp_path, *(["--film"] if film else []))
    whole = read_episode(expert_episode, pictures=False)
    assert done.returncode == 2, "the page could not be written either, which is told last"
    last = done.stderr.splitlines()[-1]
    (first,) = (line for line in done.stderr.splitlines() if "slip_on_the_way-3.mcap: logging stopped after " in line)
    assert first.endswith(" decisions: File too large; the episode went on")
    assert last.endswith("cannot be written: File too large")
    assert "Traceback" not in done.stderr
    row = next(line for line in done.stdout.splitlines() if line.strip().startswith("slip_on_the_way"))
    assert row.split()[1:4] == ["1", "1", "100%"], "it reached its goal all the same"
    cut = read_episode(tmp_path / "slip_on_the_way-3.mcap", pictures=False)
    assert not cut.whole
    assert len(cut.steps) < len(whole.steps)
    assert [s.observation for s in cut.steps] == [s.observation for s in whole.steps[: len(cut.steps)]]
    assert replay(cut, exact=True) == []


def test_a_script_is_told_too(tmp_path: Path) -> None:
    done = run_on_a_full_disk(tmp_path, "--json")
    told = json.loads(done.stdout)
    assert told["success"] == 1
    assert len(told["unlogged"]) == 1
    assert "File too large" in told["unlogged"][0]


def test_a_killed_process_leaves_files_that_replay_to_the_cut(tmp_path: Path) -> None:
    steps: list[None] = []
    found = bench_kills(tmp_path, 4, 7, lambda: steps.append(None))
    assert len(steps) == found["kills"] == 4
    assert found["files"] >= 4
    assert found["problems"] == []
    assert found["opened"] == found["replayed"] == found["files"]


def test_the_cost_of_logging_is_measured(tmp_path: Path) -> None:
    """That the figures are figures; whether they are small enough is for `python -m tests.benchmarks recording` to say."""
    found = bench_cost(tmp_path, 2, lambda: None)
    assert found["decisions"] == sum(len(read_episode(path).steps) for path in tmp_path.glob("*.mcap"))
    assert 0 < found["share"] < 1
    assert 0 < found["p50_ms"] <= found["p95_ms"]
