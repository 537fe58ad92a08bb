"""Deciding by goals: one goal for a task, plans and commands towards it, and a new goal where that is called for."""

from importlib import resources
from pathlib import Path

import pytest

from codeword.codebook import Codebook, Fact, Observation, Result, legal, parse_codebook, read_command
from codeword.codebook.command import Command
from codeword.codebook.errors import InputError
from codeword.codebook.goals import goal_graph
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.prompt import CONTRACT
from codeword.controller.adapter import NONE, Adapter
from codeword.controller.controller import POLICIES, model_controller, policy_for
from codeword.controller.engine import Engine
from codeword.controller.goal_controller import GoalController
from codeword.controller.plan_controller import PlanController
from codeword.controller.registry import LocalModel
from tests.controller.goal_fakes import GREEN, MISSING, RED, START, Scripted, start
from tests.observations import large_observation, observe

WAIT = '{"skill":"wait","duration_s":0.5}'


def carried_out(codebook: Codebook, controller: GoalController, task: str, seen: Observation) -> list[str]:
    """What is commanded until the end, where all goes as it should."""
    world, said = SymbolicWorld.of(codebook, seen), []
    for step in range(8):
        decision = controller.decide(task, seen)
        said.append(decision.text)
        command = next((c for c in world.commands() if c.text == decision.text), None)
        if command is None:
            break
        assert isinstance(command, Command)
        world = world.after(command)
        last = Result(command=command.text, status="done")
        seen = seen.model_copy(update={"facts": tuple(sorted(world.state.facts)), "last": last, "step": step + 1})
    return said


def test_the_planner_finds_the_commands_to_a_goal_that_is_asked_for_once(tabletop: Codebook) -> None:
    engine = Scripted(RED)
    said = carried_out(tabletop, GoalController(engine, tabletop), "red into blue", start())  # type: ignore[arg-type]
    assert said == [
        '{"skill":"pick","object":"red_block"}',
        '{"skill":"place","object":"red_block","target":"blue_bowl"}',
        '{"skill":"done"}',
    ]
    assert engine.goals == []


def test_the_goal_stands_in_every_decision_and_the_cost_of_writing_it_in_the_first(tabletop: Codebook) -> None:
    controller = GoalController(Scripted(RED), tabletop)  # type: ignore[arg-type]
    first, second = (controller.decide("red into blue", start()) for _ in range(2))
    assert (first.written_goal, second.written_goal) == (RED, RED)
    assert (first.path, second.path) == ("goal", "planned")
    assert first.logprob == -0.5
    assert set(first.stage_ms) >= {"legal", "prefill", "plan", "total"}
    assert set(second.stage_ms) == {"plan", "total"}


def test_who_is_at_a_place_stays_settled_while_things_move(tabletop: Codebook) -> None:
    """What comes into the bowl later was not meant, and what has left it still was."""
    look = observe({"red_block": "blue_bowl", "green_block": "table"}, ("blue_bowl",))
    controller = GoalController(Scripted('{"goal":[["all","blue_bowl","on","table"]]}'), tabletop)  # type: ignore[arg-type]
    made = controller.decide("empty the bowl", look)
    assert made.written_goal == '{"goal":[["red_block","on","table"]]}'
    later = observe({"red_block": "table", "green_block": "blue_bowl"}, ("blue_bowl",))
    assert controller.decide("empty the bowl", later).text == '{"skill":"done"}'


def test_another_task_gets_another_goal(tabletop: Codebook) -> None:
    controller = GoalController(Scripted(RED, GREEN), tabletop)  # type: ignore[arg-type]
    controller.decide("red into blue", start())
    assert controller.decide("no, green", start()).text == '{"skill":"pick","object":"green_block"}'


def test_where_there_is_no_plan_the_goal_is_asked_for_again_once_something_changed(tabletop: Codebook) -> None:
    engine = Scripted(RED, GREEN)
    controller = GoalController(engine, tabletop)  # type: ignore[arg-type]
    wide = observe(START, ("blue_bowl",), red_block="wide")
    assert controller.decide("green into blue", wide).text == '{"skill":"cannot","reason":"impossible"}'
    assert engine.goals == [GREEN]
    moved = start().model_copy(
        update={"facts": (Fact("on", ("red_block", "green_block")), Fact("on", ("green_block", "table")))}
    )
    assert controller.decide("green into blue", moved).text == '{"skill":"pick","object":"red_block"}'


@pytest.mark.parametrize(("default", "given"), [("", "unsafe"), (", default: missing", "missing")])
def test_a_reason_that_the_codebook_has_not_is_never_given(default: str, given: str) -> None:
    path = Path(str(resources.files("codeword.codebook"))) / "library/tabletop.yaml"
    text = path.read_text(encoding="utf-8").replace("[missing, impossible, unsafe]", f"[unsafe, missing]{default}")
    codebook = parse_codebook(text, str(path))
    assert "impossible" not in codebook.skills["cannot"].args["reason"].describe()
    wide = observe(START, ("blue_bowl",), red_block="wide")
    made = GoalController(Scripted(RED), codebook).decide("red into blue", wide)  # type: ignore[arg-type]
    assert read_command(codebook, made.text).args["reason"] == given


def test_what_was_told_but_is_not_feasible_is_given_up_and_nothing_else_is_gone_after(tabletop: Codebook) -> None:
    wide = observe(START, ("blue_bowl",), red_block="wide")
    engine = Scripted(RED)
    controller = GoalController(engine, tabletop)  # type: ignore[arg-type]
    assert controller.decide("red into blue", wide).text == '{"skill":"cannot","reason":"impossible"}'
    assert engine.lots == ["greedy"], "no other goal was drawn"


def test_what_a_task_names_and_nobody_sees_is_waited_for_and_then_given_up(tabletop: Codebook) -> None:
    task, seen = "Put the gold block in the blue bowl.", start()
    engine = Scripted('{"goal":[["gold_block","in","blue_bowl"]]}')
    said = carried_out(tabletop, GoalController(engine, tabletop), task, seen)  # type: ignore[arg-type]
    assert len(engine.lots) == 1, "the goal stands"
    assert said == [said[0]], "the world of plans does not know waiting"
    assert said[0] == WAIT
    controller = GoalController(Scripted('{"goal":[["gold_block","in","blue_bowl"]]}'), tabletop)  # type: ignore[arg-type]
    waited = [controller.decide(task, seen).text for _ in range(3)]
    assert waited == [said[0], said[0], '{"skill":"cannot","reason":"missing"}']
    found = observe({**START, "gold_block": "table"}, ("blue_bowl",))
    controller = GoalController(Scripted('{"goal":[["gold_block","in","blue_bowl"]]}'), tabletop)  # type: ignore[arg-type]
    controller.decide(task, seen)
    assert controller.decide(task, found).text == '{"skill":"pick","object":"gold_block"}'


def test_a_task_that_cannot_be_done_is_given_up_with_the_reason_written(tabletop: Codebook) -> None:
    controller = GoalController(Scripted('{"cannot":"unsafe"}'), tabletop)  # type: ignore[arg-type]
    assert controller.decide("gold into blue", start()).text == '{"skill":"cannot","reason":"unsafe"}'


def test_what_is_missing_is_looked_for_twice_before_it_is_given_up(tabletop: Codebook) -> None:
    controller = GoalController(Scripted(MISSING), tabletop)  # type: ignore[arg-type]
    said = [controller.decide("gold into blue", start()).text for _ in range(3)]
    assert said == [WAIT, WAIT, '{"skill":"cannot","reason":"missing"}']


def test_where_what_the_goal_names_is_gone_for_good_nothing_else_is_gone_after(tabletop: Codebook) -> None:
    engine = Scripted(RED, GREEN)
    controller = GoalController(engine, tabletop)  # type: ignore[arg-type]
    controller.decide("red into blue", start())
    without = observe({"green_block": "table"}, ("blue_bowl",))
    said = [controller.decide("red into blue", without).text for _ in range(3)]
    assert said == [WAIT, WAIT, '{"skill":"cannot","reason":"missing"}']
    assert engine.goals == [GREEN], "it is not asked what else might be done"


def test_where_something_else_is_left_the_goal_is_asked_for_again(tabletop: Codebook) -> None:
    both = '{"goal":[["red_block","in","blue_bowl"],["green_block","in","blue_bowl"]]}'
    controller = GoalController(Scripted(both, GREEN), tabletop)  # type: ignore[arg-type]
    controller.decide("all into blue", start())
    without = observe({"green_block": "table"}, ("blue_bowl",))
    said = [controller.decide("all into blue", without).text for _ in range(3)]
    assert said == [WAIT, WAIT, '{"skill":"pick","object":"green_block"}']


def test_a_goal_is_written_anew_when_what_was_missing_appears(tabletop: Codebook) -> None:
    hidden = observe({"green_block": "table"}, ("blue_bowl",))
    controller = GoalController(Scripted(MISSING, RED), tabletop)  # type: ignore[arg-type]
    assert controller.decide("red into blue", hidden).text == '{"skill":"wait","duration_s":0.5}'
    assert controller.decide("red into blue", start()).written_goal == RED


def test_policies_are_told_apart(tiny_quantized: LocalModel, tabletop: Codebook) -> None:
    engine = Engine(tiny_quantized, threads=1)
    for policy in POLICIES:
        made = model_controller(engine, tabletop, policy=policy).decide("tidy up", start())
        assert made.key
    with pytest.raises(InputError, match=r"there is no policy 'plam'; did you mean 'plan'\?"):
        model_controller(engine, tabletop, policy="plam")
    engine.adapter = Adapter("a", Path("a"), "0", 1.0, ("direct",))
    with pytest.raises(InputError, match="adapter a: was taught for policy direct, and not for plan"):
        model_controller(engine, tabletop, policy="plan")


def test_what_is_written_by_default_is_what_the_adapter_is_best_at() -> None:
    taught = Adapter("a", Path("a"), "0", 1.0, ("direct", "plan"))
    assert policy_for(taught) == "direct"
    assert policy_for(taught, "plan") == "plan"
    assert policy_for(NONE) == "plan"
    assert policy_for(NONE, "direct") == "direct"
    with pytest.raises(InputError, match="adapter b: was taught for policy plan, and not for direct"):
        policy_for(Adapter("b", Path("b"), "0", 1.0, ("plan",)), "direct")


def test_an_adapter_of_the_contract_before_plans_writes_goals_alone(
    tiny_quantized: LocalModel, tabletop: Codebook
) -> None:
    engine = Engine(tiny_quantized, threads=1)
    assert isinstance(model_controller(engine, tabletop), PlanController)
    engine.adapter = Adapter("a", Path("a"), "0", 1.0, ("plan",), contract=PLAN_CONTRACT)
    assert isinstance(model_controller(engine, tabletop), PlanController)
    engine.adapter = Adapter("a", Path("a"), "0", 1.0, ("plan",), contract=CONTRACT)
    assert isinstance(model_controller(engine, tabletop), GoalController)


def test_a_large_scene_is_decided(tiny_quantized: LocalModel, tabletop: Codebook) -> None:
    seen = large_observation()
    controller = GoalController(Engine(tiny_quantized, threads=1), tabletop)
    made = controller.decide("tidy up", seen)
    assert goal_graph(tabletop, seen).accepts(made.written_goal)
    assert legal(tabletop, seen).allows(made.text)
