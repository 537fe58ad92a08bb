"""Slide a block along the table with closed fingers: pushed from behind, steered until its centre lies in the zone."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from codeword.codebook.robot import Motion, Outcome

from .kinematics import Floats, UnreachableError, joints_for
from .layout import Placed
from .motion import GENTLE_M_S, PEAK_M_S
from .shapes import TIE_M, Obstacle, Rectangle, extents_m, obstacles
from .touch import press_n, support_of
from .world import TICK_S, World

if TYPE_CHECKING:
    from .arm import Arm

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


_STROKES = 8
_PUSH_M_S = 0.10
_TIP_HALF_M = 0.012
_BEHIND_M = 0.02
_TIP_HEIGHT_M = 0.016
_STEER = 2.5
_LOOK_EVERY_TICKS = 4
_STUCK_TICKS = 160
_BLOCKED_N = 40.0
_TURNS_RAD = (0.0, 0.35, -0.35, 0.7, -0.7)


def slide(arm: "Arm", world: World, entity: str, target: str) -> Motion:
    """Push `entity` into the zone `target`. Fails as `blocked` or `missed` where it does not arrive.

    A push is a few strokes: after each, the block is looked at again and pushed from where it now needs to be.
    """
    zone, thing = world.things.get(target), world.things.get(entity)
    if thing is None or thing.kind != "block" or entity not in world.bodies or world.has_fallen(entity):
        return Outcome(False, "not_there", f"{entity} is not on the table")
    if zone is None or zone.kind != "zone":
        return Outcome(False, "no_target", f"{target} is no zone")
    if support_of(world, entity) != "table":
        return Outcome(False, "blocked", f"{entity} does not stand on the table")
    yield from arm.hand.shut()
    outcome = Outcome(False, "missed", f"{entity} did not reach {target}")
    blocked = 0
    for _ in range(_STROKES):
        goal = next_point(world, entity, zone)
        if zone.contains(*world.pose(entity).position_m[:2], INSIDE_M - 0.005):
            return Outcome(True)
        start = _start(world, entity, goal)
        if start is None:
            return Outcome(False, "blocked", f"no room for the fingers behind {entity}")
        outcome = yield from arm.go(start, gentle=True)
        if outcome.ok:
            outcome = yield from _stroke(arm, world, entity, goal)
        yield from _leave(arm, world, entity)
        blocked += outcome.reason == "blocked"
        if blocked > 1 or outcome.reason == "unreachable":
            break
    if zone.contains(*world.pose(entity).position_m[:2]):
        return Outcome(True)
    return outcome if not outcome.ok else Outcome(False, "missed", f"{entity} did not reach {target}")


def _leave(arm: "Arm", world: World, entity: str) -> Motion:
    """Draw back from the block, so that the fingers do not drag it along, then go up."""
    x_m, y_m, _ = world.pose(entity).position_m
    back, up = arm.at.copy(), arm.at.copy()
    away = back[:2] - (x_m, y_m)
    back[:2] += 0.02 * away / max(float(np.linalg.norm(away)), 1e-6)
    up[:2] = back[:2]
    up[2] += 0.08
    outcome = yield from arm.follow([back], [GENTLE_M_S])
    if outcome.ok:
        outcome = yield from arm.follow([up], [PEAK_M_S])
    return outcome


def _start(world: World, entity: str, goal: tuple[float, float]) -> Floats | None:
    """Where the closed fingers come down: behind the block as seen from the goal, or a little to a side of that."""
    x_m, y_m, z_m = world.pose(entity).position_m
    heading = math.atan2(goal[1] - y_m, goal[0] - x_m)
    middle_rad = (math.atan2(y_m, x_m) + math.atan2(goal[1], goal[0])) / 2
    around = obstacles(world, without=(entity,))
    for turn_rad in _TURNS_RAD:
        angle = heading + turn_rad
        back_m = _reach_m(world, entity, angle) + _TIP_HALF_M + _BEHIND_M
        at = (x_m - back_m * math.cos(angle), y_m - back_m * math.sin(angle))
        tip = Rectangle(*at, angle, _TIP_HALF_M, _TIP_HALF_M)
        if any(thing.outline.gap_m(tip) < 0.004 for thing in around):
            continue
        height_m = min(max(_TIP_HEIGHT_M, 0.6 * z_m), z_m)
        # Across the push one finger's outer side is in front: flat, with no gap for a corner to be caught in.
        turns = (angle + (k + 0.5) * math.pi for k in range(-3, 3))
        # Straight away from the robot two are as near: which one comes first is no matter of last digits.
        for yaw_rad in sorted(turns, key=lambda yaw: round(abs(yaw - middle_rad), 1)):
            aim = np.array([*at, height_m, yaw_rad])
            try:
                joints_for(aim[None, :])
            except UnreachableError:
                continue
            return aim
    return None


def _reach_m(world: World, entity: str, angle_rad: float) -> float:
    """From a block's centre to its side, against a direction."""
    along_m, across_m, _ = extents_m(world, entity)
    turned = angle_rad - world.pose(entity).yaw_rad
    c, s = abs(math.cos(turned)), abs(math.sin(turned))
    return min(along_m / c if c > 1e-6 else math.inf, across_m / s if s > 1e-6 else math.inf)


def _stroke(arm: "Arm", world: World, entity: str, goal: tuple[float, float]) -> Motion:
    """One push towards the goal. The fingers keep to the far side of the block's centre from the goal."""
    tip = arm.at.copy()
    x_m, y_m, _ = world.pose(entity).position_m
    best_m, since_best = math.hypot(goal[0] - x_m, goal[1] - y_m), 0
    velocity = np.zeros(2)
    tick = pressed = 0
    while True:
        if tick % _LOOK_EVERY_TICKS == 0:
            x_m, y_m, _ = world.pose(entity).position_m
            left = (goal[0] - x_m, goal[1] - y_m)
            left_m = math.hypot(*left)
            ahead = (x_m - tip[0], y_m - tip[1])
            past = left[0] * ahead[0] + left[1] * ahead[1] <= 0.0
            if left_m < 0.006 or past:
                arm.hold()
                return Outcome(True)
            pressed = pressed + 1 if press_n(world, entity) > _BLOCKED_N else 0
            if pressed > 5:
                arm.hold()
                return Outcome(False, "blocked", f"{entity} pushes against something")
            if left_m < best_m - 0.001:
                best_m, since_best = left_m, 0
            unit = (left[0] / left_m, left[1] / left_m)
            aside = -ahead[0] * unit[1] + ahead[1] * unit[0]
            if abs(aside) > 0.03:
                arm.hold()
                return Outcome(True)
            speed = _PUSH_M_S * min(1.0, 0.25 + left_m / 0.05)
            slide = _STEER * aside
            velocity = np.array([speed * unit[0] - slide * unit[1], speed * unit[1] + slide * unit[0]])
        since_best += 1
        if since_best > _STUCK_TICKS:
            arm.hold()
            return Outcome(False, "blocked", f"{entity} does not move on")
        try:
            arm.drift(tip, velocity)
        except UnreachableError as error:
            arm.hold()
            return Outcome(False, "unreachable", str(error))
        yield
        tip[:2] += velocity * TICK_S
        tick += 1
