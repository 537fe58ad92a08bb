"""Conditions taken apart for the things that are there."""

import pytest

from codeword.codebook import Entity, Observation, load_codebook
from codeword.codebook.grounding import Grounder, Literal, changing, holds, open_parts
from codeword.codebook.parse import Vocabulary, parse_condition
from tests.observations import observe

BOOK = load_codebook("colors")
SEEN = observe({"red_block": "table", "blue_block": "red_block", "pink_block": "held"}, ("red_bowl",), ("left_zone",))


def colored(seen: Observation) -> Observation:
    """The same with the colors that the ids tell."""
    entities = tuple(
        Entity(
            id=e.id, kind=e.kind, properties={"color": e.id.partition("_")[0]} if e.kind in ("block", "bowl") else {}
        )
        for e in seen.entities
    )
    return seen.model_copy(update={"entities": entities})


STATE = BOOK.state(colored(SEEN))


def formula(text: str) -> object:
    vocabulary = Vocabulary(BOOK.places(), BOOK.kinds, entities=None, properties=BOOK.properties)
    return Grounder(BOOK, STATE, changing(BOOK)).formula(parse_condition(text, vocabulary))


@pytest.mark.parametrize(
    ("text", "open_now"),
    [
        ("all x in block (in(x, red_bowl))", 3),
        ("all x in block (not warm(x) or in(x, red_bowl))", 2),  # red and pink are warm, blue is not
        ("all x in block (all b in bowl (not same_color(x, b) or in(x, b)))", 1),
        ("some base in block (all x in block (x == base or on_block(x)))", 1),  # only pink is not on a block
        ("on(blue_block, red_block)", 0),
        ("gripper_empty", 1),
        ("not gripper_empty", 0),
        ("on(red_block, left_zone) and on(pink_block, left_zone) or on(pink_block, blue_block)", 1),
        ("on(purple_block, table)", 1),  # it is not there, so nothing can make it so
        ("not on(purple_block, table)", 0),
        ("count(on(any, red_block)) <= 1", 0),
        ("all x in block (count(in(any, red_bowl)) >= 1)", 1),
    ],
)
def test_what_is_open_is_counted_part_by_part(text: str, open_now: int) -> None:
    found = formula(text)
    assert open_parts(found, STATE) == open_now  # type: ignore[arg-type]
    assert holds(found, STATE) is (open_now == 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("warm(red_block)", True),
        ("all x in zone (warm(x))", False),
        ("all x in bowl (warm(x) or on(red_block, table))", True),
        ("wide(red_block)", False),
        ("on(gold_block, table)", False),
        ("some x in zone (gripper_empty and wide(red_block))", False),
    ],
)
def test_what_can_never_change_is_decided_at_once(text: str, decided: bool) -> None:
    assert formula(text) is decided


def test_what_is_defined_by_itself_is_left_whole() -> None:
    book = load_codebook("showcase")
    state = book.state(SEEN)
    vocabulary = Vocabulary(book.places(), book.kinds, entities=None, properties=book.properties)
    condition = parse_condition("within(blue_block, left_zone)", vocabulary)
    found = Grounder(book, state, changing(book)).formula(condition)
    next_step = Literal("within", ("red_block", "left_zone"))
    assert repr(next_step) in repr(found), "one step is taken apart, the next is asked whole"
    assert holds(found, state) is condition.holds(state, {}) is False
