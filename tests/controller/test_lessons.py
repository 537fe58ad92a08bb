"""Lessons: by seed, legal, right by the planner's own account, and without anything of the evaluation."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from codeword.codebook import Fact, Result, parse_codebook
from codeword.codebook.goal_tracker import GoalTracker, settled
from codeword.codebook.goals import Goal, read_goal
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.task_plan import Achieve
from codeword.controller.teaching.aims import Aim
from codeword.controller.teaching.book_skills import Names
from codeword.controller.teaching.codebook_generator import Book, make_book, shipped_book
from codeword.controller.teaching.draft import Draft, DraftTask
from codeword.controller.teaching.kinds import KINDS, fitting, make_task
from codeword.controller.teaching.lessons import GoalLesson, Lesson, follow, lessons, observed, unseen, waits
from codeword.controller.teaching.mixes import Mix, books, training_mix
from codeword.controller.teaching.pools_of import (
    held_out_kinds,
    held_out_names,
    held_out_wordings,
    training_pools,
    training_words,
)
from codeword.controller.teaching.scene import TABLE
from codeword.controller.teaching.solver import Solver
from codeword.controller.teaching.wanted import as_told, ends_from, ends_of, goal_of, group_goal
from codeword.controller.teaching.wording import word_task
from codeword.runtime.evaluation.splits import other_words
from codeword.runtime.scenario import find_scenarios, load_scenario


def some(decisions: int, seed: int = 3, mix: Mix | None = None) -> list[Lesson | GoalLesson]:
    groups = lessons(seed, mix or training_mix())
    return [lesson for group in islice(groups, -(-decisions // 12)) for lesson in group]


def commands(decisions: int, seed: int = 3) -> list[Lesson]:
    mix = replace(training_mix(), goals=False)
    return [lesson for lesson in some(decisions, seed, mix) if isinstance(lesson, Lesson)]


@pytest.fixture(scope="module")
def drawn() -> list[Lesson | GoalLesson]:
    return some(700)


@pytest.fixture(scope="module")
def taught() -> list[Lesson]:
    return commands(300)


def test_the_same_seed_gives_the_same_lessons_and_another_others() -> None:
    def told(seed: int, begin: int) -> list[str]:
        group = next(lessons(seed, training_mix(), begin=begin))
        return [f"{lesson.task}{lesson.taught}" for lesson in group]

    assert told(1, 2) == told(1, 2)
    assert told(1, 2) != told(2, 2)
    assert told(1, 2) == [f"{x.task}{x.taught}" for x in list(islice(lessons(1, training_mix()), 3))[2]]


def test_every_right_answer_can_be_written(taught: list[Lesson]) -> None:
    for lesson in taught:
        assert lesson.taught in lesson.right
        for text in lesson.right:
            assert lesson.graph.accepts(text), (lesson.kind, text, lesson.prompt.observation)


def test_every_goal_that_is_right_can_be_written_in_a_plan(drawn: list[Lesson | GoalLesson]) -> None:
    goals = [lesson for lesson in drawn if isinstance(lesson, GoalLesson)]
    for lesson in goals:
        assert lesson.taught in lesson.right
    for lesson in goals[::7]:
        graph = plan_graph(lesson.book.codebook, lesson.observation, lesson.task)
        assert all(graph.accepts(plan.text) for plan in lesson.right), (lesson.kind, lesson.task)


def test_every_codebook_made_by_lot_is_whole(drawn: list[Lesson | GoalLesson]) -> None:
    texts = {lesson.book.codebook.text for lesson in drawn}
    assert len(texts) > 50
    for text in list(texts)[:10]:
        assert {"done", "cannot"} <= set(parse_codebook(text).skills)


def test_done_and_cannot_are_seen_often_but_not_mostly(drawn: list[Lesson | GoalLesson], taught: list[Lesson]) -> None:
    assert all(isinstance(lesson, GoalLesson) for lesson in drawn)
    acts = [lesson.act for lesson in taught]
    assert 0.1 < acts.count("done") / len(acts) < 0.35
    assert 0.02 < acts.count("cannot") / len(acts) < 0.15
    assert 0.01 < acts.count("wait") / len(acts) < 0.12


def test_what_is_not_seen_is_waited_for_twice_and_longer_then_given_up_and_taken_where_it_appears() -> None:
    after: dict[str, set[str]] = {}
    often = replace(training_mix(), hides=0.8, goals=False)
    for lesson in (lesson for group in islice(lessons(3, often), 110) for lesson in group):
        assert isinstance(lesson, Lesson)
        ways = [command.text for command in waits(lesson.book)]
        act, last = lesson.act, lesson.observation.last
        before = ways.index(last.command) + 1 if last is not None and last.command in ways else 0
        if act == "wait":
            assert lesson.right == (ways[before],)
        elif lesson.right == (lesson.book.cannot("missing").text,):
            assert before == len(ways)
        after.setdefault(f"{before} of {len(ways)}", set()).add(act)
    assert after["0 of 2"] == {"act", "wait", "done", "cannot"}  # cannot: impossible
    assert after["1 of 2"] >= {"wait", "act"}
    assert after["2 of 2"] >= {"cannot", "act"}
    assert after["0 of 0"] >= {"cannot", "act"}
    assert {text for text in after if text.endswith("of 1")} <= {"0 of 1", "1 of 1"}


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("{number: {min: 0.5, max: 5, step: 0.5}}", ["0.5", "1"]),
        ("{number: {min: 0, max: 1, step: 0.1}}", ["0.1", "0.2"]),
        ("{integer: {min: 3, max: 5}}", ["3", "4"]),
        ("{integer: {min: 3, max: 3}}", ["3"]),
        ("{choice: [short, long, longer]}", ['"short"', '"long"']),
    ],
)
def test_the_second_wait_is_twice_as_long_or_else_the_next(argument: str, expected: list[str]) -> None:
    text = f"codebook: c\nrobot: arm\nskills:\n  rest: {{description: wait, args: {{how_long: {argument}}}}}\n"
    text += "  cannot: {description: give up, args: {reason: {choice: [missing]}}}\n  done: {description: stop}\n"
    book = Book(parse_codebook(text), "tabletop", Names({"wait": "rest"}, {}), {})
    commands = [command.text for command in waits(book)]
    assert commands == [f'{{"skill":"rest","how_long":{value}}}' for value in expected]
    assert unseen(book, None).text == commands[0]
    last = Result(command=commands[-1], status="done")
    assert unseen(book, last).text == '{"skill":"cannot","reason":"missing"}'


def test_failures_of_every_kind_and_late_looks_are_seen(taught: list[Lesson]) -> None:
    taught = [*taught, *commands(300, seed=4)]
    results = [lesson.observation.last for lesson in taught]
    odd = [result for result in results if result is not None and result.status != "done"]
    assert len(odd) > 0.06 * len(results)
    told = {(result.status, result.reason) for result in odd}
    assert told >= {("failed", reason) for reason in ("slipped", "nothing_grasped", "not_there", "blocked", "no_room")}
    assert {status for status, _ in told} == {"failed", "refused", "timeout"}
    again = [x for x in taught if x.observation.last is not None and x.observation.last.command in x.right]
    assert sum(x.observation.last.status == "done" for x in again if x.observation.last is not None) > 10


RELATED = {"match", "mismatch", "even", "stack_by_color", "alternate", "small_on_big", "small_on_big_zones"}
"""Kinds whose goals are said by what relates things, where a codebook has a fact for that."""


def test_a_goal_that_is_taught_leads_to_what_the_task_wants() -> None:
    """Checked by pursuing it in the symbolic world, whatever else the plan moves."""
    checked: list[str] = []
    of_classes: set[str] = set()
    related = Counter[bool]()
    for book, rng in islice(books(17, training_mix()), 120):
        _, task = make_task(rng, book)
        if task.aim is None or len(task.scene.blocks) > 6:
            continue
        solver = Solver(task.scene, task.aim, book.able)
        observation = observed(book, task.scene, task.start, None)
        vocabulary = Vocabulary(
            book.codebook.places(), book.codebook.kinds, entities=[entity.id for entity in observation.entities]
        )
        wanted = parse_condition(wish(book, task, task.aim), vocabulary)
        every = ends_of(rng, task.scene, task.aim, task.start, solver, tries=3)
        goals = [goal_of(book, observation, task.scene, ends) for ends in every]
        grouped = group_goal(book, observation, task, task.start, every[0]) if every else None
        related[grouped is not None] += book.flavor == "colors" and task.kind in RELATED
        if grouped is not None:
            goals.append(grouped[0])
            of_classes.add(task.kind)
        for goal in goals:
            assert read_goal(goal.text) == goal
            world = SymbolicWorld.of(book.codebook, observation)
            aim = GoalTracker(book.codebook, settled(book.codebook, goal, observation))
            found = plan(world, aim.condition(observation))
            assert not found.failure, (task.kind, goal.text)
            for command in found.commands:
                world = world.after(command)
            assert wanted.holds(world.state, {}), (task.kind, goal.text, observation.facts)
            checked.append(task.kind)
    assert len(set(checked)) > 12
    assert {"all_to", "some_to"} <= of_classes
    assert of_classes & {"stack_all", "stack_area", "stack_group", "stack_by_size"}
    assert len(of_classes & RELATED) > 2
    assert related[True] > 9 * related[False]


def test_every_kind_but_those_held_out_is_taught() -> None:
    def drawn(held_out: bool, books_: int) -> set[str]:
        found = (pair for pair in islice(books(3, training_mix()), books_) if fitting(pair[0], held_out=held_out))
        return {make_task(rng, book, held_out=held_out)[0] for book, rng in found for _ in range(40)}

    assert drawn(False, 60) == set(KINDS) - held_out_kinds()
    assert drawn(True, 20) == held_out_kinds() & set(KINDS)


@pytest.mark.parametrize("kind", ["where_is", "takes_place_of", "area_but", "all_but_group", "some_number"])
def test_goals_that_refer_to_others_come_to_what_is_meant(kind: str) -> None:
    met = 0
    for number in range(24):
        rng = random.Random(f"{kind}/{number}")
        book = shipped_book(rng.choice(KINDS[kind].flavors))
        task = KINDS[kind].make(Draft(rng, book))
        if task.kind != kind:
            continue
        assert task.aim is not None
        for lesson in follow(rng, book, kind, task, replace(training_mix(), hides=0.0)):
            goals = [plan.items[0] for plan in lesson.right] if isinstance(lesson, GoalLesson) else []
            for item in goals:
                assert isinstance(item, Achieve)
                facts = GoalTracker(book.codebook, settled(book.codebook, item.goal, lesson.observation))
                ends = ends_from(book, task.scene, facts.facts(lesson.observation))
                there = ends_from(book, task.scene, lesson.observation.facts) | ends
                reached = tuple(there.get(block.id) or TABLE for block in task.scene.blocks)
                assert task.aim.least(task.scene, reached) == 0, (lesson.task, item)
                met += 1
    assert met > 8


def wish(book: Book, task: DraftTask, aim: Aim) -> str:
    """An aim as a condition in a codebook's own words."""
    names, scene = book.names, task.scene

    def inside(block: str, place: str) -> str:
        fact = names.facts["in" if scene.kind(place) in ("bowl", "box") else "on"]
        return f"{fact}({names.id(block)}, {names.id(place)})"

    parts = [text for part in aim.parts if (text := part.condition(inside))]
    end = f"{names.facts['holding']}({names.id(aim.hold)})" if aim.hold else names.derived["gripper_empty"]
    text = " and ".join([*parts, end])
    return re.sub(r"\bholding\(any\)", f"{names.facts['holding']}(any)", text)


def test_the_planner_finds_no_shorter_way_than_the_best_moves() -> None:
    """Checked where nothing but bringing things counts: pushing costs a plan more than it costs a lesson."""
    compared = 0
    for book, rng in islice(books(11, training_mix()), 60):
        _, task = make_task(rng, book)
        if task.aim is None or len(task.scene.blocks) > 4 or any(block.wide for block in task.scene.blocks):
            continue
        solver = Solver(task.scene, task.aim, book.able)
        observation = observed(book, task.scene, task.start, None)
        world = SymbolicWorld.of(book.codebook, observation)
        ids = [entity.id for entity in observation.entities]
        vocabulary = Vocabulary(book.codebook.places(), book.codebook.kinds, entities=ids)
        wanted = parse_condition(wish(book, task, task.aim), vocabulary)
        found = plan(world, wanted, 4000)
        if solver.hopeless(task.start):
            assert found.failure == "impossible"
            continue
        if found.failure:
            continue
        state, moves = task.start, 0
        expected = solver.left(state)
        while (left := solver.best(state)) and moves < 30:
            move = left[0]
            command = book.commands(task.scene, state, move)[0]
            world = world.after(command)
            picks = command.skill == book.names.skills.get("pick")
            moves += not picks
            state = task.scene.moved(state, move[0], None if picks else move[1])
            seen = observed(book, task.scene, state, None)
            assert world.state.facts == frozenset(seen.facts), (task.kind, command)
        assert wanted.holds(world.state, {}), (task.kind, wanted)
        planned = sum(command.skill != book.names.skills.get("pick") for command in found.commands)
        assert task.aim.hold or moves == expected <= planned, (task.kind, found.commands, moves)
        compared += 1
    assert compared > 15


def test_held_out_names_and_words_are_in_no_training_pool() -> None:
    training, held = training_pools().names, held_out_names()
    for role, entry in held["skills"].items():
        assert not set(entry["names"]) & set(training["skills"][role]["names"])
        assert not set(entry["texts"]) & set(training["skills"][role]["texts"])
    for argument, names in held["arguments"].items():
        assert not set(names) & set(training["arguments"][argument])
    assert not set(held["distractors"]) & set(training["distractors"])
    words = held_out_wordings()
    for kind, texts in words.items():
        if kind == "group":
            for group, phrases in texts.items():
                taught = [*training_pools().wordings["group"][group], *training_pools().wordings["group_one"][group]]
                assert not {*map(content, phrases)} & {*map(content, taught)}
        elif kind != "around":
            assert not set(texts) & set(training_pools().wordings.get(kind, ()))
    assert set(words["group"]) == set(training_pools().wordings["group"])
    assert not set(held["group_names"]) & set(training["group_names"])
    assert not held_out_kinds() & set(training_pools().wordings)


def content(phrase: str) -> frozenset[str]:
    """The words of a phrase but for those that say nothing of what is meant."""
    empty = r"\b(the|a|an|all|each|every|whatever|those|that|which|is|are|in|of|with)\b"
    return frozenset(re.findall(r"\w+", re.sub(empty, "", phrase.lower())))


def test_words_to_spell_are_in_no_scenario_and_have_no_letter_twice() -> None:
    words = training_words()
    assert len(set(words)) == len(words) > 500
    assert [word for word in words if len(set(word)) < len(word) or not 3 <= len(word) <= 6] == []
    evaluated = {word for path in find_scenarios(("grounded", "tabletop", "kinds")) for word in drawn_words(path)}
    assert len(evaluated) > 10
    assert not evaluated & set(words)


def drawn_words(path: Path) -> Iterator[str]:
    """The words that a scenario may draw letter by letter."""
    root = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    for drawn in root.get("draw", {}).values():
        yield from ("".join(word) for word in drawn if isinstance(drawn, list) and isinstance(word, list))


_COLOR = re.compile(
    r"\b(red|green|blue|yellow|orange|purple|pink|cyan|brown|white|gray|black|lime|navy|teal|magenta|gold)\b"
)
_NOUN = re.compile(r"\b(block|crate|bowl|zone|box|left|right|far|near|middle|top|bottom|side|corner)s?\b")


def bare(text: str) -> str:
    """A wording without what differs from world to world."""
    text = _COLOR.sub("C", _NOUN.sub("N", text.replace("_", " ").lower()))
    return " ".join(re.findall(r"\w+", text))


def wordings_of_scenarios() -> set[str]:
    """All wordings of all scenarios, as some seeds render them."""
    found: set[str] = set()
    for path in find_scenarios(("tabletop", "kinds", "grounded", "lohoravens", "disturbed", "workbench")):
        loaded = load_scenario(path)
        for seed in range(5):
            scenario = loaded.seeded(seed)
            for spec in (scenario.spec, scenario.changed().spec):
                found |= {bare(text) for text in (spec.task, *spec.wordings)}
    return found | {bare(text) for texts in other_words().values() for text in texts}


def test_no_wording_of_the_evaluation_is_ever_taught(taught: list[Lesson]) -> None:
    scenarios = wordings_of_scenarios()
    assert len(scenarios) > 350
    told = {bare(lesson.task) for lesson in taught}
    for book, rng in islice(books(9, training_mix()), 60):
        for _ in range(40):
            _, task = make_task(rng, book)
            told.add(bare(word_task(rng, task, book, training_pools().wordings)))
    assert len(told) > 1500
    both = told & scenarios
    assert not both, sorted(both)


def test_codebooks_for_evaluation_can_be_carried_out() -> None:
    for seed in range(5):
        book = make_book(random.Random(seed), held_out_names(), strange=1.0, own_words=False, steps=True)
        assert all(skill.steps for skill in book.codebook.skills.values() if skill.effects)


def test_lessons_for_evaluation_are_legal_as_well() -> None:
    """Also where nothing is to be anywhere: no goal is asked for that could not be written."""
    pools = training_pools()
    kinds = Mix(pools.names, held_out_wordings(), held_out_kinds=True)
    for seed, mix in ((2, kinds), (3, Mix(held_out_names(), pools.wordings, shipped=0.0, strange=1.0))):
        for lesson in some(360, seed, mix):
            assert lesson.taught in lesson.right
            if isinstance(lesson, Lesson):
                assert all(lesson.graph.accepts(text) for text in lesson.right), (lesson.kind, lesson.right)


@pytest.mark.parametrize(
    ("text", "facts", "told"),
    [
        ("Red and green go left, blue goes right.", "blue right; green left; red left", "red left; green left; blue right"),
        ("Blue at the bottom, then green, red on top.", "green blue; red green", "green blue; red green"),
        ("Red over green over blue.", "green blue; red green", "red green; green blue"),
        ("Every block where it belongs.", "blue right; green left", "blue right; green left"),
        ("One tower, please.", "green red; red blue; yellow green", "red blue; green red; yellow green"),
    ],
)  # fmt: skip
def test_goals_are_taught_in_the_order_of_the_task(text: str, facts: str, told: str) -> None:
    def goal(said: str) -> Goal:
        pairs = (pair.split() for pair in said.split("; "))
        places = {"left": "left_zone", "right": "right_zone"}
        return Goal(tuple(Fact("on", (f"{a}_block", places.get(b, f"{b}_block"))) for a, b in pairs))

    assert as_told(text, goal(facts)) == goal(told)


def test_letters_are_taught_in_the_order_of_their_slots() -> None:
    facts = tuple(Fact("on", (f"letter_{letter}", f"slot_{slot}")) for letter, slot in (("f", 4), ("g", 1), ("l", 3)))
    told = as_told("Spell golf, letter by letter.", Goal(facts))
    assert [fact.args[1] for fact in told.facts] == ["slot_1", "slot_3", "slot_4"]
