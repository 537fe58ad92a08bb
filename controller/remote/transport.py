"""One HTTP request after the other to one server, each of which can be given up at any moment."""

import asyncio
import json
import os
import ssl
import threading
import time
from concurrent.futures import CancelledError
from concurrent.futures import wait as wait_for
from typing import Any

import httpx2

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
        self._limits, self._key = limits, key
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._base = f"{address.scheme}://{host}:{address.port}{address.path}"
        self._opened: tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient] | None = None

    def post(self, path: str, body: dict[str, Any], until: float, cancelled: Cancelled) -> dict[str, Any]:
        """The object that the server answers with.

        `until` is the last moment, by `time.monotonic()`. Raises RemoteError where there is no answer by then,
        DecisionCancelled within 10 ms after `cancelled()` holds.
        """
        loop, client = self._open()
        content = json.dumps(body, allow_nan=False).encode()
        asked = asyncio.run_coroutine_threadsafe(_post(client, self._base + path, content), loop)
        while not wait_for([asked], timeout=_POLL_S).done:
            if cancelled():
                asked.cancel()
                raise DecisionCancelled("the decision was given up while a model elsewhere was asked")
            if time.monotonic() > until:
                asked.cancel()
                raise RemoteError(f"no answer within {self._limits.answer_s:g} s", gone=True)
        try:
            status, answer = asked.result()
        except (httpx2.TransportError, CancelledError, OSError) as problem:
            raise RemoteError(_in_words(problem), again=True, gone=True) from problem
        return _object(status, answer, self._key)

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        opened, self._opened = self._opened, None
        if opened is not None:
            loop, client = opened
            asyncio.run_coroutine_threadsafe(client.aclose(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _open(self) -> tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient]:
        if self._opened is None:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, daemon=True, name="http").start()
            head = {"Accept": "application/json", "Content-Type": "application/json"}
            head |= {"Authorization": f"Bearer {self._key}"} if self._key else {}
            client = httpx2.AsyncClient(
                headers=head, timeout=httpx2.Timeout(None, connect=self._limits.connect_s), trust_env=False
            )
            self._opened = loop, client
        return self._opened


async def _post(client: httpx2.AsyncClient, url: str, content: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, of which no more is read than is allowed. Where the server closed the connection
    that was kept, it is asked once more by a new one.
    """
    for again in (True, False):
        try:
            async with client.stream("POST", url, content=content) as answer:
                found = b""
                async for part in answer.aiter_bytes():
                    found += part
                    if len(found) > MOST_BYTES:
                        break
                return answer.status_code, found
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            if not again:
                raise
    raise AssertionError("it was answered or raised")


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


def _in_words(problem: BaseException) -> str:
    """What the system says of it, where it says anything."""
    if isinstance(problem, httpx2.TimeoutException):
        return "no connection or answer in time"
    words, cause = str(problem) or type(problem).__name__, problem.__cause__ or problem.__context__
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection: {cause.reason or cause}"
        if isinstance(cause, OSError) and cause.errno:
            words = os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)  # < 0: names not known
        cause = cause.__cause__ or cause.__context__
    return f"no answer: {words}"
