"""What touches what, from the contacts of the last tick of physics."""

from collections import defaultdict

from .world import World

FINGERS = (9, 10)
"""The Panda's finger links (and their joints)."""
_PRESS_N = 0.2
_NORMAL, _FORCE = 7, 9


def grasped(world: World) -> str | None:
    """The block that both fingers press on, wherever it stands; the harder pressed one of two."""
    pressed: list[dict[str, float]] = []
    for finger in FINGERS:
        forces: dict[str, float] = defaultdict(float)
        for contact in world.contacts(world.arm, link=finger):
            name = world.names.get(contact[2])
            if name is not None and world.things[name].kind == "block":
                forces[name] += contact[_FORCE]
        pressed.append(forces)
    both = {name: min(pressed[0][name], force) for name, force in pressed[1].items() if name in pressed[0]}
    held = [name for name, force in sorted(both.items()) if force > _PRESS_N]
    return max(held, key=lambda name: both[name], default=None)


def press_n(world: World, thing: str) -> float:
    """How hard the arm presses on a block."""
    return sum((float(contact[_FORCE]) for contact in world.contacts(world.arm, other=world.bodies[thing])), 0.0)


def support_of(world: World, thing: str) -> str | None:
    """What a block rests on: a block, a bowl, `table`, or None where nothing holds it up from below."""
    body = world.bodies[thing]
    lift_n: dict[str, float] = defaultdict(float)
    for contact in world.contacts(body):
        other = contact[2]
        name = "table" if other == world.table else world.names.get(other)
        upwards = contact[_NORMAL][2]
        if name is not None and upwards > 0.3 and contact[_FORCE] > 0.0:
            lift_n[name] += upwards * contact[_FORCE]
    return max(sorted(lift_n), key=lambda name: lift_n[name], default=None)
