"""`codeword train --codebook`: a codebook taught out of itself, tried before and after, with a tiny model."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.controller.adapter import load_adapter
from codeword.controller.plan_controller import PlanController
from codeword.controller.registry import resolve
from codeword.runtime.own_codebook import UNTRIED, OwnCodebook, is_better, rate
from tests.controller.test_plan_controller import Writer
from tests.controller.tiny import write_folder
from tests.rover import ROVER
from tests.runtime.test_cli import call

SIZES = ("--dtype", "fp32", "--device", "cpu", "--groups", "1", "--per-group", "2", "--rank", "2", "--checked", "0")


CHICK = """\
codebook: chick
robot: {robot: chick, primitives: {act: {description: acts}}}
skills:
  peep: {description: make a sound, examples: [sing, say hello, call mum, cry]}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""
"""Tried with few words: an untaught model writes the longest that it may."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rover.yaml").write_text(ROVER)
    write_folder(tmp_path / "tiny")
    monkeypatch.setattr("codeword.controller.teaching.codebook_lessons._OTHERS", 0.0)
    monkeypatch.setattr("codeword.controller.teaching.codebook_lessons._FOREIGN", 0.0)
    return tmp_path


def train(
    capsys: pytest.CaptureFixture[str], *more: str, decisions: int = 4, into: str = "out"
) -> tuple[int, str, str]:
    given = ("--codebook", "rover.yaml", "--model", "./tiny", *SIZES, "--decisions", str(decisions), "--out", into)
    return call(capsys, "train", *given, *more)


def answering(patch: pytest.MonkeyPatch, *answers: list[bool]) -> list[str]:
    """Answers in place of trials; gives the adapters that are tried."""
    asked: list[str] = []

    def tried(_: OwnCodebook, model: str, adapter: str) -> list[bool]:
        assert model == "./tiny"
        asked.append(adapter)
        return answers[len(asked) - 1]

    patch.setattr(OwnCodebook, "tried", tried)
    return asked


def test_what_is_no_better_is_not_put_out_and_training_goes_on_where_it_was(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "rover.yaml").write_text(CHICK)
    code, out, _ = train(capsys)
    assert code == 1
    assert "rover.yaml: 3 examples are taught; kept aside, to be tried before and after: " in out
    assert "2/2 loss" in out
    assert "came out right before: 0 of 1 (95% interval 0% to 79%); after: 0 of 1" in out
    assert "no better than before, so no adapter was put out; state and log are in out" in out
    there = {path.name for path in (place / "out").iterdir()}
    assert there == {"state.pt", "log.jsonl", "training.svg", "examples.json"}
    told = json.loads((place / "out/examples.json").read_text())
    assert [(one["before"], one["after"]) for one in told["kept_aside"]] == [(False, False)]
    answering(monkeypatch, [False], [True], [False])
    code, out, _ = train(capsys)
    assert (code, "loss" in out) == (0, False), "nothing was left to learn"
    (place / "rover.yaml").write_text(CHICK.replace("cry", "weep"))
    code, _, err = train(capsys)
    assert (code, "out: a training with codebook" in err) == (2, True)


def test_what_is_better_is_put_out_and_can_be_used(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, [True, False, False], [True, True, False], [True] * 3, [True] * 3)
    code, out, _ = train(capsys, decisions=2)
    assert code == 0
    assert asked == ["none", f"out/{UNTRIED}"]
    assert "before: 1 of 3 (95% interval 6% to 79%); after: 2 of 3 (95% interval 21% to 94%)" in out
    assert 'try it with: codeword codebook try rover.yaml "..." --adapter out/adapter' in out
    adapter = load_adapter("out/adapter", resolve("./tiny"))
    assert adapter.policies == ("plan", "direct")
    assert not (place / "out" / UNTRIED).exists()
    code, _, _ = train(capsys, "--begin-with", "out/adapter", decisions=2, into="further")
    assert (code, asked[2:]) == (0, [str(place / "out/adapter"), f"further/{UNTRIED}"])
    assert json.loads((place / "further/adapter/codeword.json").read_text())["begun_with"] == adapter.sha256


def test_examples_kept_aside_are_tried_where_they_can_be_carried_out_and_told_the_others(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OwnCodebook(str(place / "rover.yaml"), 0)
    said: list[str] = []
    own.tell(said.append)
    assert said[0].endswith("after: off to the pond with you; have a look at the old oak; back off 20 cm")
    back, oak = '{"plan":[{"skill":"drive","distance_m":-0.2}]}', '{"plan":[[["at","old_oak"]]]}'
    writer = Writer('{"cannot":"unclear"}', oak, back)

    def made(kind: str, book: Codebook, *, model: str, adapter: str) -> PlanController:
        assert (kind, model, adapter) == ("llm", "m", "a")
        return PlanController(writer, book)  # type: ignore[arg-type]

    monkeypatch.setattr("codeword.runtime.own_codebook.make_controller", made)
    assert own.tried("m", "a") == [False, True, True], "to be at the oak is what driving there comes to"
    told = "\n".join(prompt.system + prompt.task + prompt.observation for prompt in writer.prompts)
    assert "Example: the oak is where I want you = " in told
    assert not [text for text in ("off to the pond", "have a look", "back off") if f"Example: {text}" in told]


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        ([False, False], [True, False], True),
        ([True, True], [True, True], True),
        ([False, False], [False, False], False),
        ([True, False], [True, False], False),
        ([True, False], [False, True], False),
        ([True, True], [True, False], False),
    ],
)
def test_better_is_more_right_or_all_right_both_times(
    before: Sequence[bool], after: Sequence[bool], better: bool
) -> None:
    assert is_better(before, after) is better


def test_a_rate_is_told_with_its_interval() -> None:
    assert rate([True, True, False]) == "2 of 3 (95% interval 21% to 94%)"


@pytest.mark.parametrize(
    ("cut", "more", "said"),
    [
        (2, (), "rover.yaml: has no examples to teach from; write what people say under skills"),
        (1, (), "rover.yaml: 3 of its examples say something of their own, too few to keep one aside"),
        (0, ("--lessons", "x.gz"), "--codebook makes its own lessons, and --lessons gives others"),
        (0, ("--begin-with", "nothing"), "there is no adapter 'nothing'"),
    ],
)
def test_what_cannot_be_taught_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], place: Path, cut: int, more: tuple[str, ...], said: str
) -> None:
    text, whole = ROVER, ROVER.rindex("examples:")
    if cut:
        lines = [
            line for line in text[:whole].splitlines() if "examples:" not in line and not line.startswith("      ")
        ]
        text = "\n".join(lines) + "\n" + (text[whole:] if cut == 1 else "")
    (place / "rover.yaml").write_text(text)
    code, _, err = train(capsys, *more)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert said in err
    assert not (place / "out").exists()
