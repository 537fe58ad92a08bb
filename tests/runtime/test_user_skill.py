"""A user adds a skill by editing YAML: no Python, no retraining; and edits a codebook while it is in use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codeword.codebook import Observation, load_codebook
from codeword.codebook.action_prompt import offer
from codeword.codebook.compose import shipped
from codeword.codebook.live import LiveCodebook
from codeword.codebook.observation import Record
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.runtime.episode import Episode, run_episode
from codeword.runtime.recording import EpisodeWriter, read_episode
from codeword.runtime.records import EventRecord
from codeword.runtime.replay import replay
from codeword.runtime.robots import open_robot
from codeword.runtime.scenario import typed_scenario
from tests.runtime.test_episode import DONE, Notes, Parrot

SHOW = """
  show:
    description: lift the held block high, so that it can be seen
    args:
      object: {entity: block}
      times: {integer: {min: 1, max: 3}, default: 1}
    preconditions: [holding(object)]
    budget_s: 30
    steps:
      - repeat: 2
        steps:
          - rise: {distance_m: 0.06}
          - wait: {duration_s: "$times / 2"}
      - check_held
      - if: holding(object)
        then: [move_home]
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of tabletop.yaml with one skill more."""
    path = tmp_path / "my_table.yaml"
    path.write_text(shipped()["tabletop"].read_text().replace("\n  home:", f"{SHOW}\n  home:"))
    return path


def test_a_skill_added_to_a_copy_of_tabletop_runs_in_simulation(own: Path) -> None:
    scenario = typed_scenario("show me the red block", str(own))
    pick, show = '{"skill":"pick","object":"red_block"}', '{"skill":"show","object":"red_block","times":2}'
    parrot, notes = Parrot(pick, show, DONE), Notes()
    robot, physics = open_robot("sim", scenario, seed=2)
    verdict = run_episode(Episode(scenario, "show me", parrot, robot, physics, (notes,), film=False))
    robot.close()
    assert verdict.ended == "done"
    results = notes.of("result")
    assert [result.status for result in results] == ["done", "done"]  # type: ignore[attr-defined]
    assert results[1].duration_s > 2.0, "it waited twice for a second"  # type: ignore[attr-defined]
    heights = [
        entity.position_m[2] for entity in parrot.seen[2].entities if entity.id == "red_block" and entity.position_m
    ]
    assert heights[0] > 0.3, "physics shows it held high"


@pytest.mark.model
def test_the_model_reads_the_new_skill_and_can_choose_it(own: Path) -> None:
    codebook = load_codebook(own)
    scenario = typed_scenario("show the red block", str(own))
    robot, _ = open_robot("sim", scenario, seed=2)
    robot.execute(next(c for c in offer(codebook, "", robot.observe()).legal.commands() if c.skill == "pick")).result()
    given = offer(codebook, "Show the block: lift the held block high, so that it can be seen.", robot.observe())
    robot.close()
    assert "- show(object: block, times: 1..3 step 1, else 1): lift the held block high" in given.prompt.system
    decision = Engine(resolve(DEFAULT_MODEL)).decide(given.prompt, given.legal.graph)
    options = {option.text: option.probability for option in decision.choices[0].options}
    assert options.get("show", 0.0) > 0.0, options
    assert given.legal.allows(decision.text)


class Editor(Parrot):
    """Says its lines, and edits the codebook file before each one."""

    def __init__(self, path: Path, edits: list[str | None], *lines: str) -> None:
        super().__init__(*lines)
        self.path, self.edits = path, edits

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool]) -> Decision:
        decision = super().decide(task, observation, cancelled)
        edit = self.edits.pop(0)
        if edit is not None:
            self.path.write_text(edit)
            later = self.path.stat().st_mtime_ns + 1_000_000_000 * (5 - len(self.edits))
            os.utime(self.path, ns=(later, later))
        return decision


def test_an_edit_comes_into_use_between_decisions_and_a_broken_one_does_not(own: Path, tmp_path: Path) -> None:
    whole = own.read_text()
    before = shipped()["tabletop"].read_text()
    own.write_text(before)
    live = LiveCodebook(own)
    scenario = typed_scenario("show me the red block", str(own))
    pick, show = '{"skill":"pick","object":"red_block"}', '{"skill":"show","object":"red_block"}'
    broken = whole.replace("rise: {distance", "rais: {distance")
    editor = Editor(own, [broken, whole, None, None], '{"skill":"home"}', pick, show, DONE)
    robot, physics = open_robot("sim", scenario, seed=2)
    from codeword.controller.decider_config import DeciderConfig
    from codeword.controller.store import silent
    from codeword.runtime.run import Controllers

    header = Controllers(DeciderConfig("random", "", "none"), silent).header(scenario, 2, "sim")
    notes = Notes()
    with EpisodeWriter(tmp_path / "e.mcap", header, scenario.codebook.text, scenario.text) as writer:
        verdict = run_episode(Episode(scenario, "show", editor, robot, physics, (writer, notes), live, film=False))
    robot.close()
    assert verdict.ended == "done"
    assert [result.status for result in notes.of("result")] == ["done"] * 3  # type: ignore[attr-defined]
    told = [record.what for record in notes.of("event") if isinstance(record, EventRecord)]
    assert len(told) == 1
    assert "the codebook's edit is not in use" in told[0]
    assert "unknown primitive or skill 'rais'; did you mean 'rise'?" in told[0]
    assert editor.hashes == [load_codebook(own).hash]
    assert replay(read_episode(tmp_path / "e.mcap"), exact=True) == []


def test_a_file_that_is_not_edited_is_not_read_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveCodebook(own)

    def fail(path: Path) -> Record:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr("codeword.codebook.live.load_codebook", fail)
    assert not live.refresh()
    own.unlink()
    monkeypatch.undo()
    assert live.refresh()
    assert "unknown codebook" in live.fault or "cannot be read" in live.fault
    assert live.codebook.name == "tabletop"


def test_an_edit_of_what_a_codebook_includes_is_seen_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    base = tmp_path / "base" / "base.yaml"
    base.write_text(shipped()["tabletop"].read_text())
    (tmp_path / "top.yaml").write_text("codebook: top\ninclude: [base/base.yaml]\n")
    live = LiveCodebook(tmp_path / "top.yaml")
    assert not live.refresh()
    base.write_text(base.read_text().replace("hold still for a while", "rest"))
    assert live.refresh()
    assert live.codebook.skills["wait"].description == "rest"
    assert not live.refresh()
