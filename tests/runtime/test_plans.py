"""An episode that goes by a plan: run, replayed, decided again, compared, reported; and a plan that is none."""

import json
from pathlib import Path

import pytest

from codeword.codebook import parse_codebook
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.decision import Choice, Decision, Option
from codeword.controller.store import silent
from codeword.runtime.cli import main
from codeword.runtime.explain import Explainer
from codeword.runtime.recording import read_episode
from codeword.runtime.report.turns import Teller
from codeword.runtime.run import Controllers, Plan
from codeword.runtime.run import run as run_plan
from codeword.runtime.terminal import out
from tests.controller.tiny import write_folder
from tests.runtime.conftest import shipped

ROBOT = """
from codeword.codebook import Outcome, PrimitiveRobot


class Dog(PrimitiveRobot):
    def look(self):
        return [], []

    def perform(self, name, args):
        yield
        return Outcome(True)

    def hold(self):
        pass
"""
BOOK = """
codebook: dog
robot:
  robot: dog
  primitives:
    bark: {description: bark}
    walk: {description: walk, args: {steps: {number: {min: -10, max: 10}}}}
skills:
  bark: {description: bark once, steps: [bark]}
  walk:
    description: walk straight ahead, or back if negative
    args: {steps: {integer: {min: -10, max: 10}}}
    steps: [walk: {steps: $steps}]
  done: {description: say that the task is done}
  cannot: {description: say that it cannot be done, args: {reason: {choice: [missing, unsafe]}}}
"""
PLAN = '{"plan":[{"skill":"bark"},2,{"skill":"walk","steps":-5}]}'


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@pytest.fixture
def dog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dog_robot.py").write_text(ROBOT)
    (tmp_path / "dog.yaml").write_text(BOOK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def given(plan: str, out: str) -> int:
    task = ("run", "--task", "woof, woof, then back", "--codebook", "dog.yaml", "--robot", "dog_robot:Dog")
    return run(*task, "--plan", plan, "--out", out)


def test_an_episode_of_a_plan_is_recorded_replayed_compared_and_reported(
    dog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert given(PLAN, "one") == 0
    episode = read_episode(dog / "one/typed_task-0.mcap")
    assert (episode.header.controller, episode.header.model) == ("given", "")
    decisions = [step.decision for step in episode.steps if step.decision is not None]
    assert [json.loads(one.text)["skill"] for one in decisions] == ["bark", "bark", "walk", "done"]
    assert {one.plan for one in decisions} == {PLAN}
    assert [one.item for one in decisions] == [0, 0, 1, 2]
    capsys.readouterr()
    assert run("replay", "one") == 0
    assert "1 of 1 episodes identical" in capsys.readouterr().out
    teller = Teller(parse_codebook(BOOK))
    turns = [teller.turn(step, episode.header.task) for step in episode.steps]
    assert [[line.state for line in turn.plan] for turn in turns] == [
        ["now", "later"], ["now", "later"], ["done", "now"], ["done", "done"],
    ]  # fmt: skip
    assert [line.text for line in turns[0].plan] == ["bark, 2 times", "walk(steps -5)"]
    again = ("it fails", "again, 2 more times at most; then this part of the plan is given up")
    assert [turn.contingencies for turn in turns] == [(again,), (again,), (again,), ()]
    assert given(PLAN.replace("-5", "5"), "two") == 0
    capsys.readouterr()
    assert run("episodes", "diff", "one/typed_task-0.mcap", "two/typed_task-0.mcap") == 1
    assert "walk" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [0, 3])
def test_where_a_block_slips_in_physics_what_comes_next_was_told_before(tmp_path: Path, seed: int) -> None:
    who = DeciderConfig("given", "", "none", given='{"plan":[[["blue_block","in","red_bowl"]]]}')
    scenario = shipped("tabletop/slip_on_the_way")
    (path,) = run_plan(Plan((scenario,), range(seed, seed + 1), "sim", tmp_path), Controllers(who, silent))
    episode = read_episode(path)
    assert episode.verdict is not None and episode.verdict.success
    teller = Teller(scenario.codebook)
    turns = [teller.turn(step, episode.header.task) for step in episode.steps]
    failed = [n for n, step in enumerate(episode.steps) if step.result is not None and step.result.status != "done"]
    assert [turns[n].command for n in failed] == ["place(blue_block, red_bowl)"]
    for n in failed:
        told = dict(turns[n].contingencies)
        assert told["it fails half-way"] == "pick(object blue_block)"
        assert turns[n + 1].command == "pick(blue_block)"


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ('{"plan":[{"skill":"fly"}]}', "--plan: schema: item 1: at skill: 'fly' is not one of"),
        (
            '{"plan":[{"skill":"bark"},1000000000]}',
            "--plan: schema: at plan/1: 1000000000 is greater than the maximum of 20",
        ),
        ('{"plan":[[["barked"]]]}', "--plan: schema: unknown fact 'barked'"),
        ("bark twice", "--plan: json: "),
    ],
)
def test_a_plan_that_is_none_moves_nothing(dog: Path, capsys: pytest.CaptureFixture[str], plan: str, why: str) -> None:
    assert given(plan, "none") == 2
    assert why in capsys.readouterr().err
    assert not (dog / "none").exists()


def test_a_plan_goes_with_one_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "tabletop/put_in_bowl", "--plan", PLAN) == 2
    assert "--plan goes with --task: a plan is for one task" in capsys.readouterr().err


@pytest.mark.usefixtures("dog")
def test_explain_tells_the_plan_and_the_item_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    task = ("run", "--task", "woof, then back", "--codebook", "dog.yaml", "--robot", "dog_robot:Dog", "--explain")
    assert run(*task, "--plan", PLAN, "--out", "told") == 0
    said = capsys.readouterr().out
    assert "plan    1 of 2: bark, 2 times" in said
    assert "plan    2 of 2: walk(steps -5)" in said
    assert "all items are done" in said


def test_explain_tells_of_choices_that_could_have_gone_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    sure = Choice(after='{"', options=(Option(text="plan", probability=0.999),), taken="plan")
    options = tuple(
        Option(text=text, probability=share) for text, share in (("bark", 0.7), ("sit", 0.298), ("go", 0.002))
    )
    open_ = Choice(after='{"plan":[{"skill":"heel"},{"skill":"', options=options, taken="bark")
    made = Decision(
        text='{"skill":"heel"}', logprob=-0.4, choices=(sure, open_), stage_ms={"total": 42.0}, path="decoded", key="k"
    )
    Explainer(out, parse_codebook(BOOK), "woof").write("/decision", made, 0.0)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "   " + "plan skill heel skill".rjust(28) + " bark 70%  sit 30%"
    assert told[1] == '   command {"skill":"heel"} decoded, 42 ms'
    assert len(told) == 2


def test_at_a_terminal_the_user_chooses_among_plans_that_were_not_sure_enough(
    dog: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of random weights is sure of nothing."""
    monkeypatch.setattr("codeword.runtime.cli_run._at_terminal", lambda: True)
    answers = iter(["", "1"])
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    task = ("run", "--task", "bark", "--codebook", "dog.yaml", "--robot", "dog_robot:Dog", "--sure", "0.999")
    model = ("--model", str(write_folder(dog / "tiny")), "--adapter", "none")
    assert run(*task, *model, "--out", "none") == 1
    assert "which is meant?" in capsys.readouterr().out
    assert not (dog / "none-chosen").exists()
    run(*task, *model, "--out", "some")
    asked = read_episode(dog / "some/typed_task-0.mcap").steps[-1].decision
    done = read_episode(dog / "some-chosen/typed_task-0.mcap")
    assert asked is not None
    offered = [one.plan for one in asked.considered if not one.plan.startswith('{"cannot"')]
    assert done.header.controller == "given"
    assert done.steps[0].decision is not None and done.steps[0].decision.plan == offered[0]
