"""Goals that speak of a row of numbered places: things in order, and words that are spelled."""

import pytest

from codeword.codebook import Codebook, Entity, Fact, Observation, load_codebook
from codeword.codebook.goal_tracker import GoalTracker
from codeword.codebook.goals import read_goal
from tests.codebook.goal_grammar import goal_graph


@pytest.fixture(scope="module")
def letters() -> Codebook:
    return load_codebook("letters")


def seen(there: str, slots: int, *, begin: int = 1, more: tuple[Entity, ...] = ()) -> Observation:
    """Letters on the table, and a row of slots, in an order of no meaning."""
    blocks = [Entity(id=f"letter_{x}", kind="block", properties={"letter": x}) for x in there]
    row = [
        Entity(id=f"slot_{n}", kind="zone", properties={"number": str(n)})
        for n in range(begin + slots - 1, begin - 1, -1)
    ]
    entities = [*blocks, *more, Entity(id="table", kind="table"), *row]
    facts = [Fact("on", (entity.id, "table")) for entity in (*blocks, *more) if entity.kind == "block"]
    return Observation(step=0, time_s=0.0, entities=entities, facts=facts)


def row(codebook: Codebook, goal: str, look: Observation, task: str = "") -> str:
    """What stands in the row in the end, from its first place on, where the goal can be written."""
    text = f'{{"goal":[{goal}]}}'
    assert goal_graph(codebook, look, task).accepts(text), text
    at = {fact.args[1]: fact.args[0] for fact in GoalTracker(codebook, read_goal(text)).facts(look)}
    places = sorted((place for place in at if place.startswith("slot_")), key=lambda place: int(place[5:]))
    assert places == [f"slot_{int(places[0][5:]) + n}" for n in range(len(places))]
    return "".join(at[place].removeprefix("letter_") for place in places)


RED = Entity(id="red_block", kind="block", properties={"color": "red"})


def test_letters_rise_and_fall(letters: Codebook) -> None:
    look = seen("tqamb", 5, more=(RED,))
    assert row(letters, '["all","lettered","on","zone","rising","letter"]', look) == "abmqt"
    assert row(letters, '["all","lettered","on","zone","falling","letter"]', look) == "tqmba"
    assert row(letters, '["all","block","on","zone","rising","letter"]', look) == "abmqt"  # red has none
    assert row(letters, '["all","lettered","on","zone","rising","letter"],["letter_b","on","table"]', look) == "amqt"


def test_places_are_counted_and_not_spelled(letters: Codebook) -> None:
    assert row(letters, '["all","lettered","on","zone","rising","letter"]', seen("dcba", 4, begin=8)) == "abcd"


@pytest.mark.parametrize(
    ("task", "word", "expected"),
    [
        ("Spell judo in the row.", "judo", "judo"),
        ("SPELL JUDO!", "judo", "judo"),
        ("j, u, d, o -> slots", "judo", "judo"),
        ("J-U-D-O", "judo", "judo"),
        ("As much of joud as there is.", "joud", "joud"),
        ("As much of jumdo as there is.", "jumdo", "judo"),
    ],
)
def test_a_word_of_the_task_is_spelled_with_what_is_there(
    letters: Codebook, task: str, word: str, expected: str
) -> None:
    assert row(letters, f'["all","{word}","on","zone","spelled"]', seen("dojxu", 4), task) == expected


def test_a_letter_that_is_there_twice_is_used_twice(letters: Codebook) -> None:
    twice = tuple(Entity(id=f"letter_o_{n}", kind="block", properties={"letter": "o"}) for n in (1, 2))
    look = seen("bk", 4, more=twice)
    assert row(letters, '["all","book","on","zone","spelled"]', look, "book") == "bo_1o_2k"


def test_what_cannot_be_spelled_or_ordered_cannot_be_written(letters: Codebook) -> None:
    look = seen("dojxu", 4)
    spell = '{{"goal":[["all","{}","on","zone","spelled"]]}}'
    assert not goal_graph(letters, look, "Spell golf or judo.").accepts(spell.format("golf"))
    assert not goal_graph(letters, look, "Spell it.").accepts(spell.format("judo"))
    assert not goal_graph(letters, seen("dojxu", 1), "Spell judo.").accepts(spell.format("judo"))
    order = '{"goal":[["all","block","on","zone","rising","letter"]]}'
    assert goal_graph(letters, look).accepts(order)
    assert not goal_graph(letters, seen("d", 4, more=(RED,))).accepts(order)
    assert not goal_graph(load_codebook("tabletop"), look, "Spell judo.").accepts(order)
