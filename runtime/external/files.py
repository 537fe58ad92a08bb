"""The files of public sets: found by their names in a folder, read, and checked for their form."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ConfigDict, ValidationError

from codeword.codebook.errors import CommandError, InputError
from codeword.codebook.strict_json import read_json

_MOST_BYTES = 100_000_000
_DEEPEST = 32


class FileRow(BaseModel):
    """Base of what files hold; keys that are not named are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


_Row = TypeVar("_Row", bound=FileRow)


def found(folder: Path, pattern: str) -> Path | None:
    """The file of that name, or path, anywhere in a folder; None where there is none.

    Raises InputError where the folder is none, or several files have that name.
    """
    if not folder.is_dir():
        raise InputError(f"--external: {folder} is no folder; expected one with the files of public sets in it")
    files = sorted(folder.rglob(pattern))
    if len(files) > 1:
        raise InputError(f"--external: {folder} has several {pattern}: {', '.join(map(str, files[:3]))}; leave one")
    return files[0] if files else None


def raw_bytes(path: Path) -> bytes:
    """What a file holds. Raises InputError."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from problem


def parsed(text: bytes, where: str, right: str) -> Any:
    """What a JSON text says; `right` is what would be right there. Raises InputError."""
    try:
        return read_json(text, _MOST_BYTES, _DEEPEST)
    except CommandError as problem:
        raise InputError(f"{where}: {problem}; expected {right}") from problem


def row(kind: type[_Row], data: Any, where: str, right: str) -> _Row:
    """Data as a row of that kind. Raises InputError with the first thing that is wrong with it."""
    try:
        return kind.model_validate(data)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = "/".join(map(str, first["loc"]))
        raise InputError(f"{where}: {place}: {first['msg'].lower()}; expected {right}") from problem


def lines(path: Path) -> Iterable[tuple[str, bytes]]:
    """The lines of a file that are not blank, each with its place."""
    for number, line in enumerate(raw_bytes(path).splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", line


@contextmanager
def opened(path: Path) -> Iterator[ZipFile]:
    """A wheel, to be read as the zip file that it is. Raises InputError."""
    try:
        with ZipFile(path) as wheel:
            yield wheel
    except (BadZipFile, OSError) as problem:
        raise InputError(f"{path}: cannot be read: {problem}; expected a wheel") from problem


def member(wheel: ZipFile, name: str) -> bytes:
    """A file of a wheel. Raises InputError."""
    try:
        return wheel.read(name)
    except KeyError as problem:
        raise InputError(f"{wheel.filename}: has no {name}; expected the wheel of eai-eval 1.0.5") from problem
