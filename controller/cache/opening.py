"""Opens the store that a user names."""

import re
from pathlib import Path
from typing import Protocol

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import NO_CACHE
from codeword.controller.store import cache_dir

from .entries import Store
from .sqlite_store import SqliteStore

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
            raise InputError(
                f"there is no decision cache by {url[1]}:// (right would be off, auto, a file or redis://…)"
            )
        from .redis_store import RedisStore

        return RedisStore(where)
    if where == NO_CACHE or not where:
        raise InputError(f"there is no decision cache '{where}' (right would be auto, a file or redis://…)")
    return SqliteStore(default_path() if where == AUTO else Path(where).expanduser())
