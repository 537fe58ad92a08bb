"""Many processes that carry out a plan together: episodes go to whoever is free, one at a time."""

import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from codeword.codebook.errors import CodewordError, InputError
from codeword.controller.decider_config import DeciderConfig, ModelInfo
from codeword.controller.open_backend import fetch_model
from codeword.controller.processor import usable_cpus
from codeword.controller.store import Progress, silent

from .executors import Alone, Executor, failure
from .outcome import Outcome
from .run import Controllers, Plan, Task, Telling
from .worker import EpisodeOver, Orders, Stage, WorkerReady, WorkerRefused, work

_LAST_S = 5.0
"""So long a worker may take to leave before it is made to."""

_SPAWN = get_context("spawn")
"""A fresh interpreter each: physics, torch and compiled kernels hold threads, which do not live through a fork."""


def cores() -> int:
    """Physical cores that this process may use; those that only share a core with another are not counted."""
    allowed = usable_cpus()
    siblings = set()
    for cpu in allowed:
        with suppress(OSError):
            siblings.add(Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text())
    return len(siblings) or len(allowed)


def open_crew(
    plan: Plan,
    who: DeciderConfig,
    processes: int,
    progress: Progress,
    listener: Telling | None = None,
    cluster: str = "",
) -> Executor:
    """Whoever carries out a plan, in so many processes; with one of them it is this one, and a listener can be told.
    `cluster` is a Ray cluster in whose processes it is done: `ray` or `ray://HOST:PORT`.

    Raises InputError or CodewordError where who decides cannot be had.
    """
    if processes == 1 and not cluster:
        return Alone(plan, Controllers(who, progress), listener)
    if cluster:
        from .ray_jobs import RayPool

        return RayPool(plan, who, cluster, progress)
    fetch_model(who, progress)  # once, before there are many to do it
    return WorkerPool(plan, who, processes, progress)


class WorkerPool:
    """Worker processes. The first one loads alone and compiles what is to be compiled; the others find it done."""

    def __init__(self, plan: Plan, who: DeciderConfig, jobs: int, progress: Progress = silent) -> None:
        """Start the first worker and wait until it is ready.

        Raises InputError where it refuses, CodewordError where it dies.
        """
        self._plan, self._who, self._jobs = plan, who, jobs
        self._orders = Orders.of(plan, who, jobs)
        self._workers: list[_Worker] = []
        try:
            first = self._start(first=True)
            while not first.ready:
                match first.hear():
                    case Stage(what, done, total):
                        progress(what, done, total)
                    case WorkerRefused(why):
                        raise InputError(why)
                    case None:
                        raise CodewordError(f"a worker process {first.end()} while it loaded")
        except BaseException:
            self._stop()
            raise
        self._loaded = first.loaded

    @property
    def loaded(self) -> ModelInfo:
        """The model that decides, as every worker loads it."""
        return self._loaded

    def carry_out(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each episode as it is over, in any order. A worker that dies takes its episode along and is replaced.

        Raises InputError where one refuses to go on, CodewordError where none is left.
        """
        waiting, ended = deque(tasks), "ended"
        while len(self._workers) < min(self._jobs, len(tasks)):
            self._start()
        for worker in self._workers:
            worker.take(waiting)
        while waiting or any(worker.task for worker in self._workers):
            if not self._workers:
                raise CodewordError(f"the worker processes {ended} while they loaded; fewer --jobs need less memory")
            for worker in _heard(self._workers):
                match worker.hear():
                    case EpisodeOver(task, outcome):
                        worker.task = None
                        worker.take(waiting)
                        yield task, outcome
                    case WorkerReady(loaded):
                        if loaded != self._loaded:
                            told = f"{loaded.profile} here, {self._loaded.profile} there"
                            raise CodewordError(f"two workers loaded the model differently ({told}); was it tuned?")
                        worker.take(waiting)
                    case WorkerRefused(why):
                        raise InputError(why)
                    case None:
                        ended = worker.end()
                        self._workers.remove(worker)
                        if worker.ready and waiting:
                            self._start()
                        if worker.task is not None:
                            error = f"the process that ran it {ended}"
                            yield worker.task, failure(self._plan, self._who, self._loaded, worker.task, error)

    def _start(self, *, first: bool = False) -> "_Worker":
        worker = _Worker(self._orders, first)
        self._workers.append(worker)
        return worker

    def _stop(self) -> None:
        """Have every worker end now, whatever it does."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for worker in self._workers:
                worker.dismiss()
            for worker in self._workers:
                worker.process.join(_LAST_S)
        self._stop()


class _Worker:
    """One worker process, seen from the one who started it; `task` is the episode that it runs."""

    def __init__(self, orders: Orders, first: bool) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.process: BaseProcess = _SPAWN.Process(target=work, args=(theirs, orders, first), daemon=True)
        with _no_interrupt():
            self.process.start()
        theirs.close()
        self.task: Task | None = None
        self.ready = False
        self.loaded = ModelInfo()

    def hear(self) -> Stage | WorkerReady | EpisodeOver | WorkerRefused | None:
        """The next thing that it says; None where it is dead."""
        try:
            said: Stage | WorkerReady | EpisodeOver | WorkerRefused = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(said, WorkerReady):
            self.ready, self.loaded = True, said.loaded
        return said

    def take(self, waiting: deque[Task]) -> None:
        """Give it the next task, if it is ready for one and there is one."""
        if not self.ready or not waiting:
            return
        try:
            self.pipe.send(waiting[0])
        except OSError:
            return  # it is dead, as we shall hear
        self.task = waiting.popleft()

    def dismiss(self) -> None:
        """Have it end when it is done with what it does."""
        with suppress(OSError):
            self.pipe.send(None)

    def end(self) -> str:
        """Bring it to its end; says what that was."""
        self.process.join(_LAST_S)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.pipe.close()
        code = self.process.exitcode or 0
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _heard(workers: list[_Worker]) -> list[_Worker]:
    """Those that have something to say, waited for."""
    of_pipe = {worker.pipe: worker for worker in workers}
    return [of_pipe[pipe] for pipe in wait(list(of_pipe)) if isinstance(pipe, Connection)]


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """A process started in here never hears Ctrl-C: it is for the one who started it to say what happens then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
