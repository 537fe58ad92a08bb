"""Goals that are compared condition by condition: what is read of the wheel, and how conditions are counted."""

import zipfile
from pathlib import Path

import pytest

from codeword.codebook import Fact
from codeword.codebook.errors import InputError
from codeword.codebook.goal_classes import Group
from codeword.codebook.goals import Goal
from codeword.codebook.task_plan import Achieve, Item, TaskPlan
from codeword.runtime.external.conditions import Conditions, Did, Holds
from codeword.runtime.external.items import Score, Written
from codeword.runtime.external.sets import SETS
from tests.runtime.external.given import named, plan_of, scored


def fact(text: str) -> Fact:
    return Fact.parse(text)


def goal(*facts: str, denied: tuple[str, ...] = (), groups: tuple[Group, ...] = ()) -> Achieve:
    return Achieve(Goal(tuple(map(fact, facts)), denied=tuple(map(fact, denied)), groups=groups))


def score(folder: Path, name: str, item: str, *plan: Item) -> Score:
    return scored(named(folder, name, item), Written(TaskPlan(plan), None, bool(plan))).score


def test_a_task_of_behavior_is_its_instruction_its_objects_and_its_conditions(folder: Path) -> None:
    item = named(folder, "behavior", "cleaning_bathtub")
    assert item.task == "Clean the stained bathtub."
    assert item.answer == Conditions((((Holds(fact("stained(bathtub_1)"), denied=True),),),))
    assert fact("inside(scrub_brush_1,bathtub_1)") in item.observation.facts
    assert fact("stained(bathtub_1)") in item.observation.facts
    assert {e.id: (e.kind, e.properties) for e in item.observation.entities}["floor_1"] == ("floor", {"type": "floor"})


def test_what_is_denied_there_may_have_a_word_of_its_own_here(folder: Path) -> None:
    answer = named(folder, "behavior", "bottling_fruit").answer
    assert isinstance(answer, Conditions)
    every = {one for options in answer.parts for option in options for one in option}
    assert Holds(fact("closed(jar_1)")) in every
    assert Holds(fact("sliced(peach_1)")) in every


def test_conditions_are_counted_one_by_one(folder: Path) -> None:
    books = "boxing_books_up_for_storage"
    answer = named(folder, "behavior", books).answer
    assert isinstance(answer, Conditions)
    ((option,),) = answer.parts
    every = [one.fact for one in option if isinstance(one, Holds)]
    assert every == [Fact("inside", (f"book_{number}", "carton_1")) for number in range(1, 8)]
    n = len(every)
    some = [str(one) for one in every]
    assert score(folder, "behavior", books, goal(*some)) == Score(True, found=n)
    assert score(folder, "behavior", books, goal(*some[1:])) == Score(False, found=n - 1, missed=1)
    spurious = goal(*some, "on_top(book_1,carton_1)")
    assert score(folder, "behavior", books, spurious) == Score(False, found=n, spurious=1)
    assert score(folder, "behavior", books) == Score(False, missed=n)


def test_a_class_and_a_command_say_what_they_come_to(folder: Path) -> None:
    books = named(folder, "behavior", "boxing_books_up_for_storage")
    carton = next(e.id for e in books.observation.entities if e.id.startswith("carton"))
    said = goal(groups=(Group("book", "inside", (carton,)),))
    assert score(folder, "behavior", books.name, said).right
    tub = named(folder, "behavior", "cleaning_bathtub")
    command = plan_of(tub.codebook, ("scrub", {"thing": "bathtub_1"}))
    assert score(folder, "behavior", tub.name, *command.items) == Score(True, found=1)
    assert score(folder, "behavior", tub.name, goal(denied=("dusty(bathtub_1)",))) == Score(False, spurious=1, missed=1)


def test_of_several_options_the_one_counts_of_which_most_is_said(folder: Path) -> None:
    one, two, three = (Holds(fact(text)) for text in ("inside(a,c)", "inside(b,c)", "inside(a,d)"))
    item = named(folder, "behavior", "cleaning_bathtub")
    answer = Conditions((((one, two), (three,)), ((three,),)))
    said = Written(TaskPlan((goal("inside(a,c)", "inside(b,c)"),)), None, True)
    assert answer.score(said, item.codebook, item.observation) == Score(False, found=2, missed=1)


def test_a_script_of_virtualhome_is_states_relations_and_actions(folder: Path) -> None:
    wash = named(folder, "virtualhome", "27_2")
    assert wash.task.startswith("Wash clothes: Walk to the kitchen and find the basket of clothes.")
    said = ("closed(washing_machine)", "switched_on(washing_machine)", "plugged_in(washing_machine)")
    on = ("on(clothes_jacket,washing_machine)", "on(soap,washing_machine)")
    assert wash.answer == Conditions(tuple(((Holds(fact(text)),),) for text in (*said, *on)))
    watch = named(folder, "virtualhome", "117_1")
    assert isinstance(watch.answer, Conditions)
    assert watch.answer.parts[-2:] == (((Holds(fact("facing(character,television)")),),), ((Did(("look_at",)),),))
    facing = goal("switched_on(television)", "plugged_in(television)", "facing(character,television)")
    looking = plan_of(watch.codebook, ("look_at", {"thing": "couch"})).items
    assert score(folder, "virtualhome", "117_1", facing, *looking) == Score(True, found=4)
    assert score(folder, "virtualhome", "117_1", *looking) == Score(False, found=1, missed=3)


def test_what_the_codebook_has_no_words_for_is_missed(folder: Path) -> None:
    mail = named(folder, "virtualhome", "986_2")
    assert mail.answer == Conditions((((Did(("type",)),),), ((Did(()),),)))
    typing = plan_of(mail.codebook, ("type", {"thing": "keyboard"})).items
    assert score(folder, "virtualhome", "986_2", *typing) == Score(False, found=1, missed=1)


@pytest.mark.parametrize(
    ("name", "inside", "said"),
    [
        ("behavior", {}, r"wheel: has no behavior_eval/.*all_conditions\.json; expected the wheel of eai-eval"),
        ("virtualhome", {}, r"wheel: has no virtualhome_eval/.*accurate\.json; expected the wheel of eai-eval"),
    ],
)
def test_a_wheel_without_the_data_is_refused(tmp_path: Path, name: str, inside: dict[str, str], said: str) -> None:
    file = tmp_path / "wheel"
    with zipfile.ZipFile(file, "w") as wheel:
        for member, text in inside.items():
            wheel.writestr(member, text)
    with pytest.raises(InputError, match=said):
        SETS[name].load(file, 5, 0)
    file.write_text("no zip file")
    with pytest.raises(InputError, match=r"wheel: cannot be read: File is not a zip file; expected a wheel"):
        SETS[name].load(file, 5, 0)
