"""Entries in a Redis server, which several robots share. While it does not answer, decisions are made without it."""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from codeword.codebook.errors import InputError
from codeword.controller.decision import Note

from .entries import MOST_CHARACTERS, SCHEMA

PASSWORD = "CODEWORD_REDIS_PASSWORD"
"""The environment variable with the password, where the URL has none."""

KEPT_S = 30 * 24 * 3600
"""So long an entry is kept after it was last used [s]; how much room all may take is for the server's `maxmemory`."""

_CONNECT_S, _ANSWER_S = 0.25, 0.1
_FIRST_REST_S, _LONGEST_REST_S = 0.5, 30.0
_PREFIX = f"codeword:decision:{SCHEMA}:"
_BATCH = 500
_T = TypeVar("_T")


class RedisStore:
    """A store in a Redis server of version 6 or later. Not safe to use from several threads at once.

    When the server does not answer, that is noted once, and it is left alone for a while that grows up to half a
    minute; when it answers again, that is noted too.
    """

    def __init__(self, url: str) -> None:
        """`url` is redis://:password@host:6379/0, or rediss:// for TLS.

        Raises InputError where the client is not installed, the URL is none, or the server refuses the password. A
        server that does not answer is noted.
        """
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as problem:
            raise InputError("--cache redis://…: needs the client redis (pip install 'codeword[redis]')") from problem
        self.name = _without_password(url)
        self._notes: list[Note] = []
        self._rest_s, self._rests_until = 0.0, 0.0
        self._error: type[Exception] = redis.exceptions.RedisError
        self._wrong_kind: type[Exception] = redis.exceptions.ResponseError
        given = {} if urlsplit(url).password or PASSWORD not in os.environ else {"password": os.environ[PASSWORD]}
        if not re.fullmatch(r"(/\d*)?", urlsplit(url).path) or not urlsplit(url).hostname:
            raise InputError(f"--cache {self.name}: is no Redis URL (expected redis://:password@host:6379/0)")
        try:
            self._redis: Any = redis.Redis.from_url(
                url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S, retry=Retry(NoBackoff(), 0), **given
            )
            self._redis.ping()
        except ValueError as problem:
            raise InputError(f"--cache {self.name}: is no Redis URL: {problem}") from problem
        except (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError) as problem:
            raise InputError(f"--cache {self.name}: the server refuses: {problem}") from problem
        except self._error as problem:
            if "NOAUTH" in str(problem) or "WRONGPASS" in str(problem):
                raise InputError(f"--cache {self.name}: the server refuses: {problem}") from problem
            self._rest(problem)

    def get(self, key: str) -> str | None:
        """What is kept for a key."""

        def look() -> str | None:
            asked = self._redis.pipeline(transaction=False)
            asked.getrange(_PREFIX + key, 0, MOST_CHARACTERS)
            asked.expire(_PREFIX + key, KEPT_S)
            value, is_there = asked.execute(raise_on_error=False)
            if isinstance(value, self._wrong_kind):
                return ""  # another kind of value: for the reader to refuse
            if isinstance(value, Exception):
                raise value
            return bytes(value).decode(errors="replace") if is_there == 1 else None

        return self._try(look)

    def put(self, key: str, value: str) -> None:
        """Keep a text for a key."""
        self._try(lambda: self._redis.set(_PREFIX + key, value.encode(), ex=KEPT_S))

    def drop(self, key: str) -> None:
        """Keep nothing for a key."""
        self._try(lambda: self._redis.delete(_PREFIX + key))

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""

        def count() -> tuple[int, int]:
            entries = size_bytes = 0
            for keys in self._batches():
                asked = self._redis.pipeline(transaction=False)
                for key in keys:
                    asked.strlen(key)
                lengths = asked.execute(raise_on_error=False)
                entries += len(keys)
                size_bytes += sum(length for length in lengths if isinstance(length, int))
            return entries, size_bytes

        return self._try(count) or (0, 0)

    def clear(self) -> int:
        """Keep nothing at all; says how many entries there were."""
        return self._try(lambda: sum(int(self._redis.delete(*keys)) for keys in self._batches())) or 0

    def take_notes(self) -> tuple[Note, ...]:
        """What went wrong, or right again, since this was last asked."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        self._redis.close()

    def _batches(self) -> Iterator[list[bytes]]:
        keys: list[bytes] = []
        for key in self._redis.scan_iter(f"{_PREFIX}*", count=_BATCH):
            keys.append(key)
            if len(keys) == _BATCH:
                yield keys
                keys = []
        if keys:
            yield keys

    def _try(self, what: Callable[[], _T]) -> _T | None:
        """Do something with the server; None where it does not answer, or is left alone for now."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            done = what()
        except self._error as problem:
            self._rest(problem)
            return None
        if self._rest_s:
            self._rest_s = 0.0
            self._note(f"the decision cache {self.name} answers again")
        return done

    def _rest(self, problem: Exception) -> None:
        if not self._rest_s:
            why = " ".join(str(problem).split()) or type(problem).__name__
            self._note(f"the decision cache {self.name} does not answer ({why}); going on without it")
        self._rest_s = min(_LONGEST_REST_S, 2 * self._rest_s or _FIRST_REST_S)
        self._rests_until = time.monotonic() + self._rest_s * random.uniform(0.5, 1.0)

    def _note(self, text: str) -> None:
        self._notes.append(Note(kind="cache", text=text))


def _without_password(url: str) -> str:
    """A URL as it may be told."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
