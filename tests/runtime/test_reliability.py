"""How far sureness is to be trusted: bins and their error, worked out by hand, and the picture of them."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from codeword.codebook import Codebook
from codeword.codebook.plan_trace import Trace
from codeword.codebook.task_plan import Do, TaskPlan, read_plan
from codeword.controller.decision import Decision
from codeword.controller.teaching.corpus_reader import Task
from codeword.runtime.evaluation.authored import _answers
from codeword.runtime.evaluation.reliability import draw_reliability, reliability
from codeword.runtime.trial import Trial, try_task
from tests.codebook.plan_books import DOG, book, scene
from tests.controller.tiny import write_folder
from tests.runtime.test_cli import call

ANSWERS = [(0.1, False), (0.2, True), (0.3, False), (0.5, True), (0.9, True), (0.95, True), (1.0, False), (0.8, True)]


def test_bins_and_the_error_over_them() -> None:
    found = reliability(ANSWERS)
    assert [(row["n"], row["right"]) for row in found["bins"]] == [(1, 0), (2, 1), (1, 1), (0, 0), (4, 3)]
    assert [(row["low"], row["high"]) for row in found["bins"]] == [
        (0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0),
    ]  # fmt: skip
    assert found["bins"][1]["sure"] == pytest.approx(0.25) and found["bins"][4]["sure"] == pytest.approx(0.9125)
    # (1 * |0.1 - 0| + 2 * |0.25 - 1/2| + 1 * |0.5 - 1| + 4 * |0.9125 - 3/4|) / 8
    assert found["ece"] == pytest.approx((0.1 + 0.5 + 0.5 + 0.65) / 8, abs=1e-4)


def test_a_model_that_is_right_as_often_as_it_is_sure_has_no_error() -> None:
    assert reliability([(0.75, number < 3) for number in range(4)] + [(1.0, True)])["ece"] == 0.0
    assert reliability([(1.0, False)] * 3)["ece"] == 1.0
    assert reliability([])["ece"] is None


@pytest.mark.parametrize("bins", [1, 3, 10])
def test_every_answer_is_in_the_bin_of_its_sureness(bins: int) -> None:
    for number in range(bins):
        rows = reliability([(number / bins, True)], bins)["bins"]
        assert [row["n"] for row in rows] == [int(at == number) for at in range(bins)]


def test_the_picture_shows_every_bin_where_it_belongs() -> None:
    drawn = ElementTree.fromstring(draw_reliability("a < b", reliability(ANSWERS)))
    told = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    heading = "plans that are right over their sureness"
    assert told[:3] == [heading, "a < b", "expected calibration error 0.219, n = 8"]
    assert [text for text in told if text and "/" in text] == ["0/1", "1/2", "1/1", "3/4"]
    dots = [
        (float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in drawn.iter("{http://www.w3.org/2000/svg}circle")
    ]
    left, top, side = 64, 76, 360
    assert dots[-1] == (pytest.approx(left + 0.9125 * side, abs=0.1), pytest.approx(top + 0.25 * side, abs=0.1))
    assert "no answers, n = 0" in draw_reliability("none", reliability([]))


def test_a_plan_counts_as_it_was_written_and_one_to_be_refused_where_it_says_so() -> None:
    bark, unclear = read_plan(book(DOG), '{"plan":[{"skill":"bark"}]}'), TaskPlan((), "unclear")

    def tried(kind: str, plan: TaskPlan, sure: float | None, right: bool | None) -> tuple[Task, Trial]:
        decision = Decision(
            text='{"skill":"cannot","reason":"missing"}', logprob=0.0, stage_ms={}, path="plan", key="", sureness=sure
        )
        return Task(kind, ("woof",), (), (), scene()), Trial("woof", plan, decision, Trace((), frozenset()), 0.0, right)

    assert isinstance(bark.items[0], Do)
    assert _answers(
        [
            tried("single", bark, 0.9, True),
            tried("single", bark, 0.4, False),
            tried("refusal", unclear, 0.7, None),
            tried("refusal", bark, 0.6, None),
            tried("refusal", unclear, None, None),
        ]
    ) == [(0.9, True), (0.4, False), (0.7, True), (0.6, False)]


def test_the_command_prints_the_bins_and_draws_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of a model of random weights."""
    given = (
        "lab",
        "evaluate",
        "--controller",
        "base",
        "--base",
        str(write_folder(tmp_path / "tiny")),
        "--episodes",
        "2",
    )
    code, out, _ = call(capsys, *given, "--split", "validation", "--plot", str(tmp_path / "sure.svg"))
    assert code == 0
    assert "split validation" in out and " right (" in out
    assert "expected calibration error " in out and " sure, " in out and " plans right (" in out
    drawn = ElementTree.parse(tmp_path / "sure.svg").getroot()
    assert "n = 2" in "".join(drawn.itertext())
    code, out, _ = call(capsys, *given, "--split", "authored", "--json")
    (row,) = json.loads(out)["rows"]
    assert (code, row["split"], row["n"], sum(kind["n"] for kind in row["rows"])) == (0, "authored", 2, 2)


def test_codebooks_of_ones_own_are_measured_in_the_same_way_and_what_was_missed_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    own = tmp_path / "mine"
    for name in ("woof.yaml", "woof.tasks.yaml"):
        (own / "dogs").mkdir(parents=True, exist_ok=True)
        (own / "dogs" / name).write_text((Path(__file__).parent / "own" / name).read_text())
    given = ("lab", "evaluate", "--controller", "base", "--base", str(write_folder(tmp_path / "tiny")))
    code, out, _ = call(capsys, *given, "--corpus", str(own), "--json")
    (row,) = json.loads(out)["rows"]
    assert (code, row["split"], row["n"]) == (0, "mine", 4)
    assert len(row["missed"]) == 4 - sum(kind["right"] for kind in row["rows"])
    code, out, _ = call(capsys, *given, "--corpus", str(own), "--failures")
    assert code == 0 and "split mine" in out
    missed = row["missed"][0]
    assert f"dogs/woof, {missed['kind']}: {missed['task']}" in out and f"right: {missed['right'][0]}" in out


def test_examples_are_told_the_second_time_and_asked_for_in_other_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Codebook, str]] = []

    def tried(book: Codebook, *given: Any) -> Trial:
        asked.append((book, given[1]))
        return try_task(book, *given)

    monkeypatch.setattr("codeword.runtime.evaluation.authored.try_task", tried)
    given = (
        "lab",
        "evaluate",
        "--controller",
        "base",
        "--base",
        str(write_folder(tmp_path / "tiny")),
        "--episodes",
        "6",
    )
    code, out, _ = call(capsys, *given, "--split", "validation", "--examples", "2", "--json")
    assert (code, [row["examples"] for row in json.loads(out)["rows"]]) == (0, [0, 2])
    (without, with_them) = asked[: len(asked) // 2], asked[len(asked) // 2 :]
    assert [words for _, words in without] == [words for _, words in with_them]
    told = [
        {example.task for example in book.examples} - {example.task for example in bare.examples}
        for (bare, _), (book, _) in zip(without, with_them, strict=True)
    ]
    assert {len(some) for some in told} == {2}
    assert all(words not in some for (_, words), some in zip(with_them, told, strict=True))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--split", "authored", "--split", "layouts"), "--split authored has no physics, and layouts has"),
        (("--split", "validation", "--card"), "--card: --split validation runs no episodes"),
        (("--split", "authorred"), "there is no split 'authorred'; did you mean 'authored'"),
        (("--examples", "3"), "--examples: goes with --corpus, or --split validation or authored"),
        (("--plot", "sure.svg"), "--plot: goes with --corpus, or --split validation or authored"),
        (("--split", "authored", "--controller", "expert"), "plans are written by models"),
        (("--corpus", "nowhere"), "--corpus nowhere: has no codebooks; FOLDER/DOMAIN/NAME.yaml"),
        (("--corpus", "nowhere", "--split", "authored"), "--corpus: goes without --split"),
    ],
)
def test_what_the_corpus_cannot_be_asked_is_told(
    capsys: pytest.CaptureFixture[str], given: tuple[str, ...], told: str
) -> None:
    code, _, err = call(capsys, "lab", "evaluate", *given)
    assert (code, told in err) == (2, True), err
