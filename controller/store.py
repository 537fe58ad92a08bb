"""The folder where models live, and how a folder gets into it: whole or not at all.

A model is made in a hidden folder beside its place and renamed into it when complete, under a lock; what a crash leaves
behind is removed by the next one that takes the lock.
"""

import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from codeword.codebook.errors import ModelError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (bytes or tensors; 0 if unknown)."""


def silent(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


def cache_dir() -> Path:
    """The cache folder: `$CODEWORD_CACHE`, or the user's own. It need not exist yet."""
    given = os.environ.get("CODEWORD_CACHE")
    return Path(given).expanduser().absolute() if given else Path(platformdirs.user_cache_dir("codeword"))


def models_dir() -> Path:
    """Where the models live, one folder each."""
    return cache_dir() / "models"


def megabytes(size_bytes: int) -> str:
    """A size for people."""
    return f"{size_bytes / 1e6:,.0f} MB"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_room(folder: Path, needed_bytes: int) -> None:
    """Raises ModelError where the disk that holds a folder has less room than is needed."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise ModelError(
            f"{folder}: {megabytes(needed_bytes)} of room needed, {megabytes(free_bytes)} there; "
            "make room, or set CODEWORD_CACHE to a folder on another disk"
        )


@contextmanager
def storing(target: Path, needed_bytes: int) -> Iterator[None]:
    """What the system says about a full or unwritable disk, said as a ModelError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"{target}: the disk became full; {megabytes(needed_bytes)} of room needed; "
                "make room, or set CODEWORD_CACHE to a folder on another disk"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise ModelError(
                f"{target}: {error.strerror}; set CODEWORD_CACHE to a folder that can be written"
            ) from error
        raise


@contextmanager
def locked(path: Path, progress: Progress = silent) -> Iterator[None]:
    """Hold a lock file, waiting for another process that holds it. The system lets go of it if we die."""
    from filelock import FileLock, Timeout  # a twentieth of a second that most commands need not spend

    lock, waited_s = FileLock(path), 0.0
    while True:
        try:
            lock.acquire(timeout=waited_s)
            break
        except Timeout:
            progress("waiting for another process", 0, 0)
            waited_s = 0.2
    try:
        yield
    finally:
        lock.release()


def _sync(folder: Path) -> None:
    """Have the system write a folder's files to disk."""
    windows = sys.platform == "win32"  # there only what is open for writing is written to disk, and no folder can be
    for path in [*folder.rglob("*"), folder]:
        if windows and path.is_dir():
            continue
        descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def install(
    target: Path,
    make: Callable[[Path], None],
    *,
    needed_bytes: int,
    present: Callable[[], bool],
    progress: Progress = silent,
) -> None:
    """Bring a model folder into being: `make(folder)` fills an empty one, which then takes its place as `target`.

    Does nothing where `present()` holds once the lock is ours. Nothing is seen at `target` before all is there and
    written to disk; an incomplete folder that stood there is replaced. Raises ModelError where there is no room, the
    place cannot be written, or `make` raises it.
    """
    with storing(target, needed_bytes):
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent / f".{target.name}.lock", progress):
            if present():
                return
            for leftover in target.parent.glob(f".{target.name}.*.part"):
                shutil.rmtree(leftover, ignore_errors=True)
            require_room(target.parent, needed_bytes)
            work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
            try:
                folder = work / "model"
                folder.mkdir()
                make(folder)
                _sync(folder)
                if target.exists():
                    target.rename(work / "old")
                folder.rename(target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
