"""Of what is in the way of a goal; and a graph among some of its texts."""

import random

import pytest

from codeword.codebook import Codebook, Fact, load_codebook
from codeword.codebook.action_prompt import offer
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import Goal
from codeword.codebook.planner import SymbolicWorld, plan
from tests.graphs import some_texts
from tests.observations import large_observation, observe


def test_what_is_in_the_way_is_not_put_where_something_else_is_wanted() -> None:
    """Wherever places stand in the codebook or in what is seen."""
    for name in ("tabletop", "colors", "letters"):
        codebook = load_codebook(name)
        for bowls in (("blue_bowl", "pink_bowl"), ("pink_bowl", "blue_bowl"), ("blue_bowl",)):
            seen = observe({"red_block": "green_block", "green_block": "table"}, bowls)
            turned = seen.model_copy(update={"entities": tuple(reversed(seen.entities))})
            for look in (seen, turned):
                world = SymbolicWorld.of(codebook, look)
                wanted = GoalTracker(codebook, Goal((Fact("in", ("green_block", "blue_bowl")),))).condition(look)
                commands = plan(world, wanted).commands
                assert [command.skill for command in commands] == ["pick", "place", "pick", "place"]
                assert "blue_bowl" not in commands[1].text, (name, bowls, [c.text for c in commands])


@pytest.mark.parametrize("seed", range(5))
def test_a_graph_among_texts_spells_these_alone(tabletop: Codebook, seed: int) -> None:
    rng = random.Random(seed)
    graph = offer(tabletop, "x", large_observation()).legal.graph
    texts = some_texts(graph, rng, 12)
    some = graph.among([*texts, '{"skill":"fly"}'])
    assert set(some.texts()) == set(texts)
    assert graph.among([]).edges == ()
