"""What the robot link costs: time added to a decision, how soon a stop arrives, how regular heartbeats are."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from codeword.codebook import Command, Robot, RobotError, make_command
from codeword.controller.controller import ModelController
from codeword.controller.engine import Engine, Techniques
from codeword.controller.registry import LocalModel
from codeword.runtime.link.connection import Connection
from codeword.runtime.link.robot import LinkRobot, stop_robot
from codeword.runtime.link.urgency import may_be_urgent
from codeword.runtime.machine import machine
from codeword.runtime.quantization_texts import situations
from codeword.runtime.robots import open_robot
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario
from codeword.runtime.statistics import quantile

from .stopping import BUSY_LOOPS, stops_of_a_class

SCENARIO = "tabletop/put_in_bowl"


@contextmanager
def serving(*args: str, bind: str = "tcp://127.0.0.1:0") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`codeword serve` in a process of its own: where, and the process. Raises RobotError where it does not come up."""
    command = [sys.executable, "-m", "codeword.runtime.cli", "serve", *args, "--bind", bind]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"at (tcp://\S+)", line)
        if found is None:
            raise RobotError(f"codeword serve did not come up: {line.strip()}")
        yield found.group(1), process
    finally:
        process.kill()
        process.communicate()


def bench_link(n: int, stops: int, on_step: Callable[[], None], model: LocalModel | None = None) -> dict[str, Any]:
    """Time `n` decisions' worth of looking and commanding over loopback and in-process, and `stops` stops, half of them
    while this process computes: with a model decisions that begin with nothing read, else matrices; and as many of a
    robot of a user's own, half of them beside busy processes. Calls `on_step` after each.
    """
    scenario = load_scenario(find_scenarios((SCENARIO,))[0])
    with serving(SCENARIO) as (url, _):
        added, gap_s = _added_ms(url, scenario, n, on_step)
    with serving(SCENARIO, "--pace", "1") as (url, _):
        idle, _ = _stops_ms(url, scenario, (stops + 1) // 2, on_step)
        with computing(_matrices() if model is None else _decisions(model, scenario)):
            busy, busy_gap_s = _stops_ms(url, scenario, stops // 2, on_step)
    alone, beside = stops_of_a_class(stops, serving, on_step)
    loops = f"beside {BUSY_LOOPS} busy processes"
    rows = [
        row("added to a decision", added),
        row("stop asked for to robot stopped", idle),
        row(f"the same while {'the controller computes' if model is None else 'the model decides'}", busy),
        row("stop asked for to answered", alone.answered_ms),
        row("stop asked for to hold() called", alone.held_ms),
        row(f"stop asked for to answered, {loops}", beside.answered_ms),
        row(f"stop asked for to hold() called, {loops}", beside.held_ms),
    ]
    urgent = may_be_urgent()
    in_time = rows[0]["p95_ms"] <= 3.0 and max(one["p99_ms"] for one in rows[1:]) <= 100.0
    return {
        "machine": machine(),
        "rows": rows,
        "longest_heartbeat_gap_ms": {"deciding": round(gap_s * 1000, 1), "computing": round(busy_gap_s * 1000, 1)},
        "urgent": urgent,
        "passes": in_time and (rows[-1]["p99_ms"] <= 20.0 or not urgent),
    }


def _added_ms(url: str, scenario: Scenario, n: int, on_step: Callable[[], None]) -> tuple[list[float], float]:
    """How much longer a look and a command that takes no time take over the link [ms], in turns with the same here."""
    nothing = make_command(scenario.codebook, "done", {})
    here, _ = open_robot("sim", scenario, 0)
    there, _ = open_robot(url, scenario, 0)
    assert isinstance(there, LinkRobot)
    added = []
    try:
        for turn in range(n + 5):
            over = _look_and_do_s(there, nothing)
            if turn >= 5:  # the first ones build validators
                added.append((over - _look_and_do_s(here, nothing)) * 1000)
                on_step()
        return added, there.connection.longest_gap_s
    finally:
        for robot in (here, there):
            robot.stop()
            robot.close()


def _look_and_do_s(robot: Robot, command: Command) -> float:
    began_s = time.perf_counter()
    robot.observe()
    robot.execute(command).result()
    return time.perf_counter() - began_s


def _stops_ms(url: str, scenario: Scenario, stops: int, on_step: Callable[[], None]) -> tuple[list[float], float]:
    """From asking for a stop, in the middle of a skill and over another connection, to the result that says stopped,
    which comes after the last tick that moves [ms].
    """
    wait = make_command(scenario.codebook, "wait", {"duration_s": 5.0})
    robot, _ = open_robot(url, scenario, 0)
    assert isinstance(robot, LinkRobot)
    other, took = Connection(url), []
    try:
        for turn in range(stops):
            robot.observe()
            execution = robot.execute(wait)
            time.sleep(0.05 + 0.013 * (turn % 20))
            ended_s: list[float] = []

            def result(execution: Any = execution, ended_s: list[float] = ended_s) -> None:
                execution.result()
                ended_s.append(time.perf_counter())

            waiting = threading.Thread(target=result)
            waiting.start()
            began_s = time.perf_counter()
            if stop_robot(other, "measured", 5.0) is None:
                raise RobotError(f"{url}: no answer to a stop within 5 s: {other.network}")
            waiting.join()
            took.append((ended_s[0] - began_s) * 1000)
            robot.rearm()
            on_step()
        return took, robot.connection.longest_gap_s
    finally:
        other.close()
        robot.close()


def _matrices() -> Callable[[], None]:
    """A step of computing, as a model does."""
    matrix = np.random.default_rng(0).random((384, 384), dtype=np.float32)

    def step() -> None:
        matrix[:] = np.tanh(matrix @ matrix * 1e-3)

    return step


def _decisions(model: LocalModel, scenario: Scenario) -> Callable[[], None]:
    """A whole decision, the codebook read again each time: the longest that a model is at it."""
    engine = Engine(model, techniques=Techniques(disk_cache=False))
    situation = next(situations([scenario], seed=0))
    controller = ModelController(engine, situation.codebook)

    def step() -> None:
        engine.forget()
        controller.decide(situation.task, situation.observation)

    return step


@contextmanager
def computing(step: Callable[[], None]) -> Iterator[None]:
    """Have a thread of this process take one step after the other all the while."""
    ending = threading.Event()

    def compute() -> None:
        while not ending.is_set():
            step()

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def row(name: str, times_ms: Sequence[float]) -> dict[str, Any]:
    """Quantiles of some times [ms]."""
    times = list(times_ms)
    shares = {f"p{round(share * 100)}_ms": round(quantile(times, share), 2) for share in (0.5, 0.95, 0.99)}
    return {"name": name, "n": len(times), **shares, "max_ms": round(max(times), 2)}
