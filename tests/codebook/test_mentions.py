"""Which things a task names: those seen, and others that are not."""

import pytest

from codeword.codebook.mentions import absent, excepted, mistaken, named

LETTERS = ("letter_a", "letter_v", "left_zone")
SORTS = ("box_b", "bin_b", "box_c", "crate_d")


@pytest.mark.parametrize(
    ("task", "thing", "seen", "is_named"),
    [
        ("Put the letter V in the left zone.", "letter_v", LETTERS, True),
        ("Put v in the left zone.", "letter_v", LETTERS, True),
        ("Put the V letter in the left zone.", "letter_v", LETTERS, True),
        ("Put the letter S in the left zone.", "letter_v", LETTERS, False),
        ("Put the letter S in the left zone.", "letter_v", LETTERS[1:], False),
        ("Put a letter in the left zone.", "letter_v", LETTERS[1:], True),
        ("Put a block in the left zone.", "letter_a", LETTERS, False),
        ("Put letter A in the left zone.", "letter_a", LETTERS, True),
        ("Put letters in the left one.", "left_zone", LETTERS, True),
        ("Put box B on the left.", "box_b", SORTS, True),
        ("Put box B on the left.", "bin_b", SORTS, False),
        ("Push the crate left.", "crate_d", SORTS, True),
        ("Push crate E left.", "crate_d", SORTS, False),
        ("Don't push the box C. That's all.", "letter_t", ("letter_t", "letter_s"), False),
        ("Don\u2019t push the box C. That\u2019s all.", "letter_s", ("letter_t", "letter_s"), False),
        ("Push 's' left.", "letter_s", ("letter_t", "letter_s"), True),
    ],
)
def test_what_goes_by_a_letter_is_named_by_it(task: str, thing: str, seen: tuple[str, ...], is_named: bool) -> None:
    assert named(task, thing, seen) is is_named


NUMBERED = ("block_1", "block_2", "block_3", "block_4", "bowl_1", "bowl_2")
COLORED = ("red_block_1", "blue_block_2", "red_bowl", "table")


@pytest.mark.parametrize(
    ("task", "seen", "said"),
    [
        ("Put block 1 in bowl 2", NUMBERED, ["block_1", "bowl_2"]),
        ("Put block_3 on block 4.", NUMBERED, ["block_3", "block_4"]),
        ("Put block1 in bowl2", NUMBERED, ["block_1", "bowl_2"]),
        ("Block 12 goes into bowl 2", NUMBERED, ["bowl_2"]),
        ("Put 2 blocks in bowl 1", NUMBERED, ["bowl_1"]),
        ("Put the blue block 2 in the bowl", COLORED, ["blue_block_2", "red_bowl"]),
        ("Put the blue block 3 in the bowl", COLORED, ["red_bowl"]),
        ("Put blue in the bowl", COLORED, ["blue_block_2", "red_bowl"]),
        ("Put bowl 2 on the table", COLORED, ["table"]),
        ("red block, blue bowl", ("red_block", "blue_block", "red_bowl", "blue_bowl"), ["red_block", "blue_bowl"]),
    ],
)  # fmt: skip
def test_the_words_of_a_name_stand_together_and_numbers_belong_to_the_word_before_them(
    task: str, seen: tuple[str, ...], said: list[str]
) -> None:
    assert [thing for thing in seen if named(task, thing, seen)] == said


KNOWN = ("bowl", "table", "block", "grasp", "place")
THINGS = ("apple", "mug", "spoon", "bowl", "table")


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("pick up the banana", ["banana"]),
        ("Put the ripe banana in the bowl.", ["banana"]),
        ("open the door", ["door"]),
        ("grab banana", ["banana"]),
        ("Put the fork into the mug.", ["fork"]),
        ("Pick up the apple.", []),
        ("Put the spoons in the bowl", []),
        ("Put the apple in the mug, please.", []),
        ("Put everything on the left side", []),
        ("Put all of them in the bowl and the rest on the table", []),
        ("Put the one on the left into the bowl quickly", []),
        ("Stack the things", []),
        ("drive forward half a meter", []),
        ("turn left by 30 degrees", []),
    ],
)
def test_where_things_go_by_one_word_another_noun_may_name_what_is_not_there(task: str, names: list[str]) -> None:
    assert list(absent(task, THINGS, KNOWN)) == names
    assert all(like == set(THINGS) for like in absent(task, THINGS, KNOWN).values())


def test_where_things_go_by_several_words_a_noun_alone_names_none() -> None:
    assert absent("Put the cube in the dish.", ("red_block", "blue_bowl", "table"), ("table",)) == {}


def test_a_number_that_nothing_has_names_what_is_not_there() -> None:
    assert absent("Put block 5 in bowl 2", NUMBERED) == {"block_5": {"block_1", "block_2", "block_3", "block_4"}}
    assert absent("Put block 1 in bowl 2", NUMBERED) == {}


@pytest.mark.parametrize(
    ("task", "seen", "known", "found"),
    [
        (
            "Shut the lid of the right tray.",
            ["left_tray", "oven_tray"],
            ["lid"],
            {"right_tray": {"left_tray", "oven_tray"}},
        ),
        ("shut the lid of the left tray", ["left_tray", "oven_tray"], ["lid"], {}),
        ("put the wine glass away", ["glass"], [], {}),
        ("go to ward 12", ["ward_1", "ward_2", "lab"], [], {"ward_12": {"ward_1", "ward_2"}}),
        ("go to ward 2", ["ward_1", "ward_2"], [], {}),
        ("fill the smal balloon", ["small_balloon", "big_balloon"], [], {}),
        ("unlock Tom's box", ["toms_box", "lenas_box"], [], {}),
        ("unlock Will's box", ["toms_box", "lenas_box"], [], {"will_box": {"toms_box", "lenas_box"}}),
        ("lower the rear shutter", ["front_shutter"], ["lower", "rear"], {}),
        ("light the torch in the hall then go", ["hall_torch"], [], {}),
        ("bend the index 30", ["index_finger"], [], {}),
    ],
)
def test_what_could_be_taken_for_a_thing_that_is_named_and_not_there(
    task: str, seen: list[str], known: list[str], found: dict[str, set[str]]
) -> None:
    assert mistaken(task, seen, known) == found


ROOMS = ("kitchen", "living_room", "bedroom", "dock")


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("do every room except the bedroom", ("bedroom",)),
        ("All rooms but not the kitchen, or the living room!", ("kitchen", "living_room")),
        ("everything but my bedroom, then drive to the dock", ("bedroom",)),
        ("clean all rooms other than the living room and go to the dock", ("living_room",)),
        ("clean the kitchen instead of the bedroom", ("bedroom",)),
        ("go to the kitchen, not the dock", ("dock",)),
        ("alle Zimmer außer dem bedroom", ("bedroom",)),
        ("clean the bedroom, not the kitchen, and then the kitchen", ()),
        ("clean all but one of the rooms", ()),
        ("clean the kitchen but not now", ()),
        ("do not go to the dock", ()),
        ("clean every room", ()),
    ],
)
def test_what_a_task_excepts_and_names_nowhere_else(task: str, found: tuple[str, ...]) -> None:
    assert excepted(task, ROOMS) == found
