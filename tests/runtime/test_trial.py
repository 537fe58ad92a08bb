"""Tasks tried on a codebook without a robot: what would be done in which scene, and what is told of it."""

import json
from pathlib import Path

import pytest

from codeword.codebook import load_codebook
from codeword.codebook.scene_notation import load_scene, made_up_scene
from codeword.codebook.task_plan import read_plan
from codeword.controller.plan_controller import PlanController
from codeword.runtime.trial import Trial, try_examples
from tests.controller.test_plan_controller import Writer
from tests.controller.tiny import write_folder
from tests.runtime.test_cli import call

ROVER = """\
codebook: rover
robot: {robot: rover, primitives: {act: {description: acts}}}
entities: [site]
facts: {at(site): the rover is there}
skills:
  leave_to:
    description: drive to another site
    args: {from: {entity: site}, to: {entity: site}}
    preconditions: [at(from), not at(to)]
    effects: [not at(from), at(to)]
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
examples:
  - {task: go to the ridge, plan: [goal: at(ridge)]}
"""
PLAN = '{"plan":[[["at","ridge"]]]}'
SCENE = "things: {site: [dock, ridge]}\nfacts: [at(dock)]\n"


@pytest.fixture
def rover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rover.yaml").write_text(ROVER)
    (tmp_path / "scene.yaml").write_text(SCENE)
    return tmp_path


def test_with_the_facts_of_a_scene_a_plan_can_be_carried_out(rover: Path) -> None:
    book = load_codebook(rover / "rover.yaml")
    seen = load_scene(book, rover / "scene.yaml")
    (told,) = try_examples(book, PlanController(Writer(PLAN), book), seen)  # type: ignore[arg-type]
    assert isinstance(told, Trial)
    assert [command.text for command in told.trace.commands] == ['{"skill":"leave_to","from":"dock","to":"ridge"}']
    assert (told.carried_out, told.right) == (True, True)
    assert not made_up_scene(book).facts, "which facts hold together nobody can make up"


def tried(capsys: pytest.CaptureFixture[str], rover: Path, *args: str) -> tuple[int, str, str]:
    model = ("--model", str(write_folder(rover / "tiny")), "--adapter", "none", "--sure", "0")
    return call(capsys, "codebook", "try", "rover.yaml", "go to the ridge", *model, *args)


def test_the_scene_is_told_as_it_was_given(capsys: pytest.CaptureFixture[str], rover: Path) -> None:
    code, out, _ = tried(capsys, rover)
    assert (code, out.splitlines()[:2]) == (
        0, ["scene: site_1, site_2, site_3", "facts: none (the scene is made up; --scene tells another)"],
    )  # fmt: skip
    code, out, _ = tried(capsys, rover, "--scene", "scene.yaml")
    assert (code, out.splitlines()[:2]) == (0, ["scene: dock, ridge", "facts: at(dock)"])
    code, out, _ = tried(capsys, rover, "--scene", "scene.yaml", "--json")
    told = json.loads(out)
    assert (code, told["scene"]) == (0, {"things": {"dock": "site", "ridge": "site"}, "facts": ["at(dock)"]})
    (task,) = told["tasks"]
    assert read_plan(load_codebook("rover.yaml"), task["plan"])


def test_a_scene_that_is_none_is_one_clear_line(capsys: pytest.CaptureFixture[str], rover: Path) -> None:
    (rover / "scene.yaml").write_text(SCENE.replace("at(dock)", "at(dok)"))
    code, out, err = tried(capsys, rover, "--scene", "scene.yaml")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].endswith(
        "scene.yaml:2:9: there is no thing 'dok'; did you mean 'dock'? (choices: dock, ridge)"
    )
    code, _, err = tried(capsys, rover, "--scene", "scene.yaml", "--observation", "one.mcap")
    assert (code, "either an episode's (--observation) or a file's (--scene)" in err) == (2, True)
