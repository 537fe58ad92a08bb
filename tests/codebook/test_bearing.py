"""Which skills bear on a goal, and that only these can be chosen on the way to it."""

import pytest

from codeword.codebook import Codebook, Fact, Observation, load_codebook, parse_codebook
from codeword.codebook.bearing import bearing, idle
from codeword.codebook.goals import Goal
from codeword.codebook.offer import NO_BEARING, Offer, offer
from codeword.codebook.wanted import Wanted
from tests.observations import observe

SEEN = observe({"red_block": "table", "green_block": "table"}, bowls=("blue_bowl",), zones=("left_zone",))

RED = Goal((Fact("in", ("red_block", "blue_bowl")),))


def offered(codebook: Codebook, goal: Goal, observation: Observation) -> Offer:
    return offer(codebook, "tidy up", observation, Wanted(codebook, goal).left(observation))


def skills(codebook: Codebook, goal: Goal, observation: Observation) -> set[str]:
    return {command.skill for command in offered(codebook, goal, observation).legal.commands()}


def test_what_brings_a_fact_about_and_what_makes_that_possible_bears_on_it(tabletop: Codebook) -> None:
    assert bearing(tabletop, frozenset({"holding"})) == {"pick", "place", "push"}
    assert bearing(tabletop, frozenset({"wide"})) == set()
    assert {skill.name for skill in idle(tabletop)} == {"home", "wait"}


def test_what_effects_depend_on_bears_as_well() -> None:
    """The lamp is on after the button only where there is power, and that comes by the fuse."""
    codebook = parse_codebook(
        "codebook: c\nrobot: arm\nfacts: {lit: the lamp is on, power: there is power, warm: it is warm}\n"
        "derived: {fed: power}\nskills:\n"
        "  button: {description: press, effects: [lit if fed]}\n"
        "  fuse: {description: put in, effects: [power]}\n"
        "  stove: {description: light, effects: [warm]}\n"
        "  done: {description: stop}\n"
        "  cannot: {description: give up, args: {reason: {choice: [impossible]}}}\n"
    )
    assert bearing(codebook, frozenset({"lit"})) == {"button", "fuse"}


@pytest.mark.parametrize("name", ["tabletop", "mobile", "workbench", "showcase", "letters", "packing", "colors"])
def test_every_skill_that_changes_anything_bears_on_what_it_changes(name: str) -> None:
    codebook = load_codebook(name)
    for skill in codebook.skills.values():
        for effect in skill.effects:
            assert skill.name in bearing(codebook, frozenset({effect.atom.name}))


def test_on_the_way_to_a_goal_nothing_is_offered_that_has_no_bearing_on_it(tabletop: Codebook) -> None:
    given = offered(tabletop, RED, SEEN)
    assert {command.skill for command in given.legal.commands()} == {"pick", "push", "cannot"}
    assert given.legal.left_out["home"] == given.legal.left_out["done"] == NO_BEARING
    assert given.legal.left_out["place"] == "needs holding(object)"
    assert given.prompt.system == offer(tabletop, "tidy up", SEEN).prompt.system, "the codebook is told as ever"


def test_where_all_of_a_goal_holds_only_done_is_offered(tabletop: Codebook) -> None:
    there = observe({"red_block": "blue_bowl", "green_block": "held"}, bowls=("blue_bowl",))
    assert skills(tabletop, RED, there) == {"done"}


def test_what_is_not_seen_is_waited_for(tabletop: Codebook) -> None:
    hidden = observe({"green_block": "table"}, bowls=("blue_bowl",))
    assert skills(tabletop, RED, hidden) == {"pick", "home", "wait", "cannot"}
    assert skills(tabletop, Goal((), "missing"), SEEN) == {"home", "wait", "cannot"}
    assert skills(tabletop, Goal((), "impossible"), SEEN) == {"cannot"}


def test_where_nothing_that_bears_is_legal_yet_time_passes(tabletop: Codebook) -> None:
    """The red block is too wide to be picked and stands on another, so nothing can be done about it now."""
    stuck = observe({"red_block": "green_block", "green_block": "table"}, bowls=("blue_bowl",), red_block="wide")
    stuck = stuck.model_copy(
        update={"facts": (*stuck.facts, Fact("wide", ("red_block",)), Fact("wide", ("green_block",)))}
    )
    assert skills(tabletop, RED, stuck) == {"home", "wait", "cannot"}
