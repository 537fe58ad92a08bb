"""What a goal says of classes of things, spelt out for what is seen."""

import json
import random

import pytest

from codeword.codebook import Codebook, Fact, Observation, load_codebook
from codeword.codebook.command import Command
from codeword.codebook.goal_classes import Group, classes, gatherings, groups_of
from codeword.codebook.goal_executor import GoalExecutor
from codeword.codebook.goal_tracker import GoalTracker, settled
from codeword.codebook.goals import Goal, goal_facts, read_goal
from codeword.codebook.planner import SymbolicWorld
from codeword.codebook.prompt import fact_text
from tests.codebook.goal_grammar import goal_graph
from tests.graphs import some_texts
from tests.observations import observe


def seen(places: dict[str, str], bowls: tuple[str, ...] = (), zones: tuple[str, ...] = ()) -> Observation:
    """Blocks whose ids say their color and, first of all, their size where they have one."""
    looked = observe(places, bowls, zones)

    def properties(name: str) -> dict[str, str]:
        words = name.split("_")
        size = {"size": words[0]} if words[0] in ("small", "big") else {}
        return size | {"color": words[1 if size else 0]}

    entities = [e.model_copy(update={"properties": properties(e.id)}) if "_" in e.id else e for e in looked.entities]
    return looked.model_copy(update={"entities": tuple(entities)})


def told(codebook: Codebook, observation: Observation, *items: list[str]) -> str:
    """What of a goal does not hold yet."""
    return open_of(GoalTracker(codebook, read_goal(written(*items))), observation)


def open_of(wanted: GoalTracker, observation: Observation) -> str:
    return "; ".join(map(fact_text, wanted.open(observation)))


def written(*items: list[str]) -> str:
    return json.dumps({"goal": list(items)}, separators=(",", ":"))


def facts_of(*texts: str) -> tuple[Fact, ...]:
    return tuple(Fact.parse(text) for text in texts)


def test_what_is_said_of_all_at_a_place_is_settled_when_it_is_written(tabletop: Codebook) -> None:
    look = observe({"red_block": "blue_bowl", "green_block": "blue_bowl", "gray_block": "table"}, ("blue_bowl",))
    goal = read_goal(written(["all", "blue_bowl", "on", "table"]))
    assert goal_graph(tabletop, look).accepts(goal.text)
    facts = facts_of("on(red_block,table)", "on(green_block,table)")
    assert settled(tabletop, goal, look) == Goal(facts)
    but = read_goal(written(["all", "blue_bowl", "on", "table"], ["red_block", "in", "blue_bowl"]))
    assert goal_graph(tabletop, look).accepts(but.text)
    assert settled(tabletop, but, look) == Goal(facts_of("in(red_block,blue_bowl)", "on(green_block,table)"))
    usual = read_goal(written(["all", "block", "on", "table"]))
    assert settled(tabletop, usual, look) is usual


def test_a_place_where_nothing_is_and_things_that_move_gather_nothing(tabletop: Codebook) -> None:
    look = observe({"red_block": "green_block", "green_block": "left_zone"}, ("blue_bowl",), ("left_zone",))
    facts = goal_facts(tabletop, look)
    found = gatherings(tabletop, look, list(dict.fromkeys(fact.args[0] for fact in facts)))
    assert found == {"left_zone": ("green_block",)}
    graph = goal_graph(tabletop, look)
    assert not graph.accepts(written(["all", "blue_bowl", "on", "table"]))
    assert not graph.accepts(written(["all", "left_zone", "on", "left_zone"]))
    assert graph.accepts(written(["all", "left_zone", "in", "blue_bowl"]))


def test_all_things_of_a_class_but_those_of_which_something_else_is_said(tabletop: Codebook) -> None:
    look = seen({"red_block": "table", "green_block": "blue_bowl", "pink_block": "held"}, ("blue_bowl",))
    every = ["all", "block", "in", "blue_bowl"]
    assert told(tabletop, look, every) == "red_block in blue_bowl; pink_block in blue_bowl"
    assert told(tabletop, look, every, ["red_block", "on", "table"]) == "pink_block in blue_bowl"


def test_classes_are_kinds_computed_facts_and_words_for_what_is_seen() -> None:
    book = load_codebook("colors")
    look = seen({"big_red_block": "table", "big_blue_block": "table", "small_red_block": "table"}, ("red_bowl",))
    found = classes(book, look, ["big_red_block", "big_blue_block", "small_red_block"])
    assert found["block"] == ("big_red_block", "big_blue_block", "small_red_block")
    assert found["warm"] == ("big_red_block", "small_red_block")
    assert found["red"] == ("big_red_block", "small_red_block")
    assert found["small"] == ("small_red_block",)
    assert "blue" not in found, "of one thing it is told by its id"
    assert "bowl" not in found, "bowls are not moved"
    assert not set(found) & {"clear", "on_table", "gripper_empty"}, "where things are makes no class"


def test_a_name_that_is_a_things_own_names_no_class(tabletop: Codebook) -> None:
    look = observe({"block": "table", "red_block": "table"})
    assert "block" not in classes(tabletop, look, ["block", "red_block"])
    look = observe({"all": "table", "red_block": "table"})
    goals = [read_goal(text) for text in some_texts(goal_graph(tabletop, look), random.Random(3), 300)]
    assert any(goal.groups for goal in goals)
    assert not any(fact.args[0] == "all" for goal in goals for fact in goal.facts if len(fact.args) > 1)


@pytest.mark.parametrize(
    ("places", "left"),
    [
        ({"a_block": "table", "b_block": "table", "c_block": "table"}, "b_block on a_block"),
        ({"a_block": "table", "b_block": "table", "c_block": "b_block"}, "a_block on c_block"),
        ({"a_block": "c_block", "b_block": "a_block", "c_block": "table"}, ""),
        ({"a_block": "held", "b_block": "c_block", "c_block": "table"}, "a_block on b_block"),
    ],
)
def test_one_another_goes_on_with_the_tower_that_stands(tabletop: Codebook, places: dict[str, str], left: str) -> None:
    assert told(tabletop, observe(places), ["all", "block", "on", "one_another"]).partition("; ")[0] == left


def test_a_tower_begins_with_what_something_else_is_said_of(tabletop: Codebook) -> None:
    look = observe({"a_block": "table", "b_block": "table", "c_block": "b_block"}, (), ("left_zone",))
    found = told(tabletop, look, ["all", "block", "on", "one_another"], ["c_block", "on", "left_zone"])
    assert found == "a_block on c_block; b_block on a_block; c_block on left_zone"


def test_while_a_thing_is_not_seen_what_was_wanted_stands(tabletop: Codebook) -> None:
    full = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",))
    less = observe({"red_block": "table"}, ("blue_bowl",))
    wanted = GoalTracker(tabletop, read_goal(written(["all", "block", "in", "blue_bowl"])))
    assert "green_block" not in open_of(wanted, less)
    wanted.saw(full)
    assert open_of(wanted, less) == "red_block in blue_bowl; green_block in blue_bowl"
    more = observe({"red_block": "table", "green_block": "table", "pink_block": "table"}, ("blue_bowl",))
    assert "pink_block" in open_of(wanted, more)


def test_what_cannot_be_moved_is_not_asked_to_be(tabletop: Codebook) -> None:
    look = observe({"red_block": "table", "green_block": "table"}, ("blue_bowl",), red_block="wide")
    assert told(tabletop, look, ["all", "block", "in", "blue_bowl"]) == "green_block in blue_bowl"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_said_of_classes_alone_is_come_to_by_plans(seed: int) -> None:
    """Every goal of one class over scenes at random: its own plan ends where nothing of it is left to do."""
    rng = random.Random(seed)
    book = load_codebook("colors")
    colors = rng.sample(("red", "blue", "green", "yellow", "pink"), 4)
    names = [f"{rng.choice(('small', 'big'))}_{color}_block" for color in colors]
    places = {name: rng.choice(("table", "left_zone", *names[:number])) for number, name in enumerate(names)}
    places = {name: place if list(places.values()).count(place) < 2 else "table" for name, place in places.items()}
    look = seen(places, ("cyan_bowl",), ("left_zone",))
    facts, graph = goal_facts(book, look), goal_graph(book, look)
    found = classes(book, look, list(dict.fromkeys(fact.args[0] for fact in facts)))
    every = [
        Goal((), groups=(Group(of, name, places),))
        for of, members in found.items()
        for name, options in groups_of(members, facts).items()
        for places in options
        if places[0] not in names  # several on one is for no plan
    ]
    for goal in rng.sample(every, min(6, len(every))):
        text = goal.text
        assert graph.accepts(text)
        wanted, world = GoalTracker(book, read_goal(text)), SymbolicWorld.of(book, look)
        executor, step = GoalExecutor(book, wanted.condition(look)), look
        for _ in range(24):
            executor.seek(wanted.condition(step))
            command = executor.next(step)
            assert isinstance(command, Command), (text, step.facts, command)
            if command.skill == "done":
                break
            world = world.after(command)
            step = look.model_copy(update={"facts": tuple(sorted(world.state.facts))})
        assert not wanted.open(step), (text, step.facts)
