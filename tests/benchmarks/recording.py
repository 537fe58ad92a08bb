"""What logging costs an episode, and what is left of a file when its process is killed at any moment."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from codeword.codebook.errors import EpisodeError
from codeword.codebook.observation import Record
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.recording import EpisodeWriter, read_episode
from codeword.runtime.replay import replay
from codeword.runtime.robots import open_robot
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario
from codeword.runtime.statistics import quantile

SCENARIOS = ("tabletop/put_in_bowl", "tabletop/slip_on_the_way", "lohoravens/stack_blocks_of_same_color")
MOST_SHARE = 0.02
"""So much of an episode's wall time logging may cost."""

MOST_MS = 1.0
"""So long it may hold up a decision, at p95 [ms]."""

_LONGEST_S = 1.5
"""A process is killed at the latest so long after its first file appeared."""

_PATIENCE_S = 60.0
"""So long a process may take to begin."""


@dataclass
class _Clocked:
    """An episode writer whose every call is timed [s]; `turns` has wall and computer time for each decision."""

    writer: EpisodeWriter
    spent_s: float = 0.0
    turns: list[tuple[float, float]] = field(default_factory=list)

    def write(self, topic: str, record: Record, time_s: float) -> None:
        started, computed = time.perf_counter(), time.thread_time()
        self.writer.write(topic, record, time_s)
        took, computed = time.perf_counter() - started, time.thread_time() - computed
        self.spent_s += took
        if topic == "observation":
            self.turns.append((0.0, 0.0))
        if self.turns:
            self.turns[-1] = (self.turns[-1][0] + took, self.turns[-1][1] + computed)

    def picture(self, jpeg: bytes, time_s: float) -> None:
        del jpeg, time_s


def bench_cost(folder: Path, episodes: int, step: Callable[[], None]) -> dict[str, Any]:
    """Run episodes of the expert, without pictures, and time what the writer takes.

    The expert decides in a fraction of a millisecond and physics waits for nothing, so that no share is smaller than
    it would be with a model. Returns the share of wall time [0 to 1], and p50 and p95 of what it adds to a decision
    [ms]: all records of one turn together, and p95 of the computer time among it, which other processes do not touch.
    """
    chosen = [load_scenario(path) for path in find_scenarios(SCENARIOS)]
    wall_s = spent_s = 0.0
    turns: list[tuple[float, float]] = []
    for number in range(episodes):
        scenario = chosen[number % len(chosen)].seeded(number)
        wall, clocked = _timed(scenario, number, folder / f"{number}.mcap")
        wall_s += wall
        spent_s += clocked.spent_s
        turns += clocked.turns
        step()
    wall_ms = [1000 * took for took, _ in turns]
    cpu_ms = [1000 * computed for _, computed in turns]
    return {
        "episodes": episodes,
        "decisions": len(turns),
        "wall_s": round(wall_s, 3),
        "logging_s": round(spent_s, 4),
        "share": round(spent_s / wall_s, 5),
        "most_share": MOST_SHARE,
        "p50_ms": round(quantile(wall_ms, 0.5), 4),
        "p95_ms": round(quantile(wall_ms, 0.95), 4),
        "cpu_p95_ms": round(quantile(cpu_ms, 0.95), 4),
        "most_ms": MOST_MS,
    }


def _timed(scenario: Scenario, seed: int, path: Path) -> tuple[float, _Clocked]:
    controllers = Controllers(DeciderConfig("expert", "", "none"), silent)
    head = controllers.header(scenario, seed, "sim")
    began = time.perf_counter()
    robot, physics = open_robot("sim", scenario, seed)
    try:
        started = time.perf_counter()
        with EpisodeWriter(path, head, scenario.codebook.text, scenario.text) as writer:
            clocked = _Clocked(writer, time.perf_counter() - started)
            controller = controllers.make(scenario, seed)
            then = scenario.changed().wording(seed)
            run_episode(Episode(scenario, head.task, controller, robot, physics, (clocked,), film=False, then=then))
            ended = time.perf_counter()
        clocked.spent_s += time.perf_counter() - ended
    finally:
        robot.close()
    return time.perf_counter() - began, clocked


def bench_kills(folder: Path, kills: int, seed: int, step: Callable[[], None]) -> dict[str, Any]:
    """Kill a process that records (SIGKILL) at random moments, and read and replay every file that it left.

    Returns how many files there were, how many of them were cut off, how many opened, and how many replayed the same
    up to the cut, with each one that did not.
    """
    rng = random.Random(seed)
    context = get_context("fork")  # all is imported already: a kill falls into an episode, not into the start
    chosen = tuple(load_scenario(path) for path in find_scenarios(SCENARIOS))
    found: list[tuple[Path, str]] = []
    cut = 0
    for number in range(kills):
        out = folder / f"kill{number}"
        process = context.Process(target=_record, args=(out, number, chosen), daemon=True)
        process.start()
        patient_until = time.monotonic() + _PATIENCE_S
        while not any(out.glob("*.mcap")) and process.is_alive() and time.monotonic() < patient_until:
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, _LONGEST_S))
        if process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        for path in sorted(out.glob("*.mcap")):
            problem, whole = _read_back(path)
            found.append((path, problem))
            cut += not whole
        step()
    bad = [f"{path.name}: {problem}" for path, problem in found if problem]
    unopened = sum(problem.startswith("opened") for _, problem in found)
    return {
        "kills": kills, "files": len(found), "cut": cut, "opened": len(found) - unopened,
        "replayed": len(found) - len(bad), "problems": bad,
    }  # fmt: skip


def _record(folder: Path, number: int, chosen: tuple[Scenario, ...]) -> None:
    plan = Plan(chosen, range(number, number + 50), "sim", folder, film=False)
    run(plan, Controllers(DeciderConfig("expert", "", "none"), silent))


def _read_back(path: Path) -> tuple[str, bool]:
    """What is wrong with a file, empty where nothing is, and whether it is whole."""
    try:
        episode = read_episode(path)
    except EpisodeError as problem:
        return f"opened not: {problem}", False
    found = replay(episode, exact=True)
    first = f"step {found[0].step}: {found[0].field}" if found else ""
    return first, episode.whole
