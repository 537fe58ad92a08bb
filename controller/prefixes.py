"""Keys and values of codebooks on disk, so that a new process starts warm. What does not fit is read again."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .model import Cache
from .store import cache_dir

LEAST_TOKENS = 64
"""Shorter texts are read as quickly as they are fetched."""

_ABANDONED_S = 3600.0

MOST_BYTES = 512 << 20
"""Room on disk for all of them together; those longest unused go first."""


def prefixes_dir() -> Path:
    """Where they lie."""
    return cache_dir() / "prefixes"


class Prefixes:
    """The folder of kept texts for one model under one adapter, profile and prompt contract."""

    def __init__(self, identity: str, folder: Path | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        """`identity` names all that the numbers depend on beside the tokens."""
        self._identity, self._most_bytes = identity, most_bytes
        self.folder = folder or prefixes_dir()

    def load(self, tokens: Sequence[int], cache: Cache) -> bool:
        """Fill a cache with what is kept for some tokens; False where nothing whole is."""
        path = self._path(tokens)
        try:
            with safe_open(path, framework="numpy") as holder:
                metadata = holder.metadata() or {}
                arrays = {name: holder.get_tensor(name) for name in holder.keys()}  # noqa: SIM118
            if metadata.get("digest") != _digest(arrays):
                raise ValueError("its content is not what was written")
            cache.load(arrays, len(tokens))
        except FileNotFoundError:
            return False
        except (SafetensorError, OSError, ValueError):
            with suppress(OSError):
                path.unlink()
            return False
        with suppress(OSError):  # removed meanwhile, or not ours to touch: what was read is whole
            os.utime(path)
        return True

    def save(self, tokens: Sequence[int], cache: Cache) -> None:
        """Keep what a cache holds of some tokens. A disk that is full or cannot be written keeps nothing."""
        if len(tokens) < LEAST_TOKENS:
            return
        arrays = cache.dump()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                part = Path(file.name)
            try:
                save_file(arrays, part, metadata={"digest": _digest(arrays)})
                part.rename(self._path(tokens))
            finally:
                part.unlink(missing_ok=True)
            self._make_room()
        except (OSError, SafetensorError):
            return

    def _path(self, tokens: Sequence[int]) -> Path:
        name = hashlib.sha256(json.dumps([self._identity, list(tokens)]).encode()).hexdigest()[:32]
        return self.folder / f"{name}.safetensors"

    def _make_room(self) -> None:
        for part in self.folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > _ABANDONED_S:
                part.unlink(missing_ok=True)  # what a crash left behind
        files = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        while len(files) > 1 and total > self._most_bytes:
            oldest = files.pop(0)
            total -= oldest.stat().st_size
            oldest.unlink(missing_ok=True)


def _digest(arrays: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
