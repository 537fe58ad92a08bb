"""Episodes listed, shown and exported; and what the rules say beside success."""

import json
from pathlib import Path

import pytest

from codeword.codebook import Result
from codeword.runtime.episodes.export import StepRow
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.records import BudgetRecord
from codeword.runtime.report.rules import RULES, remarks
from codeword.runtime.report.way import Ahead
from codeword.runtime.summary import scenario_of
from tests.runtime.episodes.test_diff import called


def test_ls_lists_and_filters(
    expert_episode: Path, random_run: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.mcap").write_bytes(b"hello, I am no episode")
    names = (expert_episode.parent, random_run[0].parent, tmp_path)
    code, out, _ = called(capsys, "episodes", "ls", *names)
    assert code == 0
    assert "slip_on_the_way-3.mcap" in out
    assert "is no MCAP file" in out
    assert out.splitlines()[-1].startswith(f"{len(random_run) + 2} episodes, ")
    code, out, _ = called(capsys, "episodes", "ls", *names, "--where", "controller=expert", "--json")
    (only,) = json.loads(out)["episodes"]
    assert (only["path"], only["success"]) == (str(expert_episode), True)
    code, out, _ = called(capsys, "episodes", "ls", *names, "--where", "success!=true", "--json")
    assert str(expert_episode) not in out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("sucess=true", "there is no column 'sucess'; did you mean 'success'?"),
        ("success", "'success' is no filter; it would be one as success=false"),
    ],
)
def test_a_wrong_filter_is_told(
    expert_episode: Path, capsys: pytest.CaptureFixture[str], given: str, says: str
) -> None:
    code, _, err = called(capsys, "episodes", "ls", expert_episode, "--where", given)
    assert code == 2
    assert says in err
    assert len(err.splitlines()) == 1


def test_show_is_a_time_line(expert_episode: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "episodes", "show", expert_episode)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("slip_on_the_way, seed 3: ")
    assert any("event: slip" in line for line in lines)
    assert any("failed after" in line and "slipped" in line for line in lines)
    assert lines[-1].endswith("reached: goal reached")
    code, out, _ = called(capsys, "episodes", "show", expert_episode, "--json")
    told = json.loads(out)
    assert len(told["steps"]) == told["verdict"]["decisions"]


def test_a_cut_episode_is_shown_to_the_cut(
    expert_episode: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.mcap").write_bytes(expert_episode.read_bytes()[: expert_episode.stat().st_size // 2])
    code, out, _ = called(capsys, "episodes", "show", tmp_path / "cut.mcap")
    assert code == 0
    assert "steps, without a verdict" in out.splitlines()[-1]


def test_export_writes_each_step(
    expert_episode: Path, random_run: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    folders = (expert_episode, random_run[0].parent)
    lines_file, table_file = tmp_path / "steps.jsonl", tmp_path / "steps.parquet"
    called(capsys, "episodes", "export", *folders, "--out", lines_file)
    code, out, _ = called(capsys, "episodes", "export", *folders, "--format", "parquet", "--out", table_file)
    assert code == 0
    lines = [json.loads(line) for line in lines_file.read_text().splitlines()]
    table = parquet.read_table(table_file)
    assert table.column_names == list(StepRow.model_fields)
    assert table.num_rows == len(lines) == int(out.split()[0])
    whole = read_episode(expert_episode, pictures=False)
    assert [line["command"] for line in lines[: len(whole.steps)]] == [
        s.command and s.command.text for s in whole.steps
    ]
    assert lines[0]["observation"] == whole.steps[0].observation.model_dump(mode="json")
    assert json.loads(table["observation"][0].as_py()) == lines[0]["observation"]
    assert [line["success"] for line in lines[: len(whole.steps)]] == [None] * (len(whole.steps) - 1) + [True]


def said(episode: RecordedEpisode, left: list[int]) -> list[tuple[str, int]]:
    ahead = [Ahead(count, '{"skill":"home"}') for count in left]
    return [(remark.rule, remark.step) for remark in remarks(episode, scenario_of(episode), ahead)]


@pytest.fixture
def episode(expert_episode: Path) -> RecordedEpisode:
    """Five steps, the second of which failed by a slip."""
    return read_episode(expert_episode, pictures=False)


def test_a_good_episode_has_nothing_to_be_said(episode: RecordedEpisode) -> None:
    assert said(episode, [2, 1, 2, 1, 0]) == []


def test_a_wasted_command_is_told(episode: RecordedEpisode) -> None:
    assert said(episode, [2, 1, 2, 2, 0]) == [("wasted", 2)]


def test_the_same_failure_again_is_told(episode: RecordedEpisode) -> None:
    failed = episode.steps[1].result
    assert failed is not None
    episode.steps[3].result = failed
    (remark,) = remarks(episode, scenario_of(episode), [Ahead(n, "") for n in (2, 1, 2, 1, 0)])
    assert (remark.rule, remark.step) == ("repeated", 3)
    assert remark.text.endswith("failed (slipped) again, as at step 1")
    episode.steps[3].result = Result(command=failed.command, status="failed", reason="unreachable")
    assert said(episode, [2, 1, 2, 1, 0]) == [], "another reason is another failure"


def test_done_too_early_and_near_misses_are_told(episode: RecordedEpisode) -> None:
    verdict = episode.verdict
    assert verdict is not None
    early = {"success": False, "open": ("in(blue_block,red_bowl)",), "credit": 0.5}
    episode.verdict = verdict.model_copy(update=early)
    assert said(episode, [2, 1, 2, 1, 0]) == [("early_done", 4), ("near_miss", 4)]
    episode.verdict = verdict.model_copy(update={"bumps": 2, "peak_n": 61.0, "fallen": ("green_block",)})
    assert said(episode, [2, 1, 2, 1, 0]) == [("near_miss", 4), ("near_miss", 4)]
    episode.verdict = verdict.model_copy(update={"decisions": scenario_of(episode).spec.max_decisions})
    assert said(episode, [2, 1, 2, 1, 0]) == [("near_miss", 4)]


def test_missed_budgets_are_told(episode: RecordedEpisode) -> None:
    late = BudgetRecord(step=2, stage_ms={"decision_ms": 3210.0}, missed=("decision_ms",))
    episode.steps[2].budget = late
    (remark,) = remarks(episode, scenario_of(episode), [Ahead(n, "") for n in (2, 1, 2, 1, 0)])
    assert (remark.rule, remark.step) == ("budget", 2)
    assert "3210 ms, past its hard limit" in remark.text


def test_every_rule_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = called(capsys, "episodes", "rules")
    assert [line.split()[0] for line in out.splitlines()] == list(RULES)
