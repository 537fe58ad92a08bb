"""Scenario files: those shipped, and what is said of broken ones."""

from pathlib import Path

import pytest

from codeword.codebook import InputError
from codeword.runtime.scenario import find_scenarios, load_scenario, parse_scenario, suites, typed_scenario

SHIPPED = find_scenarios(("tabletop",))
GOOD = """\
scenario: one
codebook: tabletop
task: Put the red block in the blue bowl.
world:
  blocks: [red, green]
  bowls: [blue]
  zones: [left]
goal: [in(red_block, blue_bowl), gripper_empty]
max_decisions: 8
events:
  - {after: pick, do: slip}
"""


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_shipped_scenario_is_whole(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.goal is not None
    assert len({scenario.wording(seed) for seed in range(20)}) >= 5
    assert all(scenario.spec.budgets[stage].p95 for stage in ("decision_ms", "validate_ms"))


def test_the_suite_has_every_kind_of_task() -> None:
    names = {path.stem for path in SHIPPED}
    assert len(names) >= 10
    for kind in ("put", "stack", "sort", "unstack", "push", "slip", "nothing_like_it", "too_wide"):
        assert any(kind in name for name in names), kind


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("codebook: tabletop", "codebook: tabeltop", "s.yaml:2:11: tabeltop: unknown codebook"),
        ("goal:", "gaol:", "s.yaml:8:7: gaol: unknown key; did you mean 'goal'?"),
        ("blocks: [red, green]", "blocks: [rde, green]", "s.yaml:5:12: world.blocks.0: unknown color 'rde'; did you mean 'red'?"),
        ("red_block, blue", "red_blok, blue", "s.yaml:8:11: goal: unknown argument 'red_blok'; did you mean 'red_block'?"),
        ("in(red_block, blue_bowl)", "in(red_block)", "s.yaml:8:8: goal: 'in' takes 2 arguments, not 1"),
        ("gripper_empty]", "griper_empty]", "s.yaml:8:34: goal: unknown fact 'griper_empty'; did you mean 'gripper_empty'?"),
        ("max_decisions: 8", "max_decisions: 0", "s.yaml:9:16: max_decisions: Input should be greater than or equal to 1"),
        ("max_decisions: 8", "max_decisions: eight", "s.yaml:9:16: max_decisions: Input should be a valid integer"),
        ("after: pick", "after: pik", "s.yaml:11:13: unknown skill 'pik'; did you mean 'pick'?"),
        ("do: slip", "do: slide", "s.yaml:11:"),
        ("do: slip", "do: move, entity: red_block, to_zone: right", "s.yaml:"),
        ("goal: [", "cannot: [missng]\ngoal: [", "s.yaml:8:10: unknown reason 'missng'; did you mean 'missing'?"),
        ("max_decisions", "budgets: {skill_ms: {hard: 3}}\nmax_decisions", "s.yaml:1:1: budgets: skill_ms has no hard limit"),
        ("max_decisions", "budgets: {decide_ms: {p95: 3}}\nmax_decisions", "s.yaml:9:"),
        ("max_decisions", "clock: fast\nmax_decisions", "s.yaml:9:8: clock: 'fast' is unknown (expected paused, live"),
        ("max_decisions", "clock: {latency_ms: -3}\nmax_decisions", "s.yaml:9:8: clock: it is given as {latency_ms: 500}"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as error:
        parse_scenario(GOOD.replace(old, new, 1), "s.yaml")
    assert any(line.startswith(fault) for line in str(error.value).splitlines()), str(error.value)


def test_an_unknown_scenario_suggests_one() -> None:
    with pytest.raises(InputError, match="did you mean 'tabletop/put_in_bowl'"):
        find_scenarios(("tabletop/put_in_bwl",))


def test_an_empty_folder_has_no_scenarios(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no scenario"):
        find_scenarios((str(tmp_path),))


def test_a_folder_stands_for_all_scenarios_in_it() -> None:
    assert find_scenarios((str(suites() / "tabletop"),)) == SHIPPED


def test_a_typed_task_may_say_anything() -> None:
    nasty = 'say "hi": [1, {2 - x #1 \U0001f916 把红色方块'
    assert typed_scenario(nasty, "tabletop").wording(0) == nasty
    assert typed_scenario(nasty, "tabletop").goal is None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("do: slip}", "do: retask}", "s.yaml:1:1: an event that does retask goes with 'then', the task from then on"),
        ("max_decisions", "then: {task: Do it., goal: [gripper_empty]}\nmax_decisions", "s.yaml:1:1: an event that does retask goes with"),
        ("do: slip}", "do: retask}\nthen: {tsk: Do it.}", "s.yaml:12:13: then.tsk: unknown key; did you mean 'task'?"),
        ("do: slip}", "do: retask}\nthen: {task: Do it., goal: [on(red_blok, table)]}", "s.yaml:12:32: goal: unknown argument 'red_blok'"),
        ("do: slip}", "do: retask}\nthen: {task: Do it., cannot: [missing]}", "s.yaml:12:7: then: 'cannot' goes with a goal"),
        ("do: slip}", "do: hide, entity: red_blok}", "s.yaml:1:1: unknown entity of an event 'red_blok'"),
        ("max_decisions", "settle_s: 0\nmax_decisions", "s.yaml:9:11: settle_s: Input should be greater than or equal to 0.5"),
        ("max_decisions", "tolerance_m: 0.5\nmax_decisions", "s.yaml:9:14: tolerance_m: Input should be less than or equal to 0.02"),
    ],
)  # fmt: skip
def test_a_fault_in_what_goes_wrong_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as error:
        parse_scenario(GOOD.replace(old, new, 1), "s.yaml")
    assert any(line.startswith(fault) for line in str(error.value).splitlines()), str(error.value)
