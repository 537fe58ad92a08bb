"""Numbers, counts and units in tasks, each with its right value; and what is no quantity."""

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeword.codebook.quantities import find_quantities
from codeword.codebook.units import UNITS

SEEN = ("block_3", "bowl_2", "red_block", "knob_2", "left_1")


def found(task: str) -> list[str]:
    """Each quantity as `words = value unit`, or with its dimension where no unit is said."""
    return [f"{q.words} = {q.value} {q.unit or q.dimension}" for q in find_quantities(task, SEEN)]


@pytest.mark.parametrize(
    ("task", "right"),
    [
        # digits, signs and marks
        ("250 ml", ["250 ml = 250 ml"]),
        ("1,5 m", ["1,5 m = 3/2 m"]),
        ("1.5 m", ["1.5 m = 3/2 m"]),
        (".5 m", [".5 m = 1/2 m"]),
        ("1,000 ml", ["1,000 ml = 1000 ml"]),
        ("1,234.5 ml", ["1,234.5 ml = 2469/2 ml"]),
        ("1.234,5 ml", ["1.234,5 ml = 2469/2 ml"]),
        ("0,125 l", ["0,125 l = 1/8 l"]),
        ("0.125 l", ["0.125 l = 1/8 l"]),
        ("10 000 m", ["10 000 m = 10000 m"]),
        ("1e-3 m", ["1e-3 m = 1/1000 m"]),
        ("-5 °C", ["-5 °C = -5 °C"]),
        ("−5 °C", ["−5 °C = -5 °C"]),
        ("go -0.5 m", ["-0.5 m = -1/2 m"]),
        ("+3 m", ["+3 m = 3 m"]),
        ("5m", ["5m = 5 m"]),
        ("20°", ["20° = 20 deg"]),
        ("50%", ["50% = 50 %"]),
        ("2 thousand m", ["2 thousand m = 2000 m"]),
        # fractions
        ("½ l", ["½ l = 1/2 l"]),
        ("1½h", ["1½h = 3/2 h"]),
        ("1/2 m", ["1/2 m = 1/2 m"]),
        ("1 1/2 hours", ["1 1/2 hours = 3/2 h"]),
        ("3/4 of a litre", ["3/4 of a litre = 3/4 l"]),
        ("forward half a metre", ["half a metre = 1/2 m"]),
        ("half an hour", ["half an hour = 1/2 h"]),
        ("a half-metre step", ["a half-metre = 1/2 m"]),
        ("half a second", ["half a second = 1/2 s"]),
        ("one and a half hours", ["one and a half hours = 3/2 h"]),
        ("2 and a half metres", ["2 and a half metres = 5/2 m"]),
        ("two and three quarters of a litre", ["two and three quarters of a litre = 11/4 l"]),
        ("an hour and a half", ["an hour and a half = 3/2 h"]),
        ("a metre and a half left", ["a metre and a half = 3/2 m"]),
        ("three quarters of a litre", ["three quarters of a litre = 3/4 l"]),
        ("two thirds of a metre", ["two thirds of a metre = 2/3 m"]),
        ("one seventh of a metre", ["one seventh of a metre = 1/7 m"]),
        ("a quarter of an hour", ["a quarter of an hour = 1/4 h"]),
        ("a third of the blocks", ["a third = 1/3 fraction"]),
        ("fill it half", ["half = 1/2 fraction"]),
        ("go halfway to the door", ["halfway = 1/2 fraction"]),
        # words
        ("twenty-five degrees", ["twenty-five degrees = 25 deg"]),
        ("a hundred and five steps", ["a hundred and five steps = 105 count"]),
        ("two point five litres", ["two point five litres = 5/2 l"]),
        ("zero point two five m", ["zero point two five m = 1/4 m"]),
        ("point five metres", ["point five metres = 1/2 m"]),
        ("minus ten degrees", ["minus ten degrees = -10 deg"]),
        ("Ninety Degrees", ["Ninety Degrees = 90 deg"]),
        ("a five-metre run", ["five-metre = 5 m"]),
        # counts
        ("bark three times", ["three times = 3 count"]),
        ("bark once", ["once = 1 count"]),
        ("twice", ["twice = 2 count"]),
        ("thrice", ["thrice = 3 count"]),
        ("bark 2x", ["2x = 2 count"]),
        ("rock it x8", ["x8 = 8 count"]),
        ("bark x 3", ["x 3 = 3 count"]),
        ("bark ×4", ["×4 = 4 count"]),
        ("a field of 3 x 8 m", ["3 = 3 m", "8 m = 8 m"]),
        ("5 degrees below zero", ["5 degrees below zero = -5 °C"]),
        ("cool it to forty below zero Celsius", ["forty below zero Celsius = -40 °C"]),
        ("18 below zero", ["18 below zero = -18 °C"]),
        ("10 °F below zero", ["10 °F below zero = -10 °F"]),
        ("zehn Grad unter null", ["zehn Grad unter null = -10 °C"]),
        ("5 m below zero", ["5 m = 5 m", "zero = 0 number"]),
        ("spin once around", ["once = 1 count"]),
        ("drehe dich einmal um", ["einmal = 1 count"]),
        ("drehe dich zwei um", ["zwei = 2 number"]),
        ("two um", ["two um = 2 um"]),
        ("one or two steps", ["one = 1 number", "two steps = 2 count"]),
        ("do it once more", ["once = 1 count"]),
        ("5 steps back", ["5 steps = 5 count"]),
        ("take a step back", ["a step = 1 count"]),
        ("3 more steps", ["3 more steps = 3 count"]),
        ("a dozen", ["a dozen = 12 count"]),
        ("half a dozen eggs", ["half a dozen = 6 count"]),
        ("two dozen", ["two dozen = 24 count"]),
        ("a couple of blocks", ["a couple of = 2 count"]),
        ("a couple of seconds", ["a couple of seconds = 2 s"]),
        ("take two blocks and one bowl", ["two = 2 number", "one = 1 number"]),
        ("turn 90", ["90 = 90 number"]),
        ("put 3 in the bowl", ["3 = 3 number"]),
        # turns
        ("a quarter turn", ["a quarter turn = 1/4 turn"]),
        ("half a turn", ["half a turn = 1/2 turn"]),
        ("three quarter turns", ["three quarter turns = 3/4 turn"]),
        ("make a full circle", ["a full circle = 1 turn"]),
        ("full circle", ["full circle = 1 turn"]),
        ("2 rotations", ["2 rotations = 2 turn"]),
        ("turn right by a quarter", ["a quarter = 1/4 turn"]),
        ("turn right by a third", ["a third = 1/3 turn"]),
        ("turn halfway", ["halfway = 1/2 turn"]),
        ("turn it down by half", ["half = 1/2 fraction"]),
        # units
        ("5 meters", ["5 meters = 5 m"]),
        ("5 km", ["5 km = 5 km"]),
        ("5 mm", ["5 mm = 5 mm"]),
        ("3 in", ["3 in = 3 inch"]),
        ('put the 3" nail away', ['3" = 3 inch']),
        ("5 ft 3 inches", ["5 ft 3 inches = 21/4 ft"]),
        ("1.57 rad", ["1.57 rad = 157/100 rad"]),
        ("10 sec", ["10 sec = 10 s"]),
        ("200 ms", ["200 ms = 200 ms"]),
        ("wait a second", ["a second = 1 s"]),
        ("a twenty second pause", ["twenty second = 20 s"]),
        ("a 5-second pause", ["5-second = 5 s"]),
        ("10 µl", ["10 µl = 10 ul"]),
        ("10 cm³", ["10 cm³ = 10 ml"]),
        ("2 kg", ["2 kg = 2 kg"]),
        ("20 °C", ["20 °C = 20 °C"]),
        ("20 degrees Celsius", ["20 degrees Celsius = 20 °C"]),
        ("68 °F", ["68 °F = 68 °F"]),
        ("60 rpm", ["60 rpm = 60 rpm"]),
        ("0.3 m/s", ["0.3 m/s = 3/10 m/s"]),
        ("36 km/h", ["36 km/h = 36 km/h"]),
        ("2 metres a second", ["2 metres a second = 2 m/s"]),
        ("90 degrees per second", ["90 degrees per second = 90 deg/s"]),
        ("three times a minute", ["three times a minute = 3 times/min"]),
        ("10 N", ["10 N = 10 N"]),
        ("50 percent", ["50 percent = 50 %"]),
        # several
        ("1 m 20 cm", ["1 m 20 cm = 6/5 m"]),
        ("2 hours and 30 minutes", ["2 hours and 30 minutes = 5/2 h"]),
        ("wait 1 h 30", ["1 h 30 = 3/2 h"]),
        ("give them four minutes thirty extra", ["four minutes thirty = 9/2 min"]),
        ("wait 4 min 80", ["4 min = 4 min", "80 = 80 number"]),
        ("1 m and 20 cm", ["1 m = 1 m", "20 cm = 20 cm"]),
        ("2 to 3 metres", ["2 = 2 m", "3 metres = 3 m"]),
        ("2-3 m", ["2 = 2 m", "3 m = 3 m"]),
        ("1, 2 and 3 m", ["1 = 1 m", "2 = 2 m", "3 m = 3 m"]),
        ("drive 2 s at 0.3 m/s, then turn 90 degrees", ["2 s = 2 s", "0.3 m/s = 3/10 m/s", "90 degrees = 90 deg"]),
        ("move block 3 5 cm left", ["5 cm = 5 cm"]),
        ("push block_3 3 cm left", ["3 cm = 3 cm"]),
        ("push the red block 3 cm left", ["3 cm = 3 cm"]),
        ("push block 3 cm left", ["3 cm = 3 cm"]),
        ("press button 3 times", ["3 times = 3 count"]),
        ("add 2 and half a litre", ["2 and half a litre = 5/2 l"]),
        ("wait one and a half", ["one and a half = 3/2 number"]),
        ("turn left 90", ["90 = 90 number"]),
        # German
        ("ein halber Meter", ["ein halber Meter = 1/2 m"]),
        ("fahre anderthalb Meter vor", ["anderthalb Meter = 3/2 m"]),
        ("warte zweieinhalb Stunden", ["zweieinhalb Stunden = 5/2 h"]),
        ("drehe dich um fünfundzwanzig Grad", ["fünfundzwanzig Grad = 25 deg"]),
        ("belle dreimal", ["dreimal = 3 count"]),
        ("belle 3 mal", ["3 mal = 3 count"]),
        ("warte eine Viertelstunde", ["eine Viertelstunde = 1/4 h"]),
        ("eine halbe Drehung nach links", ["eine halbe Drehung = 1/2 turn"]),
        ("zwei Komma fünf Meter", ["zwei Komma fünf Meter = 5/2 m"]),
        ("gieße 1.500 ml in die Schüssel", ["1.500 ml = 1500 ml"]),
        ("lege 3 Blöcke in die Schüssel", ["3 = 3 number"]),
        ("ein Dutzend", ["ein Dutzend = 12 count"]),
        ("minus zehn Grad", ["minus zehn Grad = -10 deg"]),
        # French
        ("avance d'un demi mètre", ["un demi mètre = 1/2 m"]),
        ("tourne de quatre-vingt-dix degrés", ["quatre-vingt-dix degrés = 90 deg"]),
        ("une heure et demie", ["une heure et demie = 3/2 h"]),
        ("un quart d'heure", ["un quart d'heure = 1/4 h"]),
        ("deux virgule cinq mètres", ["deux virgule cinq mètres = 5/2 m"]),
        ("trois fois", ["trois fois = 3 count"]),
        ("fais demi-tour", ["demi-tour = 1/2 turn"]),
        ("une douzaine", ["une douzaine = 12 count"]),
        ("avance de 1 500 mm dans la salle", ["1 500 mm = 1500 mm"]),
        # Spanish
        ("avanza medio metro", ["medio metro = 1/2 m"]),
        ("gira treinta y cinco grados", ["treinta y cinco grados = 35 deg"]),
        ("un metro y medio", ["un metro y medio = 3/2 m"]),
        ("tres veces", ["tres veces = 3 count"]),
        ("media vuelta", ["media vuelta = 1/2 turn"]),
        ("una docena", ["una docena = 12 count"]),
        ("dos coma cinco litros", ["dos coma cinco litros = 5/2 l"]),
    ],
)
def test_a_quantity_is_found_with_its_value_and_unit(task: str, right: list[str]) -> None:
    assert found(task) == right


@pytest.mark.parametrize(
    "task",
    [
        "", "   ", "turn around", "stop", "put the red block in the bowl", "take a turn to the left", "lift a foot",
        "the 3rd block", "the second block", "a second block", "the third one", "the twenty-second page", "der 3. Block",
        "put block 3 in the bowl_2", "put block three in bowl 2", "take block-3", "blocks 1, 2 and 3", "put block 3 in", "one after another", "turn knob 7",
        "go to left 1", "go to slot 3", "go to room number 4", "no. 5", "#5", "go to point five", "R2D2", "WD-40", "3D",
        "a 3x3 grid", "version 1.2.3", "at 5:30", "at 5 pm", "at 5 p.m.", "at 3 o'clock", "half past three",
        "quarter to five", "on 12/05/2024", "on 2024-05-12", "um 8 Uhr", "à 8 h", "take the red one", "one of the blocks",
        "no one is here", "the left half", "once you are done", "at once", "twice as far", "three times the distance",
        "half as fast", "5 m²", "5 N/m", "5 metres per second per second", 'say "block 3"', "bis zum ersten Block",
        "le premier bloc", "el primer bloque", "die Schüssel ist leer", "avance", "gira a la izquierda",
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_not_found(task: str) -> None:
    assert found(task) == []


def test_degrees_are_an_angle_or_a_temperature() -> None:
    (quantity,) = find_quantities("20 degrees")
    assert quantity.units == (UNITS["deg"], UNITS["C"], UNITS["F"])
    (quantity,) = find_quantities("20 deg")
    assert quantity.units == (UNITS["deg"],)
    (quantity,) = find_quantities("20")
    assert quantity.units == ()


def test_a_label_is_one_where_the_thing_is_seen() -> None:
    assert [q.value for q in find_quantities("fold napkin 3")] == [3]
    assert find_quantities("fold napkin 3", ("napkin_3",)) == ()
    assert find_quantities("fold napkin 3", ("napkin_1",)) == ()
    assert find_quantities("fold napkin three", ("napkin_3",)) == ()


def test_a_language_may_be_given() -> None:
    assert [q.value for q in find_quantities("once", language="es")] == [11]
    assert [q.value for q in find_quantities("once", language="en")] == [1]


# Over generated texts

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """An English number below a million."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    scale, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    rest = number % scale
    joint = " and " if scale == 100 or rest < 100 else " "
    return f"{in_words(number // scale)} {name}" + (f"{joint}{in_words(rest)}" if rest else "")


SPELLED = [
    ("metres", "m"), ("cm", "cm"), ("seconds", "s"), ("minutes", "min"), ("degrees", "deg"), ("ml", "ml"), ("litres", "l"),
    ("kg", "kg"), ("°C", "C"), ("percent", "percent"), ("m/s", "m/s"), ("rpm", "rpm"), ("inches", "inch"), ("turns", "turn"),
]  # fmt: skip
FRAMES = ["{}", "drive {} ahead", "go on, {}, then stop", "Please do {}.", "the robot needs ({})"]


@given(st.integers(2, 999_999), st.sampled_from(SPELLED), st.sampled_from(FRAMES))
def test_a_number_in_words_comes_back(number: int, spelled: tuple[str, str], frame: str) -> None:
    words = f"{in_words(number)} {spelled[0]}"
    task = frame.format(words)
    (quantity,) = find_quantities(task, language="en")
    assert (quantity.value, quantity.unit) == (number, UNITS[spelled[1]])
    assert task[quantity.start : quantity.end] == quantity.words == words


@given(
    st.decimals(0, 99_999, places=3), st.booleans(), st.sampled_from(["", " "]), st.sampled_from(SPELLED), st.sampled_from(FRAMES)
)  # fmt: skip
def test_a_number_in_digits_comes_back(
    number: object, negative: bool, space: str, spelled: tuple[str, str], frame: str
) -> None:
    digits = f"{'-' if negative else ''}{number}"
    task = frame.format(f"{digits}{space}{spelled[0]}")
    (quantity,) = find_quantities(task, language="en")
    assert (quantity.value, quantity.unit) == (Fraction(digits), UNITS[spelled[1]])


@given(
    st.integers(1, 99), st.integers(2, 9).flatmap(lambda below: st.tuples(st.integers(1, below - 1), st.just(below)))
)
def test_a_mixed_fraction_comes_back(whole: int, part: tuple[int, int]) -> None:
    (quantity,) = find_quantities(f"{whole} {part[0]}/{part[1]} hours")
    assert quantity.value == whole + Fraction(*part)


WORDLESS = [
    "go",
    "put",
    "the",
    "red",
    "block",
    "in",
    "blue",
    "bowl",
    "and",
    "then",
    "turn",
    "around",
    "stop",
    "wait",
    "until",
    "it",
    "is",
    "clear",
    "take",
    "all",
    "of",
    "them",
    "to",
    "left",
    "right",
]


@given(st.lists(st.sampled_from(WORDLESS), max_size=12).map(" ".join))
def test_nothing_is_found_where_no_number_is_said(task: str) -> None:
    assert find_quantities(task, SEEN, "en") == ()


@given(
    st.lists(st.sampled_from([*"0123456789 .,-/½°'\"%:²_xmsabde", "one ", "half ", "a ", "and ", "times "])).map(
        "".join
    )
)
def test_any_text_is_read(task: str) -> None:
    """Whatever stands there: in order, apart from each other, and with the words that the span has."""
    at = 0
    for quantity in find_quantities(task, SEEN):
        assert at <= quantity.start < quantity.end <= len(task)
        assert quantity.words == " ".join(task[quantity.start : quantity.end].split())
        at = quantity.end


@given(st.text(max_size=60), st.sampled_from(["en", "de", "fr", "es", ""]))
def test_any_letters_are_read(task: str, language: str) -> None:
    find_quantities(task, SEEN, language)


@pytest.mark.parametrize("piece", ["minus ", "one ", "half ", "1/", "a ", "- ", "turn half ", "5 m and "])
def test_a_long_text_is_read(piece: str) -> None:
    for quantity in find_quantities(piece * 2000, SEEN, "en"):
        assert quantity.value > 0


def test_number_words_cost_nothing_until_a_task_is_read() -> None:
    code = "import sys, codeword.codebook.quantities; sys.exit('text_to_num' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
