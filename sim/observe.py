"""An observation out of physics: contacts and geometry, never what was commanded."""

from codeword.codebook.facts import Fact
from codeword.codebook.observation import Entity, Observation, Result, RobotState

from .arm import Arm
from .touch import grasped, support_of
from .world import World

TABLE = "table"
_INSIDE_M = 0.002


def observe(
    world: World, arm: Arm, step: int, last: Result | None, *, fallen: bool = False, tolerance_m: float = 0.0
) -> Observation:
    """What is on the table and how it stands there now; entities by kind and id, facts in order of their text.

    A block that has fallen off the table is not seen, unless `fallen` asks for it. A block is in a zone if its centre
    is, or not more than `tolerance_m` outside.
    """
    seen = [block.id for block in world.of_kind("block") if fallen or not world.has_fallen(block.id)]
    entities = [_entity(world, thing) for thing in seen]
    entities += [_entity(world, thing.id) for kind in ("bowl", "box") for thing in world.of_kind(kind)]
    entities.append(Entity(id=TABLE, kind=TABLE))
    entities += [
        Entity(
            id=zone.id,
            kind="zone",
            properties=dict(zone.properties),
            position_m=zone.position_m,
            yaw_rad=zone.yaw_rad,
            size_m=zone.size_m,
        )
        for zone in world.of_kind("zone")
    ]
    pose = arm.gripper_pose()
    robot = RobotState(
        gripper_to_world_m=(float(pose[0]), float(pose[1]), float(pose[2])),
        gripper_opening_m=arm.hand.opening_m(),
        joints_rad=tuple(arm.joints_rad()),
    )
    return Observation(
        step=step,
        time_s=world.time_s,
        entities=tuple(entities),
        facts=tuple(sorted(facts_of(world, seen, tolerance_m), key=str)),
        robot=robot,
        last=last,
    )


def facts_of(world: World, blocks: list[str], tolerance_m: float = 0.0) -> list[Fact]:
    """The base facts of some blocks: `on`, `in`, `holding`, `wide`."""
    held = grasped(world)
    facts = [Fact("wide", (block,)) for block in blocks if world.things[block].wide]
    for block in blocks:
        support = support_of(world, block)
        if support is None:
            if block == held:
                facts.append(Fact("holding", (block,)))
            continue
        facts.append(_rests(world, block, support, tolerance_m))
    return facts


def _rests(world: World, block: str, support: str, tolerance_m: float) -> Fact:
    x_m, y_m, _ = world.pose(block).position_m
    thing = world.things.get(support)
    if thing is not None and thing.holds_things:
        bowl_x, bowl_y, _ = world.pose(support).position_m
        radius_m = thing.size_m[0] / 2
        round_inside = (x_m - bowl_x) ** 2 + (y_m - bowl_y) ** 2 < (radius_m + _INSIDE_M) ** 2
        if thing.contains(x_m, y_m, -_INSIDE_M) and (thing.kind == "box" or round_inside):
            return Fact("in", (block, support))
    elif thing is not None:
        return Fact("on", (block, support))
    zones = world.of_kind("zone")
    inside = [zone.id for zone in zones if zone.contains(x_m, y_m)]
    inside += [zone.id for zone in zones if zone.contains(x_m, y_m, -tolerance_m)]
    return Fact("on", (block, inside[0] if inside else TABLE))


def _entity(world: World, thing: str) -> Entity:
    placed, pose = world.things[thing], world.pose(thing)
    return Entity(
        id=thing,
        kind=placed.kind,
        properties=dict(placed.properties),
        position_m=pose.position_m,
        yaw_rad=pose.yaw_rad if placed.kind == "block" else 0.0,
        size_m=placed.size_m,
    )
