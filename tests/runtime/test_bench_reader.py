"""A second reader of the corpus: what is right agrees, what is not is told, and nothing that is shown gives it away."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codeword.codebook.errors import FileError, InputError
from codeword.codebook.yaml_source import parse_yaml, plain
from codeword.controller.teaching.corpus_reader import SUFFIX
from tests.benchmarks.cli import bench
from tests.benchmarks.second_reader import Asked, drawn, read_sample, write_sample


def stored(asked: Asked) -> Any:
    """The plan of a task as it stands in its file."""
    path = asked.entry.path.with_name(asked.entry.path.stem + SUFFIX)
    tasks: Any = plain(parse_yaml(path.read_text(), str(path), FileError).root.get("tasks"))
    return tasks[asked.entry.tasks.index(asked.task)]["plan"]


def test_the_plans_of_the_corpus_agree_with_it_and_others_do_not(tmp_path: Path) -> None:
    write_sample(tmp_path, 12, 3, 2)
    some = drawn(12, 3)
    right = [
        {"task": n, "plan": stored(one)} if one.task.plans else {"task": n, "cannot": True}
        for n, one in enumerate(some)
    ]
    wrong = [{"task": n, "cannot": True} for n, one in enumerate(some) if one.task.plans]
    (tmp_path / "answers-0.yaml").write_text(json.dumps({"answers": right}))
    assert [one.agrees for one in read_sample(tmp_path)] == [True] * 12
    (tmp_path / "answers-0.yaml").write_text(json.dumps({"answers": wrong}))
    assert {one.agrees for one in read_sample(tmp_path)} == {False}
    said = CliRunner().invoke(bench, ["second-reader", str(tmp_path), "--json"])
    told = json.loads(said.output)
    assert told["rows"][-1] == {"kind": "all", "n": len(wrong), "the same": 0}
    assert [one["words"] for one in told["apart"]] == [some[one["task"]].words for one in wrong]


def test_every_task_is_shown_once_without_its_plan(tmp_path: Path) -> None:
    write_sample(tmp_path, 30, 3, 4)
    text = "".join((tmp_path / f"part-{part}.md").read_text() for part in range(4))
    assert [text.count(f"## Task {n}\n") for n in range(30)] == [1] * 30
    assert all(f"Somebody says: {one.words}\n" in text for one in drawn(30, 3))
    assert "\nplan" not in text and "tasks:" not in text


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ("answers: 3", "'answers' is a list"),
        ("answers: [{task: 99, cannot: true}]", "an answer names its task by a number below 12"),
        ("answers: [{task: 0, plan: [fly_to_the_moon]}]", "fly_to_the_moon"),
    ],
)
def test_answers_that_cannot_be_read_are_told(tmp_path: Path, answers: str, why: str) -> None:
    write_sample(tmp_path, 12, 3, 1)
    (tmp_path / "answers-0.yaml").write_text(answers)
    with pytest.raises(InputError, match=why):
        read_sample(tmp_path)
