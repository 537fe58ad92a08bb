"""The store in an SQLite file: bounded, shared, and never the cause of a crash."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from codeword.codebook.errors import InputError
from codeword.controller.cache.entries import SCHEMA
from codeword.controller.cache.opening import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.sqlite"


def test_what_is_put_is_got_by_the_next_process_too(path: Path) -> None:
    store = SqliteStore(path)
    assert store.get("a") is None
    store.put("a", "1")
    store.put("a", "2")
    store.put("b", "3")
    store.close()
    store.close()
    again = SqliteStore(path)
    assert (again.get("a"), again.get("b"), again.size()[0]) == ("2", "3", 2)
    again.drop("a")
    assert (again.get("a"), again.clear(), again.get("b"), again.size()) == (None, 1, None, (0, 0))
    assert again.take_notes() == ()
    again.close()


def test_those_longest_unused_make_room(path: Path) -> None:
    store = SqliteStore(path, most_bytes=20_000)
    for number in range(12):
        store.put(f"{number:02}", "x" * 1000)
    store.get("00")
    for number in range(12, 24):
        store.put(f"{number:02}", "x" * 1000)
    kept = {f"{number:02}" for number in range(24) if store.get(f"{number:02}") is not None}
    assert "00" in kept
    assert "23" in kept
    assert not {"01", "02", "03"} & kept
    assert store.size()[1] <= 20_000
    store.put("large", "x" * 30_000)
    assert store.get("large") is None
    assert store.get("23") is not None
    store.close()


def test_several_processes_write_at_once(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from codeword.controller.cache.opening import SqliteStore;"
        "store = SqliteStore(Path(sys.argv[1]));"
        "[store.put(f'{sys.argv[2]}-{n}', 'x' * 500) for n in range(100)];"
        "print(*(note.text for note in store.take_notes())); store.close()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(who)], stdout=subprocess.PIPE, text=True)
        for who in range(3)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["", "", ""]
    store = SqliteStore(path)
    assert store.size() == (300, sum(len(f"{who}-{n}") + 500 for who in range(3) for n in range(100)))
    store.close()


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path: Path) -> None:
    path.write_bytes(b"no database at all" * 300)
    store = SqliteStore(path)
    (note,) = store.take_notes()
    assert note.kind == "cache"
    assert "is damaged (file is not a database); set aside as decisions.sqlite.damaged-" in note.text
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"no database")
    store.put("a", "1")
    assert store.get("a") == "1"
    store.close()


def test_a_file_damaged_while_it_is_used_is_set_aside_too(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(1500):  # more than is held in memory
        store.put(f"{number}", "x" * 2000)
    store.close()
    content = bytearray(path.read_bytes())
    store = SqliteStore(path)
    content[4096:-4096] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    assert None in [store.get(f"{number}") for number in range(1500)]
    store.put("7", "new")
    assert store.get("7") == "new"
    assert [note.kind for note in store.take_notes()] == ["cache"]
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    store.close()


def test_pages_damaged_since_are_found_when_it_is_opened(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(200):
        store.put(f"{number}", "x" * 2000)
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:-8192] = bytes(len(content) - 16384)
    path.write_bytes(content)
    store = SqliteStore(path)
    assert "set aside" in store.take_notes()[0].text
    assert store.size() == (0, 0)
    store.close()


def test_another_s_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(InputError, match=r"decisions\.sqlite: is a database of something else; name another file"):
        SqliteStore(path)
    assert path.exists()


def test_another_version_is_left_alone(path: Path) -> None:
    SqliteStore(path).close()
    with sqlite3.connect(path) as later:
        later.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    later.close()
    with pytest.raises(InputError, match=rf"is a decision cache of version {SCHEMA + 1}, and this is version {SCHEMA}"):
        SqliteStore(path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/x\.sqlite: cannot be used as a decision cache: "):
        SqliteStore(tmp_path / "file" / "x.sqlite")
    with pytest.raises(InputError, match="cannot be used as a decision cache: unable to open"):
        SqliteStore(tmp_path)


def test_a_lock_that_is_held_too_long_costs_a_miss_and_is_told_once(path: Path) -> None:
    store = SqliteStore(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    store.put("a", "1")
    store.put("b", "1")
    holder.execute("ROLLBACK")
    holder.close()
    notes = store.take_notes()
    assert len(notes) == 1
    assert "cannot be used now: database is locked" in notes[0].text
    store.put("a", "1")
    assert store.get("a") == "1"
    store.close()
