"""Numbers of a plan are those that are said: none beyond bounds, none replaced, and none without the unit it was said in."""

import json

import pytest

from codeword.codebook import parse_codebook
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.quantities.offer import quantities_said
from codeword.codebook.task_plan import read_plan

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
