"""Where a held block can be put down: a free spot of a block, a bowl, a zone or the table."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .bodies import BOWL_WALL_M
from .kinematics import UnreachableError, joints_for, nearest_turn
from .layout import BOWL_FLOOR_M, BOWL_SPACING_M
from .shapes import TIE_M, Rectangle, crowding_m, extents_m, obstacles
from .world import World

_EDGE_M = 0.01
_TOUCH_M = 0.004
_GAP_M = 0.012


@dataclass(frozen=True)
class Held:
    """How a block sits in the hand: its half extents [m], its centre in the hand's frame [m] and its turn in it [rad].

    `hang_m` is how far its underside is below the point between the fingertips.
    """

    id: str
    half_m: tuple[float, float]
    offset_m: tuple[float, float]
    turn_rad: float
    hang_m: float


@dataclass(frozen=True)
class Spot:
    """A place to put a held block down: where the hand goes (x, y, yaw) and the height of the surface there [m]."""

    x_m: float
    y_m: float
    yaw_rad: float
    surface_m: float


def find_spot(world: World, held: Held, target: str, hand: tuple[float, float, float]) -> Spot | None:
    """The best free spot of a target, for a hand now at x, y, yaw; None where there is no room.

    Best: near the middle of a zone, near the hand on the table, and where the fingers can open without touching.
    """
    around = obstacles(world, without=(held.id, target))
    is_box = target in world.things and world.things[target].kind == "box"
    in_the_way = obstacles(world, without=(held.id,)) if is_box else around  # the fingers may touch a box's walls
    best: Spot | None = None
    best_cost = math.inf
    for x_m, y_m, yaw_rad, surface_m, base_cost in _candidates(world, held, target, hand):
        if base_cost >= best_cost - TIE_M:
            continue
        for quarter in range(4):
            turned_rad = yaw_rad + quarter * math.pi / 2
            outline = Rectangle(x_m, y_m, turned_rad, *held.half_m)
            room_m = min((t.outline.gap_m(outline) for t in around if t.top_m > surface_m + 0.002), default=1.0)
            spot = _hand_at(held, x_m, y_m, turned_rad, surface_m)
            if room_m < _TOUCH_M or spot is None:
                continue
            crowd_m = crowding_m(spot.x_m, spot.y_m, surface_m + held.hang_m, spot.yaw_rad, in_the_way)
            cost = base_cost + 2.0 * max(0.0, _GAP_M - room_m) + 20.0 * crowd_m + 0.01 * abs(spot.yaw_rad - hand[2])
            if cost < best_cost - TIE_M:
                best, best_cost = spot, cost
    return best


Candidate = tuple[float, float, float, float, float]


def _candidates(world: World, held: Held, target: str, hand: tuple[float, float, float]) -> Iterable[Candidate]:
    """Poses for the block itself: x, y, yaw, height of the surface, cost; cheapest first where there are many."""
    thing = world.things.get(target)
    if thing is None:
        near = sorted(_on_table(world, held, hand), key=lambda c: math.hypot(c[0], c[1]))
        return sorted(near, key=lambda c: round(c[4], 3))  # of two that are as far from the hand, the easier to reach
    if thing.kind == "zone":
        return sorted(_in_zone(world, target), key=lambda c: c[4])
    pose = world.pose(target)
    x_m, y_m, z_m = pose.position_m
    if thing.kind == "box":
        return _in_box(x_m, y_m, thing.size_m, held)
    if thing.kind == "bowl":
        return _in_bowl(x_m, y_m, thing.size_m[0] / 2 - BOWL_WALL_M, held)
    top_m = z_m + extents_m(world, target)[2]
    return [(x_m, y_m, pose.yaw_rad, top_m, 0.0)]


def _in_bowl(x_m: float, y_m: float, radius_m: float, held: Held) -> list[Candidate]:
    """The middle, the places beside it along x and y, and then whatever else lies within the wall."""
    side_m = BOWL_SPACING_M
    offsets = [(0.0, 0.0), (side_m, 0.0), (-side_m, 0.0), (0.0, side_m), (0.0, -side_m)]
    first = [(x_m + dx, y_m + dy, 0.0, BOWL_FLOOR_M, 0.01 * k) for k, (dx, dy) in enumerate(offsets)]
    half_m = max(held.half_m)
    others = [
        (x_m + 0.01 * i, y_m + 0.01 * j, 0.0, BOWL_FLOOR_M, 0.2 + 0.01 * math.hypot(i, j))
        for i in range(-5, 6)
        for j in range(-5, 6)
        if math.hypot(0.01 * abs(i) + half_m, 0.01 * abs(j) + half_m) < radius_m - 0.003
    ]
    return first + sorted(others, key=lambda c: c[4])


def _in_box(x_m: float, y_m: float, size_m: tuple[float, float, float], held: Held) -> list[Candidate]:
    """Three rows of three, those at the corners first, so that room is left; then whatever else lies within the wall.

    The fingers open along y or x, so blocks keep further from the wall than they must.
    """
    half_m = max(held.half_m)
    reach_x, reach_y = (extent / 2 - BOWL_WALL_M - half_m - 0.003 for extent in size_m[:2])
    rows = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    first = [
        (x_m + i * (reach_x - 0.002), y_m + j * (reach_y - 0.002), 0.0, BOWL_FLOOR_M, 0.01 * (2 - abs(i) - abs(j)))
        for i, j in rows
    ]
    others = [
        (x_m + 0.01 * i, y_m + 0.01 * j, 0.0, BOWL_FLOOR_M, 0.2 + 0.01 * math.hypot(i, j))
        for i in range(-int(reach_x / 0.01), int(reach_x / 0.01) + 1)
        for j in range(-int(reach_y / 0.01), int(reach_y / 0.01) + 1)
    ]
    return first + sorted(others, key=lambda c: c[4])


def _in_zone(world: World, target: str) -> Iterator[Candidate]:
    zone = world.things[target]
    x_m, y_m, _ = zone.position_m
    reach_x, reach_y = (max(0.0, extent / 2 - 0.02) for extent in zone.size_m[:2])
    for i in range(-int(reach_x / 0.01), int(reach_x / 0.01) + 1):
        for j in range(-int(reach_y / 0.01), int(reach_y / 0.01) + 1):
            yield x_m + 0.01 * i, y_m + 0.01 * j, 0.0, 0.0, 0.01 * math.hypot(i, j)


def _on_table(world: World, held: Held, hand: tuple[float, float, float]) -> Iterator[Candidate]:
    radius_m = math.hypot(*held.half_m)
    zones = world.of_kind("zone")
    for i in range(19):
        for j in range(-20, 21):
            x_m, y_m = 0.32 + 0.02 * i, 0.02 * j
            if not 0.34 <= math.hypot(x_m, y_m) <= 0.73:
                continue
            if any(zone.contains(x_m, y_m, -radius_m - _EDGE_M) for zone in zones):
                continue
            yield x_m, y_m, 0.0, 0.0, 0.3 * math.hypot(x_m - hand[0], y_m - hand[1])


def _hand_at(held: Held, x_m: float, y_m: float, yaw_rad: float, surface_m: float) -> Spot | None:
    """The hand that puts the block's centre at x, y, turned by `yaw_rad`; None out of reach."""
    hand_rad = yaw_rad - held.turn_rad
    c, s = math.cos(hand_rad), math.sin(hand_rad)
    dx, dy = held.offset_m
    hand_x, hand_y = x_m - (c * dx - s * dy), y_m - (s * dx + c * dy)
    hand_rad = nearest_turn(hand_x, hand_y, hand_rad)
    try:
        joints_for(np.array([[hand_x, hand_y, surface_m + held.hang_m, hand_rad]]))
    except UnreachableError:
        return None
    return Spot(hand_x, hand_y, hand_rad, surface_m)
