"""The live view as a run sees it: a listener that only hands things on, and threads of its own that do the rest."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from codeword.codebook.observation import Record
from codeword.runtime.episode import Episode, Physics
from codeword.runtime.report.page import environment

from .client import Client
from .scene import Scene
from .server import LOOPBACK, ViewServer

FRAME_S = 1 / 12
"""Simulated time between two pictures of a scene that is looked at."""

_FAREWELL_S = 2.0


class View:
    """A context manager. While it is open, its page can be looked at, and it listens to any number of episodes.

    Nothing is worked out in the thread that runs the episodes but pictures: between two ticks of physics, only while
    somebody looks on, once the one before was taken, and for no more than half of the time.
    """

    def __init__(self, who: str = "", *, read: bool = False, port: int = 0) -> None:
        """`who` decides, in words; `read` says that a model reads the prompts.

        Raises InputError where the port cannot be had.
        """
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._scene = Scene(who, read)
        self._looked_at = threading.Event()
        self._frame_waits = threading.Event()
        self._next_look = 0.0
        page, policy = _page()
        self._server = ViewServer(port, page, policy, self._join)
        self._threads = [
            threading.Thread(target=self._work, name="view", daemon=True),
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="view-server", daemon=True),
        ]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._server.port}/"

    def wait(self, longest_s: float) -> bool:
        """Wait until somebody looks on; False where nobody did in time."""
        return self._looked_at.wait(longest_s)

    def begin(self, episode: Episode) -> None:
        """Another episode begins, in the thread that is to draw its pictures."""
        self._tasks.put(lambda: self._scene.begin(episode))
        physics = episode.physics
        if physics is not None:
            physics.watch(FRAME_S, lambda time_s: self._look(physics, time_s))

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """A record of the loop."""
        del time_s
        self._tasks.put(lambda: self._scene.take(topic, record))

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """A picture that was taken for the episode file."""
        if not self._frame_waits.is_set():
            self._frame_waits.set()
            self._tasks.put(lambda: self._show(jpeg, time_s))

    def _look(self, physics: Physics, time_s: float) -> None:
        began = time.perf_counter()
        if began >= self._next_look and not self._frame_waits.is_set() and self._server.watched:
            self.picture(physics.jpeg(), time_s)
            ended = time.perf_counter()
            self._next_look = ended + (ended - began)

    def _show(self, jpeg: bytes, time_s: float) -> None:
        self._frame_waits.clear()
        self._scene.frame(jpeg, time_s)

    def _join(self, client: Client) -> None:
        self._tasks.put(lambda: self._scene.join(client))
        self._looked_at.set()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.put(self._scene.end)
        self._tasks.put(None)
        self._threads[0].join(_FAREWELL_S)
        for client in self._server.clients:
            client.gone.wait(_FAREWELL_S)
        self._server.shutdown()
        self._server.server_close()


def _page() -> tuple[bytes, str]:
    """The page, and what it may do: run its own script, and ask for events where it came from."""
    made = environment()
    fingerprint = made.globals["fingerprint"]("timeline.js", "view.js")  # type: ignore[operator]
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        f"script-src '{fingerprint}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return made.get_template("view.html").render().encode(), policy
