"""What two numbers may be apart: as far as processors make them, and no farther."""

import math
from pathlib import Path

import pytest

from codeword.codebook import Observation, Result
from codeword.codebook.observation import Entity, RobotState
from codeword.runtime.differences import MISSING, Difference
from codeword.runtime.judge import Verdict
from codeword.runtime.records import EventRecord
from codeword.runtime.tolerances import TOLERANCES, allowed, apart, apart_in_words, is_alike

ALIKE = [
    ("observation.entities[3].position_m[0]", 0.6191921346806656, 0.6192492172490174),
    ("observation.entities[0].yaw_rad", 0.6869895965423384, 0.7015948674093694),
    ("observation.entities[0].yaw_rad", math.pi - 0.001, -math.pi + 0.001),
    ("observation.robot.joints_rad[6]", 1.40829411949569e-06, 1.4082941194956882e-06),
    ("observation.robot.gripper_opening_m", 0.04057929736422741, 0.040579297364227426),
    ("observation.time_s", 15.691666666666666, 15.695833333333333),
    ("observation.last.duration_s", 2.1333333333333333, 2.1375),
    ("result.duration_s", 2.1333333333333333, 2.1375),
    ("events[0].time_s", 3.0, 3.0041666),
    ("verdict.simulated_s", 15.891666666666666, 15.895833333333334),
    ("verdict.peak_n", 27.462, 28.651),
]
OTHER = [
    ("observation.entities[0].position_m[0]", 0.40, 0.42),
    ("observation.entities[0].position_m", [0.4, 0.0, 0.02], MISSING),
    ("observation.entities[0].yaw_rad", 0.0, 0.2),
    ("observation.entities[0].size_m[0]", 0.04, 0.041),
    ("observation.entities[0].id", "red_block", "blue_block"),
    ("observation.robot.gripper_opening_m", 0.0, 0.04),
    ("observation.robot.gripper_to_world_m[2]", 0.1, 0.12),
    ("observation.robot.joints_rad[0]", 0.0, 0.2),
    ("observation.facts", ["on(a, table)"], ["holding(a)"]),
    ("observation.step", 1, 2),
    ("observation.time_s", 2.0, 3.0),
    ("observation.last.status", "done", "failed"),
    ("result.status", "done", "failed"),
    ("result.reason", "", "slipped"),
    ("result.duration_s", 2.0, 2.5),
    ("command.text", '{"skill":"push","distance_m":0.05}', '{"skill":"push","distance_m":0.051}'),
    ("codebook.skills.pick.steps[0].duration_s", 0.5, 0.51),
    ("decision.logprob", -0.1, -0.100001),
    ("events[0].what", "slip", "move"),
    ("verdict.success", True, False),
    ("verdict.decisions", 3, 4),
    ("verdict.bumps", 0, 1),
    ("verdict.credit", 1.0, 0.999),
    ("verdict.peak_n", 10.0, 40.0),
    ("verdict.peak_n", 0.0, math.inf),
]


@pytest.mark.parametrize(("field", "logged", "now"), ALIKE)
def test_what_processors_make_differ_is_alike(field: str, logged: object, now: object) -> None:
    assert is_alike(Difference("e", 0, field, logged, now))


@pytest.mark.parametrize(("field", "logged", "now"), OTHER)
def test_another_behaviour_is_not(field: str, logged: object, now: object) -> None:
    assert not is_alike(Difference("e", 0, field, logged, now))


def test_every_measured_number_of_a_record_has_a_tolerance_or_must_be_equal() -> None:
    """A number that is added to what robots report needs a decision here."""
    equal = {"size_m", "step", "decisions", "commands", "credit", "bumps"}
    numbers = {
        name
        for record in (Observation, RobotState, Entity, Result, Verdict, EventRecord)
        for name, field in record.model_fields.items()
        if any(kind in str(field.annotation) for kind in ("float", "int")) or "Metres3" in str(field.annotation)
    }
    measured = {name for tolerance in TOLERANCES for name in tolerance.names}
    assert numbers == measured | equal
    assert not measured & equal


def test_how_far_they_are_apart_is_told_with_units() -> None:
    far = apart(Difference("e", 0, *one) for one in (*ALIKE, *OTHER))
    assert far["yaw_rad"] == pytest.approx(0.7015948674 - 0.6869895965)
    assert far.keys() == {one[0].rpartition(".")[2].partition("[")[0] for one in ALIKE}
    assert apart_in_words(far) == "0.057 mm, 0.84°, 4.2 ms, 1.2 N"
    assert apart_in_words({}) == ""
    assert allowed() == (
        "5 mm of gripper to world and position, 15 mm of gripper opening, 5.7° of joints and yaw, "
        "250 ms of duration, simulated and time, 5 N of peak"
    )
    assert all(tolerance.why for tolerance in TOLERANCES)


def test_the_guide_tells_the_tolerances() -> None:
    page = " ".join((Path(__file__).parents[2] / "runtime" / "guide" / "episodes.md").read_text().split())
    told = (f"{t.most * 1000:g} mm" if t.unit == "m" else f"{t.most:g} {t.unit}" for t in TOLERANCES)
    for name, by in zip(("positions", "opening", "angles", "times", "forces"), told, strict=True):
        assert f"{name} by {by}" in page
