"""Codebook prompting against function calling: the same is told and allowed in both forms, and judged alike."""

import json
from dataclasses import replace

import pytest

from codeword.codebook import Command, Result, load_codebook, make_command
from codeword.controller.registry import DEFAULT_MODEL, LocalModel, open_folder, resolve
from codeword.controller.store import silent
from codeword.controller.tokens import Tokens
from codeword.runtime.quantization_texts import Situation
from codeword.runtime.scenario import Scenario
from tests.benchmarks import contest, sides
from tests.benchmarks.calling import call_graph, calling_prompt, read_call, read_free
from tests.benchmarks.courses import Turn
from tests.benchmarks.decision import suite
from tests.benchmarks.prompting import CODEBOOK, Ways, bench_prompting, find_ways, prompting_decisions
from tests.benchmarks.questions import offered
from tests.benchmarks.rightness import Judge
from tests.benchmarks.sides import Setting, SideSpec
from tests.controller import tiny
from tests.observations import observe

BOOK = load_codebook("workbench")
SEEN = observe({"red_block": "table", "green_block": "blue_bowl"}, bowls=("blue_bowl",), zones=("left_zone",))
SITUATION = Situation(BOOK, "Put the red block in the blue bowl.", SEEN)


def turn(name: str, situation: Situation = SITUATION) -> Turn:
    scenario: Scenario = next(scenario for scenario in suite("workbench") if scenario.name == name)
    return Turn(situation, scenario)


def test_every_legal_command_is_one_legal_call() -> None:
    graph = offered(SITUATION).legal.graph
    calls = list(call_graph(graph).texts())
    assert len(calls) == graph.count()
    assert [str(read_call(BOOK, call)) for call in calls] == [str(read_free(BOOK, text)) for text in graph.texts()]
    assert '<tool_call>\n{"name": "home", "arguments": {}}\n</tool_call>' in calls
    look = '<tool_call>\n{"name": "look", "arguments": {"target": "red_block", "duration_s": 0.5}}\n</tool_call>'
    assert look in calls


@pytest.mark.model
def test_a_call_has_the_tokens_that_the_model_would_write_it_with() -> None:
    tokens = Tokens(resolve(DEFAULT_MODEL).folder)

    def check(node: object, text: str, spelt: tuple[int, ...]) -> None:
        edges = node.edges  # type: ignore[attr-defined]
        if not edges:
            assert spelt == tokens.encode(text), text
        for piece, child in edges:
            check(child, text + piece, spelt + tokens.encode(piece))

    check(call_graph(offered(SITUATION).legal.graph), "", ())


def test_function_calling_is_told_what_a_codebook_prompt_tells() -> None:
    last = Result(command='{"skill":"pick","object":"red_block"}', status="failed", reason="slipped")
    prompt = calling_prompt(BOOK, SITUATION.task, SEEN.model_copy(update={"last": last}))
    tools = [json.loads(line) for line in prompt.system.splitlines() if line.startswith('{"type"')]
    assert [tool["function"]["name"] for tool in tools] == list(BOOK.skills)
    for tool, skill in zip(tools, BOOK.skills.values(), strict=True):
        said = tool["function"]["description"]
        assert said.startswith(f"{skill.description}.")
        assert all(str(part) in said for part in (*skill.conjuncts, *skill.effects) if str(part))
        assert list(tool["function"]["parameters"]["properties"]) == list(skill.args)
    assert prompt.task == "Task: Put the red block in the blue bowl."
    assert prompt.observation.endswith(
        'Last: {"name": "pick", "arguments": {"object": "red_block"}}: failed (slipped)'
    ), "what it did is told as it said it"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('<tool_call>\n{"name": "home", "arguments": {}}\n</tool_call>', '{"skill":"home"}'),
        ('I will.\n<tool_call>{"name":"home"}', '{"skill":"home"}'),
        ('<tool_call>[{"name": "pick", "arguments": {"object": "a"}}]</tool_call>', '{"skill":"pick","object":"a"}'),
        ('{"name": "home", "arguments": {}}', None),
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', None),
        ('<tool_call>{"name": "pick", "arguments": {"object": ["a"]}}</tool_call>', None),
        ('<tool_call>{"name": "pick", "arguments": {"obj', None),
        ("<tool_call>[]", None),
        ("", None),
    ],
)
def test_calls_are_read_leniently_but_only_as_calls(text: str, command: str | None) -> None:
    read = read_call(BOOK, text)
    assert (read and read.text) == command


def test_a_free_command_is_found_behind_words() -> None:
    read = read_free(BOOK, 'Sure: {"skill": "home"} and then')
    assert read == Command("home", {}, '{"skill":"home"}')
    assert read_free(BOOK, "The task is to bring the block over.") is None


def test_right_is_what_lies_on_a_best_plan() -> None:
    judge = Judge(replace(turn("sort_by_color"), situation=Situation(BOOK, "", observe(
        {"red_block": "red_bowl", "blue_block": "table"}, bowls=("blue_bowl", "red_bowl")
    ))))  # fmt: skip
    right = {
        "put_away": {"object": "blue_block", "bowl": "blue_bowl"},
        "pick": {"object": "blue_block"},
    }
    wrong = {
        "home": {},
        "done": {},
        "cannot": {"reason": "missing"},
        "take_out": {"object": "red_block", "bowl": "red_bowl", "target": "table"},
        "pick_firmly": {"object": "blue_block", "force_n": 30},
    }
    assert all(judge.is_right(make_command(BOOK, skill, args)) for skill, args in right.items())
    assert not any(judge.is_right(make_command(BOOK, skill, args)) for skill, args in wrong.items())


def test_the_end_is_right_when_it_is_reached_or_out_of_reach() -> None:
    there = observe({"red_block": "red_bowl", "blue_block": "blue_bowl"}, bowls=("blue_bowl", "red_bowl"))
    reached = Judge(turn("sort_by_color", Situation(BOOK, "", there)))
    assert reached.is_right(make_command(BOOK, "done", {}))
    assert not reached.is_right(make_command(BOOK, "cannot", {"reason": "missing"}))
    absent = Judge(turn("not_there"))
    assert absent.is_right(make_command(BOOK, "cannot", {"reason": "missing"}))
    assert not absent.is_right(make_command(BOOK, "cannot", {"reason": "unsafe"}))
    assert not absent.is_right(make_command(BOOK, "done", {}))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return open_folder(tiny.write_folder(tmp_path_factory.mktemp("tiny")), "tiny")


def test_without_llama_cpp_transformers_generates_freely(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "find_spec", lambda _: None)
    assert list(find_ways(model, silent).engines.values()) == ["codeword", "codeword", "transformers", "transformers"]


def test_every_way_is_asked_about_the_same_moments(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "REST_S", 0.0)
    engines = find_ways(model, silent).engines
    settings = {"": Setting({"ms": 0})}
    specs = tuple(SideSpec(name, "tests.runtime.fake_sides:FakeSide", settings) for name in engines)
    ways, counted = Ways(specs, engines), []
    figures = bench_prompting(model, ways, suite("workbench"), 2, lambda: counted.append(1))
    assert len(counted) == prompting_decisions(ways, 2) == 8
    assert [row["name"] for row in figures["rows"]] == list(engines)
    assert all((row["n"], row["valid"]) == (2, 2) for row in figures["rows"]), "the first legal text of each form"
    by_name = {row["name"]: row for row in figures["rows"]}
    assert by_name["function calling, held"]["prompt_tokens"] > 1.5 * by_name[CODEBOOK]["prompt_tokens"]
    assert by_name["function calling, held"]["right"] == by_name[CODEBOOK]["right"]
    json.dumps(figures)
