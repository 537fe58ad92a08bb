"""Episodes on a real Ray cluster of two nodes on this machine: the same as in this process, and a lost worker loses one."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.jobs import open_crew
from codeword.runtime.outcome import Outcome
from codeword.runtime.ray_jobs import RayPool
from codeword.runtime.recording import read_episode
from codeword.runtime.run import Plan, Task

from .conftest import shipped
from .test_cli import call

pytest.importorskip("ray")

RAY = str(Path(sys.executable).parent / "ray")
EXPERT = DeciderConfig("expert", "", "none")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _node(*how: str) -> "subprocess.Popen[str]":
    """A node of a cluster, of one core, once it has begun."""
    begin = [RAY, "start", *how, "--num-cpus=1", "--object-store-memory=80000000", "--block"]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    environment["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # else servers for clients may die as they are forked
    node = subprocess.Popen(begin, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert node.stdout is not None
    told = []
    for line in node.stdout:
        told.append(line)
        if "Ray runtime started" in line:
            return node
    raise AssertionError("".join(told))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """What --jobs is given for a cluster of two nodes."""
    port, client = _free_port(), _free_port()
    nodes = []
    try:
        nodes.append(
            _node("--head", f"--port={port}", f"--ray-client-server-port={client}", "--include-dashboard=false")
        )
        nodes.append(_node(f"--address=127.0.0.1:{port}"))
        yield f"ray://127.0.0.1:{client}"
    finally:
        for node in reversed(nodes):
            node.terminate()
            node.communicate()


def test_episodes_are_those_of_one_process(cluster: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("tabletop/put_in_bowl", "tabletop/stack_two", "--controller", "expert", "--seeds", "2", "--no-film")
    for name, jobs in (("here", "1"), ("there", cluster)):
        code, _, told = call(capsys, "run", *where, "--jobs", jobs, "--out", str(tmp_path / name))
        assert code == 0, told
    names = sorted(path.name for path in (tmp_path / "here").glob("*.mcap"))
    assert len(names) == 4
    assert names == sorted(path.name for path in (tmp_path / "there").glob("*.mcap"))
    for name in names:
        here, there = (read_episode(tmp_path / folder / name) for folder in ("here", "there"))
        assert [step.observation for step in here.steps] == [step.observation for step in there.steps]
        assert [step.command for step in here.steps] == [step.command for step in there.steps]
        assert here.verdict == there.verdict


@pytest.mark.slow
def test_a_worker_that_dies_takes_one_episode_along(cluster: str, tmp_path: Path) -> None:
    plan = Plan((shipped("tabletop/stack_three"),), range(12), "sim", tmp_path, film=False)
    found: list[tuple[Task, Outcome]] = []
    with RayPool(plan, EXPERT, cluster, silent) as pool:
        for over in pool.carry_out(plan.tasks):
            found.append(over)
            if len(found) == 1:
                os.kill(_working(), signal.SIGKILL)
    assert sorted(task.seed for task, _ in found) == list(range(12))
    errors = [outcome.row.error for _, outcome in found if outcome.row.error]
    assert len(errors) == 1
    assert errors[0].startswith("the worker that ran it died")
    assert len(list(tmp_path.glob("*.mcap"))) == 11


def _working() -> int:
    """The number of a process that runs an episode, by the name that Ray gives it."""
    while True:
        for number in _processes(lambda line: line.startswith(b"ray::RayWorker.run")):
            return number


def _processes(wanted: Callable[[bytes], bool]) -> Iterator[int]:
    """The numbers of the processes with such a command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted((folder / "cmdline").read_bytes()):
                yield int(folder.name)


@pytest.mark.slow
def test_a_cluster_whose_server_dies_as_it_starts_is_joined_once_more(cluster: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def servers() -> set[int]:
        return set(_processes(lambda line: b"ray.util.client.server" in line and b"specific-server" in line))

    of_others = servers()

    def kill() -> None:
        while not killed:
            for number in servers() - of_others:
                os.kill(number, signal.SIGKILL)
                killed.append(number)

    beside = threading.Thread(target=kill, daemon=True)
    beside.start()
    plan = Plan((shipped("tabletop/stack_three"),), range(1), "sim", tmp_path, film=False)
    with RayPool(plan, EXPERT, cluster, silent) as pool:
        ((_, outcome),) = pool.carry_out(plan.tasks)
    assert killed and not outcome.row.error


def test_a_cluster_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    address = f"ray://127.0.0.1:{_free_port()}"
    code, _, told = call(
        capsys, "run", "tabletop/stack_two", "--controller", "expert", "--jobs", address, "--out", str(tmp_path / "e")
    )
    assert (code, told.count("\n")) == (2, 1)
    assert told.startswith(f"codeword: --jobs {address}: no such cluster (")
    assert not (tmp_path / "e").exists()


def test_without_ray_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    plan = Plan((shipped("tabletop/stack_two"),), range(1), "sim", tmp_path)
    with pytest.raises(InputError, match=r"pip install 'codeword\[ray\]'"):
        open_crew(plan, EXPERT, 1, silent, cluster="ray")
