"""Episodes on the machines of a Ray cluster: each worker loads the model once, and sends back its episode files."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from codeword.codebook.errors import CodewordError, InputError
from codeword.controller.decider_config import DeciderConfig, ModelInfo
from codeword.controller.store import Progress, silent

from .executors import attempt, failure
from .outcome import Outcome
from .run import Controllers, Plan, Task
from .worker import Orders

RAY = "ray"
_ANSWER_S = 5.0
_ATTEMPTS = 3
"""Ray's server for one client, which it forks beside running threads, dies now and then as it starts, and the next one
does not (https://github.com/ray-project/ray/issues/63202)."""


def is_ray(jobs: str) -> bool:
    """Whether --jobs means Ray: `ray`, a cluster of this machine alone, or `ray://HOST:PORT`."""
    return jobs == RAY or jobs.startswith("ray://")


class RayWorker:
    """One process of a cluster, as Ray starts it there."""

    def __init__(self, orders: Orders) -> None:
        self._folder = TemporaryDirectory(prefix="codeword-")
        self._plan = replace(orders.plan(), out=Path(self._folder.name))
        self._controllers = Controllers(orders.who, silent, orders.processes)

    def loaded(self) -> ModelInfo:
        """The model that decides there."""
        return self._controllers.loaded

    def run(self, task: Task) -> tuple[Outcome, bytes]:
        """Run an episode; its file comes along, empty where there is none."""
        outcome = attempt(self._plan, self._controllers, task)
        path = self._plan.path(task)
        content = path.read_bytes() if path.is_file() else b""
        path.unlink(missing_ok=True)
        return outcome, content


class RayPool:
    """An executor: a worker for every core of a cluster, or for every episode where these are fewer."""

    def __init__(self, plan: Plan, who: DeciderConfig, jobs: str, progress: Progress) -> None:
        """Join the cluster and wait until a worker has loaded. Raises InputError where ray is not installed, the
        cluster cannot be reached or its machines lack this package, and what loading raises there.
        """
        try:
            ray: Any = import_module("ray")
        except ImportError as problem:
            raise InputError("the package ray is not here; get it with: pip install 'codeword[ray]'") from problem
        self._ray, self._plan, self._who = ray, plan, who
        try:
            if jobs != RAY:  # ray itself would try for half a minute
                place = urlsplit(jobs)
                create_connection((place.hostname or "", place.port or 0), _ANSWER_S).close()
            progress("joining the cluster", 0, 0)
            self._join(None if jobs == RAY else jobs)
        except (ConnectionError, OSError, RuntimeError, ValueError) as problem:
            raise InputError(f"--jobs {jobs}: no such cluster ({_first_line(problem)})") from problem
        try:
            many = max(1, min(int(ray.cluster_resources().get("CPU", 1)), len(plan)))
            self._kind, self._orders = ray.remote(num_cpus=1)(RayWorker), Orders.of(plan, who, many)
            self._workers: list[Any] = [self._kind.remote(self._orders) for _ in range(many)]
            progress("loading there", 0, 0)
            self._loaded: ModelInfo = ray.get(self._workers[0].loaded.remote())
        except CodewordError:
            ray.shutdown()
            raise
        except ray.exceptions.RayError as problem:
            ray.shutdown()
            why = _first_line(problem.__cause__ or problem)
            raise InputError(
                f"--jobs {jobs}: a worker could not begin ({why}); the same version of codeword has to be installed on "
                "every machine of the cluster"
            ) from problem

    def _join(self, address: str | None) -> None:
        """Join a cluster, one of this machine alone where there is no address. Raises what Ray raises."""
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
                return
            except ConnectionAbortedError:
                if not attempts_left:
                    raise

    @property
    def loaded(self) -> ModelInfo:
        """The model that decides, as the first worker loaded it."""
        return self._loaded

    def carry_out(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each episode as it is over, in any order. A worker that dies takes its episode along and is replaced.

        Raises InputError where a worker refuses to go on.
        """
        waiting, free = deque(tasks), list(self._workers)
        running: dict[Any, tuple[Any, Task]] = {}
        while waiting or running:
            while waiting and free:
                worker, task = free.pop(), waiting.popleft()
                running[worker.run.remote(task)] = (worker, task)
            (over, *_), _ = self._ray.wait(list(running), num_returns=1)
            worker, task = running.pop(over)
            try:
                outcome, content = self._ray.get(over)
            except self._ray.exceptions.RayActorError as problem:
                error = f"the worker that ran it died ({_first_line(problem)})"
                worker = self._kind.remote(self._orders)
                outcome, content = failure(self._plan, self._who, self._loaded, task, error), b""
            free.append(worker)
            if content:
                self._plan.path(task).write_bytes(content)
            yield task, outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ray.shutdown()


def _first_line(problem: BaseException) -> str:
    return next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)[:200]
