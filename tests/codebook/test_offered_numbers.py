"""What a codebook's arguments make of the numbers of a task, and what a plan leaves unaccounted for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeword.codebook import Codebook, load_codebook, parse_codebook
from codeword.codebook.compose import shipped
from codeword.codebook.quantities import numbers_text, offered_numbers, unmet

BOOK = """\
codebook: rover
robot: base
entities: [block]
facts:
  near(thing): the robot is near the thing
skills:
  drive:
    description: drive ahead, or back
    args:
      distance_m: {number: {min: -2, max: 2, step: 0.1}}
      speed_m_s: {number: {min: 0.1, max: 1, step: 0.1}, default: 0.3}
  turn:
    description: turn
    args:
      angle_deg: {integer: {min: -180, max: 180, step: 15}}
  wait:
    description: wait
    args:
      duration_s: {number: {min: 0.5, max: 600, step: 0.5}}
  pour:
    description: pour
    args:
      amount: {integer: {min: 10, max: 500, step: 10}, unit: ml}
  heat:
    description: heat
    args:
      target_c: {integer: {min: 0, max: 90, step: 5}}
  open:
    description: open
    args:
      opening_percent: {integer: {min: 0, max: 100, step: 10}}
  bark:
    description: bark
    args:
      times: {integer: {min: 1, max: 5}}
  done:
    description: done
  cannot:
    description: cannot
    args: {reason: {choice: [missing, impossible]}}
"""
ROVER = parse_codebook(BOOK)
FINE = parse_codebook(
    BOOK.replace(
        "  bark:",
        "  nudge:\n    description: nudge\n    args:\n      distance_cm: {number: {min: 0.5, max: 30, step: 0.5}}\n  bark:",
    )
)
RADIANS = parse_codebook(
    BOOK.replace(
        "angle_deg: {integer: {min: -180, max: 180, step: 15}}",
        "angle_rad: {number: {min: -3.15, max: 3.15, step: 0.05}}",
    )
)


@pytest.mark.parametrize(
    ("task", "line"),
    [
        ("forward half a metre", "Numbers: half a metre = 0.5 m"),
        ("forward half a metre, then bark twice", "Numbers: half a metre = 0.5 m; twice = 2"),
        ("turn right by a quarter", "Numbers: a quarter = 90 deg"),
        ("turn a quarter turn, half a turn", "Numbers: a quarter turn = 90 deg; half a turn = 180 deg"),
        ("5 steps back", "Numbers: 5 steps = 5"),
        ("pour a quarter of a litre", "Numbers: a quarter of a litre = 250 ml"),
        ("wait one and a half minutes at 20 °C", "Numbers: one and a half minutes = 90 s; 20 °C = 20 °C"),
        ("heat it to 68 degrees fahrenheit", "Numbers: 68 degrees fahrenheit = 20 °C"),
        ("turn 30 degrees", "Numbers: 30 degrees = 30 deg = 30 °C"),
        ("drive at 36 km/h", "Numbers: 36 km/h = 10 m/s"),
        ("open it halfway, then 30 %", "Numbers: halfway = 50 %; 30 % = 30 %"),
        ("drive 0.13 m", "Numbers: 0.13 m = 0.1 m"),
        ("drive 5 m", "Numbers: 5 m = 5 m"),
        ("drive 1 mm", "Numbers: 1 mm = 0.001 m"),
        ("bark twice, bark twice", "Numbers: twice = 2"),
        ("come back 1,5 m", "Numbers: 1,5 m = 1.5 m"),
        ("lift 3 kg", ""),
        ("go to block 3 and bark", ""),
        ("turn around", ""),
        ("", ""),
    ],
)
def test_numbers_are_told_in_the_units_of_the_arguments(task: str, line: str) -> None:
    assert numbers_text(offered_numbers(ROVER, task, ("block_3",))) == line


def test_each_unit_of_the_dimension_is_offered() -> None:
    assert numbers_text(offered_numbers(FINE, "move 13 cm")) == "Numbers: 13 cm = 0.1 m = 13 cm"


def test_a_value_between_two_steps_is_rounded_and_kept_exactly() -> None:
    (offered,) = offered_numbers(ROVER, "drive 0.13 m")
    assert (offered.value, offered.exact, offered.rounded, offered.outside) == (
        Fraction(1, 10),
        Fraction(13, 100),
        True,
        None,
    )
    (offered,) = offered_numbers(ROVER, "drive 0.2 m")
    assert (offered.value, offered.rounded) == (Fraction(1, 5), False)
    (offered,) = offered_numbers(RADIANS, "turn a quarter turn")
    assert (offered.value, offered.rounded) == (Fraction("1.55"), True)


@pytest.mark.parametrize(
    ("task", "value", "outside"),
    [
        ("drive 5 m", "5", "more than drive's distance_m takes, at most 2"),
        ("drive back 2.04 m", "2", None),
        ("drive -2 m", "-2", None),
        ("wait an hour", "3600", "more than wait's duration_s takes, at most 600"),
        ("wait 0.1 s", "0.1", "less than wait's duration_s takes, at least 0.5"),
        ("drive 1 mm", "0.001", "less than drive's distance_m takes, at least 0.1"),
        ("pour 1 l", "1000", "more than pour's amount takes, at most 500 ml"),
        ("heat to -10 °C", "-10", "less than heat's target_c takes, at least 0"),
        ("heat to 100 °C", "100", "more than heat's target_c takes, at most 90"),
        ("drive 0 m", "0", None),
    ],
)
def test_a_value_beyond_the_bounds_is_not_clamped(task: str, value: str, outside: str | None) -> None:
    (offered,) = offered_numbers(ROVER, task)
    assert offered.value == Fraction(value)
    assert (str(offered.outside) if offered.outside else None) == outside


def test_what_one_argument_takes_is_not_outside() -> None:
    metres, centimetres = offered_numbers(FINE, "move 1.5 m")
    assert metres.outside is None
    assert str(centimetres.outside) == "more than nudge's distance_cm takes, at most 30"


def test_a_dimension_that_no_argument_has_is_kept_without_a_value() -> None:
    (offered,) = offered_numbers(ROVER, "lift 3 kg")
    assert (offered.value, offered.exact) == (None, 3)


def test_the_line_is_bounded_and_keeps_the_order_of_the_task() -> None:
    task = ", ".join(f"drive {number / 10} m" for number in range(1, 20))
    offered = offered_numbers(ROVER, task)
    line = numbers_text(offered)
    assert line.startswith("Numbers: 0.1 m = 0.1 m; 0.2 m = 0.2 m")
    assert 200 < len(line) <= 240
    assert numbers_text(offered, longest=30) == "Numbers: 0.1 m = 0.1 m"
    assert numbers_text(offered, longest=5) == ""


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_codebook_is_offered_the_same_each_time(name: str) -> None:
    codebook = load_codebook(name)
    task = "wait 2 seconds, go 10 cm back, turn a quarter turn and do it three times"
    assert numbers_text(offered_numbers(codebook, task)) == numbers_text(offered_numbers(codebook, task))
    assert numbers_text(offered_numbers(codebook, task)).endswith("three times = 3")


def reasons(codebook: Codebook, task: str, used: list[tuple[str, str, float]]) -> tuple[list[str], list[str]]:
    account = unmet(codebook, offered_numbers(codebook, task), used)
    return [missing.reason for missing in account.unmet], [str(rounding) for rounding in account.rounded]


DRIVE, TURN, WAIT = ("drive", "distance_m"), ("turn", "angle_deg"), ("wait", "duration_s")


@pytest.mark.parametrize(
    ("task", "used", "missing", "rounded"),
    [
        ("drive 1 m", [(*DRIVE, 1)], [], []),
        ("1 m back", [(*DRIVE, -1)], [], []),
        ("drive 5 m", [(*DRIVE, 2), (*DRIVE, 2), (*DRIVE, 1)], [], []),
        ("5 m back", [(*DRIVE, -2), (*TURN, 90), (*DRIVE, -2), (*DRIVE, -1)], [], []),
        ("drive 5 m", [(*DRIVE, 2)], ["5 m is more than drive's distance_m takes, at most 2"], []),
        ("drive 5 m", [], ["5 m is more than drive's distance_m takes, at most 2"], []),
        ("drive 1 m", [(*DRIVE, 2), (*DRIVE, -1.1)], ["no command takes up 1 m"], []),
        ("drive 0.9 m", [(*DRIVE, 2), (*DRIVE, -1.1)], ["no command takes up 0.9 m"], []),
        ("drive 5 m, then 3 m", [(*DRIVE, 2), (*DRIVE, 2), (*DRIVE, 1), (*DRIVE, 2), (*DRIVE, 1)], [], []),
        ("drive 0.13 m", [(*DRIVE, 0.1)], [], ["0.13 m was taken as 0.1 m"]),
        ("drive 0.13 m", [(*DRIVE, 0.2)], ["no command takes up 0.13 m"], []),
        ("drive 1 mm", [(*DRIVE, 0)], ["1 mm is less than drive's distance_m takes, at least 0.1"], []),
        ("turn by 100 degrees", [(*TURN, -105)], [], ["100 degrees was taken as 105 deg"]),
        ("heat it to 30 degrees", [("heat", "target_c", 30)], [], []),
        (
            "heat it to minus 10 °C",
            [("heat", "target_c", 10)],
            ["minus 10 °C is less than heat's target_c takes, at least 0"],
            [],
        ),
        ("wait a minute, then drive 50 cm", [(*WAIT, 60)], ["no command takes up 50 cm"], []),
        ("lift 3 kg", [(*DRIVE, 3)], ["no skill takes 3 kg: none has an argument of mass"], []),
        ("drive 1 m at 0.3 m/s", [(*DRIVE, 1), ("drive", "speed_m_s", 0.3)], [], []),
        ("bark twice, drive 5", [], [], []),
        ("half of it", [], [], []),
        (
            "drive 1 m",
            [("drive", "distance_m", True), ("other", "distance_m", 1), ("drive", "distance_m", float("nan"))],
            ["no command takes up 1 m"],
            [],
        ),
    ],
)
def test_a_plan_accounts_for_the_quantities_of_its_task(
    task: str, used: list[tuple[str, str, float]], missing: list[str], rounded: list[str]
) -> None:
    assert reasons(ROVER, task, used) == (missing, rounded)


def test_an_argument_that_takes_it_exactly_is_not_told_as_rounded() -> None:
    assert reasons(FINE, "move 13 cm", [(*DRIVE, 0.1), ("nudge", "distance_cm", 13)]) == ([], [])
    assert reasons(FINE, "move 13 cm", [(*DRIVE, 0.1)]) == ([], ["13 cm was taken as 0.1 m"])


@given(st.integers(-20, 20).filter(bool))
def test_what_is_offered_within_bounds_is_accounted_for_when_it_is_used(tenths: int) -> None:
    offered = offered_numbers(ROVER, f"drive {abs(tenths) * 10} cm")
    (number,) = offered
    assert number.value == Fraction(abs(tenths), 10)
    assert not number.rounded
    account = unmet(ROVER, offered, [(*DRIVE, tenths / 10)])
    assert (account.unmet, account.rounded) == ((), ())


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_a_length_may_be_driven_in_pieces(tenths: list[int]) -> None:
    offered = offered_numbers(ROVER, f"drive {sum(tenths) * 10} cm")
    assert unmet(ROVER, offered, [(*DRIVE, tenth / 10) for tenth in tenths]).unmet == ()
