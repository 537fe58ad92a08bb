"""Facts that can never hold together."""

import random
from itertools import combinations

import pytest

from codeword.codebook import Entity, Fact, Observation, load_codebook
from codeword.codebook.mutex import Mutexes
from codeword.codebook.planner import SymbolicWorld
from tests.codebook.generated import random_codebook, random_observation
from tests.codebook.plan_reference import random_world

BLOCKS = tuple(
    Entity(id=f"{color}_block", kind="block", position_m=(0.5, 0.1, 0.02)) for color in ("red", "green", "blue")
)
BOWLS = tuple(Entity(id=f"{color}_bowl", kind="bowl", position_m=(0.5, 0.2, 0.0)) for color in ("red", "blue"))
TABLE = Entity(id="table", kind="table", position_m=(0.5, 0.0, 0.0))


def said(text: str) -> Fact:
    thing, name, *rest = text.split()
    return Fact(name, (thing, *rest))


@pytest.mark.parametrize(
    ("facts", "exclusive"),
    [
        (("red_block in red_bowl", "red_block in blue_bowl"), True),
        (("red_block in red_bowl", "red_block on table"), True),
        (("red_block on green_block", "green_block on red_block"), True),
        (("red_block on green_block", "blue_block on green_block"), True),
        (("red_block holding", "green_block holding"), True),
        (("red_block in red_bowl", "green_block in red_bowl"), False),
        (("red_block on green_block", "green_block on blue_block", "blue_block on table"), False),
        (("red_block in red_bowl",), False),
        (("red_block in red_bowl", "red_block in a_bowl_that_is_not_there"), False),
    ],
)
def test_a_thing_is_in_one_place_and_a_hand_holds_one(facts: tuple[str, ...], exclusive: bool) -> None:
    on_table = tuple(Fact("on", (block.id, "table")) for block in BLOCKS)
    seen = Observation(step=0, time_s=0.0, entities=(*BLOCKS, *BOWLS, TABLE), facts=on_table)
    assert Mutexes(load_codebook("tabletop"), seen).exclusive(map(said, facts)) is exclusive


@pytest.mark.parametrize("seed", range(4))
def test_no_state_that_is_reached_has_facts_that_are_ruled_out(seed: int) -> None:
    rng = random.Random(seed)
    ruled_out = 0
    for number in range(40):
        if number % 2:
            world = random_world(rng)
            codebook, seen = world.codebook(), world.observation()
        else:
            codebook, seen = random_codebook(rng), random_observation(rng)
        mutexes, here = Mutexes(codebook, seen), SymbolicWorld.of(codebook, seen)
        met = set(here.state.facts)
        for _ in range(30):
            if not (commands := here.commands()):
                break
            here = here.after(rng.choice(commands))
            met |= here.state.facts
            assert not mutexes.exclusive(here.state.facts), codebook.text
        ruled_out += any(mutexes.exclusive(pair) for pair in combinations(sorted(met), 2))
    assert ruled_out >= 3
