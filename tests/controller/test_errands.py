"""Errands at a table: whatever is asked for is a command that can be written, of a thing that is there."""

import random
from collections import Counter
from itertools import islice

import pytest

from codeword.codebook.task_plan import Achieve, Do, read_plan
from codeword.controller.teaching.domains import TAUGHT
from codeword.controller.teaching.errands import Errands, with_errands
from codeword.controller.teaching.lessons import lessons
from codeword.controller.teaching.mixes import training_mix
from codeword.controller.teaching.plan_lessons import (
    PlanLesson,
    books_of,
    of_goal,
    plan_lesson,
    plan_lessons,
    read_once,
)
from codeword.controller.teaching.pools_of import held_out_names, training_pools


def test_every_wording_of_every_skill_can_be_filled_and_its_command_be_written() -> None:
    rng, told = random.Random(1), set[str]()
    for group in islice(lessons(4, training_mix(), per_book=4), 40):
        errands = Errands(rng, with_errands(rng, group[0].book), read_once(rng.choice(books_of(TAUGHT))))
        for lesson in group:
            for _ in range(4):
                one = errands.one(lesson.observation)
                if one is None:
                    continue
                assert "{" not in one.text
                (plan,) = one.plans[:1]
                told |= {item.command.skill for item in plan.items if isinstance(item, Do)}
                assert plan_lesson(rng, errands.codebook, one) is not None, (one.text, plan.text)
    known = training_pools().names["distractors"].keys()
    assert len(told & known) > 0.8 * len(known)


def test_added_skills_stand_beside_those_that_are_there_and_change_nothing_that_goals_are_about() -> None:
    rng = random.Random(2)
    for group in islice(lessons(5, training_mix(), per_book=2), 20):
        book = group[0].book
        more = with_errands(rng, book).codebook
        assert more.skills.keys() >= book.codebook.skills.keys()
        for name in more.skills.keys() - book.codebook.skills.keys():
            assert not more.skills[name].effects
            assert name not in held_out_names()["distractors"]
        assert [of_goal(lesson) for lesson in group], "goals can be said as before"


def test_goals_and_commands_stand_in_one_plan_in_the_order_in_which_they_are_said() -> None:
    counts: Counter[str] = Counter()
    for group in islice(plan_lessons(6, TAUGHT, per_book=8), 60):
        for lesson in group:
            if not isinstance(lesson, PlanLesson) or lesson.act != "plan":
                continue
            assert lesson.graph.accepts(lesson.taught)
            items = read_plan(lesson.codebook, lesson.taught).items
            counts["both"] += {type(item) for item in items} == {Do, Achieve}
            counts["goals"] += all(isinstance(item, Achieve) for item in items)
            counts["commands"] += all(isinstance(item, Do) for item in items)
    assert min(counts["both"], counts["goals"] // 10, counts["commands"] // 10) >= 3, counts


def test_evaluation_on_layouts_has_goals_alone() -> None:
    for group in islice(plan_lessons(3, "layouts", per_book=6), 8):
        assert not any('"skill"' in lesson.taught for lesson in group)


@pytest.mark.slow
def test_another_robots_skill_of_the_same_name_is_asked_for_where_all_its_arguments_are_said() -> None:
    rng, tried = random.Random(3), 0
    (group,) = islice(lessons(4, training_mix(), per_book=2), 1)
    for path in books_of(TAUGHT):
        entry = read_once(path)
        same = entry.codebook.skills.keys() & training_pools().names["distractors"].keys()
        if any(entry.codebook.skills[name].args for name in same):
            tried += 1
            errands = Errands(rng, group[0].book, entry)
            for _ in range(20):
                errands.one(group[0].observation)
    assert tried > 20
