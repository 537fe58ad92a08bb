"""The threads that carry out a pass together. Between passes they sleep."""

import queue
import threading
from collections.abc import Callable

Job = Callable[[int], object]


class ThreadPool:
    """Some threads, the caller's being the first of them. Jobs must let go of the interpreter to run side by side."""

    def __init__(self, threads: int) -> None:
        """Raises ValueError where there is not even one."""
        if threads < 1:
            raise ValueError(f"a team has at least one thread, not {threads}")
        self.threads = threads
        self._closed = False
        self._jobs: list[queue.SimpleQueue[Job | None]] = [queue.SimpleQueue() for _ in range(threads - 1)]
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        for number, jobs in enumerate(self._jobs, start=1):
            threading.Thread(target=self._work, args=(number, jobs), daemon=True, name=f"pass-{number}").start()

    def run(self, job: Job, threads: int | None = None) -> None:
        """Have every thread, or the first so many, call `job` with its number; returns when all are done. Raises what
        one of them raised."""
        if self._closed:
            raise RuntimeError("the team was closed")
        called = self._jobs[: (threads or self.threads) - 1]
        for jobs in called:
            jobs.put(job)
        try:
            job(0)
        finally:
            # Waited for in any case: an answer that is left over would be taken for one of the next run.
            failed = [error for error in (self._done.get() for _ in called) if error is not None]
        if failed:
            raise failed[0]

    def close(self) -> None:
        """Let the threads end."""
        self._closed = True
        for jobs in self._jobs:
            jobs.put(None)

    def _work(self, number: int, jobs: "queue.SimpleQueue[Job | None]") -> None:
        while (job := jobs.get()) is not None:
            failed = None
            try:
                job(number)
            except BaseException as error:  # noqa: BLE001 (handed to the caller, who raises it)
                failed = error
            del job  # a thread that waits keeps nothing of the last pass in memory
            self._done.put(failed)
            del failed
