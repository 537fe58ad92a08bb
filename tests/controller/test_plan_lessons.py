"""Lessons in writing plans: the same for the same seed, right by what plans come to, and nothing of kept domains."""

import random
import re
from collections import Counter
from itertools import islice, pairwise

import pytest

from codeword.codebook.plan_trace import trace
from codeword.codebook.quantities import find_quantities
from codeword.codebook.task_plan import Do, TaskPlan, read_plan
from codeword.controller.teaching.absences import gone, mistaken
from codeword.controller.teaching.corpus_reader import Entry, folder
from codeword.controller.teaching.domains import AUTHORED, TAUGHT, VALIDATION, split_of
from codeword.controller.teaching.multiply import (
    Said,
    beside,
    foreign,
    joined,
    renumbered,
    repeated,
    said,
    seen_without_facts,
    shuffled,
    undescribed,
    without_facts,
    words_of,
)
from codeword.controller.teaching.noise import noisy
from codeword.controller.teaching.plan_lessons import PlanLesson, books_of, plan_lesson, plan_lessons, read_once
from codeword.controller.teaching.things import crowded, described, placed, recast, renamed, spelt


@pytest.fixture(scope="module")
def entries() -> tuple[Entry, ...]:
    return tuple(map(read_once, books_of(VALIDATION)))


@pytest.fixture(scope="module")
def kept(entries: tuple[Entry, ...]) -> list[PlanLesson]:
    del entries
    groups = islice(plan_lessons(5, VALIDATION, per_book=12), 15)
    return [lesson for group in groups for lesson in group if isinstance(lesson, PlanLesson)]


def test_seven_of_ten_domains_are_taught_and_a_domain_is_in_one_split() -> None:
    domains = [path.name for path in folder().iterdir() if path.is_dir()]
    counts = {name: sum(split_of(domain) == name for domain in domains) for name in (TAUGHT, VALIDATION, AUTHORED)}
    assert sum(counts.values()) == len(domains) >= 80
    assert counts[AUTHORED] >= 14
    assert counts[VALIDATION] >= 4
    assert split_of("rovers") == TAUGHT  # moving one would teach with what others were measured on


def test_what_is_taught_can_be_written_and_is_right(kept: list[PlanLesson]) -> None:
    assert len(kept) == 180
    for lesson in kept:
        assert lesson.taught in lesson.right
        assert all(lesson.graph.accepts(text) for text in lesson.right), lesson.task
        plan = read_plan(lesson.codebook, lesson.taught)
        assert bool(plan.cannot) == (lesson.act == "cannot") == (lesson.kind == "refusal")
        assert plan.cannot or not trace(lesson.codebook, plan, lesson.observation).failure, lesson.task
    assert {lesson.kind for lesson in kept} == {"single", "number", "sequence", "chaining", "refusal"}


def test_the_same_seed_and_number_give_the_same_lessons() -> None:
    def told(seed: int, begin: int) -> list[tuple[str, str]]:
        return [(x.task, x.taught) for x in next(iter(plan_lessons(seed, VALIDATION, per_book=6, begin=begin)))]

    assert (
        told(1, 2)
        == told(1, 2)
        == [(x.task, x.taught) for x in list(islice(plan_lessons(1, VALIDATION, per_book=6), 3))[2]]
    )
    assert told(1, 2) != told(2, 2)


def test_tabletop_lessons_are_plans_where_a_goal_is_asked_for_and_commands_where_one_is() -> None:
    (group,) = islice(plan_lessons(3, "layouts", per_book=6), 1)
    assert len(group) == 6
    for lesson in group:
        assert isinstance(lesson, PlanLesson)
        assert lesson.graph.accepts(lesson.taught)
        plan = read_plan(lesson.codebook, lesson.taught)
        assert plan.cannot or len(plan.items) == 1
        assert lesson.prompt.observation.endswith("Plan:")


def pairs(entries: tuple[Entry, ...], rng: random.Random) -> list[tuple[Entry, "Said"]]:
    return [(entry, said(rng, task)) for entry in entries for task in entry.tasks]


def test_joined_tasks_do_the_one_and_then_the_other(entries: tuple[Entry, ...]) -> None:
    rng, made = random.Random(1), 0
    for entry in entries:
        some = [said(rng, task) for task in entry.tasks]
        for one, other in pairwise(some):
            both = joined(rng, one, other)
            if both is None:
                continue
            made += 1
            assert one.text.rstrip(".!?") in both.text
            assert other.text in both.text
            assert both.text.index(other.text) > both.text.index(one.text.rstrip(".!?"))
            assert both.plans[0].items == one.plans[0].items + other.plans[0].items
            assert both.kind == "sequence"
    assert made > 10


def test_another_number_stands_in_the_words_and_in_the_plan(entries: tuple[Entry, ...]) -> None:
    rng, made = random.Random(2), 0
    for entry, one in pairs(entries, rng):
        changed = renumbered(rng, one, entry.codebook)
        if changed is None:
            continue
        made += 1
        (quantity,) = find_quantities(changed.text, [entity.id for entity in changed.observation.entities])
        numbers = [
            abs(value)
            for item in changed.plans[0].items
            if isinstance(item, Do)
            for value in item.command.args.values()
            if isinstance(value, int | float)
        ]
        assert float(quantity.value) in [pytest.approx(number) for number in numbers]
        lesson = plan_lesson(rng, entry.codebook, changed)
        assert lesson is not None, (changed.text, changed.plans)
    assert made > 5


def test_of_other_things_among_more_and_beside_others_the_same_is_asked() -> None:
    rng, made = random.Random(5), Counter[str]()
    for entry in map(read_once, books_of(TAUGHT)[:15]):
        for one in (said(rng, task) for task in entry.tasks):
            things = {entity.id for entity in one.observation.entities}
            if other := recast(rng, one, entry.codebook):
                made["recast"] += 1
                new = {entity.id for entity in other.observation.entities} - things
                old = things - {entity.id for entity in other.observation.entities}
                assert len(new) == len(old) > 0 and other.text != one.text
                assert all(spelt(name, other.text) and f'"{name}"' in other.plans[0].text for name in new)
                assert not any(f'"{name}"' in plan.text for plan in other.plans for name in old)
            if other := described(rng, one):
                made["described"] += 1
                assert other.plans == one.plans and other.observation == one.observation
                more = Counter(other.text.split()) - Counter(one.text.split())
                assert 1 <= more.total() <= 3 and not set(more) & {word for name in things for word in name.split("_")}
            if other := placed(rng, one):
                made["placed"] += 1
                assert other.plans == one.plans and other.observation == one.observation
                beside = [name for name in things if spelt(name, other.text) and not spelt(name, one.text)]
                assert beside and not any(f'"{name}"' in other.plans[0].text for name in beside)
            if other := crowded(rng, one, entry.codebook):
                made["crowded"] += 1
                assert (other.text, other.plans, other.cannot) == (one.text, one.plans, one.cannot)
                more = {entity.id for entity in other.observation.entities} - things
                assert 1 <= len(more) == len(other.observation.entities) - len(things)
                assert not any(spelt(name, one.text) for name in more)
                for plan in one.plans:
                    assert trace(entry.codebook, plan, other.observation).failure == ""
    assert min(made.values()) > 40, made


def test_a_thing_under_another_name_is_in_scene_and_plan_and_taken_for_no_other() -> None:
    rng, made = random.Random(4), 0
    for entry in map(read_once, books_of(TAUGHT)[:40]):
        for one in (said(rng, task) for task in entry.tasks):
            other = renamed(rng, one, entry.codebook)
            if other is None:
                continue
            made += 1
            assert other.text == one.text
            (old,), (new,) = (
                {entity.id for entity in a.observation.entities} - {entity.id for entity in b.observation.entities}
                for a, b in ((one, other), (other, one))
            )
            assert f'"{new}"' in other.plans[0].text and f'"{old}"' not in other.plans[0].text
            rest = {entity.id for entity in one.observation.entities} - {old}
            assert not set(new.split("_")) & {word for name in rest for word in name.split("_")}
            assert not any(old in fact.args for fact in other.observation.facts)
            lesson = plan_lesson(rng, entry.codebook, other)
            assert lesson is not None
            assert other.plans[0].text in lesson.right
    assert made > 40


def test_a_command_is_repeated_only_where_nothing_tells_that_once_is_enough(entries: tuple[Entry, ...]) -> None:
    rng, made = random.Random(3), 0
    for entry, one in pairs(entries, rng):
        more = repeated(rng, one, entry.codebook)
        if more is None:
            continue
        made += 1
        (item,) = more.plans[0].items
        assert isinstance(item, Do)
        assert item.times > 1
        assert not entry.codebook.skills[item.command.skill].effects
    assert made > 3


def test_a_task_whose_thing_is_gone_and_one_of_another_robot_are_refused(entries: tuple[Entry, ...]) -> None:
    rng, lost, strange = random.Random(4), 0, 0
    for entry, one in pairs(entries, rng):
        without = gone(rng, one, entry.codebook)
        if without is not None:
            lost += 1
            missing = {e.id for e in one.observation.entities} - {e.id for e in without.observation.entities}
            assert len(missing) == 1
            assert not missing & {arg for fact in without.observation.facts for arg in fact.args}
            assert not without.plans
            assert "unclear" in without.cannot
        other = foreign(rng, entry.codebook, one.observation, rng.choice(entries))
        if other is not None:
            strange += 1
            shared = {word[:5] for word in other.text.lower().split()} & words_of(entry.codebook, one.observation)
            assert not {word for word in shared if len(word) > 3 and word.isalpha()}
    assert lost > 10
    assert strange > 10


def test_a_task_that_names_what_is_not_there_is_refused(entries: tuple[Entry, ...]) -> None:
    rng, made = random.Random(6), 0
    for entry, one in pairs(entries, rng):
        other = mistaken(rng, one, entry.codebook)
        if other is None:
            continue
        made += 1
        assert (other.observation, other.kind, other.plans) == (one.observation, "refusal", ())
        assert "unclear" in other.cannot
        new = [
            word
            for word in re.findall(r"[a-z]+|[0-9]+", other.text.lower().replace("_", " "))
            if word not in one.text.lower()
        ]
        assert len(new) <= 1, (one.text, other.text)
        assert not any(
            new[0] in entity.id.split("_") for entity in other.observation.entities if new and new[0].isalpha()
        )
    assert made > 10


def test_skills_in_another_order_and_beside_others_are_the_same_skills(entries: tuple[Entry, ...]) -> None:
    rng, mixed = random.Random(5), 0
    for entry in entries:
        other = shuffled(rng, entry.codebook)
        assert dict(other.skills) == dict(entry.codebook.skills)
        more, stems = beside(rng, entry.codebook, rng.choice(entries).codebook)
        assert entry.codebook.skills.items() <= more.skills.items()
        mixed += bool(stems)
    assert mixed > 5


def test_a_codebook_that_says_less_still_has_lessons_with_the_same_commands(entries: tuple[Entry, ...]) -> None:
    rng, made = random.Random(7), 0
    for entry in entries:
        for less in (undescribed(entry.codebook), without_facts(entry.codebook)):
            assert list(less.skills) == list(entry.codebook.skills)
            for task in entry.tasks[:8]:
                one = seen_without_facts(said(rng, task)) if not less.predicates else said(rng, task)
                lesson = plan_lesson(rng, less, one)
                made += lesson is not None
                assert lesson is None or set(lesson.right) <= {plan.text for plan in task.plans} | {
                    TaskPlan((), reason).text for reason in task.cannot
                }
    assert made > 10 * len(entries)
    assert not any(skill.effects for skill in without_facts(entries[0].codebook).skills.values())


def test_noise_leaves_numbers_things_and_short_words_as_they_are() -> None:
    rng = random.Random(6)
    text = "drive 2.5 metres towards the red_block and photograph flowers"
    seen = {noisy(rng, text, frozenset(["flowers"])) for _ in range(400)}
    assert text in seen
    assert len(seen) > 40
    for changed in seen:
        assert "2.5" in changed
        assert "red_block" in changed.lower()
        assert "flowers" in changed.lower()
    assert any("photograph" not in changed.lower() for changed in seen)
