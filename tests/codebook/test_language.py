"""From a codebook and an observation: the legal commands, and that everything made from the codebook agrees on them."""

import itertools
import json
import random
import re

import pytest
from jsonschema import Draft202012Validator

from codeword.codebook import Codebook, CommandError, Fact, legal, make_command, parse_codebook, read_command
from codeword.codebook.command_codec import command_schema
from codeword.codebook.prompt import write_prompt
from codeword.codebook.skills import Skill
from tests.observations import observe, random_observation


def test_only_what_is_there_and_possible_is_offered(tabletop: Codebook) -> None:
    seen = observe({"red_block": "green_block", "green_block": "table"}, bowls=("blue_bowl",))
    offered = legal(tabletop, seen)
    texts = set(offered.graph.texts())
    assert '{"skill":"pick","object":"red_block"}' in texts
    assert '{"skill":"pick","object":"green_block"}' not in texts, "something lies on it"
    assert not any("place" in text for text in texts), "nothing is held"
    assert offered.left_out["place"] == "needs holding(object)"
    assert offered.left_out["push"] == "no zone within reach for 'target'"


def test_what_is_held_can_be_placed_anywhere_but_on_itself(tabletop: Codebook) -> None:
    seen = observe({"red_block": "held", "green_block": "table"}, bowls=("blue_bowl",), zones=("left_zone",))
    targets = {c.args["target"] for c in legal(tabletop, seen).commands() if c.skill == "place"}
    assert targets == {"green_block", "blue_bowl", "left_zone", "table"}


def test_nothing_outside_the_workspace_is_offered(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"})
    far = seen.entities[0].model_copy(update={"position_m": (2.0, 0.0, 0.0)})
    assert any("red_block" in text for text in legal(tabletop, seen).graph.texts())
    away = seen.model_copy(update={"entities": (far, *seen.entities[1:])})
    assert not any("red_block" in text for text in legal(tabletop, away).graph.texts())


def _every_command(skill: Skill, ids: list[str]) -> list[dict[str, object]]:
    """All argument combinations of a skill over these ids, made without the graph."""
    domains: list[list[object]] = []
    for argument in skill.args.values():
        schema = argument.schema()
        if "pattern" in schema:
            domains.append(list(ids))
        elif "enum" in schema:
            domains.append(list(schema["enum"]))
        else:
            domains.append([0.5 * n for n in range(1, 11)])
    return [dict(zip(skill.args, values, strict=True)) for values in itertools.product(*domains)]


def test_the_graph_spells_exactly_the_commands_whose_preconditions_hold(tabletop: Codebook) -> None:
    rng = random.Random(1)
    for _ in range(150):
        seen = random_observation(rng)
        state = tabletop.state(seen)
        kinds = {entity.id: entity.kind for entity in seen.entities}
        expected = set()
        for skill in tabletop.skills.values():
            for args in _every_command(skill, list(kinds)):
                fits = all(kinds[str(args[a])] in getattr(skill.args[a], "kinds", ()) for a in skill.entity_args)
                if fits and skill.preconditions.holds(state, {k: str(v) for k, v in args.items()}):
                    expected.add(make_command(tabletop, skill.name, args).text)  # type: ignore[arg-type]
        offered = legal(tabletop, seen)
        assert set(offered.graph.texts()) == expected
        assert offered.count == len(expected)


def test_grammar_schema_and_reader_agree_on_every_legal_command(tabletop: Codebook) -> None:
    validator = Draft202012Validator(command_schema(tabletop))
    rng = random.Random(2)
    for _ in range(60):
        offered = legal(tabletop, random_observation(rng))
        pattern = re.compile(offered.graph.regex())
        for text in offered.graph.texts():
            assert pattern.fullmatch(text)
            assert read_command(tabletop, text).text == text
            assert validator.is_valid(json.loads(text))
            assert not pattern.fullmatch(text + " ")
            assert not offered.allows(text[:-1])


@pytest.mark.parametrize(
    ("text", "check", "says"),
    [
        ("", "json", "Expecting value"),
        ("[1]", "schema", "[1] is not of type 'object'"),
        ('{"skill":"pik"}', "schema", "'pik' is not one of"),
        ('{"skill":["pick"]}', "schema", "['pick'] is not one of"),
        ('{"skill":"pick"}', "schema", "'object' is a required property"),
        ('{"skill":"home","speed":1}', "schema", "'speed' was unexpected"),
        ('{"skill":"home","skill":"home"}', "json", "the key 'skill' stands twice"),
        ('{"skill":"wait","duration_s":0.7}', "schema", "0.5..5 step 0.5"),
        ('{"skill":"wait","duration_s":5.5}', "schema", "5.5 is greater than the maximum of 5"),
        ('{"skill":"wait","duration_s":true}', "schema", "True is not of type 'number'"),
        ('{"skill":"wait","duration_s":NaN}', "json", "not finite"),
        ('{"skill":"wait","duration_s":1e999}', "json", "not finite"),
        ('{"skill":"wait","duration_s":' + "1" * 4000 + "}", "schema", "111111"),
        ('{"skill":"pick","object":"red\\n"}', "schema", "does not match"),
        ("[" * 3000, "json", "nested deeper"),
        ('{"skill":"' + "x" * 5000 + '"}', "size", "at most 4096"),
    ],
)
def test_a_bad_command_is_refused_by_the_check_that_it_fails(
    tabletop: Codebook, text: str, check: str, says: str
) -> None:
    with pytest.raises(CommandError) as refusal:
        read_command(tabletop, text)
    assert refusal.value.check == check
    assert says in str(refusal.value)


def test_bytes_that_are_not_utf8_are_refused(tabletop: Codebook) -> None:
    with pytest.raises(CommandError, match="not UTF-8 at byte 1"):
        read_command(tabletop, b'"\xff"')


def test_a_number_has_one_way_to_be_written(tabletop: Codebook) -> None:
    for text in ('{"skill":"wait","duration_s":1.0}', '{ "duration_s": 1, "skill": "wait" }'):
        assert read_command(tabletop, text).text == '{"skill":"wait","duration_s":1}'


def test_a_prompt_keeps_what_changes_last_and_one_line_a_task(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, bowls=("blue_bowl",))
    prompt = write_prompt(tabletop, "Put it\n\nthere.", seen)
    assert prompt.task == "Task: Put it there."
    assert prompt.observation == (
        "Seen: block: red_block; bowl: blue_bowl; table: table\nFacts: red_block on table\nLast: nothing yet"
    )
    assert all(f"- {skill}(" in prompt.system for skill in tabletop.skills)
    assert write_prompt(tabletop, "x", observe({"green_block": "held"})).system == prompt.system


def test_a_default_is_left_out_however_it_was_written(tabletop: Codebook) -> None:
    for given in ("1", "1.0", "1.00"):
        text = tabletop.text.replace("step: 0.5}}", f"step: 0.5}}, default: {given}}}")
        codebook = parse_codebook(text)
        waits = [c.text for c in legal(codebook, observe({})).commands() if c.skill == "wait"]
        assert '{"skill":"wait"}' in waits
        assert '{"skill":"wait","duration_s":1}' not in waits
        assert all(read_command(codebook, wait).text == wait for wait in waits)
        assert "duration_s: 0.5..5 step 0.5, else 1)" in write_prompt(codebook, "", observe({})).system


def test_a_fact_defined_by_itself_is_true_of_what_can_be_proven_whoever_asks_first(tabletop: Codebook) -> None:
    """Circles among the facts, as doors open both ways, neither loop nor hide what is true."""
    text = tabletop.text.replace(
        "derived:", "derived:\n  linked(a, b): on(a, b) or some z in block (on(a, z) and linked(z, b))", 1
    )
    codebook = parse_codebook(text)
    doors = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "a"), ("c", "d"), ("d", "c")]
    seen = observe(dict.fromkeys("abcde", "table"))
    seen = seen.model_copy(update={"facts": tuple(Fact("on", door) for door in doors)})
    asked = [(x, y) for x in "abcde" for y in "abcde"]
    for order in (asked, asked[::-1]):
        state = codebook.state(seen)
        assert {pair for pair in order if state.holds("linked", pair)} == {(x, y) for x in "abcd" for y in "abcd"}
