"""Lessons of one codebook out of itself: right by what plans come to, and nothing of the examples that are kept aside."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from codeword.codebook import Codebook, parse_codebook
from codeword.codebook.errors import InputError
from codeword.codebook.fact_kinds import place_kinds
from codeword.codebook.facts import Fact
from codeword.codebook.observation import Entity, Observation
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.plan_trace import trace
from codeword.codebook.stop_words import plain_words
from codeword.codebook.task_plan import read_plan
from codeword.controller.teaching import codebook_lessons
from codeword.controller.teaching.codebook_lessons import CodebookLessons, exchanged, made_scene, scene_for, things_of
from codeword.controller.teaching.domains import TAUGHT
from codeword.controller.teaching.multiply import Said
from codeword.controller.teaching.plan_lessons import PlanLesson, books_of
from codeword.controller.teaching.set_aside import Split, set_aside
from codeword.controller.teaching.wordings_of_skills import asked
from tests.rover import ROVER, rover


@pytest.fixture(scope="module")
def split() -> Split:
    return set_aside(rover(), 0)


@pytest.fixture(scope="module", autouse=True)
def few_books() -> Iterator[None]:
    """Tasks of two other codebooks are refused, for reading them all takes long."""
    some = books_of(TAUGHT)[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codebook_lessons, "books_of", lambda _: some)
        yield


@pytest.fixture(scope="module")
def taught(split: Split) -> list[PlanLesson]:
    lessons, rng = CodebookLessons(split, 0), random.Random(0)
    return [lessons.lesson(rng) for _ in range(120)]


def test_every_lesson_can_be_carried_out_where_it_is_said(taught: list[PlanLesson]) -> None:
    for lesson in taught:
        assert lesson.taught in lesson.right
        assert all(lesson.graph.accepts(text) for text in lesson.right), lesson.task
        plan = read_plan(lesson.codebook, lesson.taught)
        assert bool(plan.cannot) == (lesson.act == "cannot") == (lesson.kind == "refusal"), lesson.task
        assert plan.cannot or not trace(lesson.codebook, plan, lesson.observation).failure, lesson.task
        ids = [entity.id for entity in lesson.observation.entities]
        assert not check_numbers(lesson.codebook, lesson.task, ids, plan).refusal, lesson.task
    kinds = Counter(lesson.kind for lesson in taught)
    assert min(kinds[kind] for kind in ("example", "wording", "sequence", "refusal")) > 5, kinds


def test_what_is_kept_aside_is_in_no_lesson(split: Split, taught: list[PlanLesson]) -> None:
    assert len(split.kept) == 3
    assert len(split.taught) == 9
    for one in split.kept:
        for lesson in taught:
            told = lesson.prompt.system + lesson.prompt.task + lesson.prompt.observation
            assert one.text.lower() not in told.lower()
            assert plain_words(lesson.task) != one.words
    numbered = next(i for i in range(50) if "back off 20 cm" in [one.text for one in set_aside(rover(), i).kept])
    lessons, rng = CodebookLessons(set_aside(rover(), numbered), 0), random.Random(1)
    assert not [x.task for x in (lessons.lesson(rng) for _ in range(40)) if "back off" in x.task.lower()]


def test_an_example_that_is_made_by_chance_is_kept_aside_too(split: Split) -> None:
    """`beep` is what a skill's name says, and `honk twice` what repeating makes of another example."""
    more = ROVER.replace("examples: [say something, honk]", "examples: [say something, honk, beep, honk twice]")
    every = list(set_aside(parse_codebook(more), 0).taught + set_aside(parse_codebook(more), 0).kept)
    kept = tuple(one for one in every if one.text in ("beep", "honk twice"))
    assert len(kept) == 2
    rest = tuple(one for one in every if one not in kept)
    lessons, rng = CodebookLessons(Split(split.codebook, rest, kept), 0), random.Random(2)
    said = [plain_words(lessons.lesson(rng).task) for _ in range(80)]
    assert ("honk",) in said
    assert not [words for words in said if words in (("beep",), ("honk", "twice"))]


def test_an_example_that_is_taught_is_not_told_with_its_answer(taught: list[PlanLesson]) -> None:
    answers = {(plain_words(example.task), example.plan.text) for example in rover().examples}
    said = [lesson for lesson in taught if (plain_words(lesson.task), lesson.taught) in answers]
    assert len(said) > 10
    for lesson in said:
        assert plain_words(lesson.task) not in {plain_words(example.task) for example in lesson.codebook.examples}
    assert any("Example:" in lesson.prompt.task + lesson.prompt.observation for lesson in taught)


def test_the_same_seed_gives_the_same_lessons_from_any_group_on(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(seed: int, begin: int, count: int) -> list[list[tuple[str, str]]]:
        monkeypatch.setattr(codebook_lessons, "_OTHERS", 0.0)
        groups = islice(CodebookLessons(split, seed).groups(3, begin), count)
        return [[(x.task, x.taught) for x in group] for group in groups]

    assert told(0, 0, 3)[1:] == told(0, 1, 2)
    assert told(0, 1, 1) != told(7, 1, 1)


def test_some_groups_are_of_other_codebooks(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = []

    def others(seed: int, name: str, *, per_book: int, begin: int) -> Iterator[list[PlanLesson]]:
        asked_for.append((seed, name, per_book, begin))
        kept = replace(strange, task=split.kept[0].text.upper())
        yield [strange, kept] if begin % 2 else [kept]

    rng = random.Random(0)
    strange = replace(CodebookLessons(split, 0).lesson(rng), task="strange")
    monkeypatch.setattr(codebook_lessons, "plan_lessons", others)
    groups = list(islice(CodebookLessons(split, 5).groups(2), 24))
    assert 2 <= len(asked_for) <= 12
    assert {(seed, name, per_book) for seed, name, per_book, _ in asked_for} == {(5, TAUGHT, 2)}
    for number, group in enumerate(groups):
        is_others = number % 2 and number in {begin for *_, begin in asked_for}
        assert [lesson.task for lesson in group].count("strange") == is_others
        assert len(group) == (1 if is_others else 2), "what is kept aside is left out, and a group is never empty"


def test_facts_of_made_scenes_are_of_the_kinds_that_they_take_and_go_together() -> None:
    book, rng = rover(), random.Random(3)
    takes, sizes = place_kinds(book), set()
    for _ in range(80):
        seen = made_scene(rng, book, {"pond": "site"}, {"old_oak": "site"})
        kinds = {entity.id: entity.kind for entity in seen.entities}
        sizes.add(len(kinds))
        assert kinds["pond"] == "site"
        assert set(kinds.values()) == {"site", "rock"}
        for fact in seen.facts:
            assert all(kinds[arg] in place for arg, place in zip(fact.args, takes[fact.name], strict=True))
        assert sum(fact.name == "at" for fact in seen.facts) <= 1, "go_to ends being anywhere else"
        rocks = [fact.args[0] for fact in seen.facts if fact.name == "lies"]
        assert len(rocks) == len(set(rocks)), "a rock lies in one place"
    assert len(sizes) > 3


def test_a_plan_has_its_scene_or_none() -> None:
    book, rng = rover(), random.Random(4)
    snap = read_plan(book, '{"plan":[{"skill":"photo","rock":"flat_rock"}]}')
    assert things_of(book, [snap]) == {"flat_rock": "rock"}
    for _ in range(20):
        seen = scene_for(rng, book, [snap], {})
        assert seen is not None
        assert any(fact.name == "lies" and fact.args[0] == "flat_rock" for fact in seen.facts)
    goal = read_plan(book, '{"plan":[[["at","ridge"]]]}')
    assert things_of(book, [goal]) == {"ridge": "site"}
    needs = "[some s in site (at(s) and lies(rock, s))]"
    never = parse_codebook(ROVER.replace(needs, "[lies(rock, any), not lies(rock, any)]"))
    assert scene_for(rng, never, [snap], {}) is None
    told = CodebookLessons(set_aside(never, 0), 0).untaught
    assert set(told.values()) == {"the plan can be carried out in no scene that was made up for it"}
    assert set(told) <= {"snap the flat rock", "I want to see the flat rock"}


SEEN = Observation(
    step=0,
    time_s=0.0,
    entities=(*(Entity(id=i, kind="site") for i in ("pond", "old_oak")), Entity(id="flat_rock", kind="rock")),
    facts=(Fact("at", ("pond",)), Fact("lies", ("flat_rock", "pond"))),
)


def test_a_skill_is_asked_for_by_its_name_and_by_its_description() -> None:
    book, rng = rover(), random.Random(5)
    said = {
        name: {one.text for _ in range(80) if (one := asked(rng, book, book.skills[name], SEEN))}
        for name in ("go_to", "photo", "beep")
    }
    assert said["beep"] == {"beep", "make a short sound"}
    assert {"go to the pond", "drive to the old oak", "go to old_oak"} <= said["go_to"]
    assert {"take a picture of the flat rock", "photo flat rock"} <= said["photo"]


def test_numbers_are_asked_for_in_units_that_come_to_the_plan_s() -> None:
    book, rng = rover(), random.Random(6)
    units = set()
    for _ in range(80):
        one = asked(rng, book, book.skills["drive"], SEEN)
        if one is None:
            continue
        (plan,) = one.plans
        assert not check_numbers(book, one.text, ["pond"], plan).refusal, one.text
        units.add(one.text.split()[-1])
    assert {"m", "metres", "cm", "centimetres"} <= units


def exchange(text: str, plan: str, book: Codebook | None = None) -> list[tuple[str, str]]:
    book = book or rover()
    said = Said("example", text, (read_plan(book, plan),), (), SEEN)
    made = [exchanged(random.Random(seed), said, book) for seed in range(9)]
    return sorted({(one.text, one.plans[0].text) for one in made if one is not None})


def test_things_and_words_of_choices_are_exchanged_where_the_text_says_them_once() -> None:
    go = '{"plan":[{"skill":"go_to","site":"SITE"}]}'
    pond, oak = go.replace("SITE", "pond"), go.replace("SITE", "old_oak")
    assert exchange("off to the Pond!", pond) == [("off to the old oak!", oak)]
    assert exchange("go to old_oak", oak) == [("go to pond", pond)]
    assert exchange("to the pond, the pond", pond) == []
    assert exchange("go over there", pond) == []
    at = '{"plan":[[["at","pond"]]]}'
    assert exchange("be at the pond", at) == [("be at the old oak", at.replace("pond", "old_oak"))]
    args = "    args: {side: {choice: [left, right], default: left}}"
    side = parse_codebook(ROVER.replace("    examples: [say something, honk]", args))
    left, right = '{"plan":[{"skill":"beep"}]}', '{"plan":[{"skill":"beep","side":"right"}]}'
    assert exchange("beep left", left, side) == [("beep right", right)]
    assert exchange("right!", right, side) == [("left!", left)]


@pytest.mark.parametrize(("count", "kept"), [(4, 1), (7, 1), (8, 3), (12, 3), (16, 4)])
def test_every_fourth_example_is_kept_aside_and_three_of_eight(count: int, kept: int) -> None:
    book = rover()
    sounds = tuple(replace(book.examples[-1], task=f"sound {number}") for number in range(count))
    split = set_aside(replace(book, examples=sounds), 1)
    assert (len(split.kept), len(split.taught), len(split.codebook.examples)) == (kept, count - kept, count - kept)
    assert not {one.text for one in split.kept} & {one.task for one in split.codebook.examples}
    assert set_aside(replace(book, examples=sounds), 1).kept == split.kept


def test_examples_that_say_the_same_are_kept_aside_together_and_stop_words_never() -> None:
    book = rover()
    honk = next(example for example in book.examples if example.task == "honk")
    same = (*(replace(honk, task=task) for task in ("Honk!", "honk", "HONK", "stop", "a", "b", "c")),)
    for seed in range(6):
        split = set_aside(replace(book, examples=same), seed)
        (kept,) = split.kept
        assert kept.text != "stop"
        assert not [one for one in split.codebook.examples if plain_words(one.task) == kept.words]


def test_a_codebook_without_examples_or_with_too_few_is_told_how_to_write_them() -> None:
    book = rover()
    with pytest.raises(InputError, match=r"^my_rover: has no examples to teach from; write what people say") as told:
        set_aside(replace(book, examples=()), 0)
    shown = re.search(r"\(bark: \{(examples: \[.*?\])\}\)", str(told.value))
    assert shown is not None
    skill = f"{{description: bark, args: {{times: {{integer: {{min: 1, max: 5}}, default: 1}}}}, {shown[1]}}}"
    dog = parse_codebook(
        "codebook: dog\nrobot: {robot: dog, primitives: {act: {description: acts}}}\nskills:\n"
        f"  bark: {skill}\n  done: {{description: done}}\n"
        "  cannot: {description: gives up, args: {reason: {choice: [missing]}}}\n"
    )
    assert [(one.task, one.plan.told) for one in dog.examples][-1] == ("bark twice", "bark(times 2)")
    with pytest.raises(InputError, match="3 of its examples say something of their own, too few to keep one aside"):
        set_aside(replace(book, examples=book.examples[:3]), 0)
