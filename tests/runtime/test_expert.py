"""The expert: follows its plan, looks again for what is hidden, and finds another way where one keeps failing."""

import json
import time
from pathlib import Path

from codeword.codebook import Observation, Result
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import silent
from codeword.runtime.recording import read_episode
from codeword.runtime.run import Controllers, Expert, Plan, run
from codeword.runtime.scenario import Scenario, parse_scenario
from tests.observations import observe
from tests.runtime.conftest import shipped

TEXT = """\
scenario: one
codebook: tabletop
task: Bring red left.
world:
  blocks: [red, green]
  zones: [left]
goal: [on(red_block, left_zone), gripper_empty]
events: [{after: place, do: retask}]
then:
  task: Bring green left.
  goal: [on(green_block, left_zone), gripper_empty]
"""
TASK = "Bring red left."
START = observe({"red_block": "table", "green_block": "table"}, zones=("left_zone",))
HELD = observe({"red_block": "held", "green_block": "table"}, zones=("left_zone",))
THERE = observe({"red_block": "left_zone", "green_block": "table"}, zones=("left_zone",))
GONE = observe({"green_block": "table"}, zones=("left_zone",))


def scenario() -> Scenario:
    return parse_scenario(TEXT, "s.yaml")


def said(expert: Expert, seen: Observation, task: str = TASK) -> str:
    text = json.loads(expert.decide(task, seen).text)
    return " ".join(str(value) for value in text.values())


def test_it_follows_its_plan_while_the_world_is_as_predicted() -> None:
    expert = Expert(scenario())
    assert said(expert, START) == "pick red_block"
    assert said(expert, HELD) == "place red_block left_zone"
    assert said(expert, THERE) == "done"


def test_it_plans_afresh_when_something_else_happened() -> None:
    expert = Expert(scenario())
    assert said(expert, START) == "pick red_block"
    assert said(expert, THERE) == "done"
    assert said(expert, HELD) == "place red_block left_zone"
    assert said(expert, START) == "pick red_block"


def test_it_waits_twice_for_what_is_hidden_and_then_gives_up() -> None:
    expert = Expert(scenario())
    assert said(expert, START) == "pick red_block"
    assert [said(expert, GONE) for _ in range(3)] == ["wait 0.5", "wait 0.5", "cannot missing"]
    expert = Expert(scenario())
    assert [said(expert, seen) for seen in (START, GONE, START)] == ["pick red_block", "wait 0.5", "pick red_block"]


def test_what_was_never_there_is_not_waited_for() -> None:
    assert said(Expert(scenario()), GONE) == "cannot missing"


def test_it_finds_another_way_where_one_keeps_failing() -> None:
    expert = Expert(scenario())
    failed = Result(command='{"skill":"pick","object":"red_block"}', status="failed", reason="unreachable")
    told = [said(expert, START.model_copy(update={"last": failed} if turn else {})) for turn in range(3)]
    assert told == ["pick red_block", "pick red_block", "push red_block left_zone"]


def test_another_task_has_another_goal() -> None:
    expert = Expert(scenario())
    assert said(expert, START) == "pick red_block"
    assert said(expert, HELD, "Bring green left.").startswith("place red_block ")
    assert said(expert, START, "Bring green left.") == "pick green_block"


def test_an_episode_takes_a_third_of_its_simulated_time_of_one_core_at_most(tmp_path: Path) -> None:
    """The whole episode counts: its world, the plan, the physics and the file; no pictures."""
    plan = Plan((shipped("tabletop/put_in_bowl"), shipped("tabletop/stack_two")), range(3), "sim", tmp_path, film=False)
    controllers = Controllers(DeciderConfig("expert", "", "none"), silent)
    began_s = time.process_time()
    files = run(plan, controllers)
    spent_s = time.process_time() - began_s
    episodes = [read_episode(file) for file in files]
    steps = [step for episode in episodes for step in episode.steps]
    placed = sum('"skill":"place"' in step.command.text for step in steps if step.command is not None)
    assert placed >= len(plan)
    # A pick-and-place is some 5.6 s; it takes 0.2 s of a core of a Zen 4, 1.1 s of one of a Zen 1.
    assert spent_s < sum(episode.verdict.simulated_s for episode in episodes if episode.verdict is not None) / 3
