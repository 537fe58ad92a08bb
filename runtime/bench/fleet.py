"""Several robots of one machine: one engine for all of them, against an engine for each."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from codeword.codebook.errors import CodewordError
from codeword.controller.registry import LocalModel
from codeword.runtime.statistics import quantile

from .fleet_robot import resident_mb
from .machine import machine


@dataclass(frozen=True)
class Row:
    """So many robots that ask all the time, each n decisions. Times in ms, over all decisions; `fairness` is the p50 of
    the slowest robot over that of the quickest. `wait` is what passed beside the engine's own work: on the way, and
    until a turn came. `memory_mb` is of all processes together, `engine_mb` of those that hold a model.
    """

    robots: int
    engines: int
    n: int
    decisions_per_s: float
    p50_ms: float
    p95_ms: float
    wait_p50_ms: float
    wait_p95_ms: float
    fairness: float
    engine_mb: float
    memory_mb: float


def bench_fleet(model: LocalModel, robots: Sequence[int], n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Each number of robots with one engine, then with as many engines, n decisions a robot.

    Raises CodewordError where a process does not do its part.
    """
    rows, by_robot, same = [], [], 0
    for count in robots:
        with tempfile.TemporaryDirectory() as folder, _engine(model, f"ipc://{folder}/e.sock") as (process, address):
            shared = _run(model, address, count, n)
            engine_mb = resident_mb(process)
        advance()
        own = _run(model, "", count, n)
        advance()
        rows.append(_row(shared, n, 1, engine_mb, engine_mb + sum(one["memory_mb"] for one in shared)))
        memory_mb = sum(one["memory_mb"] for one in own)
        rows.append(_row(own, n, count, memory_mb, memory_mb))
        same += sum(one["decisions"] == other["decisions"] for one, other in zip(shared, own, strict=True))
        by_robot.append([_waits(one) for one in shared])
    return {
        "machine": machine(), "model": model.name, "rows": [asdict(row) for row in rows],
        "by_robot": {str(count): waits for count, waits in zip(robots, by_robot, strict=True)},
        "ratios": {
            f"{shared.robots} robots, decisions a second, one engine over one each":
                round(shared.decisions_per_s / own.decisions_per_s, 2)
            for shared, own in zip(rows[::2], rows[1::2], strict=True)
        },
        "compared": sum(robots), "same_decisions": same,
    }  # fmt: skip


def _row(told: list[dict[str, Any]], n: int, engines: int, engine_mb: float, memory_mb: float) -> Row:
    times = [time_ms for one in told for time_ms in one["ms"]]
    waits = [wait_ms for one in told for wait_ms in one["wait_ms"]]
    seconds = max(one["ended_s"] for one in told) - min(one["began_s"] for one in told)
    middles = [quantile(one["ms"], 0.5) for one in told]
    return Row(
        len(told), engines, n, round(len(times) / seconds, 1), round(quantile(times, 0.5), 1),
        round(quantile(times, 0.95), 1), round(quantile(waits, 0.5), 1), round(quantile(waits, 0.95), 1),
        round(max(middles) / min(middles), 2), round(engine_mb), round(memory_mb),
    )  # fmt: skip


def _waits(one: dict[str, Any]) -> dict[str, float]:
    return {
        "p50_ms": round(quantile(one["ms"], 0.5), 1), "p95_ms": round(quantile(one["ms"], 0.95), 1),
        "wait_p50_ms": round(quantile(one["wait_ms"], 0.5), 1), "wait_p95_ms": round(quantile(one["wait_ms"], 0.95), 1),
    }  # fmt: skip


@contextmanager
def _engine(model: LocalModel, address: str) -> Iterator[tuple[int, str]]:
    """An engine process, served until the end of this; its number and its address."""
    with _process(
        "codeword.runtime.cli", "engine", "--bind", address, "--model", model.name, "--adapter", "none"
    ) as engine:
        _line(engine)
        yield engine.pid, address


def _run(model: LocalModel, address: str, count: int, n: int) -> list[dict[str, Any]]:
    """What each robot tells, all of them having begun together."""
    with ExitStack() as stack:
        of_robot = [
            stack.enter_context(
                _process("codeword.runtime.bench.fleet_robot", model.name, address, str(seed), str(n), str(count))
            )
            for seed in range(count)
        ]
        for robot in of_robot:
            _line(robot)
        for robot in of_robot:
            _pipe(robot.stdin).write("go\n")
            _pipe(robot.stdin).flush()
        return [json.loads(_line(robot)) for robot in of_robot]


@contextmanager
def _process(module: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *args]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            _pipe(pipe).close()


def _line(process: subprocess.Popen[str]) -> str:
    """The next thing that a process says. Raises CodewordError where it ended."""
    while line := _pipe(process.stdout).readline():
        if line.strip():
            return line
    raise CodewordError(f"a process of the measurement ended with exit code {process.wait()}")


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
