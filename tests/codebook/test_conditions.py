"""Conditions and derived facts: what is true of a small world that can be seen at a glance."""

import pytest

from codeword.codebook import Entity, Fact, Observation, load_codebook
from codeword.codebook.conditions import holds_for_each
from codeword.codebook.load_skills import with_arguments
from codeword.codebook.parse import ParseError, Vocabulary, parse_condition

# a stands on b, b in bowl k; c lies alone on the table; d is held. Red: a, c, k; green: b; d has no color.
FACTS = (Fact("on", ("a", "b")), Fact("in", ("b", "k")), Fact("on", ("c", "table")), Fact("holding", ("d",)))
COLORS = {"a": "red", "b": "green", "c": "red", "k": "red"}
KINDS = {"a": "block", "b": "block", "c": "block", "d": "block", "k": "bowl", "table": "table"}
SEEN = Observation(
    step=0,
    time_s=0.0,
    entities=tuple(
        Entity(id=name, kind=kind, properties={"color": COLORS[name]} if name in COLORS else {})
        for name, kind in KINDS.items()
    ),
    facts=FACTS,
)
BOOK = load_codebook("showcase")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on(a, b)", True), ("on(b, a)", False), ("on(any, b)", True), ("on(any, a)", False), ("holding(any)", True),
        ("not on(a, b)", False), ("clear(a)", True), ("clear(b)", False), ("clear(any)", True), ("gripper_empty", False),
        ("block(a)", True), ("bowl(a)", False), ("bowl(any)", True), ("zone(any)", False),
        ("on(a, b) and in(b, k)", True), ("on(a, b) and on(b, a)", False), ("on(b, a) or in(b, k)", True),
        ("not (on(a, b) and on(b, a))", True), ("not on(a, b) or not on(b, a)", True),
        ("on(b, a) or on(a, b) and on(b, c)", False), ("(on(b, a) or on(a, b)) and on(c, table)", True),
        ("within(a, k)", True), ("within(b, k)", True), ("within(c, k)", False), ("within(a, any)", True),
        ("all x in block (clear(x))", False), ("all x in block (clear(x) or x == b)", True),
        ("some x in block (on(x, table))", True), ("some x in block|bowl (holding(x))", True),
        ("all x in zone (on(x, x))", True), ("some x in zone (clear(x))", False),
        ("all x in block (some y in block|table|bowl (on(x, y) or in(x, y) or holding(x)))", True),
        ("color(a) == red", True), ("color(a) != red", False), ("color(b) == color(a)", False), ("color(a) == color(k)", True),
        ("color(d) == red", False), ("color(d) != red", False), ("a == a", True), ("a != b", True), ("a == b", False),
        ("count(on(any, any)) == 2", True), ("count(on(any, b)) >= 1", True), ("count(in(any, k)) < 1", False),
        ("count(holding(any)) > 0", True), ("count(on(any, any)) <= 1", False), ("full(k)", False),
        ("color(a) in blue|red", True), ("color(a) in blue|green", False), ("color(d) in red|green", False),
        ("color(b) < color(a)", True), ("color(a) < color(b)", False), ("color(a) <= red", True), ("color(d) < red", False),
        ("count(x in block (color(x) == red)) == 2", True), ("count(x in block|bowl (color(x) == color(a))) == 3", True),
        ("count(x in block (on(x, b) or on(x, table))) > 2", False), ("count(x in zone (block(x))) == 0", True),
        ("all x in block (count(y in block (x == y)) == 1)", True),
    ],
)  # fmt: skip
def test_what_is_true(text: str, expected: bool) -> None:
    vocabulary = Vocabulary(BOOK.places(), BOOK.kinds, entities=tuple(KINDS), properties=BOOK.properties)
    condition = parse_condition(text, vocabulary)
    assert condition.holds(BOOK.state(SEEN), {}) is expected
    assert parse_condition(str(condition), vocabulary) == condition, "what is written can be read again"


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("color(a) in", 11, "expected a word but found the end"),
        ("color(a) in red|", 16, "expected a word but found the end"),
        ("size(a) in smal|large", 11, "unknown word 'smal'; did you mean 'small'? (choices: small, large)"),
        ("count(x in blok (clear(x))) == 2", 11, "unknown kind 'blok'; did you mean 'block'?"),
        ("count(x in block (clear(x))", 27, "expected ')' but found the end"),
        ("count(x in block (clear(x))) and clear(a)", 29, "expected one of == != <= >= < > but found 'and'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, offset: int, message: str) -> None:
    vocabulary = Vocabulary(BOOK.places(), BOOK.kinds, entities=tuple(KINDS), properties=BOOK.properties)
    with pytest.raises(ParseError) as caught:
        parse_condition(text, vocabulary)
    assert caught.value.offset == offset
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "bindings", "expected"),
    [
        ("clear(objects)", {"objects": ("a", "c")}, True),
        ("clear(objects)", {"objects": ("a", "b")}, False),
        ("not wide(objects)", {"objects": ("a", "b")}, True),
        ("not clear(objects)", {"objects": ("a", "b")}, False),
        ("not in(objects, bowl)", {"objects": ("a", "c"), "bowl": "k"}, True),
        ("not in(objects, bowl)", {"objects": ("b", "c"), "bowl": "k"}, False),
    ],
)
def test_a_list_is_spoken_of_thing_by_thing(text: str, bindings: dict[str, str], expected: bool) -> None:
    args = BOOK.skills["collect"].args
    vocabulary = with_arguments(Vocabulary(BOOK.places(), BOOK.kinds, properties=BOOK.properties), args)
    assert holds_for_each(parse_condition(text, vocabulary), BOOK.state(SEEN), bindings) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("distance_m <= 0.1", "0.1", True), ("distance_m < 0.1", "0.1", False), ("distance_m > 0.09", "0.1", True),
        ("distance_m == 0.10", "0.1", True), ("0.05 <= distance_m", "0.1", True),
        ("direction == left", "left", True), ("direction != left", "left", False),
    ],
)  # fmt: skip
def test_arguments_are_compared_as_what_they_are(text: str, value: str, expected: bool) -> None:
    args = BOOK.skills["nudge"].args
    vocabulary = with_arguments(Vocabulary(BOOK.places(), BOOK.kinds, properties=BOOK.properties), args)
    condition = parse_condition(text, vocabulary)
    (name,) = condition.variables()
    assert condition.holds(BOOK.state(SEEN), {name: value}) is expected
