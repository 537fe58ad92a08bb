"""What plans can be written: exactly so many, in exactly these texts and this order."""

import random

from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.task_plan import MOST_ITEMS, MOST_TIMES
from codeword.controller.digest import graph_digest
from tests.codebook.plan_books import COFFEE, DOG, book, scene
from tests.codebook.test_task_plan import walk

SHELF = COFFEE.replace("[cup]", "[cup, shelf]").replace("facts:", "facts:\n  on(a in cup, b in shelf): it stands there")
SHELF = SHELF.replace(
    "  rinse:",
    """  put:
    description: put a cup on a shelf
    args: {cup: {entity: cup}, shelf: {entity: shelf}, softly: {boolean: , default: true}}
    effects: [not on(cup, any), on(cup, shelf)]
  tidy: {description: take cups away, args: {cups: {list: [cup], min: 1, max: 2}}, effects: ["not on(cups, any)"]}
  cool: {description: let the water cool, effects: [not warm]}
  say: {description: say words, args: {text: {text: {max_words: 2}}}}
  rinse:""",
).replace("facts:", "facts:\n  warm: the water is warm")
THINGS = {"mug": "cup", "glass": "cup", "board": "shelf", "rack": "shelf"}


def plans(commands: int, facts: int, least: int = 1) -> int:
    """How many plans of `least` to MOST_ITEMS commands and facts there are, each command once or counted; a fact stands
    in the goal of the fact before it, or in one of its own.
    """
    each = commands * MOST_TIMES
    behind_command, behind_fact, found = each, facts, 0
    for number in range(1, MOST_ITEMS + 1):
        found += behind_command + behind_fact if number >= least else 0
        behind_command, behind_fact = (
            each * (behind_command + behind_fact),
            facts * (behind_command + 2 * behind_fact),
        )
    return found


def test_as_many_plans_can_be_written_as_there_are() -> None:
    dog, coffee = book(DOG), book(COFFEE)
    unclear_missing_unsafe = 3
    assert plan_graph(dog, scene()).count() == plans(2 + 20, 0) + unclear_missing_unsafe
    cups = scene(mug="cup", glass="cup")
    assert plan_graph(coffee, cups).count() == plans(3 + 2 * 2, 2) + unclear_missing_unsafe
    assert plan_graph(coffee, cups, giving_up=False, least=7).count() == plans(3 + 2 * 2, 2, least=7)
    assert plan_graph(coffee, scene()).count() == plans(3, 2) + unclear_missing_unsafe


def test_the_texts_are_these_and_stand_in_this_order() -> None:
    """Recorded decisions are known by them, and what is taught depends on them: whoever changes them raises
    PLAN_CONTRACT.
    """
    dog, coffee, shelf = book(DOG), book(COFFEE), book(SHELF)
    told = scene("on(mug, rack)", **THINGS)
    for graph, digest in (
        (plan_graph(dog, scene()), "456dc0b942ddbcd381a27e127082426c99edfa7802102b69fe354557da4d7f62"),
        (
            plan_graph(coffee, scene("hot", mug="cup")),
            "2e3fac3aa5004f0672a5e8def0b1a9f0ccd64537734cb52d9615eb967cd0bbf8",
        ),
        (
            plan_graph(shelf, told, "say good morning to Anna"),
            "4ba87051331b9a6f44518e1d3aa75be048e84c7144055972d52c743bca7e6cef",
        ),
        (
            plan_graph(shelf, scene(**THINGS), giving_up=False, least=3),
            "883f558d871b709a2f30f2d7eedfaa617b750591d12ab0115a18c2b9bf34cf87",
        ),
    ):
        assert graph_digest(graph) == digest


def test_every_text_that_is_walked_is_one_that_the_graph_accepts() -> None:
    rng = random.Random(4)
    graph = plan_graph(book(SHELF), scene("on(mug, rack)", **THINGS), "say good morning to Anna")
    for _ in range(100):
        text = walk(graph, rng)
        assert graph.accepts(text)
        assert not graph.accepts(text + " ") and not graph.accepts(text[:-2])
