"""Long codebooks: what matters now is told and offered, the rest is left out by name and reason."""

import pytest

from codeword.codebook import Codebook, load_codebook, parse_codebook
from codeword.codebook.action_prompt import MOST_SKILLS, offer, rank, stable_text
from codeword.codebook.action_space import legal
from codeword.codebook.prompt import write_prompt
from tests.observations import observe

SEEN = observe({"red_block": "table", "green_block": "table"}, bowls=("blue_bowl",), zones=("left_zone",))


def long_codebook(tabletop: Codebook, skills: int) -> Codebook:
    """The tabletop with many more skills, each about another thing."""
    lines = []
    for number in range(skills - len(tabletop.skills)):
        thing = ("lamp", "door", "tap", "radio", "curtain", "oven", "fan", "pump")[number % 8]
        lines.append(
            f"  switch_{thing}_{number}:\n    description: switch the {thing} number {number} on\n"
            f"    args:\n      object: {{entity: block}}\n      level: {{number: {{min: 0, max: 1, step: 0.05}}}}\n"
            f"    preconditions: [gripper_empty, clear(object)]\n    steps: [move_home]\n"
        )
    return parse_codebook(tabletop.text + "\n" + "".join(lines))


def test_a_short_codebook_is_told_whole(tabletop: Codebook) -> None:
    given = offer(tabletop, "Put the red block in the blue bowl.", SEEN)
    assert given.prompt == write_prompt(tabletop, "Put the red block in the blue bowl.", SEEN)
    assert set(given.legal.graph.texts()) == set(legal(tabletop, SEEN).graph.texts())


@pytest.mark.parametrize("skills", [40, 200])
def test_a_long_codebook_tells_only_what_matters(tabletop: Codebook, skills: int) -> None:
    codebook = long_codebook(tabletop, skills)
    assert len(codebook.skills) == skills
    given = offer(codebook, "Switch on the radio that stands beside the red block.", SEEN)
    told = given.prompt.task.count("\n- ")
    assert told == MOST_SKILLS
    assert "switch_radio_3(" in given.prompt.task
    assert "- done()" in given.prompt.task
    assert "- cannot(" in given.prompt.task
    assert len(given.prompt.system) < 1000, "the stable part does not grow with the codebook"
    assert given.prompt.system == stable_text(codebook)
    assert len(given.legal.left_out) == skills - MOST_SKILLS
    assert "place" in given.legal.left_out, "nothing is held"
    assert any(why == "less relevant to the task than the 24 offered" for why in given.legal.left_out.values())


def test_the_prompt_does_not_grow_with_the_codebook(tabletop: Codebook) -> None:
    lengths = [sum(map(len, offer(long_codebook(tabletop, n), "Move the red block.", SEEN).prompt)) for n in (50, 200)]
    assert lengths[1] < 1.1 * lengths[0]


def test_what_is_told_is_what_is_offered(tabletop: Codebook) -> None:
    given = offer(long_codebook(tabletop, 60), "Put the red block in the blue bowl.", SEEN)
    offered = {command.skill for command in given.legal.commands()}
    told = {line[2:].partition("(")[0] for line in given.prompt.task.splitlines() if line.startswith("- ")}
    assert offered == told


def test_what_makes_a_relevant_skill_possible_is_relevant_too(tabletop: Codebook) -> None:
    """A task says 'put … into'; `place` matches it, and `pick` is what makes `place` possible."""
    names = [skill.name for skill in rank(long_codebook(tabletop, 100), "put it into a bowl")]
    assert {"pick", "place"} <= set(names[:10])


def test_relevance_reads_the_wordings_of_every_language() -> None:
    ranked = [skill.name for skill in rank(load_codebook("showcase"), "把红色方块放进碗里")]
    assert ranked.index("collect") < ranked.index("nudge")
