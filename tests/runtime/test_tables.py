"""Results as one table, as CSV and as Parquet: the same rows, every column told, units in the names."""

import csv
import json
import re
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from codeword.codebook.budgets import Budget
from codeword.codebook.errors import InputError
from codeword.runtime.outcome import Outcome, Row, broken, outcome_of
from codeword.runtime.recording import read_episode
from codeword.runtime.run_table import run_notes, run_table
from codeword.runtime.summary import add_up, scenario_of
from codeword.runtime.tables import columns, write_csv, write_parquet
from codeword.runtime.terminal import out
from tests.runtime.test_cli import call

GUIDE = (Path(__file__).parents[2] / "runtime" / "guide" / "reports.md").read_text()


@pytest.fixture
def outcomes(expert_episode: Path) -> list[Outcome]:
    """One episode that went well and one that broke."""
    episode = read_episode(expert_episode, pictures=False)
    scenario = scenario_of(episode)
    header = episode.header.model_copy(update={"seed": 4, "task": 'say "a, b"'})
    return [outcome_of(episode, scenario), broken(header, scenario, "slip-4.mcap", "the cable is out")]


def test_a_row_tells_what_the_episode_file_says(outcomes: list[Outcome], expert_episode: Path) -> None:
    row, wrong = (outcome.row for outcome in outcomes)
    verdict = read_episode(expert_episode).verdict
    assert verdict is not None
    assert (row.success, row.credit, row.ended, row.decisions) == (True, 1.0, "done", verdict.decisions)
    assert (row.simulated_s, row.peak_contact_n, row.events, row.file) == (
        verdict.simulated_s, verdict.peak_n, 1, expert_episode.name
    )  # fmt: skip
    assert row.wall_s is not None
    assert (
        row.wall_s * 1000 > (row.decision_max_ms or 0) >= (row.decision_p95_ms or 0) >= (row.decision_p50_ms or 0) > 0
    )
    assert (wrong.success, wrong.credit, wrong.decisions) == (False, None, 0)
    assert (wrong.seed, wrong.file, wrong.error) == (4, "slip-4.mcap", "the cable is out")


def test_csv_and_parquet_hold_the_same_rows(outcomes: list[Outcome], tmp_path: Path) -> None:
    rows = [outcome.row for outcome in outcomes]
    write_csv(tmp_path / "r.csv", rows)
    assert write_parquet(tmp_path / "r.parquet", rows)
    table = pyarrow.parquet.read_table(tmp_path / "r.parquet")
    assert [Row(**values) for values in table.to_pylist()] == rows
    with (tmp_path / "r.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    for line, row in zip(lines, rows, strict=True):
        for name, value in row.model_dump().items():
            told = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
            assert line[name] == told, name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.parquet"]


def test_every_column_is_told_wherever_one_looks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert write_parquet(tmp_path / "none.parquet", [])
    schema = pyarrow.parquet.read_schema(tmp_path / "none.parquet")
    code, printed, _ = call(capsys, "run", "--columns")
    assert code == 0
    lines = printed.splitlines()
    assert len(lines) == len(schema) == len(Row.model_fields)
    for line, (name, kind, about), field in zip(lines, columns(), schema, strict=True):
        assert line.split(maxsplit=2) == [name, kind, about]
        assert (field.name, field.metadata[b"description"].decode()) == (name, about)
        assert about
        unit = re.search(r"\[(\w+)\]$", about)
        assert (unit is not None) == name.endswith(("_ms", "_s", "_n")), name
        if unit is not None:
            assert name.endswith(f"_{unit[1].lower()}")
    assert "codeword run --columns" in GUIDE


def test_without_pyarrow_there_is_csv_and_a_hint(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    args = ["run", "tabletop/already_done", "--controller", "expert", "--no-film", "--json", "--out", str(tmp_path)]
    code, printed, errors = call(capsys, *args)
    assert (code, json.loads(printed)["success"]) == (0, 1)
    assert "results.parquet is left out: it needs pyarrow (pip install 'codeword[tables]')" in " ".join(errors.split())
    assert (tmp_path / "results.csv").exists()
    assert not (tmp_path / "results.parquet").exists()


def test_a_table_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.csv").mkdir()
    with pytest.raises(InputError, match=r"r\.csv: cannot be written"):
        write_csv(tmp_path / "r.csv", [])


def test_the_printed_table_has_a_row_for_each_scenario_and_one_for_all(
    capsys: pytest.CaptureFixture[str], outcomes: list[Outcome]
) -> None:
    other = outcomes[0].row.model_copy(update={"scenario": "other", "bumps": 2, "fallen_blocks": 1})
    summary = add_up([*outcomes, Outcome(other, {"decision_ms": (10.0, 20.0)})])
    out.print(run_table(summary))
    head, first, second, total = (line.split() for line in capsys.readouterr().out.splitlines())
    assert head == [
        "scenario",
        "episodes",
        "reached",
        "rate",
        "95%",
        "interval",
        "credit",
        "decisions",
        "p50",
        "ms",
        "p95",
        "ms",
        "fallen",
        "bumps",
        "broken",
    ]
    assert first[:6] == ["slip_on_the_way", "2", "1", "50%", "9%–91%", "50%"]
    assert second[:6] == ["other", "1", "1", "100%", "21%–100%", "100%"]
    assert second[-5:] == ["15.0", "19.5", "1", "2", "0"]
    assert total[:6] == ["all", "3", "2", "67%", "21%–94%", "67%"]
    assert total[-3:] == ["1", "2", "1"]
    notes = list(run_notes(summary, [outcome.row for outcome in outcomes]))
    assert "[red]broken:[/red] slip_on_the_way, seed 4: the cable is out" in notes
    planned = Outcome(other.model_copy(update={"decisions": 5, "planned_decisions": 4}), {"decision_ms": (10.0, 20.0)})
    assert "4 of 5 decisions followed from a plan, without the model" in list(run_notes(add_up([planned]), [other]))
    assert notes[-1] == "[red]1 of 3 episodes broke[/red]; --resume runs them again"


def test_a_p95_is_judged_over_the_whole_run_by_the_widest_budget(outcomes: list[Outcome]) -> None:
    row = outcomes[0].row

    def of(times: list[float], p95: float) -> Outcome:
        return Outcome(row, {"decision_ms": times}, {"decision_ms": Budget(p95=p95)})

    assert add_up([of([5.0] * 19, 1.0)]).p95_misses == {}, "fewer than 20 say nothing"
    late = add_up([of([5.0] * 10, 1.0), of([5.0] * 10, 2.0)])
    assert late.p95_misses == {"decision_ms": (5.0, 2.0)}
    assert not late.ok
    assert list(run_notes(late, [row, row]))[-1] == "all goals reached, [red]not within budgets[/red]"
    assert add_up([of([5.0] * 10, 1.0), of([5.0] * 10, 6.0)]).p95_misses == {}
