"""Observations for tests: made by hand, or drawn at random."""

import random

from codeword.codebook import Entity, Fact, Observation, Result

COLORS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan", "brown", "white")


def observe(
    blocks: dict[str, str], bowls: tuple[str, ...] = (), zones: tuple[str, ...] = (), **more: str
) -> Observation:
    """An observation of blocks, each with what it is on (`held` for in the gripper; a bowl means in it)."""
    facts = []
    for block, place in blocks.items():
        name = "in" if place in bowls else "on"
        facts.append(Fact("holding", (block,)) if place == "held" else Fact(name, (block, place)))
    facts += [Fact(name, (thing,)) for thing, name in more.items()]
    things = [(block, "block") for block in blocks] + [(b, "bowl") for b in bowls] + [(z, "zone") for z in zones]
    entities = [Entity(id=thing, kind=kind) for thing, kind in [*things, ("table", "table")]]
    return Observation(step=0, time_s=0.0, entities=tuple(entities), facts=tuple(facts))


def random_observation(rng: random.Random) -> Observation:
    """Any arrangement that the tabletop could show, with any last result."""
    blocks = [f"{color}_block" for color in rng.sample(COLORS, rng.randint(0, 7))]
    bowls = tuple(f"{color}_bowl" for color in rng.sample(COLORS, rng.randint(0, 3)))
    zones = tuple(f"{name}_zone" for name in rng.sample(("left", "right", "far", "near"), rng.randint(0, 3)))
    placed: dict[str, str] = {}
    for block in blocks:
        free = [other for other in placed if other not in placed.values() and placed[other] != "held"]
        hand = [] if "held" in placed.values() else ["held"]
        placed[block] = rng.choice(["table", "table", *bowls, *zones, *free, *hand])
    wide = {block: "wide" for block in blocks if placed[block] != "held" and rng.random() < 0.1}
    seen = observe(placed, bowls, zones, **wide)
    if rng.random() < 0.5:
        return seen
    last = Result(command='{"skill":"home"}', status=rng.choice(("done", "failed", "refused")), reason="slipped")
    return seen.model_copy(update={"last": last, "step": rng.randint(1, 9)})


def large_observation(blocks: int = 12) -> Observation:
    """So many blocks (12 at most), 4 bowls and 9 zones, with a stack, something in a bowl and something in a zone."""
    names = [f"{color}_block" for color in (*COLORS, "black", "gray")[:blocks]]
    sides = ("left", "right", "far", "near", "middle", "upper", "lower", "inner", "outer")
    placed = dict.fromkeys(names, "table") | {names[1]: names[0], names[2]: "red_bowl", names[3]: "left_zone"}
    return observe(placed, tuple(f"{color}_bowl" for color in COLORS[:4]), tuple(f"{side}_zone" for side in sides))
