"""Scenes that people write: read, and refused with the place of every fault."""

from pathlib import Path

import pytest

from codeword.codebook import CodebookError, Entity, Fact
from codeword.codebook.scene_notation import load_scene
from tests.codebook.plan_books import COFFEE, book

BOOK = COFFEE.replace(
    "facts:\n",
    "properties: {color: [red, blue], maker: who made it}\nfacts:\n  full(cup): it is full\n  near(a in cup, b in cup): ...\n",
)
SCENE = """\
things: {cup: [mug, tall_glass]}
facts: [powered, full(mug), near(mug, tall_glass)]
properties:
  mug: {color: red, maker: ann}
"""


def test_a_scene_is_things_facts_and_what_is_seen_of_things(tmp_path: Path) -> None:
    (tmp_path / "scene.yaml").write_text(SCENE)
    seen = load_scene(book(BOOK), tmp_path / "scene.yaml")
    assert seen.entities == (
        Entity(id="mug", kind="cup", properties={"color": "red", "maker": "ann"}),
        Entity(id="tall_glass", kind="cup"),
    )
    assert seen.facts == (Fact("powered"), Fact("full", ("mug",)), Fact("near", ("mug", "tall_glass")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("things: {cup: [mug, tall_glass]}", "things: mug", "1:9: 'things' maps kinds to ids, not 'mug'"),
        ("{cup: [mug", "{cups: [mug", "1:10: unknown kind 'cups'; did you mean 'cup'? (choices: cup)"),
        ("[mug, tall_glass]", "[mug, Tall]", "1:21: 'Tall' cannot be the id of a thing (lower-case letters"),
        ("[mug, tall_glass]", "[mug, mug]", "1:21: the thing 'mug' stands here twice"),
        ("powered", "power", "2:9: unknown fact 'power'; did you mean 'powered'?"),
        ("full(mug)", "full", "2:18: 'full' is of 0 things; 'full' of 1"),
        ("full(mug)", "full(mugg)", "2:18: there is no thing 'mugg'; did you mean 'mug'? (choices: mug, tall_glass)"),
        ("  mug: {", "  cup: {", "4:3: there is no thing 'cup'"),
        ("color: red", "colour: red", "4:17: unknown property 'colour'; did you mean 'color'?"),
        ("color: red", "color: green", "4:16: 'color' cannot be 'green' (choices: red, blue)"),
        ("{color: red, maker: ann}", "red", "4:8: what is seen of 'mug' maps properties to words, not 'red'"),
        ("facts:", "fact:", "2:1: unknown key 'fact' in the scene; did you mean 'facts'?"),
    ],
)
def test_what_is_wrong_with_a_scene_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SCENE
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE.replace(old, new, 1))
    with pytest.raises(CodebookError) as refused:
        load_scene(book(BOOK), path)
    assert f"{path}:{message}" in str(refused.value)
