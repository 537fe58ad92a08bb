"""Numbers of a plan are those that are said: none beyond bounds, none replaced, and none without the unit it was said in."""

import json

import pytest

from codeword.codebook import parse_codebook
from codeword.codebook.plan_numbers import check_numbers, most_or_least, with_signs
from codeword.codebook.quantities.offer import quantities_said
from codeword.codebook.task_plan import TaskPlan, read_plan

LINE = parse_codebook("""
codebook: line
robot: {robot: line, primitives: {act: {description: does it}}}
skills:
  rate: {description: packs a minute, args: {rate_per_min: {integer: {min: 10, max: 200}}}}
  bag_length: {description: length of a bag, args: {length_mm: {integer: {min: 50, max: 300}}}}
  hold: {description: wait, args: {time_s: {integer: {min: 1, max: 200}}}}
  lens: {description: another lens, args: {lens: {choice: [mm_40, mm_60]}}}
  level: {description: how loud, args: {level: {integer: {min: 0, max: 10}}}}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
""")


def refusal(task: str, *commands: dict[str, object]) -> str:
    return check_numbers(LINE, task, [], read_plan(LINE, json.dumps({"plan": commands}))).refusal


RATE, LENGTH, HOLD = (
    {"skill": "rate", "rate_per_min": 145},
    {"skill": "bag_length", "length_mm": 145},
    {"skill": "hold"},
)


@pytest.mark.parametrize(
    ("task", "commands", "why"),
    [
        ("145 mm per pack", (LENGTH,), ""),
        ("145 mm per pack", (RATE,), "no command takes up 145 mm"),
        ("145 mm bags, 145 a minute", (RATE, LENGTH), ""),
        ("145 packs, each of 145 mm", (RATE,), ""),
        ("the 145 mm ones, hold them 3 s", (HOLD | {"time_s": 3},), ""),
        (
            "500 mm bags",
            (LENGTH | {"length_mm": 300},),
            "500 mm is more than bag_length's length_mm takes, at most 300",
        ),
        ("wait 20 s", (HOLD | {"time_s": 30},), "no command takes up 20 s"),
        ("level 5", ({"skill": "level", "level": 5},), ""),
        ("up to 5 dB", ({"skill": "level", "level": 5},), ""),
        ("level forty", ({"skill": "level", "level": 4},), "forty was said, and level has 4 as its level"),
        ("level 4, then level 9", ({"skill": "level", "level": 4}, {"skill": "level", "level": 9}), ""),
        ("the two of you, level 4", ({"skill": "level", "level": 4},), ""),
        ("as loud as can be, twice", ({"skill": "level", "level": 10}, {"skill": "level", "level": 10}), ""),
        ("twice for 3 s", (HOLD | {"time_s": 3}, HOLD | {"time_s": 3}), ""),
    ],
)
def test_a_plan_has_the_numbers_of_its_task(task: str, commands: tuple[dict[str, object], ...], why: str) -> None:
    assert refusal(task, *commands) == why


def test_what_names_a_choice_is_no_quantity() -> None:
    assert [one.words for one in quantities_said(LINE, "put the 40 mm in, then wait 20 s")] == ["20 s"]
    assert [one.words for one in quantities_said(LINE, "40 cm, 50 mm")] == ["40 cm", "50 mm"]
    assert not refusal("the 60 mm lens please", {"skill": "lens", "lens": "mm_60"}, HOLD | {"time_s": 60})


HOB = parse_codebook("""
codebook: hob
robot: {robot: hob, primitives: {act: {description: acts}}}
entities: [cook]
skills:
  heat: {description: heat, args: {level: {integer: {min: 1, max: 9}}}}
  turn: {description: turn, args: {angle_deg: {integer: {min: -90, max: 90}}}}
  hood: {description: fan, args: {speed: {choice: [slow, fast]}}}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")


@pytest.mark.parametrize(
    ("task", "plan", "taken"),
    [
        ("heat at maximum", "heat 3", "heat 9"),
        ("full power", "heat 1", "heat 9"),
        ("as low as it goes, then the hood", "heat 5, hood fast", "heat 1, hood fast"),
        ("heat at maximum, 4", "heat 4", "heat 4"),
        ("heat at maximum, then turn", "heat 4, turn 30", "heat 4, turn 30"),
        ("turn as little as you can", "turn 10", "turn 10"),
        ("heat it for max", "heat 3", "heat 3"),
        ("heat it", "heat 3", "heat 3"),
    ],
)
def test_the_most_is_what_the_argument_takes_at_most(task: str, plan: str, taken: str) -> None:
    assert most_or_least(HOB, task, ["max"], hob(plan)) == hob(taken)


@pytest.mark.parametrize(
    ("task", "plan", "taken"),
    [
        ("turn +45 degrees", "turn -45", "turn 45"),
        ("turn by plus 45", "turn -45", "turn 45"),
        ("turn minus thirty degrees", "turn 30", "turn -30"),
        ("turn -30", "turn 30", "turn -30"),
        ("turn 30", "turn -30", "turn -30"),
        ("turn minus 30, then 30", "turn -30, turn 30", "turn -30, turn 30"),
        ("turn plus 20 and then minus 20", "turn 20, turn -20", "turn 20, turn -20"),
        ("turn minus 30, heat 3", "turn 30, heat 3", "turn -30, heat 3"),
        ("heat minus 3", "heat 3", "heat 3"),
    ],
)
def test_a_sign_that_is_said_is_kept(task: str, plan: str, taken: str) -> None:
    assert with_signs(HOB, task, [], hob(plan)) == hob(taken)


def hob(plan: str) -> TaskPlan:
    """A plan out of its commands."""
    names = {"heat": "level", "turn": "angle_deg", "hood": "speed"}
    items = [
        {"skill": skill, names[skill]: value if skill == "hood" else int(value)}
        for skill, value in (command.split() for command in plan.split(", "))
    ]
    return read_plan(HOB, json.dumps({"plan": items}))
