"""Verdicts: what counts as reached, how far a failure came, and what was damaged on the way."""

import pytest

from codeword.codebook import Observation
from codeword.runtime.judge import judge
from codeword.runtime.scenario import Scenario, parse_scenario
from codeword.sim.damage_report import Damage
from tests.observations import observe

TEXT = """\
scenario: one
codebook: tabletop
task: Put it away.
world:
  blocks: [red, green, blue]
  bowls: [white]
  zones: [left]
goal: [GOAL, gripper_empty]
"""


def scenario(goal: str, more: str = "") -> Scenario:
    return parse_scenario(TEXT.replace("GOAL", goal) + more, "s.yaml")


def seen(**blocks: str) -> Observation:
    return observe({f"{color}_block": place for color, place in blocks.items()}, ("white_bowl",), ("left_zone",))


START = seen(red="table", green="table", blue="table")
ALL_IN = "all x in block (in(x, white_bowl))"
STACKED = "some b in block (all x in block (x == b or some y in block (on(x, y))))"


@pytest.mark.parametrize(
    ("goal", "truth", "credit", "success"),
    [
        (ALL_IN, START, 0.0, False),
        (ALL_IN, seen(red="white_bowl", green="table", blue="table"), 0.3333, False),
        (ALL_IN, seen(red="white_bowl", green="white_bowl", blue="table"), 0.6667, False),
        (
            ALL_IN,
            seen(red="white_bowl", green="white_bowl", blue="held"),
            0.3333,
            False,
        ),  # and the gripper is not empty
        (ALL_IN, seen(red="white_bowl", green="white_bowl", blue="white_bowl"), 1.0, True),
        (STACKED, seen(red="table", green="red_block", blue="table"), 0.5, False),
        (STACKED, seen(red="table", green="red_block", blue="green_block"), 1.0, True),
        ("not on(red_block, left_zone)", START, 1.0, True),
        ("not on(red_block, left_zone)", seen(red="left_zone", green="table", blue="table"), 0.0, False),
        ("on(red_block, table)", seen(red="left_zone", green="table", blue="table"), 0.0, False),
    ],
)
def test_credit_is_the_share_of_what_was_open(goal: str, truth: Observation, credit: float, success: bool) -> None:
    verdict = judge(scenario(goal), START, truth, "done", "", 3)
    assert (verdict.credit, verdict.success) == (credit, success)
    unfinished = judge(scenario(goal), START, truth, "max_decisions", "", 3)
    assert (unfinished.credit, unfinished.success) == (credit, False), "credit asks physics, not how it ended"


def test_a_block_that_fell_off_the_table_still_belongs_to_every_block() -> None:
    fallen = seen(red="white_bowl", green="white_bowl", blue="white_bowl")
    fallen = fallen.model_copy(update={"facts": tuple(fact for fact in fallen.facts if "blue_block" not in fact.args)})
    verdict = judge(scenario(ALL_IN), START, fallen, "done", "", 3, Damage(("blue_block",), 2, 80.0))
    assert verdict.success is False
    assert (verdict.credit, verdict.fallen, verdict.bumps, verdict.peak_n) == (0.6667, ("blue_block",), 2, 80.0)


def test_what_cannot_be_done_has_all_credit_or_none() -> None:
    impossible = scenario("in(gold_block, white_bowl)", "cannot: [missing]\n")
    assert judge(impossible, START, START, "cannot", "missing", 1).credit == 1.0
    assert judge(impossible, START, START, "cannot", "unsafe", 1).credit == 0.0
    assert judge(impossible, START, START, "done", "", 1).credit == 0.0


def test_without_a_goal_there_is_no_credit() -> None:
    free = parse_scenario(TEXT.replace("goal: [GOAL, gripper_empty]\n", ""), "s.yaml")
    assert judge(free, START, START, "done", "", 1).credit is None
