"""The live view as a run sees it: a listener that only hands things on, and threads of its own that do the rest."""

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from codeword.codebook import Observation
from codeword.codebook.errors import InputError
from codeword.codebook.observation import Record
from codeword.runtime.episode import RETASK, Episode, Physics
from codeword.runtime.judge import Verdict
from codeword.runtime.recording import Step
from codeword.runtime.records import EventRecord
from codeword.runtime.report.page import environment
from codeword.runtime.report.turns import Teller

from .client import Client, message


@dataclass
class Scene:
    """The episode under way, and how those before it ended. Every change goes to all pages that look on.

    What is told of a decision is worked out once it has been made, never while it is being made.
    """

    who: str
    read: bool
    clients: list[Client] = field(default_factory=list)
    _systems: list[str] = field(default_factory=list)
    _about: dict[str, Any] = field(default_factory=dict)
    _turns: list[dict[str, Any]] = field(default_factory=list)
    _events: list[list[Any]] = field(default_factory=list)
    _over: list[dict[str, Any]] = field(default_factory=list)
    _frame: bytes = b""
    _teller: Teller | None = None
    _step: Step | None = None
    _task: str = ""
    _then: str = ""

    def join(self, client: Client) -> None:
        """A page begins to look on: it gets all there is so far."""
        self.clients = [one for one in self.clients if not one.gone.is_set()] + [client]
        state = {"systems": self._systems, "turns": self._turns, "events": self._events, "over": self._over}
        client.send("hello", {**state, "about": self._about})
        if self._frame:
            client.show(self._frame)

    def begin(self, episode: Episode) -> None:
        """Another episode begins."""
        self._turns, self._events, self._step = [], [], None
        self._teller = Teller(episode.scenario.codebook)
        self._task, self._then = episode.task, episode.then
        budget = episode.scenario.budgets.get("decision_ms")
        self._about = {
            "name": episode.name or episode.scenario.name,
            "task": episode.task,
            "who": self.who,
            "read": self.read,
            "budget_ms": budget.p95 if budget is not None else None,
            "hard_ms": budget.hard if budget is not None else None,
            "most": episode.scenario.spec.max_decisions,
        }
        self._send("episode", self._about)

    def take(self, topic: str, record: Record) -> None:
        """A record of the loop."""
        if isinstance(record, Observation):
            self._step = Step(record)
            self._turns.append({"number": record.step + 1, "time_s": round(record.time_s, 3)})
            self._send("turn", self._turns[-1])
        elif isinstance(record, EventRecord):
            if record.scripted and record.what == RETASK:
                self._task = self._then
            self._events.append([record.step + 1, round(record.time_s, 2), record.what])
            self._send("happening", self._events[-1])
        elif isinstance(record, Verdict):
            told = {"name": self._about["name"], "success": record.success, "reason": record.reason}
            self._over.append({**told, "open": record.open, "decisions": record.decisions})
            self._send("verdict", self._over[-1])
        elif self._step is not None:
            setattr(self._step, topic, record)
            if topic in ("budget", "result"):
                self._tell(self._step)

    def frame(self, jpeg: bytes, time_s: float) -> None:
        """A picture of the scene."""
        data = {"time_s": round(time_s, 2), "jpeg": base64.b64encode(jpeg).decode()}
        self._frame = message("frame", data)
        for client in self.clients:
            client.show(self._frame)

    def end(self) -> None:
        """The run is over."""
        self._send("end", {})
        for client in self.clients:
            client.end()

    def _tell(self, step: Step) -> None:
        assert self._teller is not None, "an episode begins before anything happens in it"
        turn = self._teller.turn(step, self._task)
        if turn.system not in self._systems:
            self._systems.append(turn.system)
            self._send("system", turn.system)
        data = turn.model_dump(mode="json", exclude_defaults=True)
        self._turns[-1] = {**data, "system": self._systems.index(turn.system)}
        self._send("turn", self._turns[-1])

    def _send(self, topic: str, data: object) -> None:
        self.clients = [client for client in self.clients if not client.gone.is_set()]
        for client in self.clients:
            client.send(topic, data)


LOOPBACK = "127.0.0.1"
MOST_CLIENTS = 8


class ViewServer(ThreadingHTTPServer):
    """Listens on loopback. `join` is handed each page's client once it asks for events."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, page: bytes, policy: str, join: Callable[[Client], None]) -> None:
        """Raises InputError where the port cannot be had; 0 takes any that is free."""
        self.page, self.policy, self.join = page, policy, join
        self.clients: list[Client] = []
        self._joining = threading.Lock()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as problem:
            raise InputError(
                f"--view-port {port}: cannot be listened on: {problem.strerror}; 0 takes any free one"
            ) from problem

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def watched(self) -> bool:
        """Whether anybody looks on."""
        return any(not client.gone.is_set() for client in self.clients)

    def admit(self) -> Client | None:
        """A client for one more page, or None where there are enough."""
        with self._joining:
            here = [client for client in self.clients if not client.gone.is_set()]
            if len(here) >= MOST_CLIENTS:
                return None
            self.clients = [*here, Client()]
            return self.clients[-1]


class _Handler(BaseHTTPRequestHandler):
    """Answers GET for two paths. A name that leads here by way of another host (DNS rebinding) is refused."""

    server: ViewServer
    server_version = "codeword"
    sys_version = ""
    timeout = 10.0

    def do_GET(self) -> None:
        """Answer a request."""
        port = self.server.port
        if self.headers.get("Host") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
            self.refuse(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self.answer("text/html; charset=utf-8", str(len(self.server.page)))
            self.wfile.write(self.server.page)
        elif self.path == "/events":
            self.events()
        else:
            self.refuse(HTTPStatus.NOT_FOUND)

    def events(self) -> None:
        """Send what happens until it is over or the page is closed."""
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self.refuse(HTTPStatus.FORBIDDEN)
            return
        client = self.server.admit()
        if client is None:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self.answer("text/event-stream")
            self.server.join(client)
            for chunk in client.chunks():
                self.wfile.write(chunk)
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the page was closed, or does not read
        finally:
            client.gone.set()

    def answer(self, kind: str, length: str = "") -> None:
        """Begin a good answer."""
        self.send_response(HTTPStatus.OK)
        headers = {
            "Content-Type": kind,
            "Content-Length": length,
            "Content-Security-Policy": self.server.policy,
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Nothing can be changed here."""
        self.refuse(HTTPStatus.METHOD_NOT_ALLOWED)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not told on the terminal."""


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
