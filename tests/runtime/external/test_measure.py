"""Who is measured on which public set, what a row comes to, and what is said of files that are not of the form."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from codeword.codebook.errors import InputError
from codeword.codebook.task_plan import TaskPlan
from codeword.controller.sureness import SURE
from codeword.runtime.evaluation.contenders import contenders
from codeword.runtime.external.items import Score
from codeword.runtime.external.measure import SetRow, Tried, pairs
from codeword.runtime.external.sets import SETS, chosen_files
from tests.controller.tiny import write_folder
from tests.runtime.external.given import items, named, plan_of, run, tried


@pytest.mark.parametrize("name", ["huric", "blocksworld"])
def test_giving_up_is_never_right(folder: Path, name: str) -> None:
    one = tried(items(folder, name)[0], TaskPlan((), "unclear"))
    assert (one.score.right, one.is_sure) == (False, False)


UNSAID = {
    "huric": {"3370"},
    "virtualhome": {"986_2", "1003_2"},
    "behavior": {"washing_pots_and_pans", "bottling_fruit"},
}
"""Whom to bring is no thing; there is no skill for one of the actions; there are more conditions than a plan holds, or
some of what is not to be inside something, which goals cannot say."""


@pytest.mark.parametrize("name", SETS)
def test_an_expert_knows_every_answer_that_a_codebook_can_say(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ("lab", "evaluate", "--external", str(folder), "--controller", "expert", "--controller", "random")
    assert run(*args, "--split", name, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    expert, chance = data["rows"]
    assert [row["controller"] for row in (expert, chance)] == ["expert", "random"]
    assert (expert["split"], expert["n"], chance["n"]) == (name, len(items(folder, name)), len(items(folder, name)))
    assert {one["item"] for one in expert["items"] if not one["right"]} == UNSAID.get(name, set())
    assert chance["success"] < chance["n"]
    assert data["sets"][name].keys() == {"file", "source", "licence", "right", "differs", "published"}


def test_a_table_says_what_is_right_and_what_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("lab", "evaluate", "--external", str(folder), "--controller", "expert", "--split", "huric", "--failures")
    assert run(*args) == 0
    said = capsys.readouterr().out
    assert "huric  11     10" in said
    assert f"huric: right is {SETS['huric'].right}" in said
    assert f"differs from what is published: {SETS['huric'].differs}" in said
    assert "expert, plan, huric 3370: robot can you take me to the laundry room" in said


def test_a_model_is_asked_for_plans_and_for_commands(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = str(write_folder(tmp_path / "tiny"))
    args = ("lab", "evaluate", "--external", str(folder), "--controller", "base", "--base", base, "--episodes", "2")
    assert run(*args, "--split", "huric", "--split", "huric-two", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["policy"], row["split"], row["n"]) for row in rows] == [
        ("plan", "huric", 2), ("plan", "huric-two", 2), ("direct", "huric", 2),
    ]  # fmt: skip
    assert 0 <= rows[0]["sureness"] <= 1
    assert rows[2]["sureness"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["behavior", "virtualhome"])
def test_a_model_is_asked_for_goals_that_are_not_carried_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    base = str(write_folder(tmp_path / "tiny", max_position_embeddings=8192))
    args = ("lab", "evaluate", "--external", str(folder), "--controller", "base", "--base", base, "--episodes", "1")
    assert run(*args, "--split", name, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["policy"], row["n"]) == ("plan", 1)
    assert 0 <= row["f1"] <= 1
    assert 0 <= row["sureness"] <= 1


@pytest.mark.model
def test_the_base_writes_plans_for_public_sets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("lab", "evaluate", "--external", str(folder), "--controller", "base", "--policy", "plan", "--episodes", "2")
    assert run(*args, "--split", "huric", "--split", "blocksworld", "--json") == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["n"] == 2
        assert 0 < row["sureness"] <= 1


def test_who_writes_one_command_is_measured_where_one_is_asked_for() -> None:
    who = contenders(["base"], policies=["plan", "direct"])
    assert [(one.policy, name) for one, name in pairs(who, ["huric", "blocksworld"])] == [
        ("plan", "huric"), ("plan", "blocksworld"), ("direct", "huric"),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"--policy direct writes one command.*expected huric"):
        pairs(contenders(["base"], policies=["direct"]), ["blocksworld"])


def test_what_a_row_comes_to(folder: Path) -> None:
    item = named(folder, "huric", "2188")
    fine = tried(item, plan_of(item.codebook, ("search", {"target": "light"})))

    def surely(sureness: float | None, right: bool) -> Tried:
        score = Score(right, found=2, spurious=1, missed=0) if right else Score(right, missed=3)
        return Tried(item, replace(fine.written, sureness=sureness), score)

    row = SetRow(contenders(["random"])[0], "huric", [surely(0.9, True), surely(SURE, False), surely(0.2, True)])
    told = row.as_json()
    assert (told["n"], told["success"], told["carried_out"], told["carried_out_wrong"]) == (3, 2, 2, 1)
    assert told["sureness"] == pytest.approx((0.9 + SURE + 0.2) / 3)
    assert told["wilson95"] == [0.2077, 0.9385]
    assert told["f1"] == pytest.approx(8 / 13)
    assert row.__class__(row.contender, "huric", [fine]).as_json()["f1"] is None


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere",), "--external: nowhere is no folder; expected one with the files of public sets in it"),
        ((".",), "--external: . has the file of no public set; expected one of huric*.jsonl, plan-bench/"),
        ((".", "--split", "huric"), "--external: . has no huric*.jsonl; 'huric' is from github.com/crux82/huric"),
        ((".", "--split", "hurik"), "there is no public set 'hurik'; did you mean 'huric'?"),
        ((".", "--jobs", "2"), "--jobs: --external runs no episodes, so that it has no use there; leave it"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("lab", "evaluate", "--controller", "random", "--external", *args) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


def test_a_file_that_is_there_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("huric_a.jsonl", "huric_b.jsonl"):
        shutil.copy(folder / "huric_sample.jsonl", tmp_path / name)
    with pytest.raises(InputError, match=r"has several huric\*\.jsonl: .*huric_a\.jsonl, .*huric_b\.jsonl; leave one"):
        chosen_files(tmp_path)


FRAME = {"name": "Locating", "elements": []}
COMMAND = {"id": "1", "sentence": "look", "entities": [], "frames": [FRAME]}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("huric", "\n{", r"f:2: json: Expecting .*; expected a command as"),
        ("huric", json.dumps({**COMMAND, "id": 1}), r"f:1: id: input should be a valid string; expected"),
        ("huric", json.dumps({**COMMAND, "frames": [{**FRAME, "name": "Locatin"}]}), r"f:1: unknown frame 'Locatin'; did you mean 'Locating'"),
        ("blocksworld", "[]", r"f: has no list of instances; expected"),
        ("blocksworld", '{"instances": [{"instance_id": 1}]}', r"f: instances/0: query: field required; expected"),
        ("blocksworld", '{"instances": [{"instance_id": 1, "query": "What?"}]}', r"f: instances/0: has no initial conditions and goal"),
        (
            "blocksworld",
            '{"instances": [{"instance_id": 1, "query": "As initial conditions I have that, the sky is blue.\\nMy goal is to have that the hand is empty.\\nMy plan"}]}',
            r"f: instances/0: 'the sky is blue' says no fact of blocksworld",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_not_of_the_form_is_told_where(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / "f"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        SETS[name].load(file, 5, 0)
