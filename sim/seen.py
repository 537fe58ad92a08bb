"""The scene that cameras see: poses of things out of their tags, and what rests on what by those poses alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .layout import BOWL_FLOOR_M, Placed
from .pose import Pose
from .scene import TABLE
from .tag_poses import Sight
from .tags import Tag

_TOUCH_M = 0.012
"""Two things so near one above the other touch: less than half of the flattest block, more than poses are off."""
_EDGE_M = 0.004
"""How far the centre of a block may be over the edge of what it rests on: more, and it would tip."""


@dataclass(frozen=True)
class SeenScene:
    """Implements `Scene` over poses: of tags that were seen, and of what the gripper holds."""

    things: Mapping[str, Placed]
    poses: Mapping[str, Pose]
    holds: str | None

    def of_kind(self, kind: str) -> list[Placed]:
        return sorted((thing for thing in self.things.values() if thing.kind == kind), key=lambda thing: thing.id)

    def pose(self, thing: str) -> Pose:
        return self.poses[thing]

    def support_of(self, thing: str) -> str | None:
        return None if thing == self.holds else _rests_on(thing, self.things, self.poses)

    def held(self) -> str | None:
        return self.holds


def scene_of(
    placed: Iterable[Placed],
    tags: Iterable[Tag],
    sights: Mapping[str, Sight],
    held: tuple[str, Pose] | None = None,
) -> SeenScene:
    """The scene of the things that are seen; `held` is what the gripper holds, and where, as the gripper tells it.

    Nothing is remembered, and nothing is guessed. A block is in the scene only if its upper side is seen, or if what is
    seen in it rests on it: where a side that is hidden could bear something, the block would wrongly count as clear. A
    block whose own support is hidden rests on nothing that is known.
    """
    poses = {thing: sight.pose for thing, sight in sights.items()} | dict([held] if held is not None else [])
    holds = held[0] if held is not None else None
    things = {thing.id: _moved(thing, poses[thing.id]) for thing in placed if thing.id in poses}
    whole = SeenScene(things, poses, holds)
    on = {thing: whole.support_of(thing) for thing in things if things[thing].kind == "block"}
    upper = _upper_sides(tags, sights)
    known = {thing for thing in things if thing not in on or thing == holds or upper[thing] in sights[thing].tags}
    while bearing := {below for thing in known if (below := on.get(thing)) in things and below is not None} - known:
        known |= bearing
    return replace(whole, things={thing: things[thing] for thing in things if thing in known})


def _moved(placed: Placed, pose: Pose) -> Placed:
    """A thing where it is seen to be. Only blocks are turned."""
    return replace(placed, position_m=pose.position_m, yaw_rad=pose.yaw_rad if placed.kind == "block" else 0.0)


def _upper_sides(tags: Iterable[Tag], sights: Mapping[str, Sight]) -> dict[str, int]:
    """Of each thing that is seen, the number of the tag that looks up."""
    upper: dict[str, tuple[float, int]] = {}
    for tag in tags:
        if tag.thing in sights:
            up = float(np.dot([axis[2] for axis in sights[tag.thing].pose.axes], tag.normal))
            upper[tag.thing] = max(upper.get(tag.thing, (-1.0, tag.number)), (up, tag.number))
    return {thing: number for thing, (_, number) in upper.items()}


def _rests_on(block: str, things: Mapping[str, Placed], poses: Mapping[str, Pose]) -> str | None:
    """A block, a bowl, a box, or `table`; None where nothing that is known of lies under it."""
    x_m, y_m, z_m = poses[block].position_m
    bottom_m = z_m - poses[block].half_height_m(things[block].size_m)
    below: list[tuple[float, str]] = []
    for other, thing in things.items():
        if other == block or thing.kind == "zone":
            continue
        pose = poses[other]
        if thing.kind == "block":
            top_m = pose.position_m[2] + pose.half_height_m(thing.size_m)
            if abs(bottom_m - top_m) < _TOUCH_M and _is_over(x_m, y_m, thing, pose):
                below.append((abs(bottom_m - top_m), other))
        elif -_TOUCH_M < bottom_m - BOWL_FLOOR_M < thing.size_m[2] and _is_over(x_m, y_m, thing, pose):
            below.append((_TOUCH_M, other))
    if below:
        return min(below)[1]
    return TABLE if abs(bottom_m) < _TOUCH_M else None


def _is_over(x_m: float, y_m: float, thing: Placed, pose: Pose) -> bool:
    """Whether a point lies over a thing, seen from above."""
    off = np.array([x_m, y_m]) - pose.position_m[:2]
    if thing.kind == "bowl":
        return float(np.hypot(*off)) < thing.size_m[0] / 2
    corners = np.array(pose.axes).T @ (np.diag(thing.size_m) / 2)  # half edges as columns, in the world frame
    flat = corners[:2]
    # Where the thing lies on one of its sides, two of its edges are level, and the third is upright.
    level = sorted(range(3), key=lambda k: -float(np.hypot(*flat[:, k])))[:2]
    spans = [flat[:, k] for k in level]
    return all(abs(float(off @ span)) < float(span @ span) + _EDGE_M * float(np.hypot(*span)) for span in spans)
