"""Goals under a grammar: what can be written, in which form, and what it means."""

import json
import random
from itertools import permutations

import pytest

from codeword.codebook import Codebook, Fact, load_codebook
from codeword.codebook.command import Command
from codeword.codebook.goal_executor import GoalExecutor
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import goal_facts, read_goal
from codeword.codebook.mentions import absent
from codeword.codebook.planner import Plan, SymbolicWorld
from tests.codebook.goal_grammar import MOST_ITEMS, goal_graph
from tests.graphs import some_texts
from tests.observations import large_observation, observe, random_observation


def facts_of(*texts: str) -> list[Fact]:
    return [Fact.parse(text) for text in texts]


def test_a_goal_is_made_of_what_skills_bring_about_and_of_what_holds(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    assert {str(fact) for fact in goal_facts(tabletop, seen)} == {
        "on(red_block,table)", "in(red_block,blue_bowl)", "holding(red_block)",
    }  # fmt: skip


def test_what_cannot_be_picked_is_in_no_goal_but_as_it_is(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",), red_block="wide")
    assert [str(fact) for fact in goal_facts(tabletop, seen)] == ["on(red_block,table)"]


def test_every_goal_of_the_grammar_can_be_read(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    graph = goal_graph(tabletop, seen)
    texts = some_texts(graph, random.Random(2), 400)
    assert len(texts) > 50
    again = 0
    for text in texts:
        goal = read_goal(text)
        said = json.loads(text).get("goal", [])
        again += len(said) - len(goal.facts) - len(goal.groups)
        assert graph.accepts(goal.text)
        assert read_goal(goal.text) == goal
        assert len(said) <= MOST_ITEMS
        assert bool(goal.facts or goal.groups) is not bool(goal.cannot)
    assert again, "what is said twice is read once"


def test_goals_are_written_in_any_order(tabletop: Codebook) -> None:
    graph = goal_graph(tabletop, observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",)))
    items = ['["red_block","in","blue_bowl"]', '["green_block","on","red_block"]', '["all","block","on","table"]']
    for number in range(1, 4):
        for some in permutations(items, number):
            assert graph.accepts(f'{{"goal":[{",".join(some)}]}}'), some
    assert not graph.accepts('{"goal":[["red_block","on","red_block"]]}')
    assert not graph.accepts('{"goal":[["blue_bowl","on","table"]]}')
    assert not graph.accepts('{"goal":[]}')


@pytest.mark.parametrize(
    ("task", "goal", "can"),
    [
        ("Put the gold block in the blue bowl.", '[["gold_block","in","blue_bowl"]]', True),
        ("gold_block on table, red_block in gold_bowl", '[["gold_block","on","table"],["red_block","in","gold_bowl"]]', True),
        ("Put the gold block in the blue bowl.", '[["gold_bowl","in","blue_bowl"]]', False),
        ("Put the gold one in the blue bowl.", '[["gold_block","in","blue_bowl"]]', False),
        ("Put the red block in the blue bowl.", '[["gold_block","in","blue_bowl"]]', False),
        ("Stack the gold block on the red block.", '[["gold_block","on","red_block"]]', True),
        ("Put each block in the blue bowl.", '[["each_block","in","blue_bowl"]]', False),
    ],
)  # fmt: skip
def test_what_a_task_names_can_be_named_though_it_is_not_there(
    tabletop: Codebook, task: str, goal: str, can: bool
) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    assert goal_graph(tabletop, seen, task).accepts(f'{{"goal":{goal}}}') is can
    assert not can or not goal_graph(tabletop, seen).accepts(f'{{"goal":{goal}}}')


def test_what_is_not_feasible_can_be_written_but_never_of_a_thing_and_itself(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",), red_block="wide")
    graph = goal_graph(tabletop, seen)
    assert Fact("in", ("red_block", "blue_bowl")) not in goal_facts(tabletop, seen)
    assert graph.accepts('{"goal":[["red_block","in","blue_bowl"]]}')
    assert graph.accepts('{"goal":[["holding","red_block"]]}')
    assert not graph.accepts('{"goal":[["green_block","on","green_block"]]}')
    assert not graph.accepts('{"goal":[["table","on","green_block"]]}')


def test_names_of_what_is_not_there_are_like_names_of_what_is() -> None:
    seen = ["red_block", "blue_block_2", "red_bowl", "letter_a", "left_zone", "table", "small_red_block"]
    assert absent("the letter Q, a gold block, the table", seen) == {
        "letter_q": {"letter_a"}, "gold_block": {"red_block", "blue_block_2"},
    }  # fmt: skip
    assert absent("blue bowl and blue block and the two blocks", seen) == {"blue_bowl": {"red_bowl"}}
    assert absent("the big red block", seen) == {"big_red_block": {"small_red_block"}}
    assert absent("put every block in that bowl", seen) == {}


@pytest.mark.parametrize("name", ["tabletop", "colors", "letters", "packing", "workbench"])
def test_goals_are_small_graphs_for_every_shipped_codebook(name: str) -> None:
    codebook = load_codebook(name)
    graph = goal_graph(codebook, random_observation(random.Random(1)))
    nodes, edges, seen = [graph], 0, set()
    while nodes:
        node = nodes.pop()
        if id(node) not in seen:
            seen.add(id(node))
            edges += len(node.edges)
            nodes += [child for _, child in node.edges]
    assert 10 < edges < 4000


@pytest.mark.parametrize("name", ["tabletop", "colors", "workbench"])
def test_the_grammar_of_goals_grows_with_the_graph_and_not_with_its_texts(name: str) -> None:
    codebook = load_codebook(name)
    some, many = (goal_graph(codebook, large_observation(blocks)) for blocks in (6, 12))
    assert many.count() > 10**3 * some.count() > 10**20
    lengths = [len(graph.lark()) for graph in (some, many)]
    assert lengths[1] < 5 * lengths[0]
    assert lengths[1] < 100_000


def test_a_goal_is_pursued_to_its_end(tabletop: Codebook) -> None:
    seen = observe({"red_block": "green_block", "green_block": "table"}, ("blue_bowl",))
    goal = read_goal('{"goal":[["red_block","on","table"],["green_block","in","blue_bowl"]]}')
    world, executor = (
        SymbolicWorld.of(tabletop, seen),
        GoalExecutor(tabletop, GoalTracker(tabletop, goal).condition(seen)),
    )
    said = []
    for _ in range(6):
        command = executor.next(seen.model_copy(update={"facts": tuple(sorted(world.state.facts))}))
        assert isinstance(command, Command)
        said.append(command.text)
        if command.skill == "done":
            break
        world = world.after(command)
    assert said[-1] == '{"skill":"done"}'
    assert len(said) == 5
    assert GoalTracker(tabletop, goal).condition(seen).holds(world.state, {})


def test_a_goal_that_contradicts_itself_has_no_plan(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    goal = read_goal('{"goal":[["red_block","on","table"],["red_block","in","blue_bowl"]]}')
    found = GoalExecutor(tabletop, GoalTracker(tabletop, goal).condition(seen)).next(seen)
    assert isinstance(found, Plan)
    assert found.failure == "impossible"
