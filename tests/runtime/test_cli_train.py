"""`codeword lessons` and `codeword train`: from nothing to an adapter, with a tiny model."""

import json
from pathlib import Path

import pytest

from codeword.runtime.cli import main
from tests.controller.tiny import write_folder


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


def test_lessons_are_written_and_an_adapter_is_trained_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("peft")
    model = str(write_folder(tmp_path / "tiny"))
    lessons, held = str(tmp_path / "seen.gz"), str(tmp_path / "kinds.gz")
    assert run("lessons", "--n", "8", "--per-group", "4", "--model", model, "--out", lessons) == 0
    assert run("lessons", "--n", "4", "--per-group", "4", "--split", "kinds", "--model", model, "--out", held) == 0
    given = ("--lessons", lessons, "--check", held, "--model", model, "--dtype", "fp32", "--device", "cpu")
    sizes = ("--decisions", "16", "--groups", "1", "--per-group", "4", "--check-every", "2", "--rank", "2")
    assert run("train", *given, *sizes, "--out", str(tmp_path / "out")) == 0
    said = capsys.readouterr().out
    assert "4/4 loss" in said
    assert "kinds" in said
    record = json.loads((tmp_path / "out/adapter/codeword.json").read_text())
    assert record["step"] == 4
    assert set(record["checks"]) == {"kinds"}


def test_lessons_of_another_contract_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from codeword.controller.teaching.sequences import Header, write_groups

    old = tmp_path / "old.gz"
    write_groups(old, Header(1, "t", 0, "seen"), [])
    model = str(write_folder(tmp_path / "tiny"))
    assert run("train", "--lessons", str(old), "--model", model, "--out", str(tmp_path / "out")) == 2
    assert "made for prompt contract 1" in capsys.readouterr().err
