"""A worker process: loads the model once, then runs the episodes that it is told to, one after the other.

Over its pipe it says `Stage` while it loads, `Ready`, then `Over` for each task, or `Refused` and ends. It leaves when
it is told None, and at once when the process that started it is gone.
"""

import os
import threading
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from codeword.codebook.errors import CodewordError
from codeword.controller.decider_config import DeciderConfig, ModelInfo

from .executors import attempt
from .outcome import Outcome
from .run import Controllers, Plan, Task
from .scenario import Scenario, parse_scenario
from .scenario_spec import Clock


@dataclass(frozen=True)
class Orders:
    """What a worker needs to know of a plan. `scenarios` are text, path, and the codebook's text."""

    scenarios: tuple[tuple[str, str, str], ...]
    seeds: range
    robot: str
    out: Path
    film: bool
    who: DeciderConfig
    processes: int
    lookahead: bool
    clock: Clock | None
    leave_out: frozenset[str]
    senses: str

    @staticmethod
    def of(plan: Plan, who: DeciderConfig, processes: int) -> "Orders":
        texts = tuple((scenario.text, scenario.path, scenario.codebook.text) for scenario in plan.scenarios)
        return Orders(
            texts, plan.seeds, plan.robot, plan.out, plan.film, who, processes, plan.lookahead, plan.clock,
            plan.leave_out, plan.senses,
        )  # fmt: skip

    def plan(self) -> Plan:
        """The plan again, from texts: files edited meanwhile change nothing."""
        scenarios: tuple[Scenario, ...] = tuple(parse_scenario(*texts) for texts in self.scenarios)
        return Plan(
            scenarios, self.seeds, self.robot, self.out, self.film, lookahead=self.lookahead, clock=self.clock,
            leave_out=self.leave_out, senses=self.senses,
        )  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """How far loading has come: what is done, how much of it, out of how much."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class WorkerReady:
    """The worker takes tasks."""

    loaded: ModelInfo


@dataclass(frozen=True)
class EpisodeOver:
    """An episode is over."""

    task: Task
    outcome: Outcome


@dataclass(frozen=True)
class WorkerRefused:
    """It cannot go on, and why."""

    why: str


def work(pipe: Connection, orders: Orders, first: bool) -> None:
    """The life of a worker. The first one also has the model read every codebook, so that the others find it read."""
    os.dup2(2, 1)  # standard output is for results; what a user's own code prints is none
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        plan = orders.plan()
        controllers = Controllers(
            orders.who, lambda what, done, total: pipe.send(Stage(what, done, total)), orders.processes
        )
        for book in (
            {scenario.codebook.hash: scenario.codebook for scenario in plan.scenarios}.values() if first else ()
        ):
            controllers.warm(book)
        pipe.send(WorkerReady(controllers.loaded))
        while (task := pipe.recv()) is not None:
            pipe.send(EpisodeOver(task, attempt(plan, controllers, task)))
    except CodewordError as problem:
        pipe.send(WorkerRefused(str(problem)))
    except (EOFError, BrokenPipeError):
        return  # nobody is there any more


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
