"""What the model reads of facts that rest on what things look like."""

import pytest

from codeword.codebook import load_codebook
from codeword.codebook.prompt import codebook_text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("colors", "- warm: color(thing) in red|orange|yellow|pink|magenta"),
        ("letters", "- vowel: letter(thing) in a|e|i|o|u"),
        ("packing", "- snack: label(thing) in chips|nuts|cookies|pretzels|popcorn|candy"),
    ],
)
def test_facts_about_looks_are_told_since_nothing_else_tells_them(name: str, told: str) -> None:
    assert told in codebook_text(load_codebook(name)).splitlines()


def test_facts_that_follow_from_others_are_not_told() -> None:
    lines = codebook_text(load_codebook("tabletop")).splitlines()
    assert not any(line.startswith(("- clear:", "- gripper_empty:", "- on_table:")) for line in lines)
