"""The guard: what is no legal command now does not reach the robot, and each refusal names the check."""

import random

import pytest

from codeword.codebook import Codebook, CommandError, legal
from codeword.runtime.guard import Guard
from tests.observations import observe, random_observation


@pytest.mark.parametrize(
    ("text", "check", "says"),
    [
        ("pick the red block", "json", "Expecting value"),
        ('{"skill":"pick","object":"blue_block"}', "entity", "'blue_block' is not observed"),
        ('{"skill":"pick","object":"pink_bowl"}', "entity", "'pink_bowl' is a bowl; 'object' takes block"),
        ('{"skill":"pick","object":"green_block"}', "precondition", "'pick' needs clear(object)"),
        ('{"skill":"place","object":"red_block","target":"table"}', "precondition", "'place' needs holding(object)"),
    ],
)
def test_a_refusal_names_its_check(tabletop: Codebook, text: str, check: str, says: str) -> None:
    seen = observe({"red_block": "green_block", "green_block": "table"}, bowls=("pink_bowl",))
    with pytest.raises(CommandError) as refusal:
        Guard(tabletop).check(text, seen)
    assert refusal.value.check == check
    assert says in str(refusal.value)


def test_what_lies_outside_the_workspace_is_not_touched(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"})
    away = seen.entities[0].model_copy(update={"position_m": (0.5, 0.0, 1.4)})
    moved = seen.model_copy(update={"entities": (away, *seen.entities[1:])})
    with pytest.raises(CommandError, match=r"workspace: 'red_block' at \(0.50, 0.00, 1.40\) m is outside"):
        Guard(tabletop).check('{"skill":"pick","object":"red_block"}', moved)


def test_the_guard_and_the_grammar_agree(tabletop: Codebook) -> None:
    """Whatever is legal somewhere passes here exactly if it is legal here."""
    rng = random.Random(3)
    guard = Guard(tabletop)
    scenes = [random_observation(rng) for _ in range(12)]
    texts = {text for scene in scenes for text in legal(tabletop, scene).graph.texts()}
    for scene in scenes:
        offered = legal(tabletop, scene)
        passed = set()
        for text in texts:
            try:
                passed.add(guard.check(text, scene).text)
            except CommandError:
                continue
        assert passed == set(offered.graph.texts())
