"""What a task says of all things of a kind: each is named where no goal can say it, and no plan does it by halves."""

import json

import pytest

from codeword.codebook import parse_codebook
from codeword.codebook.distribution import check_quantified, spelled_out, spread
from codeword.codebook.observation import Observation
from codeword.codebook.task_plan import MOST_ITEMS, TaskPlan, read_plan
from tests.codebook.plan_books import scene

HOOVER = parse_codebook("""
codebook: hoover
robot: {robot: hoover, primitives: {act: {description: acts}}}
entities: [room, dock, waste_bin, person]
skills:
  clean: {description: vacuum a room, args: {room: {entity: room}}}
  empty: {description: empty a bin, args: {bin: {entity: waste_bin}}}
  greet: {description: greet somebody, args: {who: {entity: person}}}
  go_home: {description: drive to the dock}
  light: {description: light up, args: {colour: {choice: [red, green, blue]}}}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
""")
SEEN: Observation = scene(
    kitchen="room", hall_2="room", big_room="room", dock="dock", red_bin="waste_bin", blue_bin="waste_bin",
    anna="person", ben="person",
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("clean every room", "clean the kitchen, hall 2 and the big room"),
        ("Mop all the rooms, then go home", "Mop the kitchen, hall 2 and the big room, then go home"),
        ("do all rooms and go home", "do the kitchen, hall 2 and the big room and go home"),
        ("each of the rooms please", "the kitchen, hall 2 and the big room please"),
        ("every room except for the kitchen!", "hall 2 and the big room!"),
        ("all rooms but the big room and the kitchen", "hall 2"),
        ("empty both waste bins", "empty the red bin and the blue bin"),
        ("say hello to all people", "say hello to the anna and the ben"),
        ("clean all rooms for ten minutes", "clean the kitchen, hall 2 and the big room for ten minutes"),
        ("empty every waste bin and clean every room",
         "empty the red bin and the blue bin and clean the kitchen, hall 2 and the big room"),
        ("shut the door of each room at once", "shut the door of the kitchen, hall 2 and the big room at once"),
        ("clean the kitchen and hall 2, but not the big room", "clean the kitchen and hall 2"),
        ("clean the kitchen instead of hall 2", "clean the kitchen"),
        ("clean the rooms, please", "clean the kitchen, hall 2 and the big room, please"),
    ],
)  # fmt: skip
def test_each_thing_is_named_in_the_place_of_all(task: str, text: str) -> None:
    assert spelled_out(HOOVER, task, SEEN) == text


@pytest.mark.parametrize(
    "task",
    [
        "clean every room that is dirty", "clean all rooms in the east", "clean all rooms with plants",
        "clean all dirty rooms", "clean every room facing south", "all rooms for Anna", "clean the room",
        "clean both rooms", "clean the rooms upstairs", "swap the rooms: first the kitchen", "every room except those upstairs", "clean everything", "wash all windows",
    ],
)  # fmt: skip
def test_a_task_that_may_mean_some_of_them_stays_as_it_is(task: str) -> None:
    assert spelled_out(HOOVER, task, SEEN) == task


@pytest.mark.parametrize(
    ("task", "plan", "why"),
    [
        ("clean every room", ["kitchen"], "'every room' was said, and the plan has nothing for hall_2, big_room"),
        ("go to every room and honk", ["kitchen", "hall_2"], "'every room' was said, and the plan has nothing for big_room"),
        ("clean every room", ["kitchen", "hall_2", "big_room"], ""),
        ("clean every room that is dirty", ["kitchen"],
         "'every room' was said, and the plan has kitchen alone, nothing for hall_2, big_room"),
        ("clean all dirty rooms", ["kitchen"],
         "'all dirty rooms' was said, and the plan has kitchen alone, nothing for hall_2, big_room"),
        ("clean all dirty rooms", ["kitchen", "big_room"], ""),
        ("clean the kitchen and the big room", ["kitchen"],
         "'the kitchen and the big room' was said, and the plan has nothing for big_room"),
        ("clean everything", ["kitchen"], "everything was said, and the plan has kitchen, nothing for hall_2, big_room"),
        ("is everything clean? clean the kitchen", ["kitchen"], ""),
        ("all rooms but the kitchen", ["hall_2", "big_room"], ""),
        ("all rooms but the kitchen", ["hall_2", "kitchen"], "the task leaves out kitchen, and the plan does not"),
        ("clean two rooms", ["kitchen"], "'two rooms' was said, and the plan has kitchen"),
        ("clean two of the rooms", ["kitchen", "hall_2"], ""),
        ("clean two rooms, first the kitchen", ["kitchen"], ""),
        ("clean the kitchen, not hall 2", ["hall_2"], "the task leaves out hall_2, and the plan does not"),
        ("dust every floor but the kitchen's", ["kitchen"], "the task leaves out kitchen, and the plan does not"),
        ("dust every floor but the kitchen's", ["hall_2"],
         "'every floor but the kitchen' was said, and the plan has hall_2 alone, nothing for big_room"),
        ("dust every floor but the kitchens'", ["hall_2", "big_room"], ""),
        ("dust every floor of hall 2 but not the kitchen", ["hall_2"], ""),
    ],
)  # fmt: skip
def test_a_plan_for_some_of_them_or_for_what_is_left_out_must_not_be_carried_out(
    task: str, plan: list[str], why: str
) -> None:
    items = ",".join(f'{{"skill":"clean","room":"{room}"}}' for room in plan)
    assert check_quantified(HOOVER, task, SEEN, read_plan(HOOVER, f'{{"plan":[{items}]}}')) == why


@pytest.mark.parametrize(
    ("task", "plan", "spread_out"),
    [
        ("do every room", "clean kitchen", "clean kitchen, clean hall_2, clean big_room"),
        ("all rooms but the kitchen", "clean kitchen", "clean hall_2, clean big_room"),
        ("all rooms, then home", "clean hall_2, go_home", "clean kitchen, clean hall_2, clean big_room, go_home"),
        ("greet all people and do both bins", "greet ben, empty red_bin",
         "greet anna, greet ben, empty red_bin, empty blue_bin"),
        ("the two bins", "empty blue_bin", "empty red_bin, empty blue_bin"),
        ("the three bins", "empty blue_bin", "empty blue_bin"),
        ("each bin's lid", "empty blue_bin", "empty red_bin, empty blue_bin"),
        ("clean everything", "clean kitchen", "clean kitchen, clean hall_2, clean big_room"),
        ("clean up everywhere, just not in the kitchen", "clean kitchen", "clean hall_2, clean big_room"),
        ("everywhere, but leave hall 2 alone, then home", "clean hall_2, go_home",
         "clean kitchen, clean big_room, go_home"),
        ("everything that is dirty", "clean kitchen", "clean kitchen"),
        ("ten minutes in the kitchen, and in the big room too", "clean kitchen", "clean kitchen, clean big_room"),
        ("greet Anna and Ben", "greet ben", "greet anna, greet ben"),
        ("greet Anna, then Ben", "greet ben", "greet ben"),
        ("from the kitchen and into the big room", "clean kitchen", "clean kitchen"),
        ("between the kitchen and the big room", "clean kitchen", "clean kitchen"),
        ("greet all people, empty each waste bin", "greet ben, empty red_bin",
         "greet anna, greet ben, empty red_bin, empty blue_bin"),
        ("go to every room and mop", "clean kitchen", "clean kitchen"),
        ("do every room", "clean kitchen, clean hall_2", "clean kitchen, clean hall_2"),
        ("do every room that is dirty", "clean kitchen", "clean kitchen"),
        ("look for it in every room", "go_home", "go_home"),
        ("clean the rooms", "clean hall_2", "clean kitchen, clean hall_2, clean big_room"),
        ("clean two rooms", "clean hall_2", "clean hall_2"),
        ("clean all rooms for an hour except the kitchen", "clean hall_2", "clean hall_2, clean big_room"),
    ],
)  # fmt: skip
def test_a_command_for_one_of_all_is_meant_for_each(task: str, plan: str, spread_out: str) -> None:
    assert spread(HOOVER, task, SEEN, written(plan)) == written(spread_out)


def test_a_plan_that_would_be_too_long_stays_as_it_is() -> None:
    many = scene(**{f"room_{number}": "room" for number in range(MOST_ITEMS + 1)})
    assert spread(HOOVER, "do every room", many, written("clean room_3")) == written("clean room_3")


def written(plan: str) -> TaskPlan:
    """A plan out of its commands."""
    arguments = {"clean": "room", "empty": "bin", "greet": "who"}
    items = [
        {"skill": skill, **dict(zip([arguments.get(skill)], things, strict=False))}
        for skill, *things in (command.split() for command in plan.split(", "))
    ]
    return read_plan(HOOVER, json.dumps({"plan": items}))


@pytest.mark.parametrize(
    ("task", "colour", "why"),
    [
        ("make the light neither red nor blue", "blue", "the task leaves out blue, and the plan does not"),
        ("light up in green, not in red", "green", ""),
        ("any colour but red", "red", "the task leaves out red, and the plan does not"),
        ("green light instead of the blue one", "blue", "the task leaves out blue, and the plan does not"),
    ],
)
def test_a_choice_that_the_task_leaves_out_is_not_made(task: str, colour: str, why: str) -> None:
    plan = read_plan(HOOVER, json.dumps({"plan": [{"skill": "light", "colour": colour}]}))
    assert check_quantified(HOOVER, task, SEEN, plan) == why


GOALS_YAML = """
codebook: toys
robot: {robot: toys, primitives: {act: {description: acts}}}
entities: [thing, box]
facts:
  inside(thing, box): a thing lies in a box
  turned(thing): it was turned
skills:
  drop_in: {description: put in, args: {thing: {entity: thing}, box: {entity: box}}, effects: ["inside(thing, box)"]}
  turn: {description: turn over, args: {thing: {entity: thing}}, effects: [turned(thing)]}
  done: {description: end}
  cannot: {description: give up, args: {reason: {choice: [missing]}}}
"""
GOALS = parse_codebook(GOALS_YAML)
TOYS: Observation = scene(red_block="thing", blue_block="thing", tin_cup="thing", shoebox="box")


def test_a_goal_for_one_of_several_is_meant_for_each() -> None:
    one = read_plan(GOALS, '{"plan":[[["turned","red_block"]]]}')
    both = read_plan(GOALS, '{"plan":[[["turned","red_block"]],[["turned","blue_block"]]]}')
    assert spread(GOALS, "turn both blocks over", TOYS, one) == both
    assert spread(GOALS, "flip each of the blocks", TOYS, one) == both
    assert spread(GOALS, "turn the red block over", TOYS, one) == one


def test_a_goal_of_all_of_a_kind_is_not_for_some_of_them() -> None:
    everything = read_plan(GOALS, '{"plan":[[["all","thing","inside","shoebox"]]]}')
    why = check_quantified(GOALS, "all the blocks into the shoebox", TOYS, everything)
    assert why == "'all the blocks' was said, and the plan is for all thing"
    assert check_quantified(GOALS, "all things into the shoebox", TOYS, everything) == ""
    assert spelled_out(GOALS, "all the blocks into it", TOYS) == "the red block and the blue block into it"


def test_what_is_named_second_says_where_to_and_is_one_place() -> None:
    there = scene(cup="thing", plate="box", bowl="box")
    put = read_plan(GOALS, '{"plan":[{"skill":"drop_in","thing":"cup","box":"plate"}]}')
    task = "put the cup in the plate and the bowl"
    assert spread(GOALS, task, there, put) == put
    assert "nothing for bowl" in check_quantified(GOALS, task, there, put)


def test_everything_goes_into_what_is_not_among_it() -> None:
    nested = parse_codebook(
        GOALS_YAML.replace("box: {entity: box}", "box: {entity: thing}").replace("(thing, box)", "(thing, thing)")
    )
    there = scene(cup="thing", tray="thing", spoon="thing")
    put = read_plan(nested, '{"plan":[{"skill":"drop_in","thing":"cup","box":"tray"}]}')
    both = '{"plan":[{"skill":"drop_in","thing":"cup","box":"tray"},{"skill":"drop_in","thing":"spoon","box":"tray"}]}'
    assert spread(nested, "everything onto the tray", there, put) == read_plan(nested, both)


def test_facts_count_towards_how_long_a_plan_may_be() -> None:
    many = scene(**{f"block_{number}": "thing" for number in range(5)}, shoebox="box")
    two_facts = read_plan(GOALS, '{"plan":[[["block_0","inside","shoebox"],["turned","block_0"]]]}')
    assert two_facts.held == 2
    assert spread(GOALS, "turn all the blocks into it", many, two_facts) == two_facts  # 10 facts
