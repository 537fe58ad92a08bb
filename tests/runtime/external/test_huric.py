"""HuRIC: what is read of a command, and which plans are right for it."""

import json
from pathlib import Path

import pytest

from codeword.runtime.external.answers import Commands, MainArgument
from codeword.runtime.external.huric import BOOKS, PER_ORDER
from codeword.runtime.external.items import Score, book
from codeword.runtime.external.sets import SETS
from tests.runtime.external.given import items, named, plan_of, tried


def test_a_command_of_huric_becomes_a_task_a_scene_and_what_is_right(folder: Path) -> None:
    item = named(folder, "huric", "2188")
    assert item.task == "search for the lamp"
    assert item.answer == Commands((MainArgument("search", "target", "light"),))
    assert ("light", "thing") in [(entity.id, entity.kind) for entity in item.observation.entities]
    assert item.codebook.name == "home_helper"
    two = named(folder, "huric-two", "3506").answer
    assert two == Commands((MainArgument("go_to", "place", "kitchen"), MainArgument("pick_up", "item", "plate")))


def test_what_has_no_thing_of_the_scene_as_its_main_argument_is_left_out(folder: Path) -> None:
    tasks = [item.task for item in items(folder, "huric")]
    assert len(tasks) == 11
    assert not {"turn right", "connect to the web please"} & set(tasks)


def test_things_of_one_name_are_numbered_and_not_asked_for(folder: Path, tmp_path: Path) -> None:
    line = json.loads((folder / "huric_sample.jsonl").read_text().splitlines()[1])
    line["entities"].append({"atom": "t-shirt_1", "type": "T-shirt"})
    line["entities"].append({"atom": "t-shirt_2", "type": "T-shirt"})
    file = tmp_path / "huric.jsonl"
    file.write_text(json.dumps(line))
    (item,) = SETS["huric"].load(file, 5, 0)
    assert {entity.id for entity in item.observation.entities} >= {"t_shirt_1", "t_shirt_2", "light"}
    line["entities"].append({"atom": "light_2", "type": "Light"})
    file.write_text(json.dumps(line))
    assert SETS["huric"].load(file, 5, 0) == []


def test_which_items_and_the_order_of_skills_are_drawn_by_seed(folder: Path) -> None:
    assert [one.name for one in items(folder, "huric", 5)] == [one.name for one in items(folder, "huric", 5)]
    assert [one.name for one in items(folder, "huric", 5, 1)] != [one.name for one in items(folder, "huric", 5)]
    first, other = items(folder, "huric")[0].codebook, items(folder, "huric", seed=1)[0].codebook
    assert list(first.skills) != list(other.skills)
    assert first.skills.keys() == other.skills.keys()
    assert list(first.skills)[-2:] == ["done", "cannot"]
    assert [items(folder, "huric")[at].codebook.name for at in (0, PER_ORDER)] == list(BOOKS)


@pytest.mark.parametrize(
    ("commands", "right"),
    [
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "plate"})], True),
        ([("pick_up", {"item": "plate"}), ("go_to", {"place": "kitchen"})], False),
        ([("go_to", {"place": "kitchen"}), ("fetch", {"item": "plate"})], False),
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "OTHER"})], False),
        ([("go_to", {"place": "kitchen"})], False),
        ([("go_to", {"place": "kitchen"}), ("pick_up", {"item": "plate"}), ("let_go", {"item": "plate"})], False),
    ],
)
def test_commands_are_right_by_skill_main_argument_and_order(
    folder: Path, commands: list[tuple[str, dict[str, str]]], right: bool
) -> None:
    item = named(folder, "huric-two", "3506")
    other = next(e.id for e in item.observation.entities if e.kind == "thing" and e.id != "plate")
    given = [(skill, {name: other if v == "OTHER" else v for name, v in args.items()}) for skill, args in commands]
    assert tried(item, plan_of(item.codebook, *given)).score == Score(right)


def test_arguments_beside_the_main_one_do_not_count(folder: Path) -> None:
    item = named(folder, "huric", "3372")
    assert item.answer == Commands((MainArgument("switch", "device", "oven"),))
    for state in ("on", "off"):
        plan = plan_of(item.codebook, ("switch", {"device": "oven", "state": state}))
        assert tried(item, plan).score.right


def test_the_skills_of_both_codebooks_stand_for_every_frame() -> None:
    from codeword.runtime.external.huric import _frames

    assert len(_frames()) == 18
    for frame in _frames().values():
        for name in BOOKS:
            skill, argument = frame[name]
            assert argument in book(name).skills[skill].args
