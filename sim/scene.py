"""What is told of the things on a table, from wherever poses are known: entities, and the base facts that follow."""

from collections.abc import Mapping
from typing import Protocol

from codeword.codebook.facts import Fact
from codeword.codebook.observation import Entity

from .layout import Placed
from .pose import Pose

TABLE = "table"
_INSIDE_M = 0.002
_FALLEN_BELOW_M = -0.05
_UNTURNED = (0.0, 0.0, 0.0, 1.0)


class Scene(Protocol):
    """Things and where they are, in the world frame: x away from the robot's base, y to its left, z up from the table's
    surface [m].
    """

    @property
    def things(self) -> Mapping[str, Placed]:
        """What is known of, by id, with zones; what is fixed to the table or marked on it stands there as placed."""

    def of_kind(self, kind: str) -> list[Placed]:
        """The things of a kind that are there, by id."""

    def pose(self, thing: str) -> Pose:
        """The pose of a block, bowl or box (its middle)."""

    def support_of(self, thing: str) -> str | None:
        """What a block rests on: a block, a bowl, a box, `table`, or None where nothing is known to hold it up."""

    def held(self) -> str | None:
        """The block that the gripper has between its fingers, as the gripper tells it."""


def has_fallen(pose: Pose) -> bool:
    """Whether a block there lies below the table's surface."""
    return pose.position_m[2] < _FALLEN_BELOW_M


def entities_of(scene: Scene, blocks: list[str]) -> list[Entity]:
    """Some blocks, and all else that is there; by kind and id."""
    things = [scene.things[block] for block in blocks]
    things += [thing for kind in ("bowl", "box") for thing in scene.of_kind(kind)]
    entities = [_entity(thing, scene.pose(thing.id)) for thing in things]
    entities.append(Entity(id=TABLE, kind=TABLE))
    entities += [_entity(zone, Pose(zone.position_m, _UNTURNED)) for zone in scene.of_kind("zone")]
    return entities


def _entity(thing: Placed, pose: Pose) -> Entity:
    return Entity(
        id=thing.id,
        kind=thing.kind,
        properties=dict(thing.properties),
        position_m=pose.position_m,
        yaw_rad=pose.yaw_rad if thing.kind == "block" else 0.0,
        size_m=thing.size_m,
    )


def facts_of(scene: Scene, blocks: list[str], tolerance_m: float = 0.0) -> list[Fact]:
    """The base facts of some blocks: `on`, `in`, `holding`, `wide`. A block is in a zone if its centre is, or not more
    than `tolerance_m` outside.
    """
    held = scene.held()
    facts = [Fact("wide", (block,)) for block in blocks if scene.things[block].wide]
    for block in blocks:
        support = scene.support_of(block)
        if support is None:
            if block == held:
                facts.append(Fact("holding", (block,)))
            continue
        facts.append(_rests(scene, block, support, tolerance_m))
    return facts


def _rests(scene: Scene, block: str, support: str, tolerance_m: float) -> Fact:
    x_m, y_m, _ = scene.pose(block).position_m
    thing = scene.things.get(support)
    if thing is not None and thing.holds_things:
        bowl_x, bowl_y, _ = scene.pose(support).position_m
        radius_m = thing.size_m[0] / 2
        round_inside = (x_m - bowl_x) ** 2 + (y_m - bowl_y) ** 2 < (radius_m + _INSIDE_M) ** 2
        if thing.contains(x_m, y_m, -_INSIDE_M) and (thing.kind == "box" or round_inside):
            return Fact("in", (block, support))
    elif thing is not None:
        return Fact("on", (block, support))
    zones = scene.of_kind("zone")
    inside = [zone.id for zone in zones if zone.contains(x_m, y_m)]
    inside += [zone.id for zone in zones if zone.contains(x_m, y_m, -tolerance_m)]
    return Fact("on", (block, inside[0] if inside else TABLE))
