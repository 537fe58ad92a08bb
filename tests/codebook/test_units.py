"""Units: exact conversion, and the unit that an argument is in by its name or as declared."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeword.codebook import parse_codebook
from codeword.codebook.arguments import NumberArgument, described
from codeword.codebook.docs import codebook_docs
from codeword.codebook.prompt import codebook_text
from codeword.codebook.units import UNITS, declared_unit, unit_of
from tests.codebook.test_load import GOOD, faults

SAME = [pair for pair in product(UNITS.values(), repeat=2) if pair[0].dimension == pair[1].dimension]


@given(st.sampled_from(SAME), st.fractions())
def test_there_and_back_is_the_same_value(pair: tuple, value: Fraction) -> None:
    one, other = pair
    assert other.convert(one.convert(value, other), one) == value


@pytest.mark.parametrize(
    ("value", "unit", "other", "right"),
    [
        ("1", "m", "cm", "100"), ("1", "inch", "mm", "25.4"), ("1", "mile", "km", "1.609344"), ("3", "ft", "yd", "1"),
        ("0.25", "turn", "deg", "90"), ("3", "quarter_turn", "deg", "270"), ("1", "half_turn", "deg", "180"),
        ("1.5", "h", "s", "5400"), ("250", "ml", "l", "0.25"), ("5", "ul", "ml", "0.005"), ("2.5", "kg", "g", "2500"),
        ("100", "C", "F", "212"), ("-40", "C", "F", "-40"), ("0", "C", "K", "273.15"), ("50", "F", "C", "10"),
        ("36", "km/h", "m/s", "10"), ("60", "rpm", "deg/s", "360"), ("50", "percent", "fraction", "0.5"),
        ("600", "ml/min", "ml/s", "10"), ("1", "bar", "kPa", "100"), ("1", "lb", "kg", "0.45359237"),
    ],
)  # fmt: skip
def test_a_value_is_converted_exactly(value: str, unit: str, other: str, right: str) -> None:
    assert UNITS[unit].convert(Fraction(value), UNITS[other]) == Fraction(right)


def test_radians_are_as_near_as_makes_no_difference() -> None:
    assert float(UNITS["deg"].convert(Fraction(180), UNITS["rad"])) == 3.141592653589793


def test_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="m is a unit of length, s one of time"):
        UNITS["m"].convert(Fraction(1), UNITS["s"])


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("distance_m", "m"), ("target_f", "F"), ("height_cm", "cm"), ("gap_mm", "mm"), ("angle_deg", "deg"), ("angle_rad", "rad"),
        ("duration_s", "s"), ("delay_ms", "ms"), ("time_min", "min"), ("time_h", "h"), ("volume_ml", "ml"),
        ("volume_ul", "ul"), ("volume_l", "l"), ("mass_g", "g"), ("mass_kg", "kg"), ("force_n", "N"),
        ("opening_percent", "percent"), ("temperature_c", "C"), ("spin_rpm", "rpm"), ("speed_m_s", "m/s"),
        ("speed_rad_s", "rad/s"), ("speed_deg_per_s", "deg/s"), ("tone_hz", "Hz"), ("speed_km_h", "km/h"),
        ("flow_ml_min", "ml/min"), ("x_m", "m"), ("minutes", "min"), ("degrees", "deg"), ("percent", "percent"),
        ("quarter_turns", "quarter_turn"), ("turns", "turn"), ("minutes_off_s", "s"), ("hold_min_s", "s"),
        ("times", None), ("count", None), ("m", None), ("n", None), ("min", None), ("flow_kg_s", None),
        ("rate_per_s", None), ("items_per_s", None), ("block_a", None), ("distance", None), ("s", None),
    ],
)  # fmt: skip
def test_a_name_ends_in_its_unit(name: str, unit: str | None) -> None:
    found = unit_of(name)
    assert found == (UNITS[unit] if unit else None)


def test_what_is_declared_goes_before_the_name() -> None:
    assert unit_of("distance", "cm") == UNITS["cm"]
    assert unit_of("wait_min", "s") == UNITS["s"]


def test_an_unknown_unit_is_refused_with_every_choice() -> None:
    with pytest.raises(ValueError, match="unknown unit 'metre'") as error:
        declared_unit("metre")
    assert all(name in str(error.value) for name in UNITS)


PLAIN = "duration_s: {number: {min: 1, max: 3, step: 0.5}}"
assert PLAIN in GOOD


def with_argument(argument: str) -> str:
    return GOOD.replace(PLAIN, argument).replace("$duration_s", "1")


@pytest.mark.parametrize(
    ("argument", "unit"),
    [
        ("duration: {number: {min: 1, max: 3, step: 0.5}, unit: s}", "s"),
        ("duration: {number: {min: 1, max: 3, step: 0.5}, default: 2, unit: min}", "min"),
        ("duration: {integer: {min: 1, max: 3}, unit: h}", "h"),
        ("duration: {integer: {min: 1, max: 3}}", None),
    ],
)
def test_a_codebook_declares_the_unit_of_a_number(argument: str, unit: str | None) -> None:
    declared = parse_codebook(with_argument(argument))
    number = declared.skills["wait"].args["duration"]
    assert isinstance(number, NumberArgument)
    assert number.unit == (UNITS[unit] if unit else None)
    assert ("default" in argument) == (number.default == 2)
    told = f" \\[{unit}\\]" if unit else ""
    assert f"| `{number.describe()}`{told} |" in codebook_docs(declared)


def test_a_unit_changes_nothing_that_the_model_reads() -> None:
    without = parse_codebook(with_argument("duration: {number: {min: 1, max: 3, step: 0.5}}"))
    declared = parse_codebook(with_argument("duration: {number: {min: 1, max: 3, step: 0.5}, unit: s}"))
    assert codebook_text(declared) == codebook_text(without)
    assert described(declared.skills["wait"].args["duration"]) == "1..3 step 0.5"


@pytest.mark.parametrize(
    ("argument", "fault"),
    [
        ("d: {number: {min: 1, max: 3, step: 0.5}, unit: metre}", "c.yaml:22:54: unknown unit 'metre'"),
        ("d: {integer: {min: 1, max: 3}, unit: kmh}", "c.yaml:22:44: unknown unit 'kmh'; did you mean 'km/h'? (choices: m, cm, "),
        ("d: {integer: {min: 1, max: 3}, unit: 5}", "c.yaml:22:44: expected a text, not '5'"),
        ("d: {choice: [a, b], unit: m}", "c.yaml:22:27: unknown key 'unit' in the argument 'd'"),
        ("d: {integer: {min: 1, max: 3, unit: m}}", "c.yaml:22:37: unknown key 'unit' in the number 'd'"),
    ],
)  # fmt: skip
def test_an_unknown_unit_is_told_with_its_place(argument: str, fault: str) -> None:
    told = faults(with_argument(argument))
    assert len(told) == 1
    assert told[0].startswith(fault)
