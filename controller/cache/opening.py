"""Opens the store that a user names."""

import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import NO_CACHE
from codeword.controller.decision import Note
from codeword.controller.store import cache_dir, locked

from .entries import SCHEMA, Store

MOST_BYTES = 64 << 20
"""Room for all entries together."""

_OPENING_S, _WAIT_S = 5.0, 0.1
_APPLICATION = 0x436F6465  # "Code"
_TOUCHED_MOST = 32
_SET_UP = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON entries (used);
CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON entries BEGIN UPDATE total SET bytes = bytes + new.bytes; END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON entries BEGIN UPDATE total SET bytes = bytes - old.bytes; END;
"""
_T = TypeVar("_T")


# Entries in one SQLite file: several processes read and write it at once, and it never grows beyond a bound.
#
# A file that is damaged is set aside under another name, with a note, and a new one is begun.


class SqliteStore:
    """A store in a file. Not safe to use from several threads at once."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        """Open or begin the file. Raises InputError where it cannot be written, or is a database of something else."""
        self.path = path
        self._most_bytes = most_bytes
        self._notes: list[Note] = []
        self._touched: dict[str, int] = {}
        self._told = False
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except sqlite3.OperationalError as problem:
            raise InputError(f"{path}: cannot be used as a decision cache: {problem}") from problem
        except sqlite3.DatabaseError as problem:
            self._begin_again(str(problem))
        except OSError as problem:
            raise InputError(f"{path}: cannot be used as a decision cache: {problem.strerror}") from problem

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self.path)

    def get(self, key: str) -> str | None:
        """What is kept for a key."""

        def look(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT CAST(value AS BLOB) FROM entries WHERE key = ?", (key,)).fetchone()
            return None if row is None else bytes(row[0]).decode(errors="replace")  # damaged: for the reader to refuse

        found = self._try(look)
        if found is not None:
            self._touched[key] = time.time_ns()
            if len(self._touched) > _TOUCHED_MOST:
                self._touch()
        return found

    def put(self, key: str, value: str) -> None:
        """Keep a text for a key; those longest unused make room where there is none."""
        size = len(key) + len(value.encode())
        if size > self._most_bytes:
            return

        def keep(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._write_touched(connection)
                connection.execute("DELETE FROM entries WHERE key = ?", (key,))
                connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (key, value, size, time.time_ns()))
                while connection.execute("SELECT bytes FROM total").fetchone()[0] > self._most_bytes:
                    connection.execute(
                        "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used LIMIT 8)"
                    )

        self._try(keep)

    def drop(self, key: str) -> None:
        """Keep nothing for a key."""

        def forget(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("DELETE FROM entries WHERE key = ?", (key,))

        self._try(forget)

    def clear(self) -> int:
        """Keep nothing at all; says how many entries there were."""

        def forget(connection: sqlite3.Connection) -> int:
            with connection:
                return connection.execute("DELETE FROM entries").rowcount

        return self._try(forget) or 0

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""

        def count(connection: sqlite3.Connection) -> tuple[int, int]:
            entries, size = connection.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM entries").fetchone()
            return int(entries), int(size)

        return self._try(count) or (0, 0)

    def take_notes(self) -> tuple[Note, ...]:
        """What went wrong since this was last asked."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def close(self) -> None:
        """Write down what was used last, and let go of the file. Idempotent."""
        self._touch()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_OPENING_S, check_same_thread=False)
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if tables and application != _APPLICATION:
                raise InputError(f"{self.path}: is a database of something else; name another file")
            if tables and version != SCHEMA:
                raise InputError(
                    f"{self.path}: is a decision cache of version {version}, and this is version {SCHEMA}; name another"
                )
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(" ".join(str(found).split()))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if not tables:
                connection.executescript(
                    f"PRAGMA application_id = {_APPLICATION}; BEGIN IMMEDIATE; {_SET_UP} "
                    f"PRAGMA user_version = {SCHEMA}; COMMIT;"
                )
            connection.isolation_level = None
            connection.execute(f"PRAGMA busy_timeout = {round(_WAIT_S * 1000)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _try(self, what: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Do something with the file; None where it does not go, which is noted once."""
        if self._connection is None:
            return None
        try:
            return what(self._connection)
        except sqlite3.OperationalError as problem:  # locked for too long, full, gone
            if not self._told:
                self._note(f"the decision cache {self.path} cannot be used now: {problem}")
                self._told = True
        except sqlite3.DatabaseError as problem:
            self._begin_again(str(problem))
        return None

    def _touch(self) -> None:
        """Write down what was used since the last time."""

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._write_touched(connection)

        if self._touched:
            self._try(write)
        self._touched.clear()

    def _write_touched(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "UPDATE entries SET used = ? WHERE key = ?", [(used, key) for key, used in self._touched.items()]
        )
        self._touched.clear()

    def _begin_again(self, why: str) -> None:
        """Set a damaged file aside, unless another process just did, and begin a new one."""
        damaged = self._file_number()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        try:
            with locked(self.path.with_name(f"{self.path.name}.lock")):
                aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
                if self._file_number() == damaged:
                    for ending in ("-wal", "-shm"):
                        with suppress(FileNotFoundError):
                            os.unlink(f"{self.path}{ending}")  # noqa: PTH108 (a name with an ending, not a path's suffix)
                    self.path.rename(aside)
                    self._note(f"the decision cache {self.path} is damaged ({why}); set aside as {aside.name}")
                self._connection = self._open()
        except (OSError, sqlite3.DatabaseError, InputError) as problem:
            self._note(f"the decision cache {self.path} is damaged ({why}) and is not used: {problem}")

    def _file_number(self) -> int:
        try:
            return self.path.stat().st_ino
        except OSError:
            return -1

    def _note(self, text: str) -> None:
        self._notes.append(Note(kind="cache", text=text))


AUTO = "auto"
_URL = re.compile(r"(\w+)://")


class KeptStore(Store, Protocol):
    """A store that can be looked into."""

    @property
    def name(self) -> str:
        """Where it is, without a password."""

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""

    def clear(self) -> int:
        """Keep nothing at all; says how many entries there were."""


def default_path() -> Path:
    """The file of `auto`, in the cache folder."""
    return cache_dir() / "decisions.sqlite"


def open_store(where: str) -> Store | None:
    """The store at `auto` (a file in the cache folder), a path or a redis:// URL; None for `off`.

    Raises InputError where it cannot be used.
    """
    return None if where == NO_CACHE else open_kept(where)


def open_kept(where: str) -> KeptStore:
    """The same, where there must be one."""
    url = _URL.match(where)
    if url is not None:
        if url[1] not in ("redis", "rediss"):
            raise InputError(f"there is no decision cache by {url[1]}:// (expected off, auto, a file or redis://…)")
        from .redis_store import RedisStore

        return RedisStore(where)
    if where == NO_CACHE or not where:
        raise InputError(f"there is no decision cache '{where}' (expected auto, a file or redis://…)")
    return SqliteStore(default_path() if where == AUTO else Path(where).expanduser())
