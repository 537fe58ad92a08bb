"""PlanBench: what is read of a problem, and that our codebooks have the rules of the set."""

import json
from pathlib import Path

import pytest

from codeword.codebook import Fact
from codeword.runtime.external.answers import EndState
from codeword.runtime.external.planbench import DOMAINS
from codeword.runtime.external.sets import SETS
from tests.runtime.external.given import items, named, plan_of, tried


def test_a_problem_of_planbench_is_read_out_of_its_words(folder: Path) -> None:
    item = named(folder, "blocksworld", "3")
    assert item.task == "the red block is on top of the orange block and the yellow block is on top of the red block"
    facts = ["on(blue_block,orange_block)", "on(orange_block,yellow_block)", "on(yellow_block,red_block)"]
    assert list(map(str, item.observation.facts)) == [*facts, "on_table(red_block)"]
    on = [Fact("on", ("red_block", "orange_block")), Fact("on", ("yellow_block", "red_block"))]
    assert item.answer == EndState(tuple(on))
    strange = named(folder, "mystery_blocksworld", "3")
    assert {"harmony", "planet(object_a)", "province(object_b)"} <= set(map(str, strange.observation.facts))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_plans_of_planbench_lead_to_its_goals_and_no_shorter_ones_do(folder: Path, domain: str) -> None:
    """Our codebook has the rules of the set: its own plans, which a validator has checked, go through here too."""
    file = folder / "plan-bench" / "prompts" / domain / "task_1_plan_generation.json"
    told = {str(one["instance_id"]): one["ground_truth_plan"] for one in json.loads(file.read_text())["instances"]}
    for item in items(folder, domain):
        plan = []
        for step in told[item.name].split("\n")[:-1]:
            action, *things = step.strip("()").split()
            skill = item.codebook.skills[action.replace("-", "_")]
            plan.append((skill.name, dict(zip(skill.args, map(DOMAINS[domain].id.format, things), strict=True))))
        done = [tried(item, plan_of(item.codebook, *steps)) for steps in (plan[:8], plan[:-1][:8])]
        if len(plan) <= 8:
            assert [one.score.right for one in done] == [True, False]
            end = done[0].written.trace
            assert end is not None
            assert [command.skill for command in end.commands] == [skill for skill, _ in plan]
        else:
            assert done[0].written.trace is not None
            assert not done[0].written.trace.failure


def test_instances_with_an_even_id_are_left_aside(folder: Path, tmp_path: Path) -> None:
    data = json.loads((folder / "plan-bench/prompts/blocksworld/task_1_plan_generation.json").read_text())
    data["instances"][0]["instance_id"] = 4
    file = tmp_path / "task.json"
    file.write_text(json.dumps(data))
    assert sorted(item.name for item in SETS["blocksworld"].load(file, 50, 0)) == ["21", "5", "63", "7"]
