"""Codebooks made of several files, a site's own names, and descriptions in any language."""

from pathlib import Path

import pytest

from codeword.codebook import CodebookError, load_codebook, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.prompt import codebook_text
from codeword.codebook.step_trees import DoStep

SITE = """\
codebook: site
include: [tabletop, more.yaml]
remove: [push]
rename: {pick: grab}
language: zh
skills:
  home:
    description: go to the parking pose
    steps: [rise: {distance_m: 0.1}, move_home]
wordings:
  zh: {pick: 抓起一个方块, holding: 夹爪正拿着这个东西}
  de: {pick: einen Klotz greifen}
"""
MORE = """\
codebook: more
entities: [lamp]
facts:
  lit(lamp): the lamp is on
skills:
  fetch:
    description: pick and put on the table
    args:
      object: {entity: block}
    preconditions: [gripper_empty, clear(object)]
    steps:
      - pick: {object: $object}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "more.yaml").write_text(MORE)
    (tmp_path / "site.yaml").write_text(SITE)
    return tmp_path / "site.yaml"


def test_a_site_builds_on_what_is_there(site: Path) -> None:
    codebook = load_codebook(site)
    assert codebook.robot == "arm"
    assert list(codebook.skills) == ["grab", "place", "home", "wait", "done", "cannot", "fetch"]
    assert codebook.kinds == ("block", "bowl", "zone", "table", "lamp")
    assert codebook.skills["home"].description == "go to the parking pose"
    (step,) = codebook.skills["fetch"].steps
    assert isinstance(step, DoStep)
    assert (step.name, step.is_skill) == ("grab", True), "steps follow a skill to its new name"


def test_the_model_reads_the_language_that_was_chosen(site: Path) -> None:
    text = codebook_text(load_codebook(site))
    assert "- grab(object: block): 抓起一个方块." in text
    assert "- holding: 夹爪正拿着这个东西" in text
    assert "- place(" in text
    other = site.read_text().replace("language: zh", "language: de")
    site.write_text(other)
    assert "- grab(object: block): einen Klotz greifen." in codebook_text(load_codebook(site))


def test_one_text_says_all_of_it(site: Path) -> None:
    """What is attached to an episode needs no other file, and is the same codebook."""
    codebook = load_codebook(site)
    alone = parse_codebook(codebook.text, "elsewhere.yaml")
    assert alone.skills == codebook.skills
    assert alone.hash == codebook.hash
    assert codebook_text(alone) == codebook_text(codebook)


@pytest.mark.parametrize("name", shipped())
def test_the_text_of_every_shipped_codebook_stands_alone(name: str) -> None:
    codebook = load_codebook(name)
    assert parse_codebook(codebook.text).skills == codebook.skills


def test_an_edit_of_an_included_file_changes_the_hash(site: Path) -> None:
    before = load_codebook(site).hash
    (site.parent / "more.yaml").write_text(MORE.replace("pick and put", "take and put"))
    assert load_codebook(site).hash != before


def test_a_fault_in_an_included_file_is_told_where_it_is(site: Path) -> None:
    (site.parent / "more.yaml").write_text(MORE.replace("clear(object)", "cleer(object)"))
    with pytest.raises(CodebookError) as error:
        load_codebook(site)
    assert str(error.value).startswith(
        f"{site.parent / 'more.yaml'}:10:36: unknown fact 'cleer'; did you mean 'clear'?"
    )


def test_files_that_include_each_other_are_refused(site: Path) -> None:
    (site.parent / "more.yaml").write_text(MORE + "include: site.yaml\n")
    with pytest.raises(CodebookError, match="includes itself"):
        load_codebook(site)


def test_a_robot_of_ones_own_is_a_file_beside_the_codebook(tmp_path: Path) -> None:
    robot = "robot: gantry\nprimitives:\n  glide:\n    description: glide\n    args:\n      speed_m_s: {number: {min: 0, max: 2}}\n"
    (tmp_path / "gantry.yaml").write_text(robot)
    text = (
        "codebook: own\nrobot: gantry.yaml\nentities: [box]\nskills:\n"
        "  go: {description: go, steps: [glide: {speed_m_s: 1.5}]}\n"
        "  done: {description: done}\n  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}\n"
    )
    path = tmp_path / "own.yaml"
    path.write_text(text)
    codebook = load_codebook(path)
    assert list(codebook.primitives) == ["glide"]
    assert parse_codebook(codebook.text).primitives == codebook.primitives, "the robot travels with the text"
    path.write_text(text.replace("1.5", "2.5"))
    with pytest.raises(CodebookError, match=r"own.yaml:5:52: 'speed_m_s' of 'glide' is 2.5, outside 0..2"):
        load_codebook(path)
    (tmp_path / "gantry.yaml").write_text(robot.replace("number", "numbr"))
    with pytest.raises(CodebookError, match=r"robot: .*gantry.yaml:6:18: 'speed_m_s' cannot be"):
        load_codebook(path)


def test_the_mobile_base_carries_a_parcel_in_its_symbolic_world() -> None:
    from codeword.codebook import Entity, Fact, Observation
    from codeword.codebook.parse import Vocabulary, parse_condition
    from codeword.codebook.planner import plan

    mobile = load_codebook("mobile")
    things = [("lobby", "place"), ("lab", "place"), ("store", "place"), ("dock", "charger"), ("mail", "parcel")]
    seen = Observation(
        step=0,
        time_s=0.0,
        entities=tuple(Entity(id=name, kind=kind) for name, kind in things),
        facts=(Fact("at", ("dock",)), Fact("in", ("mail", "store")), Fact("blocked", ("lab",))),
    )
    vocabulary = Vocabulary(mobile.places(), mobile.kinds, entities=None)
    world = SymbolicWorld.of(mobile, seen)
    found = plan(world, parse_condition("in(mail, lab) and charged", vocabulary))
    assert not found.failure
    assert sorted(c.skill for c in found.commands) == ["ask_for_help", "charge", "go_to", "go_to", "load", "unload"]
    for command in found.commands:
        assert command in world.commands()
        world = world.after(command)
    assert world.state.holds("in", ("mail", "lab"))


def test_the_arm_codebook_knows_nothing_of_the_base(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(shipped()["mobile"].read_text().replace("robot: base", "robot: arm"))
    with pytest.raises(CodebookError) as error:
        load_codebook(path)
    assert "unknown primitive or skill 'drive_to'" in str(error.value)
