"""Which way a block is pushed to a zone: straight, or round what stands in the way."""

import math
from collections.abc import Sequence

from .layout import Placed
from .shapes import TIE_M, Obstacle, Rectangle, extents_m, obstacles
from .world import World

INSIDE_M = 0.025
"""A block is pushed until its centre is so far inside the zone's edge."""

_ROOM_M = 0.012
_CROWDED = 20.0
_TURN_COST_M = 0.08
_GOALS = 5
_VIAS_M = tuple((0.36 + 0.05 * i, 0.06 * j) for i in range(7) for j in range(-6, 7))

Point = tuple[float, float]


def next_point(world: World, block: str, zone: Placed) -> Point:
    """Where the centre of a block is pushed to next, in a straight line: into the zone, or to where it then can be."""
    x_m, y_m, _ = world.pose(block).position_m
    around = obstacles(world, without=(block,))
    along_m, across_m, _ = extents_m(world, block)
    half_m = 0.9 * math.hypot(along_m, across_m)
    goals = sorted((_cost((x_m, y_m), goal, zone, half_m, around), goal) for goal in _goals(zone))
    best_m, best = goals[0]
    if best_m < math.dist((x_m, y_m), best) + 0.15:
        return best
    for via in _VIAS_M:
        first_m = math.dist((x_m, y_m), via) + _CROWDED * crowding_m((x_m, y_m), via, half_m, around) + _TURN_COST_M
        for _, goal in goals[:_GOALS]:
            if first_m + math.dist(via, goal) < best_m - TIE_M:
                total_m = first_m + _cost(via, goal, zone, half_m, around)
                if total_m < best_m - TIE_M:
                    best_m, best = total_m, via
    return best


def _goals(zone: Placed) -> list[Point]:
    half_x, half_y = (max(0.0, extent / 2 - INSIDE_M) for extent in zone.size_m[:2])
    x_m, y_m, _ = zone.position_m
    return [(x_m + half_x * i / 2, y_m + half_y * j / 2) for i in range(-2, 3) for j in range(-2, 3)]


def _cost(start: Point, goal: Point, zone: Placed, half_m: float, around: Sequence[Obstacle]) -> float:
    """Length of a push that ends in a zone, and what speaks against it, in metres."""
    off_m = math.dist(goal, zone.position_m[:2])
    return math.dist(start, goal) + 0.3 * off_m + _CROWDED * crowding_m(start, goal, half_m, around)


def crowding_m(start: Point, end: Point, half_m: float, around: Sequence[Obstacle]) -> float:
    """How far things reach into the strip of table that a push sweeps, and to where the fingers come down [m]."""
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    length_m = math.dist(start, end) + half_m
    middle = (start[0] + math.cos(heading) * length_m / 2, start[1] + math.sin(heading) * length_m / 2)
    lane = Rectangle(*middle, heading, length_m / 2, half_m)
    behind_m = half_m + 0.03
    fingers = Rectangle(
        start[0] - math.cos(heading) * behind_m, start[1] - math.sin(heading) * behind_m, heading, 0.016, 0.016
    )
    return sum(
        max(0.0, _ROOM_M - thing.outline.gap_m(lane)) + max(0.0, 0.005 - thing.outline.gap_m(fingers))
        for thing in around
    )
