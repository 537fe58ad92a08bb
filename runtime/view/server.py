"""Serves the live view's page and its events: to this machine only, and nothing can be changed through it."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from codeword.codebook.errors import InputError

from .client import Client

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
