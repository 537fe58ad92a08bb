"""Plans with lists of things: nothing in them that nobody asked for, and neighbours made into one command."""

import json
import time

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, parse_codebook
from codeword.codebook.conditions import And
from codeword.codebook.parse import Vocabulary, parse_condition
from codeword.codebook.planner import SymbolicWorld, plan

BOOK = """
codebook: tidy
robot: {robot: tidy, primitives: {take: {description: takes it, args: {block: entity}}}}
entities: [block, shelf]
facts: {"held(block)": it is held, "locked(block)": it cannot be taken, "on(block, shelf)": it lies there}
skills:
  gather:
    description: gather blocks
    args: {blocks: {list: block, min: 1, max: 3}}
    preconditions: [not held(blocks), not locked(blocks)]
    effects: [held(blocks)]
    steps: [{each: $blocks, as: block, steps: [take: {block: $block}]}]
  unlock:
    description: unlock a block with one that is held
    args: {key: {entity: block}, block: {entity: block}}
    preconditions: [held(key), locked(block), key != block]
    effects: [not locked(block)]
    steps: [take: {block: $block}]
  shelve:
    description: lay blocks on a shelf
    args: {blocks: {list: block, min: 1, max: 3}, shelf: {entity: shelf}}
    preconditions: [held(blocks)]
    effects: ["not held(blocks)", "on(blocks, shelf)"]
    steps: [{each: $blocks, as: block, steps: [take: {block: $block}]}]
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""


@pytest.fixture(scope="module")
def book() -> Codebook:
    return parse_codebook(BOOK)


def planned(book: Codebook, many: int, facts: tuple[str, ...], *goal: str) -> list[str]:
    things = [*(Entity(id=f"b{number}", kind="block") for number in range(many)), Entity(id="top", kind="shelf")]
    seen = Observation(step=0, time_s=0.0, entities=tuple(things), facts=tuple(map(Fact.parse, facts)))
    words = Vocabulary(book.places(), book.kinds, entities=None)
    found = plan(SymbolicWorld.of(book, seen), And(tuple(parse_condition(text, words) for text in goal)))
    assert not found.failure
    return [command.text for command in found.commands]


@pytest.mark.parametrize(
    ("facts", "goal", "commands"),
    [
        ((), ("held(b3)",), ['{"skill":"gather","blocks":["b3"]}']),
        ((), ("held(b3)", "held(b5)"), ['{"skill":"gather","blocks":["b3","b5"]}']),
        (
            (), ("held(b1)", "held(b2)", "held(b3)", "held(b4)"),
            ['{"skill":"gather","blocks":["b1","b2","b3"]}', '{"skill":"gather","blocks":["b4"]}'],
        ),
        (
            (), ("on(b1, top)", "on(b2, top)"),
            ['{"skill":"gather","blocks":["b1","b2"]}', '{"skill":"shelve","blocks":["b1","b2"],"shelf":"top"}'],
        ),
        (
            ("locked(b2)",), ("held(b1)", "held(b2)"),
            ['{"skill":"gather","blocks":["b1"]}', '{"skill":"unlock","key":"b1","block":"b2"}',
             '{"skill":"gather","blocks":["b2"]}'],
        ),
    ],
)  # fmt: skip
def test_lists_hold_what_is_wanted_and_nothing_else(
    book: Codebook, facts: tuple[str, ...], goal: tuple[str, ...], commands: list[str]
) -> None:
    assert sorted(planned(book, 8, facts, *goal)) == sorted(commands)


def test_sixty_things_take_no_longer_than_the_plan(book: Codebook) -> None:
    began_s = time.process_time()
    (gathered,) = planned(book, 60, (), "held(b7)", "held(b41)", "held(b59)")
    assert sorted(json.loads(gathered)["blocks"]) == ["b41", "b59", "b7"]
    assert len(planned(book, 60, (), "on(b7, top)", "on(b41, top)")) <= 4
    assert time.process_time() - began_s < 5.0, "every list of three of 60 was looked at"
