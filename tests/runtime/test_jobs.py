"""Many episodes: the same whoever runs them, and none is lost with another, with Ctrl-C, or with a crash."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mcap.records import Attachment, Channel, Message, Metadata
from mcap.stream_reader import StreamReader

from codeword.codebook.errors import EpisodeError, InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.store import silent
from codeword.runtime.executors import Alone
from codeword.runtime.jobs import WorkerPool, cores, open_crew
from codeword.runtime.recording import read_episode
from codeword.runtime.resume import finished
from codeword.runtime.run import Controllers, Plan
from codeword.runtime.summary import add_up
from tests.runtime.conftest import shipped
from tests.runtime.test_cli import call

WALL_TIMES = {"decision": ("stage_ms", "first_token_ms", "token_ms"), "budget": ("stage_ms",)}


def but_for_wall_times(path: Path) -> list[Any]:
    """All that is in an episode file, record by record, without what a clock on the wall says."""
    topics: dict[int, str] = {}
    content: list[Any] = []
    with path.open("rb") as stream:
        for record in StreamReader(stream, validate_crcs=True).records:
            if isinstance(record, Channel):
                topics[record.id] = record.topic
            elif isinstance(record, Metadata):
                content.append(record.metadata)
            elif isinstance(record, Attachment):
                content.append((record.name, record.data))
            elif isinstance(record, Message):
                topic, data = topics[record.channel_id].removeprefix("/"), json.loads(record.data)
                for name in WALL_TIMES.get(topic, ()):
                    data[name] = sorted(data[name]) if isinstance(data[name], dict) else None
                content.append((topic, record.log_time, record.sequence, data))
    return content


def carried_out(plan: Plan, who: DeciderConfig, processes: int) -> dict[str, list[Any]]:
    """The content of every episode file of a plan, by name, however many processes wrote them."""
    with open_crew(plan, who, processes, silent) as crew:
        outcomes = [outcome for _, outcome in crew.carry_out(plan.tasks)]
    assert [outcome.row.error for outcome in outcomes] == [""] * len(plan)
    return {path.name: but_for_wall_times(path) for path in sorted(plan.out.iterdir())}


def same_everywhere(
    who: DeciderConfig, names: tuple[str, ...], seeds: range, folder: Path, *, film: bool = False
) -> dict[str, list[Any]]:
    """The files of a plan, found the same twice alone and once by two processes."""
    scenarios = tuple(map(shipped, names))
    plans = [Plan(scenarios, seeds, "sim", folder / part, film=film) for part in ("one", "two", "both")]
    once, again, beside = (carried_out(plan, who, 1 + (plan is plans[2])) for plan in plans)
    assert len(once) == len(names) * len(seeds)
    assert again == once
    assert beside == once
    return once


def test_files_of_the_expert_are_the_same_but_for_wall_times(tmp_path: Path) -> None:
    files = same_everywhere(DeciderConfig("expert", "", "none"), ("disturbed/noisy_looks",), range(1, 3), tmp_path)
    first, second = (str(content[3:]) for content in files.values())
    assert first != second, "another seed is another episode"


def test_files_of_the_random_controller_are_the_same_with_their_pictures(tmp_path: Path) -> None:
    same_everywhere(DeciderConfig("random", "", "none"), ("tabletop/put_in_bowl",), range(1), tmp_path, film=True)


@pytest.mark.slow
@pytest.mark.model
def test_files_of_the_model_are_the_same_but_for_wall_times(tmp_path: Path) -> None:
    """Down to the tokens that were kept and the passes made: what an episode says does not depend on those before."""
    who = DeciderConfig("llm", DEFAULT_MODEL, "none", policy="direct")
    files = same_everywhere(who, ("tabletop/already_done",), range(2), tmp_path)
    decisions = [data for content in files.values() for topic, *_, data in content[3:] if topic == "decision"]
    assert decisions
    assert {decision["path"] for decision in decisions} == {"decoded"}


def group_lives(group: int) -> bool:
    """Whether any process of a group is more than a name that nobody has asked after yet."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def until(holds: Callable[[], bool], most_s: float = 30.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < deadline


def whole_files(folder: Path) -> list[Path]:
    """The files of finished episodes in a folder."""
    found = []
    for path in folder.glob("*.mcap"):
        with suppress(EpisodeError):
            found += [path] if read_episode(path, pictures=False).complete else []
    return found


def complete(folder: Path) -> int:
    """How many finished episodes are in a folder."""
    return len(whole_files(folder))


HEARS_CTRL_C = """
import signal
from codeword.runtime.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a test run in the background takes away
main()
"""


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_what_is_finished_is_kept_and_gone_on_from(
    blow: signal.Signals, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ["run", "tabletop/stack_two", "--controller", "expert", "--no-film", "--out", str(out), "--seeds", "40"]
    command = [sys.executable, "-c", HEARS_CTRL_C, *args, "--jobs", "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until(lambda: complete(out) >= 2)
    if blow == signal.SIGINT:
        os.killpg(running.pid, blow)  # as a terminal does: everyone hears it
    else:
        running.kill()
    said, errors = running.communicate()
    until(lambda: not group_lives(running.pid))
    left = complete(out)
    assert said == b""
    if blow == signal.SIGKILL:
        return
    assert running.returncode == 130
    line = " ".join(errors.decode().split())
    assert "of 40 episodes are finished" in line
    assert "--resume goes on from there" in line
    assert "Traceback" not in line
    cut = whole_files(out)[0]
    cut.write_bytes(cut.read_bytes()[:-100])
    shorter = [*args[:-1], str(len(list(out.glob("*.mcap")))), "--json", "--resume"]
    code, printed, _ = call(capsys, *shorter)
    data = json.loads(printed)
    assert (code, data["errors"]) == (0, [])
    assert data["kept"] == left - 1
    assert data["episodes"] == data["success"] == complete(out) > data["kept"]


def test_a_folder_with_episodes_in_it_is_not_written_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = ["run", "tabletop/already_done", "--no-film", "--out", str(tmp_path), "--controller"]
    assert call(capsys, *args, "expert")[0] == 0
    before = (tmp_path / "already_done-0.mcap").read_bytes()
    code, _, errors = call(capsys, *args, "expert")
    assert code == 2
    assert "has 1 episode of an earlier run in it; go on with that one with --resume, or name another" in errors
    code, _, errors = call(capsys, *args, "random", "--resume")
    assert code == 2
    assert "already_done-0.mcap: is of another run (controller expert there, random here); name another" in errors
    code, out, _ = call(capsys, *args, "expert", "--resume", "--seeds", "2")
    assert code == 0
    assert "1 of 2 were there already" in out
    assert (tmp_path / "already_done-0.mcap").read_bytes() == before


UNRULY = """\
import os, signal
from pathlib import Path
from codeword.codebook import RobotError
from codeword.sim import SimRobot, WorldSpec

class Robot(SimRobot):
    def __init__(self, codebook):
        turn = next(n for n in range(9) if self.first_at(Path(__file__).with_name(f"turn-{n}")))
        if turn == 0:
            raise RobotError("the cable is out")
        self.broken_joint = turn == 1
        if turn == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        super().__init__(codebook, WorldSpec(blocks=["red"], bowls=["yellow"]), seed=1)

    def observe(self):
        if self.broken_joint:
            raise KeyError("joint_7")
        return super().observe()

    def first_at(self, path):
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True
"""


def test_an_episode_that_breaks_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when it takes its process along."""
    (tmp_path / "unruly.py").write_text(UNRULY)
    monkeypatch.syspath_prepend(str(tmp_path))
    who = DeciderConfig("random", "", "none")
    plan = Plan((shipped("tabletop/already_done"),), range(5), "unruly:Robot", tmp_path / "out", film=False)
    with WorkerPool(plan, who, 2) as crew:
        outcomes = dict(crew.carry_out(plan.tasks))
        assert set(outcomes) == set(plan.tasks)
        errors = sorted(outcome.row.error for outcome in outcomes.values())
        assert errors == [
            "", "",
            "robot 'unruly:Robot', called as Robot(codebook), could not be made: RobotError: the cable is out",
            "the process that ran it was ended by SIGSEGV",
            "unruly.py:18: KeyError: 'joint_7'",
        ]  # fmt: skip
        kept = dict(finished(plan, who, crew.loaded))
    assert len(kept) == 2
    summary = add_up(outcomes.values())
    assert (summary.total.episodes, summary.total.broken, summary.ok) == (5, 3, False)


def test_a_broken_episode_is_told_and_is_no_success(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unruly.py").write_text(UNRULY.replace("turn == 2", "turn == 9"))
    monkeypatch.syspath_prepend(str(tmp_path))
    args = ["run", "tabletop/already_done", "--controller", "random", "--robot", "unruly:Robot", "--no-film"]
    code, out, errors = call(capsys, "--debug", *args, "--seeds", "3", "--out", str(tmp_path / "out"))
    assert code == 1
    assert (
        "broken: already_done, seed 0: robot 'unruly:Robot', called as Robot(codebook), could not be made: RobotError: the cable is out"
        in out
    )
    assert "2 of 3 episodes broke; --resume runs them again" in out
    assert 'raise KeyError("joint_7")' in errors, "--debug shows where"
    code, out, _ = call(capsys, *args, "--seeds", "3", "--out", str(tmp_path / "out"), "--resume", "--json")
    assert (json.loads(out)["kept"], json.loads(out)["errors"]) == (1, [])


def test_a_worker_says_what_it_cannot_load(tmp_path: Path) -> None:
    plan = Plan((shipped("tabletop/already_done"),), range(2), "sim", tmp_path)
    with pytest.raises(InputError, match="there is no controller 'human'"):
        WorkerPool(plan, DeciderConfig("human", "", "none"), 2)


def test_a_disk_that_takes_nothing_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    plan = Plan((shipped("tabletop/already_done"),), range(2), "sim", tmp_path / "file")
    who = DeciderConfig("expert", "", "none")
    with pytest.raises(InputError, match="cannot be written"):
        list(Alone(plan, Controllers(who, silent)).carry_out(plan.tasks))
    with WorkerPool(plan, who, 2) as crew, pytest.raises(InputError, match="cannot be written"):
        list(crew.carry_out(plan.tasks))


def test_there_is_a_core_at_least() -> None:
    assert 1 <= cores() <= len(os.sched_getaffinity(0))
