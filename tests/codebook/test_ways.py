"""Which commands lead nearer to a goal, and that on the way to it no others can be chosen."""

import random

import pytest

from codeword.codebook import Codebook, Fact, Observation, Result, load_codebook
from codeword.codebook.goals import Goal, goal_facts
from codeword.codebook.offer import NOT_NEARER, offer
from codeword.codebook.planner import SymbolicWorld, plan, ways
from codeword.codebook.pursuit import PATIENCE
from codeword.codebook.wanted import Wanted
from tests.graphs import some_texts
from tests.observations import large_observation, observe, random_observation

TOWER = Goal((Fact("on", ("green_block", "blue_block")), Fact("on", ("red_block", "green_block"))))
THREE = observe({"red_block": "table", "green_block": "table", "blue_block": "table"}, ("pink_bowl",))


def chosen(codebook: Codebook, wanted: Wanted, seen: Observation) -> set[str]:
    """The commands that can be chosen, in short."""
    given = offer(codebook, "tidy up", seen, wanted.ahead(seen)).legal
    return {" ".join([command.skill, *map(str, command.args.values())]) for command in given.commands()}


def test_of_a_tower_only_what_comes_first_can_be_chosen(tabletop: Codebook) -> None:
    assert chosen(tabletop, Wanted(tabletop, TOWER), THREE) == {"pick green_block"}
    held = observe({"red_block": "table", "green_block": "held", "blue_block": "table"}, ("pink_bowl",))
    assert chosen(tabletop, Wanted(tabletop, TOWER), held) == {"place green_block blue_block"}


def test_where_several_commands_lead_nearer_the_choice_is_the_model_s(tabletop: Codebook) -> None:
    both = Goal((Fact("in", ("red_block", "pink_bowl")), Fact("in", ("green_block", "pink_bowl"))))
    assert chosen(tabletop, Wanted(tabletop, both), THREE) == {"pick red_block", "pick green_block"}


def test_whoever_takes_any_way_comes_to_the_goal(tabletop: Codebook) -> None:
    rng, ends, choices = random.Random(5), 0, 0
    for _ in range(60):
        seen = random_observation(rng)
        possible = goal_facts(tabletop, seen)
        if not possible:
            continue
        goal = Goal(tuple(rng.sample(possible, min(len(possible), 2))))
        wanted, world = Wanted(tabletop, goal), SymbolicWorld.of(tabletop, seen)
        condition = wanted.condition(seen)
        for _ in range(len(plan(world, condition).commands) + 2):
            found, best = ways(world, condition)
            if not found:
                break
            choices += len(found) > 1
            world = world.after(rng.choice(found))
        assert best.failure or condition.holds(world.state, {}), (goal.told, seen.facts)
        ends += not best.failure
    assert ends > 25
    assert choices > 10


def test_ways_begin_with_the_planner_s_own(tabletop: Codebook) -> None:
    rng = random.Random(6)
    for _ in range(30):
        seen = random_observation(rng)
        possible = goal_facts(tabletop, seen)
        if possible:
            world = SymbolicWorld.of(tabletop, seen)
            condition = Wanted(tabletop, Goal(tuple(rng.sample(possible, 1)))).condition(seen)
            first = plan(world, condition).commands[:1]
            assert ways(world, condition)[0][:1] == first


def test_giving_up_can_be_chosen_where_no_way_is_known_or_one_fails_for_ever(tabletop: Codebook) -> None:
    wanted = Wanted(tabletop, TOWER)
    failed = Result(command='{"skill":"pick","object":"green_block"}', status="failed", reason="slipped")
    seen = THREE
    for number in range(3):
        assert not any(command.startswith("cannot") for command in chosen(tabletop, wanted, seen))
        seen = THREE.model_copy(update={"last": failed, "step": number + 1})
        wanted.saw(seen)
        wanted.saw(seen)  # the same look is no other failure
    assert "cannot missing" in chosen(tabletop, wanted, seen)
    assert "pick green_block" in chosen(tabletop, wanted, seen)
    wide = observe({"red_block": "table", "green_block": "table"}, ("pink_bowl",), red_block="wide")
    in_vain = Wanted(tabletop, Goal((Fact("in", ("red_block", "pink_bowl")),)))
    assert chosen(tabletop, in_vain, wide) == {"cannot missing", "cannot impossible", "cannot unsafe"}
    never = Goal((Fact("on", ("red_block", "green_block")), Fact("on", ("green_block", "red_block"))))
    assert "cannot impossible" in chosen(tabletop, Wanted(tabletop, never), THREE)


def test_of_what_is_not_there_nothing_is_planned(tabletop: Codebook) -> None:
    gold, red = (Fact("in", (f"{color}_block", "pink_bowl")) for color in ("gold", "red"))
    alone, both = Wanted(tabletop, Goal((gold,))), Wanted(tabletop, Goal((gold, red)))
    for look in range(3):
        seen = THREE.model_copy(update={"step": look})
        alone.saw(seen)
        both.saw(seen)
        first = chosen(tabletop, alone, seen)
        assert {command.split()[0] for command in first} == ({"wait"} if look < PATIENCE else {"cannot"})
        assert chosen(tabletop, both, seen) == {*first, "pick red_block"}


def test_what_is_in_the_way_is_not_put_where_something_else_is_wanted() -> None:
    """Wherever places stand in the codebook or in what is seen."""
    for name in ("tabletop", "colors", "letters"):
        codebook = load_codebook(name)
        for bowls in (("blue_bowl", "pink_bowl"), ("pink_bowl", "blue_bowl"), ("blue_bowl",)):
            seen = observe({"red_block": "green_block", "green_block": "table"}, bowls)
            turned = seen.model_copy(update={"entities": tuple(reversed(seen.entities))})
            for look in (seen, turned):
                world = SymbolicWorld.of(codebook, look)
                wanted = Wanted(codebook, Goal((Fact("in", ("green_block", "blue_bowl")),))).condition(look)
                commands = plan(world, wanted).commands
                assert [command.skill for command in commands] == ["pick", "place", "pick", "place"]
                assert "blue_bowl" not in commands[1].text, (name, bowls, [c.text for c in commands])


def test_arguments_that_make_no_difference_are_the_model_s_own() -> None:
    codebook = load_codebook("showcase")
    quick = [skill.name for skill in codebook.skills.values() if "speed" in skill.args and skill.effects]
    assert quick, "the showcase has a skill with a speed"
    seen = observe({"red_block": "table"}, ("blue_bowl",))
    told: set[str] = set()
    for fact in goal_facts(codebook, seen):
        told |= chosen(codebook, Wanted(codebook, Goal((fact,))), seen)
    for name in quick:
        speeds = {command.split()[-1] for command in told if command.startswith(f"{name} ")}
        assert speeds in (set(), {"slow", "fast"}), name


def test_why_a_skill_cannot_be_chosen_is_told(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "table", "blue_block": "table"}, (), ("left_zone",))
    left_out = offer(tabletop, "tidy up", seen, Wanted(tabletop, TOWER).ahead(seen)).legal.left_out
    assert left_out["push"] == left_out["cannot"] == NOT_NEARER


def test_the_prompt_is_the_same_whatever_can_be_chosen(tabletop: Codebook) -> None:
    wanted = Wanted(tabletop, TOWER)
    assert (
        offer(tabletop, "x", THREE, wanted.ahead(THREE)).prompt
        == offer(tabletop, "x", THREE, wanted.left(THREE)).prompt
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_graph_among_texts_spells_these_alone(tabletop: Codebook, seed: int) -> None:
    lot = random.Random(seed)
    graph = offer(tabletop, "x", large_observation()).legal.graph
    texts = some_texts(graph, lot, 12)
    some = graph.among([*texts, '{"skill":"fly"}'])
    assert set(some.texts()) == set(texts)
    assert graph.among([]).edges == ()
