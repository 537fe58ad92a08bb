"""The page about a codebook: nothing is left out, and nothing that is text becomes markup."""

import json
import re

import pytest

from codeword.codebook import load_codebook, parse_codebook, read_command
from codeword.codebook.compose import shipped
from codeword.codebook.docs import codebook_docs, escape, example
from tests.codebook.test_load import GOOD


def sections(page: str) -> dict[str, str]:
    """The text under each `###` heading."""
    return {
        part.partition("\n")[0].replace("\\", ""): part for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    }


@pytest.mark.parametrize("name", shipped())
def test_everything_of_a_shipped_codebook_is_told(name: str) -> None:
    codebook = load_codebook(name)
    page = codebook_docs(codebook)
    told = sections(page)
    assert list(told) == list(codebook.skills)
    for skill in codebook.skills.values():
        text = told[skill.name]
        assert escape(skill.description) in text
        for argument in skill.args:
            assert f"| `{argument}` |" in text
        for condition in (*skill.conjuncts, *skill.effects):
            assert f"- `{condition}`" in text
        command = re.search(r"```json\n(.*)\n```", text)
        assert command is not None
        assert read_command(codebook, command[1]).text == command[1]
    for fact in (*codebook.predicates.values(), *codebook.derived.values()):
        assert re.search(rf"^\| `{fact.name}[(`]", page, re.MULTILINE)
    for primitive in codebook.primitives:
        assert f"| `{primitive}` |" in page
    for words in codebook.wordings.values():
        for word in words.values():
            assert escape(word) in page or word in {skill.description for skill in codebook.skills.values()}


def test_the_same_codebook_gives_the_same_page() -> None:
    assert codebook_docs(load_codebook("showcase")) == codebook_docs(load_codebook("showcase"))


def test_steps_are_told_in_readable_form() -> None:
    told = sections(codebook_docs(load_codebook("showcase")))
    assert "1. try, up to 2 more times:\n   1. `pick`: `object: $object`\n\n   after a failure:\n" in told["move"]
    assert "1. for each `one` of `objects`:\n   1. `pick`: `object: $one`\n" in told["collect"]
    assert "y_m: $object.y_m - $object.width_m / 2 - 0.01 + $distance_m, z_m: $object.z_m" in told["nudge"]
    assert "Runs trusted code: `codeword.codebook.example_call:nod`" in told["own_code"]
    assert "Called `home` in the file" in told["stand_back"]
    assert "cost 4 in plans; decided again each time." in told["collect"]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("0.2 - ($object.z_m - 0.1)", "0.2 - ($object.z_m - 0.1)"),
        ("(1 + 2) * -$object.z_m", "(1 + 2) * (-$object.z_m)"),
        ("-($object.z_m + 1) / 2", "(-($object.z_m + 1)) / 2"),
    ],
)
def test_arithmetic_keeps_its_meaning(expression: str, told: str) -> None:
    text = GOOD.replace("height_m: 0.1}", f"height_m: {expression}}}")
    assert f"height_m: {told}`" in codebook_docs(parse_codebook(text))


def test_an_example_shows_what_can_differ_from_its_default() -> None:
    codebook = load_codebook("showcase")
    assert json.loads(example(codebook, codebook.skills["move"])) == {
        "skill": "move", "object": "block_1", "target": "block_2", "speed": "fast",
    }  # fmt: skip


def test_text_is_never_markup() -> None:
    nasty = "*a* _b_ `c` [d](e) <b>f</b> g|h #i ~j~ k &amp; \\l"
    text = GOOD.replace("description: grasp a block", f"description: {json.dumps(nasty)}")
    text = text.replace("the thing rests on the place", "'a|b <i>'")
    page = codebook_docs(parse_codebook(text))
    assert "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\<b\\>f\\</b\\> g\\|h \\#i \\~j\\~ k \\&amp; \\\\l" in page
    assert "a\\|b \\<i\\>" in page


@pytest.mark.parametrize(
    ("text", "escaped"), [("- a", "\\- a"), ("1. a", "1\\. a"), ("# a", "\\# a"), ("=== ", "\\===")]
)
def test_a_text_begins_no_block(text: str, escaped: str) -> None:
    assert escape(text) == escaped
