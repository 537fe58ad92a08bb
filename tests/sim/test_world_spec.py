"""The world part of a scenario: short forms, and one clear line for each mistake."""

from typing import Any

import pytest
from pydantic import ValidationError

from codeword.sim.colors import COLORS
from codeword.sim.event_spec import EventSpec
from codeword.sim.world_spec import WorldSpec


def test_short_names_become_ids() -> None:
    spec = WorldSpec.model_validate(
        {
            "blocks": ["red", {"color": "blue", "size_m": 0.05}],
            "wide_blocks": ["orange"],
            "bowls": ["yellow"],
            "zones": ["left"],
        }
    )
    assert [block.id for block in spec.blocks] == ["red_block", "blue_block"]
    assert spec.blocks[1].size_m == (0.05, 0.05, 0.05)
    assert spec.wide_blocks[0].id == "orange_crate"
    assert spec.wide_blocks[0].wide
    assert spec.bowls[0].id == "yellow_bowl"
    assert spec.zones[0].id == "left_zone"


def test_an_id_says_as_much_as_an_object() -> None:
    blocks = ["letter_a", "big_red_block", "small_red", "red_block_2", {"color": "red", "number": 3}, {"label": "nuts"}]
    spec = WorldSpec.model_validate(
        {"blocks": blocks, "boxes": ["brown_box"], "zones": ["red_zone", "left_side"], "row": 3}
    )
    assert [block.id for block in spec.blocks] == [
        "letter_a", "big_red_block", "small_red_block", "red_block_2", "red_block_3", "nuts",
    ]  # fmt: skip
    letter, big, small, *_, nuts = spec.blocks
    assert (letter.properties, letter.print) == ({"color": "white", "letter": "a"}, "A")
    assert (big.properties["size"], small.properties["size"]) == ("big", "small")
    assert big.size_m[0] > spec.blocks[3].size_m[0] > small.size_m[0]
    assert nuts.print == "NUTS"
    assert [zone.id for zone in spec.zones] == ["red_zone", "left_side", "slot_1", "slot_2", "slot_3"]
    assert spec.zones[0].position_m is None
    assert [zone.properties.get("number") for zone in spec.zones[2:]] == ["1", "2", "3"]
    ys = [zone.position_m[1] for zone in spec.zones[2:] if zone.position_m]
    assert ys == sorted(ys, reverse=True), "slots are numbered from the left, which is +y"


def test_stacks_and_on_say_the_same() -> None:
    stacks = WorldSpec.model_validate({"blocks": ["red", "green", "blue"], "stacks": [["red", "green", "blue"]]})
    on = WorldSpec.model_validate(
        {"blocks": ["red", {"color": "green", "on": "red_block"}, {"color": "blue", "on": "green_block"}]}
    )
    assert stacks.supports == on.supports == {"green_block": "red_block", "blue_block": "green_block"}


def test_there_are_colors_enough() -> None:
    assert len(COLORS) >= 12


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ({"blocks": ["rde"]}, "unknown color 'rde'; did you mean 'red'? (choices: red, green,"),
        (
            {"zones": ["lift"]},
            "unknown zone 'lift'; did you mean 'left'? (choices: left, right, far, middle, near, left_side,",
        ),
        ({"blocks": ["red", "red"]}, "two things are called 'red_block'; give one of them another id"),
        (
            {"blocks": ["red", {"color": "blue", "on": "rd_block"}]},
            "'blue_block' is on 'rd_block', which is nothing here; did you mean 'red_block'?",
        ),
        ({"blocks": [{"color": "red", "on": "red_block"}]}, "'red_block' stands on itself: red_block on red_block"),
        (
            {"blocks": ["red", {"color": "blue", "on": "red_block"}, {"color": "pink", "on": "red_block"}]},
            "blue_block and pink_block are both on 'red_block'; one block holds one",
        ),
        ({"blocks": [{"id": "a"}]}, "a block needs a color, like {color: red}"),
        ({"blocks": [{"color": "red", "position_m": [0.5, 0], "on": "table"}]}, "has both position_m and on"),
        ({"blocks": [{"color": "red", "size_m": [0.1, 0.04, 0.04]}]}, "'red_block' is 0.1 m long"),
        (
            {"wide_blocks": [{"color": "red", "size_m": [0.05, 0.05, 0.05]}]},
            "'red_crate' must be at least 0.075 m wide",
        ),
        ({"blocks": [{"color": color} for color in list(COLORS)[:13]]}, "13 blocks are too many to place; at most 12"),
        ({"blocks": ["red"], "layout": {"green_block": [0.5, 0.0]}}, "unknown thing in layout 'green_block'"),
        ({"blocks": ["red"], "stacks": [["red", "grene"]]}, "stacks: 'grene' is no block"),
        ({"block": ["red"]}, "Extra inputs are not permitted"),
        ({"blocks": ["huge_red_block"]}, "unknown color 'huge_red'"),
        ({"blocks": ["letter_ab"]}, "unknown color 'letter_ab'"),
        ({"blocks": [{"color": "red", "size": "bigger"}]}, "Input should be 'small' or 'big'"),
        ({"blocks": [{"letter": "A", "id": "x"}]}, "String should match pattern"),
        ({"blocks": ["red", {"color": "blue", "on": "pink_box"}], "boxes": ["pink"]}, "'blue_block' is on 'pink_box'"),
        ({"boxes": ["red", "blue", "pink"]}, "3 boxes are too many to place; at most 2"),
        ({"zones": [{"color": "rde"}]}, "unknown color 'rde'; did you mean 'red'?"),
        ({"row": 9}, "Input should be less than or equal to 8"),
    ],
)
def test_a_mistake_is_one_clear_line(world: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WorldSpec.model_validate(world)
    said = [error["msg"].removeprefix("Value error, ") for error in caught.value.errors()]
    assert len(said) == 1
    assert message in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"do": "slip"}, "an event has either after: <skill> or at_s: <seconds>"),
        ({"after": "pick", "at_s": 1.0, "do": "slip"}, "an event has either after: <skill> or at_s: <seconds>"),
        ({"after": "pick", "do": "slp"}, "unknown event 'slp'; did you mean 'slip'?"),
        ({"after": "pick", "do": "move", "entity": "red_block"}, "do: move needs one of to_zone and to_position_m"),
        ({"after": "pick", "do": "remove"}, "do: remove needs an entity"),
        ({"after": "pick", "do": "slip", "entity": "red_block"}, "do: slip takes no entity"),
        ({"at_s": 1.0, "nth": 2, "do": "slip"}, "nth counts commands: it goes with after: <skill>"),
        ({"at_s": 1.0, "do": "hide"}, "do: hide needs an entity"),
        ({"at_s": 1.0, "do": "late", "times": 0}, "greater than or equal to 1"),
        ({"at_s": 1.0, "do": "slip", "times": 2}, "do: slip happens once; times goes with jam, late, noise, hide"),
        ({"at_s": 1.0, "do": "retask", "entity": "red_block"}, "do: retask takes no entity"),
    ],
)
def test_a_mistake_in_an_event_is_one_clear_line(event: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        EventSpec.model_validate(event)
    assert message in str(caught.value)


def test_an_event_names_things_of_its_world() -> None:
    world = WorldSpec.model_validate({"blocks": ["red"], "zones": ["left"]})
    move = {"at_s": 1.0, "do": "move", "entity": "red_block"}
    EventSpec.model_validate({**move, "to_zone": "left"}).check_against(world)
    with pytest.raises(ValueError, match=r"unknown zone of an event 'right_zone'"):
        EventSpec.model_validate({**move, "to_zone": "right"}).check_against(world)
    with pytest.raises(ValueError, match=r"unknown entity of an event 'rod_block'; did you mean 'red_block'\?"):
        EventSpec.model_validate({**move, "entity": "rod_block", "to_zone": "left"}).check_against(world)
