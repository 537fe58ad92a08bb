"""What sides are asked: the schema admits exactly the legal commands, and situations come as episodes bring them."""

import json
import random
import re
from functools import cache
from itertools import islice, pairwise, product

import pytest
from jsonschema import Draft202012Validator
from outlines_core.json_schema import build_regex_from_schema

from codeword.codebook import Codebook, Observation, legal, load_codebook
from codeword.codebook.choice_graph import Node
from codeword.controller.remote.request import products, schema_of
from tests.benchmarks.courses import Turn, course
from tests.benchmarks.decision import suite
from tests.benchmarks.questions import canonical, offered
from tests.observations import random_observation


@cache
def turns(name: str) -> tuple[Turn, ...]:
    return tuple(islice(course(suite(name), seed=3), 10))


def graphs(codebook: Codebook, seen: list[Observation]) -> list[Node]:
    return [legal(codebook, each).graph for each in seen]


@pytest.mark.parametrize("name", ["workbench", "tabletop"])
def test_the_schema_admits_exactly_the_legal_commands(name: str) -> None:
    rng = random.Random(5)
    seen = [turn.situation.observation for turn in turns(name)[:3]] + [random_observation(rng) for _ in range(2)]
    all_graphs = graphs(load_codebook(name), seen)
    universe = {text for graph in all_graphs for text in graph.texts()}
    for graph in all_graphs:
        legal_texts = set(graph.texts())
        schema = schema_of(graph)
        Draft202012Validator.check_schema(schema)
        alternatives = [Draft202012Validator(alternative) for alternative in schema["anyOf"]]
        for text in universe:
            command = json.loads(text)
            fitting = [number for number, one in enumerate(alternatives) if one.is_valid(command)]
            assert len(fitting) == (text in legal_texts), text
            if fitting:
                assert list(command) == schema["anyOf"][fitting[0]]["required"], "in the order of our own commands"
                command["more"] = 1
                assert not any(one.is_valid(command) for one in alternatives)


@pytest.mark.parametrize("name", ["workbench", "tabletop"])
def test_outlines_makes_the_same_language_of_it(name: str) -> None:
    all_graphs = graphs(load_codebook(name), [turn.situation.observation for turn in turns(name)[:5]])
    universe = {text for graph in all_graphs for text in graph.texts()}
    for graph in all_graphs:
        held = re.compile(build_regex_from_schema(json.dumps(schema_of(graph)), ""))
        assert {text for text in universe if held.fullmatch(text)} == set(graph.texts())


def test_a_skill_is_one_alternative_where_its_arguments_do_not_depend_on_each_other() -> None:
    graph = legal(load_codebook("workbench"), turns("workbench")[0].situation.observation).graph
    alternatives = schema_of(graph)["anyOf"]
    looks = [each for each in alternatives if each["properties"]["skill"] == {"const": "look"}]
    assert len(looks) == 1
    assert looks[0]["properties"]["duration_s"] == {"enum": [0.5, 1, 1.5, 2]}
    assert len(json.dumps(alternatives)) < 40 * sum(map(len, graph.texts()))


def test_products_hold_every_row_once() -> None:
    rng = random.Random(1)
    for _ in range(200):
        width = rng.randint(0, 3)
        every = list(product("abc", repeat=width))
        rows = rng.sample(every, rng.randint(1, len(every)))
        spelt = [row for sets in products(rows) for row in product(*sets)]
        assert sorted(spelt) == sorted(rows)


def test_a_course_is_whole_episodes_with_what_went_wrong_in_them() -> None:
    made = turns("workbench")
    for before, after in pairwise(made):
        step = after.situation.observation.step
        if step:
            assert step == before.situation.observation.step + 1
            assert after.situation.task == before.situation.task
            assert after.situation.observation.last is not None
        else:
            assert after.situation.observation.last is None
    assert sum(turn.situation.observation.step == 0 for turn in made) >= 2
    (jammed,) = (scenario for scenario in suite("workbench") if scenario.name == "jammed_fingers")
    last = [turn.situation.observation.last for turn in islice(course([jammed], seed=3), 3)]
    assert any(result is not None and result.status == "failed" for result in last)


def test_who_decides_is_told_no_goal() -> None:
    turn = turns("workbench")[0]
    assert turn.scenario.goal is not None
    assert set(vars(turn.situation)) == {"codebook", "task", "observation"}


def test_an_answer_counts_as_legal_whatever_its_white_space() -> None:
    given = offered(turns("workbench")[0].situation)
    text = next(given.legal.graph.texts())
    assert canonical(given, json.dumps(json.loads(text), indent=2)) == text
    assert canonical(given, '{"skill":"place","object":"red_block","target":"table"}') is None
    assert canonical(given, "I would pick the red block.") is None
