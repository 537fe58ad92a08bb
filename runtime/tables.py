"""Results as files: one row for each episode, as CSV and as Parquet."""

import csv
import io
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from codeword.codebook.errors import InputError
from codeword.codebook.observation import Record

from .outcome import Row

PARQUET_HINT = "results.parquet is left out: it needs pyarrow (pip install 'codeword[tables]')"


def columns() -> Iterator[tuple[str, str, str]]:
    """Each column: its name, what kind of value stands in it, and what it tells."""
    for name, column in Row.model_fields.items():
        yield name, _kind(column.annotation).__name__, column.description or ""


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV: a line of names, then true or false for what is so or not, and nothing for what is not known.

    Raises InputError where the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.model_fields)
    for row in rows:
        writer.writerow(_cell(value) for value in row.model_dump().values())
    put(path, text.getvalue().encode())


def write_parquet(path: Path, rows: Sequence[Record], kind: type[Record] = Row) -> bool:
    """Write rows of one kind as Parquet, each column with its description; False where the library for it is not here.

    Raises InputError where the file cannot be written.
    """
    if find_spec("pyarrow") is None:
        return False
    import pyarrow
    import pyarrow.parquet

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema(
        pyarrow.field(name, types[_kind(column.annotation)], metadata={"description": column.description or ""})
        for name, column in kind.model_fields.items()
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row.model_dump() for row in rows], schema), out)
    put(path, out.getvalue())
    return True


def _kind(annotation: Any) -> type:
    """The type of a column, whether or not it may be empty."""
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType]
    assert len(kinds) == 1
    kind: type = kinds[0]
    return kind


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def put(path: Path, content: bytes) -> None:
    """Write a file: all of it or nothing, so that what stood there before is not lost half-way.

    Raises InputError where it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem
