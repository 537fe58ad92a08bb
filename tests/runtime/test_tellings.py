"""Prompts told in other ways: what each way changes, and that it leaves the rest; and goals taken in other ways."""

import json
import random
import re
from itertools import islice

import pytest

from codeword.codebook import load_codebook
from codeword.codebook.goals import goal_prompt
from codeword.codebook.prompt import Prompt, write_prompt
from codeword.runtime.bench.goals import WAYS
from codeword.runtime.bench.names import NAMINGS, asked_by
from codeword.runtime.bench.tellings import TELLINGS
from codeword.runtime.bench.unseen import unseen
from codeword.runtime.cli import main
from codeword.sim import SimRobot, WorldSpec
from tests.controller.tiny import write_folder
from tests.graphs import some_texts


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


TASK = "put the red block in the blue bowl"


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    codebook = load_codebook("tabletop")
    robot = SimRobot(codebook, WorldSpec(blocks=("red", "green", "blue", "pink"), bowls=("blue", "green")), seed=1)
    seen = robot.observe()
    robot.close()
    return [write_prompt(codebook, TASK, seen), goal_prompt(codebook, TASK, seen)]


def told(prompt: Prompt, way: str) -> Prompt:
    return TELLINGS[way](prompt, random.Random(1))


def test_the_first_way_is_the_contracts_own_and_every_other_changes_something(prompts: list[Prompt]) -> None:
    first, *others = TELLINGS
    for prompt in prompts:
        assert told(prompt, first) == prompt
    command, _ = prompts
    assert all(told(command, way) != command for way in others)


def test_by_lot_and_in_another_order_the_same_is_told(prompts: list[Prompt]) -> None:
    for prompt in prompts:
        for way in ("facts by lot", "things by lot", "facts before things", "the task last"):
            other = told(prompt, way)
            assert other != prompt
            words = [sorted("\n".join(each[:3]).replace(",", "").replace(";", "").split()) for each in (prompt, other)]
            assert words[0] == words[1], way


def test_json_tells_the_same_things_and_facts(prompts: list[Prompt]) -> None:
    seen, facts, *_ = told(prompts[0], "things and facts as JSON").observation.split("\n")
    assert json.loads(seen.removeprefix("Seen: "))["bowl"] == ["blue_bowl", "green_bowl"]
    assert ["red_block", "on", "table"] in json.loads(facts.removeprefix("Facts: "))


def test_what_is_left_out_is_gone_and_nothing_else(prompts: list[Prompt]) -> None:
    prompt = prompts[0]
    assert "Needs" in prompt.system
    bare = told(prompt, "no preconditions, no effects")
    assert "Needs" not in bare.system
    assert "Then" not in bare.system
    assert "- pick(object: block): grasp a block and lift it.\n" in bare.system
    assert bare[1:] == prompt[1:]
    named = told(prompt, "skills and facts by name alone").system
    assert "- pick(object: block)\n" in named
    assert "- on\n" in named
    assert "Last: " not in told(prompt, "no result of the last command").observation
    nothing = told(prompt, "nothing seen").observation
    assert nothing.startswith("Seen: nothing\nFacts: none\nLast: ")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A tiny model and an adapter for it, taught with a single step."""
    folder = tmp_path_factory.mktemp("taught")
    model, out = str(write_folder(folder / "tiny")), folder / "out"
    given = ("--model", model, "--dtype", "fp32", "--device", "cpu", "--groups", "1", "--rank", "2", "--per-group", "4")
    assert run("train", *given, "--decisions", "4", "--checked", "0", "--out", str(out)) == 0
    return model, str(out / "adapter")


def test_every_way_is_measured_with_the_same_questions(
    taught: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model, adapter = taught
    capsys.readouterr()
    asked = ("bench", "tellings", "--model", model, "--n", "7", "--json")
    assert run(*asked, "--adapter", adapter) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["answers"] for row in rows] == list(TELLINGS)
    assert {row["n"] for row in rows} == {7}
    assert rows[-1]["prompt_tokens_p50"] < rows[0]["prompt_tokens_p50"]
    assert run(*asked, "--adapter", "none") == 2
    assert "give one with --adapter" in capsys.readouterr().err


def test_goals_are_taken_in_every_way_with_the_same_questions(
    taught: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model, adapter = taught
    capsys.readouterr()
    asked = ("bench", "goals", "--model", model, "--n", "4", "--split", "seen", "--json")
    assert run(*asked, "--adapter", adapter) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["taken"] for row in found["rows"]] == list(WAYS)
    assert {row["n"] for row in found["rows"]} == {4}
    assert all(0 < row["ms_p50"] <= row["ms_p95"] for row in found["rows"])
    assert (found["rows"][0]["alone_%"], found["rows"][0]["others_mean"]) == (100, 0)
    assert all((row["alone_%"] == 100) == (row["others_mean"] == 0) for row in found["rows"])
    assert found["rows"][1]["others_mean"] > 0
    assert run(*asked, "--adapter", adapter, "--commands") == 0
    assert [row["taken"] for row in json.loads(capsys.readouterr().out)["rows"]] == list(WAYS)
    assert run(*asked, "--adapter", "none") == 2


def test_things_are_named_otherwise_wherever_they_are_named() -> None:
    goals = [lesson for lesson in islice(unseen("seen"), 60) if lesson.act == "goal"]
    assert len(goals) > 10
    cut, rng = 0, random.Random(1)
    for lesson in goals:
        as_they_are, short, numbered = (asked_by(lesson, naming) for naming in NAMINGS.values())
        assert as_they_are.prompt == lesson.prompt
        assert as_they_are.right == lesson.right
        assert all(lesson.graph.accepts(text) for text in some_texts(as_they_are.graph, rng, 10))
        ids = [entity.id for entity in lesson.observation.entities]
        assert re.sub(r"_\d+\b", "", numbered.prompt.observation) == lesson.prompt.observation
        assert len(numbered.prompt.observation) >= len(lesson.prompt.observation) >= len(short.prompt.observation)
        cut += short.prompt.observation != lesson.prompt.observation
        seen = re.findall(r"\w+", short.prompt.observation.split("\n")[0])
        assert len(set(seen) - {entity.kind for entity in lesson.observation.entities} - {"Seen"}) >= len(set(ids)) - 1
    assert cut > 5


def test_names_that_stand_for_two_things_are_not_cut() -> None:
    assert NAMINGS["short"](["red_block", "red_bowl", "blue_bowl"]) == {
        "red_block": "red_block", "red_bowl": "red_bowl", "blue_bowl": "blue",
    }  # fmt: skip
    assert NAMINGS["short"](["tall", "tall_box"]) == {"tall": "tall", "tall_box": "tall_box"}


def test_names_are_measured_with_the_same_questions(
    taught: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model, adapter = taught
    capsys.readouterr()
    assert run("bench", "names", "--model", model, "--n", "4", "--json", "--adapter", adapter) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["names"] for row in rows] == list(NAMINGS)
    assert {row["n"] for row in rows} == {4}
    assert rows[1]["prompt_tokens_p50"] < rows[0]["prompt_tokens_p50"] < rows[2]["prompt_tokens_p50"]
