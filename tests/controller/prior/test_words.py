"""What words tell of the skill that is asked for: features worked out by hand, and weights that are learned."""

import math

import pytest

from codeword.codebook import Entity, Observation, parse_codebook
from codeword.controller.prior.words import FEATURES, OF_NONE, Features, WordWeights, features, stems
from codeword.controller.teaching.plan_lessons import books_of
from codeword.controller.teaching.words import Wording, count_right, learn_weights, sayings

BOOK = """
codebook: cart
robot: {robot: cart, primitives: {act: {description: does it}}}
entities: [site]
skills:
  drive: {description: roll forward, args: {distance_m: {number: {min: -2, max: 2, step: 0.5}}}}
  go_to: {description: roll to a site, args: {site: {entity: site}}}
  light: {description: the head lamp, args: {color: {choice: [red, green]}}}
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""


def row(text: str, skill: str) -> dict[str, float]:
    seen = Observation(step=0, time_s=0.0, entities=(Entity(id="old_dock", kind="site"),), facts=())
    found = features(parse_codebook(BOOK), text, seen)
    assert found.names == ("drive", "go_to", "light")
    return dict(zip(FEATURES, found.rows[found.names.index(skill)], strict=True))


def of_none(text: str) -> dict[str, float]:
    seen = Observation(step=0, time_s=0.0, entities=(Entity(id="old_dock", kind="site"),), facts=())
    return dict(zip(OF_NONE, features(parse_codebook(BOOK), text, seen).of_none, strict=True))


def test_words_lose_their_endings_and_those_that_say_nothing_go() -> None:
    assert stems("Please drive the lamps, driving to old_dock 2") == ["driv", "lamp", "driv", "old", "dock", "2"]


def test_features_are_of_names_descriptions_arguments_and_things() -> None:
    drive = row("drive forward half a metre", "drive")
    assert drive["rare words of the name"] == pytest.approx(math.log(4 / 1))
    assert drive["rare words of description and examples"] == pytest.approx(
        math.log(4 / 1)
    )  # forward; roll is not said
    assert drive["share of the name said"] == 1
    assert (drive["number that an argument takes"], drive["takes a number and one is said"]) == (1, 1)
    roll = row("roll to the dock", "go_to")
    assert roll["rare words of description and examples"] == pytest.approx(math.log(4 / 2))
    assert (roll["takes a kind that is said"], roll["takes things"], roll["takes a number"]) == (1, 1, 0)
    assert row("roll to the dock", "drive")["takes a kind that is said"] == 0
    light = row("make it green", "light")
    assert (light["words of choices"], light["has a choice that is said"], light["has choices"]) == (1, 1, 1)
    assert row("make it blue", "light")["has a choice that is said"] == 0


def test_features_are_of_what_a_skill_cannot_take() -> None:
    cannot, missing = "things named that it cannot take", "things that it takes and none is named"
    no_number = "a number is said and it takes none"
    assert [row("light up the old dock 2", "light")[name] for name in (cannot, missing, no_number)] == [1, 0, 1]
    assert [row("light up the old dock 2", "go_to")[name] for name in (cannot, missing, no_number)] == [0, 0, 1]
    assert [row("roll 2", "go_to")[name] for name in (cannot, missing, no_number)] == [0, 1, 1]
    assert row("roll to the dock", "light")[cannot] == 0  # not all of its name is said


def test_features_are_of_units_and_a_count_is_no_number_that_must_be_taken() -> None:
    alone = "it alone takes numbers of a unit that is said"
    assert [row("2 m please", name)[alone] for name in ("drive", "go_to")] == [1, 0]
    assert row("2 please", "drive")[alone] == row("2 s please", "drive")[alone] == 0
    no_number, takes = "a number is said and it takes none", "takes a number and one is said"
    for text in ("red light twice", "red light x2", "red light 2 times"):
        assert (row(text, "light")[no_number], row(text, "drive")[takes]) == (0, 0)
        assert of_none(text)["a word of none of them"] == 0
    assert (row("red light 2", "light")[no_number], row("red light 2", "drive")[takes]) == (1, 1)


def test_features_are_of_none_of_the_skills() -> None:
    assert list(of_none("roll to the old dock").values())[:-1] == [1, 0, 0, 1 / 3]
    assert list(of_none("what is roll 2").values())[:-1] == [1, 1, 1, 1 / 3]
    assert of_none("roll whatever 2")["asks a question"] == 0


def test_features_are_of_words_that_are_alike() -> None:
    """To roll is more like driving than like light; words that are the skill's own count elsewhere."""
    about, likest = "words like those of description and examples", "most that words are like those of one"
    assert row("wheel along", "drive")[about] > row("wheel along", "light")[about] >= 0
    name = "words like those of the name"
    assert row("illuminate", "light")[name] > row("illuminate", "drive")[name] == 0
    assert (
        row("illuminate", "light")["its name is the likest"],
        row("illuminate", "drive")["its name is the likest"],
    ) == (1, 0)
    assert row("light", "light")[name] == row("the old dock", "light")[name] == 0
    assert of_none("illuminate")[likest] > of_none("qwxz")[likest] == 0


def test_odds_add_up_to_one_with_none_of_the_skills() -> None:
    seen = Observation(step=0, time_s=0.0, entities=(), facts=())
    named = tuple(float(feature == "share of the name said") for feature in FEATURES)
    odds = WordWeights(named, (0.0,) * len(OF_NONE)).odds(parse_codebook(BOOK), "light", seen)
    assert sum(odds.values()) == pytest.approx(1)
    assert odds["light"] == pytest.approx(math.e / (math.e + 3))
    assert odds[""] == odds["drive"] == pytest.approx(1 / (math.e + 3))


def test_what_tells_apart_is_learned_and_what_does_not_is_not() -> None:
    telling, silent = FEATURES.index("words of choices"), FEATURES.index("has choices")

    def said(right: int, told: bool) -> Wording:
        rows = [[0.0] * len(FEATURES) for _ in range(4)]
        for skill in rows:
            skill[silent] = 1.0
        if told:
            rows[right][telling] = 1.0
        said = Features(("a", "b", "c", "d"), rows, [1.0, *[0.0] * (len(OF_NONE) - 1)])
        return Wording("single" if told else "refusal", said, right if told else 4)

    some = [said(number % 4, number % 5 > 0) for number in range(200)]
    weights = learn_weights(some)
    assert weights == learn_weights(some)
    assert weights.features[telling] > 3
    counts = count_right(weights, some)
    assert counts["single"] == {"n": 160, "right": 160, "right_skill": 160}
    assert counts["refusal"] == {"n": 40, "right": 40, "right_skill": 0}


def test_words_tell_most_skills_of_codebooks_that_nothing_was_learned_from() -> None:
    files: list[int] = []
    some = sayings("validation", lambda: files.append(1))
    assert len(files) == len(books_of("validation"))
    half = len(some) // 2  # of other domains, but for one at the border
    counts = count_right(learn_weights(some[:half]), some[half:])
    single = counts["single"]
    assert single["n"] > 80
    assert single["right_skill"] > 0.65 * single["n"]
