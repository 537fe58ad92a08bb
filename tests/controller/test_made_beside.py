"""Lessons made by another process: the same as made here, few ahead, and what goes wrong is told."""

import importlib
import os
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from codeword.codebook.errors import CodewordError, InputError
from codeword.controller.registry import LocalModel
from codeword.controller.teaching.made_beside import encoded_for, made_beside

MAKES = """
import os
from codeword.codebook.errors import InputError
from codeword.controller.teaching.sequences import Group

def numbered(log, begin):
    for number in range(begin, begin + 1000):
        with log.open("a") as file:
            file.write(f"{number} by {os.getpid()}\\n")
        yield Group((number,), ())

def refusing(begin):
    yield from (Group((number,), ()) for number in range(begin, begin + 2))
    raise InputError("there is nothing more to teach")

def dying(begin):
    yield Group((begin,), ())
    os._exit(3)
"""


@pytest.fixture
def makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "lesson_makes.py").write_text(MAKES)
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module("lesson_makes")


def test_lessons_are_those_that_would_be_made_here(tiny_model: LocalModel) -> None:
    make = partial(encoded_for, tiny_model.folder, 4, "plans", 3)
    assert list(islice(made_beside(make, 2), 3)) == list(islice(make(2), 3))


def test_few_are_made_ahead_by_a_process_that_ends_with_its_reader(makes: ModuleType, tmp_path: Path) -> None:
    groups = made_beside(partial(makes.numbered, tmp_path / "log"), 5)
    assert [next(groups).prefix for _ in range(4)] == [(5,), (6,), (7,), (8,)]
    groups.close()  # type: ignore[attr-defined]
    lines = (tmp_path / "log").read_text().splitlines()
    assert 4 <= len(lines) <= 4 + 8 + 1
    (process,) = {int(line.split()[-1]) for line in lines}
    assert process != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_what_goes_wrong_there_is_raised_here_after_what_was_made(makes: ModuleType) -> None:
    groups = made_beside(makes.refusing, 0)
    assert [next(groups).prefix, next(groups).prefix] == [(0,), (1,)]
    with pytest.raises(InputError, match=r"^there is nothing more to teach$"):
        next(groups)


def test_a_process_that_dies_is_told(makes: ModuleType) -> None:
    groups = made_beside(makes.dying, 7)
    assert next(groups).prefix == (7,)
    with pytest.raises(CodewordError, match=r"^the process that makes lessons died \(exit 3\)$"):
        next(groups)
