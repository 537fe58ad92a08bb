"""What speaks against a goal: what it leaves unsaid of what is named, and that it holds."""

import pytest

from codeword.codebook import Codebook, doubts
from codeword.codebook.absent import named
from codeword.codebook.doubts import GIVEN_UP, HELD, UNSPOKEN, doubt
from codeword.codebook.goals import Goal, read_goal
from codeword.codebook.wanted import Wanted, settled
from tests.observations import observe

SEEN = observe(
    {"red_block": "table", "green_block": "left_zone", "blue_block": "table"}, (), ("left_zone", "right_zone")
)
BOTH = "Red and green to the left zone, blue to the right zone."


def goal(*facts: str) -> Goal:
    items = ",".join("[" + ",".join(f'"{word}"' for word in fact.split()) + "]" for fact in facts)
    return read_goal('{"goal":[' + items + "]}")


def unspoken(codebook: Codebook, said: Goal, task: str) -> set[str]:
    return doubts.unspoken(said, Wanted(codebook, settled(codebook, said, SEEN)), task, SEEN)


RED, GREEN, BLUE = "red_block on left_zone", "green_block on left_zone", "blue_block on right_zone"


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ((RED, GREEN, BLUE), set()),
        ((RED, GREEN), {"blue_block", "right_zone"}),
        ((RED, BLUE), {"green_block"}),
        ((RED, GREEN, "blue_block on left_zone"), {"right_zone"}),
        (("all block on left_zone",), {"right_zone"}),
        (("all block on left_zone", BLUE), set()),
        (("all left_zone on right_zone", RED), {"blue_block"}),
    ],
)
def test_what_a_task_names_is_spoken_of_one_by_one_or_as_one_of_a_class(
    tabletop: Codebook, facts: tuple[str, ...], left: set[str]
) -> None:
    assert unspoken(tabletop, goal(*facts), BOTH) == left


def test_what_a_task_does_not_name_need_not_be_spoken_of(tabletop: Codebook) -> None:
    assert unspoken(tabletop, goal(RED), "Put red in the left zone.") == set()
    assert unspoken(tabletop, goal(RED), "Tidy up.") == set()


def test_a_place_that_is_emptied_is_spoken_of_though_nothing_of_the_goal_stays_there(tabletop: Codebook) -> None:
    emptied = goal("all left_zone on right_zone")
    assert unspoken(tabletop, emptied, "Everything in the left zone goes to the right zone.") == set()
    assert doubt(tabletop, emptied, "Everything in the left zone goes to the right zone.", SEEN) == 0


def test_doubts_add_up(tabletop: Codebook) -> None:
    assert doubt(tabletop, goal(RED, GREEN, BLUE), BOTH, SEEN) == 0
    assert doubt(tabletop, goal(RED, GREEN), BOTH, SEEN) == 2 * UNSPOKEN
    assert doubt(tabletop, goal(GREEN), "Put green in the left zone.", SEEN) == HELD
    assert doubt(tabletop, goal(GREEN), "Put green and red in the left zone.", SEEN) == HELD + UNSPOKEN
    assert doubt(tabletop, read_goal('{"cannot":"missing"}'), BOTH, SEEN) == GIVEN_UP


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
