"""Goals under a grammar: what can be written, in which form, and what it means."""

import random

import pytest

from codeword.codebook import Codebook, Fact, load_codebook
from codeword.codebook.command import Command
from codeword.codebook.goals import ASK, Goal, goal_facts, goal_graph, goal_prompt, in_order, read_goal
from codeword.codebook.planner import Plan, SymbolicWorld
from codeword.codebook.prompt import write_prompt
from codeword.codebook.pursuit import Pursuit
from codeword.codebook.wanted import Wanted
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


def test_every_goal_of_the_grammar_can_be_read_and_has_one_form(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    texts = list(goal_graph(tabletop, seen).texts())
    assert len(set(texts)) == len(texts) > 50
    for text in texts:
        goal = read_goal(text)
        assert goal.text == text
        assert list(goal.facts) == in_order(tabletop, seen, goal.facts)
        assert bool(goal.facts or goal.groups) is not bool(goal.cannot)
    assert '{"goal":[["red_block","in","blue_bowl"],["green_block","in","blue_bowl"]]}' in texts
    assert '{"goal":[["green_block","in","blue_bowl"],["red_block","in","blue_bowl"]]}' not in texts
    assert '{"goal":[["all","block","in","blue_bowl"],["red_block","on","table"]]}' in texts
    assert '{"goal":[["red_block","on","table"],["all","block","in","blue_bowl"]]}' not in texts
    assert '{"cannot":"missing"}' in texts


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
    assert many.count() > 10**12 * some.count() > 10**20
    lengths = [len(graph.grammar().definition) for graph in (some, many)]
    assert lengths[1] < 5 * lengths[0] < 100_000


def test_the_prompt_begins_as_that_of_a_command(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"})
    asked, usual = goal_prompt(tabletop, "tidy up", seen), write_prompt(tabletop, "tidy up", seen)
    assert (asked.system, asked.task) == (usual.system, usual.task)
    assert asked.observation.endswith(ASK)
    assert asked.observation.splitlines()[:-1] == usual.observation.splitlines()[:-1]
    told = write_prompt(
        tabletop, "tidy up", seen, Wanted(tabletop, Goal(tuple(facts_of("holding(red_block)")))).left(seen).told
    )
    assert (told.system, told.task) == (usual.system, usual.task)
    assert told.observation == f"{usual.observation}\nTo do: holding red_block"


def test_a_goal_is_pursued_to_its_end(tabletop: Codebook) -> None:
    seen = observe({"red_block": "green_block", "green_block": "table"}, ("blue_bowl",))
    goal = read_goal('{"goal":[["red_block","on","table"],["green_block","in","blue_bowl"]]}')
    world, pursuit = SymbolicWorld.of(tabletop, seen), Pursuit(tabletop, Wanted(tabletop, goal).condition(seen))
    said = []
    for _ in range(6):
        command = pursuit.next(seen.model_copy(update={"facts": tuple(sorted(world.state.facts))}))
        assert isinstance(command, Command)
        said.append(command.text)
        if command.skill == "done":
            break
        world = world.after(command)
    assert said[-1] == '{"skill":"done"}'
    assert len(said) == 5
    assert Wanted(tabletop, goal).condition(seen).holds(world.state, {})


def test_a_goal_that_contradicts_itself_has_no_plan(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    goal = read_goal('{"goal":[["red_block","on","table"],["red_block","in","blue_bowl"]]}')
    found = Pursuit(tabletop, Wanted(tabletop, goal).condition(seen)).next(seen)
    assert isinstance(found, Plan)
    assert found.failure == "impossible"
