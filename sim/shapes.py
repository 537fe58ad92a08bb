"""Flat shapes seen from above, and the gaps between them: what the gripper would touch."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from .bodies import BOWL_WALL_M
from .world import World

TIE_M = 0.001
"""Of ways to do something, one is better than those before it if it costs less by more than this. Two that mirror each
other cost the same but for last digits, which differ between processors; their order does not.
"""


@dataclass(frozen=True)
class Rectangle:
    """A turned rectangle on the table: centre [m], turn [rad], half extents along its own axes [m]."""

    x_m: float
    y_m: float
    yaw_rad: float
    half_x_m: float
    half_y_m: float

    @property
    def axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Its two directions in the world frame."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return (c, s), (-s, c)

    def gap_m(self, other: "Rectangle") -> float:
        """A lower bound of the free space between two rectangles; negative by how deep they overlap."""
        dx, dy = other.x_m - self.x_m, other.y_m - self.y_m
        widest = -math.inf
        for axis in (*self.axes, *other.axes):
            between = abs(dx * axis[0] + dy * axis[1])
            widest = max(widest, between - self._reach_m(axis) - other._reach_m(axis))
        return widest

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Its four corners in the world frame [m]."""
        (ax, ay), (bx, by) = self.axes
        a, b = self.half_x_m, self.half_y_m
        return [
            (self.x_m + i * a * ax + j * b * bx, self.y_m + i * a * ay + j * b * by) for i in (-1, 1) for j in (-1, 1)
        ]

    def _reach_m(self, axis: tuple[float, float]) -> float:
        along, across = self.axes
        return self.half_x_m * abs(along[0] * axis[0] + along[1] * axis[1]) + self.half_y_m * abs(
            across[0] * axis[0] + across[1] * axis[1]
        )


@dataclass(frozen=True)
class Obstacle:
    """A thing on the table as a turned rectangle with the height of its top [m]; a bowl is a ring in a square."""

    id: str
    outline: Rectangle
    top_m: float
    hollow_m: float = 0.0
    """Inner radius of a bowl, 0 for a solid thing."""

    def gap_m(self, part: Rectangle) -> float:
        """A lower bound of the free space between it and a rectangle; negative by how deep they overlap."""
        if not self.hollow_m:
            return self.outline.gap_m(part)
        x_m, y_m, radius_m = self.outline.x_m, self.outline.y_m, self.outline.half_x_m
        towards = math.atan2(part.y_m - y_m, part.x_m - x_m)
        outside_m = Rectangle(x_m, y_m, towards, radius_m, radius_m).gap_m(part)
        return max(outside_m, self.hollow_m - max(math.dist((x_m, y_m), corner) for corner in part.corners))


def extents_m(world: World, thing: str) -> tuple[float, float, float]:
    """How far a block reaches from its centre along its yaw, across it and upwards, however it lies [m]."""
    pose = world.pose(thing)
    half = [extent / 2 for extent in world.things[thing].size_m]
    yaw_rad = pose.yaw_rad
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    along = sum(h * abs(axis[0] * c + axis[1] * s) for h, axis in zip(half, pose.axes, strict=True))
    across = sum(h * abs(axis[1] * c - axis[0] * s) for h, axis in zip(half, pose.axes, strict=True))
    up = sum(h * abs(axis[2]) for h, axis in zip(half, pose.axes, strict=True))
    return along, across, up


def obstacles(world: World, *, without: Collection[str] = ()) -> list[Obstacle]:
    """Everything that stands on the table now, apart from the things named in `without`."""
    found = []
    for thing in sorted(world.bodies):
        kind = world.things[thing].kind
        if thing in without or (kind == "block" and world.has_fallen(thing)):
            continue
        pose = world.pose(thing)
        x_m, y_m, z_m = pose.position_m
        if kind == "bowl":
            radius_m, _, height_m = (extent / 2 for extent in world.things[thing].size_m)
            square = Rectangle(x_m, y_m, 0.0, radius_m, radius_m)
            found.append(Obstacle(thing, square, z_m + height_m, radius_m - BOWL_WALL_M))
        elif kind == "box":
            found += _walls(thing, x_m, y_m, world.things[thing].size_m)
        else:
            along, across, up = extents_m(world, thing)
            found.append(Obstacle(thing, Rectangle(x_m, y_m, pose.yaw_rad, along, across), z_m + up))
    return found


def _walls(box: str, x_m: float, y_m: float, size_m: tuple[float, float, float]) -> list[Obstacle]:
    """The four walls of a box, each an obstacle of its own with the box's id."""
    half_x, half_y, wall_m = size_m[0] / 2, size_m[1] / 2, BOWL_WALL_M / 2
    across = [Rectangle(x_m + side * (half_x - wall_m), y_m, 0.0, wall_m, half_y) for side in (-1, 1)]
    along = [Rectangle(x_m, y_m + side * (half_y - wall_m), 0.0, half_x, wall_m) for side in (-1, 1)]
    return [Obstacle(box, wall, size_m[2]) for wall in (*across, *along)]


FINGERTIP_M = 0.008
"""How far the fingertips reach below the point between them."""
_FINGER_OUTSIDE_M, _FINGER_INSIDE_M = 0.065, 0.022
"""What a finger sweeps when it opens and closes, from the middle between the fingers."""
_PALM_M = 0.036
"""The palm begins so far above the point between the fingertips."""


def crowding_m(x_m: float, y_m: float, z_m: float, yaw_rad: float, around: Collection[Obstacle]) -> float:
    """How much an open gripper at a pose comes too near to things: the sum over its parts, 0 where it is free [m]."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    shift, half_m = (_FINGER_OUTSIDE_M + _FINGER_INSIDE_M) / 2, (_FINGER_OUTSIDE_M - _FINGER_INSIDE_M) / 2
    parts = (
        (Rectangle(x_m - s * shift, y_m + c * shift, yaw_rad, 0.0115, half_m), z_m - FINGERTIP_M, 0.004),
        (Rectangle(x_m + s * shift, y_m - c * shift, yaw_rad, 0.0115, half_m), z_m - FINGERTIP_M, 0.004),
        (Rectangle(x_m, y_m, yaw_rad, 0.033, 0.104), z_m + _PALM_M, 0.004),
    )
    total = 0.0
    for part, bottom_m, margin_m in parts:
        for thing in around:
            if thing.top_m > bottom_m - 0.0005:
                total += max(0.0, margin_m - thing.gap_m(part))
    return total
