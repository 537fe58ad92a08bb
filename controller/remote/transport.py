"""One HTTP request after the other to one server, each of which can be given up at any moment."""

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

from codeword.controller.decision import DecisionCancelled
from codeword.controller.engine import Cancelled

from .address import Address, Limits, RemoteError

MOST_BYTES = 8 << 20
"""A longer answer is none of ours."""

_POLL_S = 0.005
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class Transport:
    """The way to a server. Keeps a connection open from one request to the next; not for several threads at once."""

    def __init__(self, address: Address, limits: Limits, key: str = "") -> None:
        """`key` goes into the header `Authorization`, and nowhere else."""
        self._address, self._limits, self._key = address, limits, key
        self._kept: http.client.HTTPConnection | None = None

    def post(self, path: str, body: dict[str, Any], until: float, cancelled: Cancelled) -> dict[str, Any]:
        """The object that the server answers with.

        `until` is the last moment, by `time.monotonic()`. Raises RemoteError where there is no answer by then,
        DecisionCancelled within 10 ms after `cancelled()` holds.
        """
        request = _Request(self, path, json.dumps(body, allow_nan=False).encode(), until)
        worker = threading.Thread(target=request.carry_out, daemon=True)
        worker.start()
        while not request.over.wait(_POLL_S):
            if cancelled():
                request.give_up()
                raise DecisionCancelled("the decision was given up while a model elsewhere was asked")
            if time.monotonic() > until:
                request.give_up()
                raise RemoteError(f"no answer within {self._limits.answer_s:g} s", gone=True)
        if request.problem is not None:
            raise request.problem
        return _object(request.status, request.content, self._key)

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def take(self) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it was open already."""
        kept, self._kept = self._kept, None
        if kept is not None:
            return kept, True
        at, seconds = self._address, self._limits.connect_s
        if at.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(at.host, at.port, timeout=seconds, context=context), False
        return http.client.HTTPConnection(at.host, at.port, timeout=seconds), False

    def keep(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection open for the next request."""
        self._kept = connection

    @property
    def head(self) -> dict[str, str]:
        """The headers of every request."""
        head = {"Content-Type": "application/json", "Accept": "application/json"}
        return head | ({"Authorization": f"Bearer {self._key}"} if self._key else {})

    @property
    def path(self) -> str:
        """What stands before every path."""
        return self._address.path


class _Request:
    """One request on its way, in a thread of its own, which ends soon after it is given up."""

    def __init__(self, line: Transport, path: str, body: bytes, until: float) -> None:
        self._line, self._path, self._body, self._until = line, path, body, until
        self._connection: http.client.HTTPConnection | None = None
        self._given_up = False
        self.over = threading.Event()
        self.status, self.content = 0, b""
        self.problem: RemoteError | None = None

    def carry_out(self) -> None:
        try:
            self._ask()
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.problem = RemoteError(_in_words(problem), again=True, gone=True)
        finally:
            self.over.set()

    def give_up(self) -> None:
        """End it, wherever it is."""
        self._given_up = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _ask(self) -> None:
        connection, was_open = self._line.take()
        try:
            answer = self._send(connection)
        except (ConnectionError, http.client.RemoteDisconnected):
            connection.close()
            if not was_open or self._given_up:
                raise
            connection, _ = self._line.take()  # the server had closed the old one meanwhile
            answer = self._send(connection)
        except BaseException:
            connection.close()
            raise
        try:
            self.content = answer.read(MOST_BYTES + 1)
            self.status = answer.status
        except BaseException:
            connection.close()
            raise
        if answer.will_close or self._given_up or len(self.content) > MOST_BYTES:
            connection.close()
        else:
            self._line.keep(connection)

    def _send(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        self._connection = connection
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(max(0.01, self._until - time.monotonic()))
        if self._given_up:
            raise ConnectionAbortedError("given up")
        connection.request("POST", self._line.path + self._path, self._body, self._line.head)
        return connection.getresponse()


def _object(status: int, content: bytes, key: str) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise RemoteError(f"an answer of more than {MOST_BYTES >> 20} MB")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if status == 200 and isinstance(said, dict):
        return said
    error = said.get("error", said.get("message", said)) if isinstance(said, dict) else content.decode(errors="replace")
    words = " ".join(str(error.get("message", error) if isinstance(error, dict) else error)[:1000].split())[:300]
    shown = words.replace(key, "…") if key else words
    raise RemoteError(f"the server answers {status}: {shown}", again=status in _BUSY, status=status)


def _in_words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "no connection or answer in time"
    if isinstance(problem, ssl.SSLError):
        return f"no secure connection: {problem.reason or problem}"
    said = (problem.strerror if isinstance(problem, OSError) else "") or str(problem) or type(problem).__name__
    return f"no answer: {said}"
