"""Facts that a goal says are not to hold: where that can be said, how it is read, and that plans lead to it."""

import random
from itertools import islice

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, load_codebook, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import Goal, denials, read_goal
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.controller.teaching.lessons import lessons
from codeword.controller.teaching.mixes import training_mix
from tests.codebook.goal_grammar import goal_graph
from tests.graphs import some_texts

BOOK = """
codebook: switches
robot: arm
entities: [lamp, block]
facts:
  gate_open: the gate is open
  lit(lamp): it shines
  holding(block): it is held
  shut: the lid is shut
skills:
  open_gate: {description: open, preconditions: [not gate_open], effects: [gate_open]}
  close_gate: {description: close, preconditions: [gate_open], effects: [not gate_open]}
  switch_on: {description: light, args: {lamp: {entity: lamp}}, effects: [lit(lamp)]}
  all_dark: {description: dark, effects: ["not lit(any)"]}
  lift: {description: lift, args: {block: {entity: block}}, effects: [holding(block), not shut]}
  done: {description: done}
  cannot: {description: cannot, args: {reason: {choice: [missing, impossible]}}}
"""


def look(*facts: str) -> Observation:
    entities = (
        *(Entity(id=f"{color}_lamp", kind="lamp") for color in ("red", "blue")),
        Entity(id="brick", kind="block"),
    )
    return Observation(step=0, time_s=0.0, entities=entities, facts=tuple(Fact.parse(fact) for fact in facts))


def arm_and_gripper(*facts: str) -> Observation:
    entities = tuple(Entity(id=name, kind="pose") for name in ("rest", "ready"))
    return Observation(step=0, time_s=0.0, entities=entities, facts=tuple(Fact.parse(fact) for fact in facts))


CLOSED = '{"goal":[["not","gripper_open"]]}'


def test_what_a_skill_ends_and_brings_nothing_about_for_can_be_denied() -> None:
    book = parse_codebook(BOOK)
    told = [Fact("gate_open"), Fact("lit", ("red_lamp",)), Fact("lit", ("blue_lamp",))]
    assert denials(book, look("gate_open")) == told
    assert denials(book, look()) == told, "whether or not it holds now"
    graph = goal_graph(book, look())
    for text in (
        '{"goal":[["not","gate_open"]]}',
        '{"goal":[["not","lit","red_lamp"],["lit","blue_lamp"]]}',
        '{"goal":[["holding","brick"],["not","lit","blue_lamp"],["not","gate_open"]]}',
    ):
        assert graph.accepts(text), text
        assert graph.accepts(read_goal(text).text), text
    assert not graph.accepts('{"goal":[["not","shut"]]}'), "lifting is asked for by what is held"
    assert not graph.accepts('{"goal":[["not","holding","brick"]]}')


def test_a_goal_of_both_kinds_is_read_and_told() -> None:
    goal = read_goal('{"goal":[["not","lit","red_lamp"],["lit","blue_lamp"]]}')
    assert goal == Goal((Fact("lit", ("blue_lamp",)),), denied=(Fact("lit", ("red_lamp",)),))
    assert goal.told == "lit blue_lamp; not lit red_lamp"
    assert read_goal(goal.text) == goal


def test_plans_lead_to_what_is_denied() -> None:
    book, seen = parse_codebook(BOOK), look("gate_open", "lit(red_lamp)", "lit(blue_lamp)")
    wanted = GoalTracker(book, read_goal('{"goal":[["not","lit","red_lamp"],["lit","blue_lamp"]]}'))
    assert not wanted.reached(seen)
    assert (wanted.open(seen), list(map(str, wanted.ending(seen)))) == ([], ["lit(red_lamp)"])
    found = plan(SymbolicWorld.of(book, seen), wanted.condition(seen))
    assert [command.skill for command in found.commands] == ["all_dark", "switch_on"]
    after = look("gate_open", "lit(blue_lamp)")
    assert wanted.reached(after)


@pytest.mark.parametrize("name", [name for name in shipped() if name not in ("lekiwi", "mobile")])
def test_goals_of_the_other_shipped_codebooks_deny_nothing(name: str) -> None:
    book = load_codebook(name)
    kinds = [Entity(id=f"{color}_{kind}", kind=kind) for kind in book.kinds for color in ("red", "blue")]
    assert denials(book, Observation(step=0, time_s=0.0, entities=tuple(kinds), facts=())) == []


def test_no_goal_that_was_taught_is_offered_a_denial() -> None:
    for group in islice(lessons(11, training_mix(), per_book=1), 40):
        for lesson in group:
            assert denials(lesson.book.codebook, lesson.observation) == []


def test_every_goal_that_denies_something_is_written_as_it_is_read() -> None:
    book = parse_codebook(BOOK)
    texts = list(some_texts(goal_graph(book, look("gate_open")), random.Random(7), 200))
    assert any(read_goal(text).denied for text in texts)
    for text in texts:
        goal = read_goal(text)
        assert read_goal(goal.text) == goal


def test_nothing_that_is_called_not_is_taken_for_a_denial(tabletop: Codebook) -> None:
    seen = Observation(
        step=0, time_s=0.0, facts=(Fact("on", ("not", "table")),),
        entities=(Entity(id="not", kind="block"), Entity(id="red_block", kind="block"), Entity(id="table", kind="table")),
    )  # fmt: skip
    for text in some_texts(goal_graph(tabletop, seen), random.Random(3), 200):
        assert not read_goal(text).denied
