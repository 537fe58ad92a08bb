"""`codeword lab published`: ours beside theirs, with the note."""

import json
from pathlib import Path

import pytest

from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.cli import main
from codeword.runtime.run import Controllers, Plan, run
from tests.runtime.conftest import shipped


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(args)
    captured = capsys.readouterr()
    return int(str(ended.value.code)), captured.out, captured.err


def test_ours_stand_beside_theirs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scenarios = (shipped("lohoravens/pick_and_place"), shipped("tabletop/already_done"))
    for who in ("expert", "random"):
        controllers = Controllers(DeciderConfig(who, "", "none"), silent)
        run(Plan(scenarios, range(2), "sim", tmp_path / who, film=False), controllers)
    folders = [str(tmp_path / who) for who in ("expert", "random")]
    code, out, _ = call(capsys, "lab", "published", *folders)
    assert code == 0
    lines = out.splitlines()
    assert sum(line.startswith("| ") for line in lines) == 31 + 4, "a row for each task, two heads, two sums"
    assert (
        "| task | CLIPort oracle | with Llama 2 | with OpenFlamingo | with LLaVA | Codeword, expert | Codeword, random |"
        in lines
    )
    row = next(line for line in lines if line.startswith("| pick and place primitives"))
    assert row.startswith("| pick and place primitives | 61.2 | 67.3 | 67.3 | 67.3 | 100 (n=2) | ")
    assert "is not comparable with theirs" in out
    code, out, _ = call(capsys, "lab", "published", *folders, "--json")
    data = json.loads(out)
    ours = {row["scenario"]: row["ours"] for row in data["rows"]}
    assert ours["pick_and_place"]["expert"]["success"] == ours["pick_and_place"]["expert"]["episodes"] == 2
    assert ours["stack_all_blocks"] == {}
    assert "already_done" not in ours, "nobody published it"
    assert "not comparable" in data["note"]


def test_without_episodes_there_is_what_was_published(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "lab", "published")
    assert code == 0
    assert "| spell a sport | 10 | 5 | 30 | 30 |" in out.splitlines()


def test_a_folder_without_episodes_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = call(capsys, "lab", "published", str(tmp_path))
    assert code == 2
    assert err == f"codeword: {tmp_path}: has no episodes (*.mcap) in it\n"
