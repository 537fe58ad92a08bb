"""Goals that speak of a class by what relates its things to places, or to one another."""

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, load_codebook
from codeword.codebook.goal_relations import relations
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import read_goal
from codeword.codebook.planner import SymbolicWorld, plan
from tests.codebook.goal_grammar import goal_graph


@pytest.fixture(scope="module")
def colors() -> Codebook:
    return load_codebook("colors")


def seen(things: str, **at: str) -> Observation:
    """Things by id, `big_red_block` and the like; all blocks on the table but those that are said to be elsewhere."""
    entities = []
    for name in [*things.split(), "table"]:
        words = name.split("_")
        kind = next(word for word in words if word in ("block", "bowl", "zone", "table"))
        told = {"color": words[words.index(kind) - 1]} if kind != "table" else {}
        told |= {"size": words[0]} if words[0] in ("small", "big") else {}
        entities.append(Entity(id=name, kind=kind, properties=told))
    facts = []
    for entity in entities:
        if entity.kind == "block":
            place = at.get(entity.id, "table")
            facts.append(Fact("in" if place.endswith("bowl") else "on", (entity.id, place)))
    return Observation(step=0, time_s=0.0, entities=entities, facts=facts)


def comes_to(codebook: Codebook, goal: str, look: Observation) -> list[str]:
    """What a goal comes to, where it can be written."""
    text = f'{{"goal":[{goal}]}}'
    assert goal_graph(codebook, look).accepts(text), text
    return [f"{fact.args[0]} {fact.name} {fact.args[1]}" for fact in GoalTracker(codebook, read_goal(text)).facts(look)]


BOWLS = seen("blue_block green_block red_block blue_bowl green_bowl")
TOWERS = seen("cyan_block_1 cyan_block_2 red_block_1 red_block_2 red_block_3")
SIZES = seen("big_blue_block big_red_block small_blue_block small_red_block blue_zone red_zone")


@pytest.mark.parametrize(
    ("look", "goal", "facts"),
    [
        (BOWLS, '["all","block","in","bowl","same_color"]', "blue_block in blue_bowl; green_block in green_bowl"),
        (
            BOWLS,
            '["all","block","in","bowl","not","same_color"]',
            "blue_block in green_bowl; green_block in blue_bowl; red_block in blue_bowl",
        ),
        (
            BOWLS,
            '["all","block","in","bowl","not","same_color"],["red_block","on","table"]',
            "blue_block in green_bowl; green_block in blue_bowl; red_block on table",
        ),
        (
            seen("blue_block green_block red_block blue_bowl green_bowl", red_block="green_bowl"),
            '["all","block","in","bowl","not","same_color"]',
            "blue_block in green_bowl; green_block in blue_bowl; red_block in green_bowl",
        ),
        (
            TOWERS,
            '["all","block","on","one_another","same_color"]',
            "cyan_block_2 on cyan_block_1; red_block_2 on red_block_1; red_block_3 on red_block_2",
        ),
        (
            TOWERS,
            '["all","block","on","one_another","not","same_color"]',
            "cyan_block_1 on red_block_1; cyan_block_2 on red_block_2; red_block_2 on cyan_block_1; red_block_3 on cyan_block_2",
        ),
        (
            seen("cyan_block_1 cyan_block_2 red_block_1", red_block_1="cyan_block_2"),
            '["all","block","on","one_another","not","same_color"]',
            "cyan_block_1 on red_block_1; red_block_1 on cyan_block_2",
        ),
        (TOWERS, '["all","even_count","on","one_another","same_color"]', "cyan_block_2 on cyan_block_1"),
        (
            SIZES,
            '["all","big","on","zone","same_color"],["all","small","on","big","same_color"]',
            "big_blue_block on blue_zone; big_red_block on red_zone; small_blue_block on big_blue_block; small_red_block on big_red_block",
        ),
    ],
)
def test_what_is_said_comes_to_these_facts(colors: Codebook, look: Observation, goal: str, facts: str) -> None:
    assert sorted(comes_to(colors, goal, look)) == facts.split("; ")


@pytest.mark.parametrize(
    ("look", "goal"),
    [
        (BOWLS, '["all","block","in","bowl","same_color"]'),
        (BOWLS, '["all","block","in","bowl","not","same_color"]'),
        (TOWERS, '["all","block","on","one_another","same_color"]'),
        (TOWERS, '["all","block","on","one_another","not","same_color"]'),
        (SIZES, '["all","big","on","zone","same_color"],["all","small","on","big","same_color"]'),
    ],
)
def test_it_comes_to_the_same_all_the_way_to_the_goal(colors: Codebook, look: Observation, goal: str) -> None:
    """After each command the facts are worked out again, as they are on the way."""
    wanted = GoalTracker(colors, read_goal(f'{{"goal":[{goal}]}}'))
    first, world = wanted.facts(look), SymbolicWorld.of(colors, look)
    steps = 0
    while not wanted.reached(look):
        found = plan(world, wanted.condition(look))
        assert not found.failure
        facts = world.facts_after(found.commands[0])
        world, look = world.with_facts(facts), look.model_copy(update={"facts": sorted(facts)})
        assert wanted.facts(look) == first
        steps += 1
    assert steps >= 4


def test_one_who_cannot_be_related_so_is_left_out(colors: Codebook) -> None:
    alone = seen("red_block_1 red_block_2 red_block_3 blue_block")
    assert comes_to(colors, '["all","block","on","one_another","not","same_color"]', alone) == []


def test_only_what_is_seen_of_things_relates_them(colors: Codebook) -> None:
    assert relations(colors) == ("same_color",)
    assert relations(load_codebook("tabletop")) == ()
    graph = goal_graph(load_codebook("tabletop"), BOWLS)
    assert not graph.accepts('{"goal":[["all","block","in","bowl","same_color"]]}')


def test_what_nothing_could_come_of_cannot_be_written(colors: Codebook) -> None:
    graph = goal_graph(colors, seen("red_block_1 red_block_2 red_bowl"))
    assert graph.accepts('{"goal":[["all","block","in","bowl","same_color"]]}')
    assert not graph.accepts('{"goal":[["all","block","in","bowl","not","same_color"]]}')
    assert not graph.accepts('{"goal":[["all","block","in","bowl"]]}')
