"""Which skills bear on a goal, and that only these can be chosen on the way to it."""

import random

from codeword.codebook import Codebook, Fact, Observation, parse_codebook
from codeword.codebook.bearing import bearing, idle
from codeword.codebook.goals import Goal, goal_facts
from codeword.codebook.offer import NO_BEARING, Offer, offer
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.codebook.wanted import Wanted
from tests.codebook.test_offer import long_codebook
from tests.observations import observe, random_observation

SEEN = observe({"red_block": "table", "green_block": "table"}, bowls=("blue_bowl",), zones=("left_zone",))

RED = Goal((Fact("in", ("red_block", "blue_bowl")),))


def offered(codebook: Codebook, goal: Goal, observation: Observation) -> Offer:
    return offer(codebook, "tidy up", observation, Wanted(codebook, goal).left(observation))


def skills(codebook: Codebook, goal: Goal, observation: Observation) -> set[str]:
    return {command.skill for command in offered(codebook, goal, observation).legal.commands()}


def test_what_brings_a_fact_about_and_what_makes_that_possible_bears_on_it(tabletop: Codebook) -> None:
    assert bearing(tabletop, frozenset({"holding"})) == {"pick", "place", "push"}
    assert bearing(tabletop, frozenset({"wide"})) == set()
    assert {skill.name for skill in idle(tabletop)} == {"wait"}


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


def test_every_command_of_a_plan_can_be_chosen_on_the_way(tabletop: Codebook) -> None:
    rng, plans = random.Random(3), 0
    for _ in range(60):
        seen = random_observation(rng)
        goal = (
            Goal(tuple(rng.sample(possible, min(len(possible), 2))))
            if (possible := goal_facts(tabletop, seen))
            else RED
        )
        wanted = Wanted(tabletop, goal)
        world = SymbolicWorld.of(tabletop, seen)
        commands = plan(world, wanted.condition(seen), max_expanded=100).commands
        plans += len(commands) > 1
        for command in commands:
            given = offer(tabletop, "tidy up", seen, wanted.left(seen)).legal
            assert given.allows(command.text), (command.text, seen.facts, goal.told)
            assert not given.allows('{"skill":"done"}')
            world = world.after(command)
            seen = seen.model_copy(update={"facts": tuple(sorted(world.state.facts))})
    assert plans > 15


def test_on_the_way_to_a_goal_nothing_is_offered_that_has_no_bearing_on_it(tabletop: Codebook) -> None:
    given = offered(tabletop, RED, SEEN)
    assert {command.skill for command in given.legal.commands()} == {"pick", "push", "cannot"}
    assert given.legal.left_out["home"] == given.legal.left_out["done"] == NO_BEARING
    assert given.legal.left_out["place"] == "needs holding(object)"
    assert given.prompt.system == offer(tabletop, "tidy up", SEEN).prompt.system, "the codebook is told as ever"


def test_where_all_of_a_goal_holds_only_done_is_offered(tabletop: Codebook) -> None:
    there = observe({"red_block": "blue_bowl", "green_block": "held"}, bowls=("blue_bowl",))
    assert skills(tabletop, RED, there) == {"done"}


def test_where_done_has_to_wait_all_that_is_legal_is_offered() -> None:
    codebook = parse_codebook(
        "include: [tabletop]\ncodebook: c\nskills:\n  done: {description: stop, preconditions: [gripper_empty]}\n"
    )
    there = observe({"red_block": "blue_bowl", "green_block": "held"}, bowls=("blue_bowl",))
    assert skills(codebook, RED, there) == {"place", "home", "wait", "cannot"}


def test_what_is_out_of_reach_is_waited_for(tabletop: Codebook) -> None:
    away = [e.model_copy(update={"position_m": (0.4, -0.9, 0.0)}) if e.id == "red_block" else e for e in SEEN.entities]
    assert skills(tabletop, RED, SEEN.model_copy(update={"entities": tuple(away)})) == {
        "pick",
        "push",
        "wait",
        "cannot",
    }


def test_of_a_long_codebook_only_skills_that_bear_are_told(tabletop: Codebook) -> None:
    given = offered(long_codebook(tabletop, 60), RED, SEEN)
    told = {line[2:].partition("(")[0] for line in given.prompt.task.splitlines() if line.startswith("- ")}
    assert told == {command.skill for command in given.legal.commands()} == {"pick", "push", "cannot"}


def test_what_is_not_seen_is_waited_for(tabletop: Codebook) -> None:
    hidden = observe({"green_block": "table"}, bowls=("blue_bowl",))
    assert skills(tabletop, RED, hidden) == {"pick", "wait", "cannot"}
    assert skills(tabletop, Goal((), "missing"), SEEN) == {"wait", "cannot"}
    assert skills(tabletop, Goal((), "impossible"), SEEN) == {"cannot"}


def test_where_nothing_that_bears_is_legal_yet_time_passes(tabletop: Codebook) -> None:
    """The red block is too wide to be picked and stands on another, so nothing can be done about it now."""
    stuck = observe({"red_block": "green_block", "green_block": "table"}, bowls=("blue_bowl",), red_block="wide")
    stuck = stuck.model_copy(
        update={"facts": (*stuck.facts, Fact("wide", ("red_block",)), Fact("wide", ("green_block",)))}
    )
    assert skills(tabletop, RED, stuck) == {"wait", "cannot"}
