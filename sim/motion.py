"""Smooth paths of the gripper, as joint angles and speeds for every tick."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .kinematics import SPEED_RAD_S, Floats, joints_for
from .world import TICK_S

PEAK_M_S = 0.8
PEAK_M_S2 = 4.0
PEAK_RAD_S = 2.0
GENTLE_M_S = 0.3
"""Peak speed where the gripper comes down to touch something."""

_QUINTIC_PEAK_SPEED = 1.875
_QUINTIC_PEAK_ACCELERATION = 5.774
_OVERLAP = 0.3


@dataclass(frozen=True)
class Trajectory:
    """Joint angles [rad] and speeds [rad/s], one row of seven a tick, and the gripper pose (4,) at its end."""

    joints_rad: list[list[float]]
    speeds_rad_s: list[list[float]]
    end: Floats


def through(start: Floats, points: Sequence[Floats], peak_m_s: Sequence[float]) -> Trajectory:
    """A path from `start` through `points`, gripper poses of shape (4,), with a peak speed for each leg.

    Each leg is a quintic in time; the next begins shortly before one has ended, so that corners are rounded and not
    stopped at. Legs are slowed down together until no joint is too fast. Raises UnreachableError.
    """
    stops = [start, *points]
    legs = [after - before for before, after in pairwise(stops)]
    durations_s = np.array([_duration_s(leg, peak) for leg, peak in zip(legs, peak_m_s, strict=True)])
    while True:
        joints = joints_for(_sample(start, legs, durations_s))
        speeds = np.gradient(joints, TICK_S, axis=0) if len(joints) > 1 else np.zeros_like(joints)
        excess = float(np.max(np.abs(speeds) / SPEED_RAD_S))
        if excess <= 1.0:
            return Trajectory(joints.tolist(), speeds.tolist(), stops[-1])
        durations_s = durations_s * max(1.02, excess)


def between(start_rad: Floats, end_rad: Floats) -> tuple[list[list[float]], list[list[float]]]:
    """Joint angles and speeds, shape (n, 7) [rad, rad/s], from some joint angles (7,) to others, each on a quintic."""
    way = end_rad - start_rad
    duration_s = max(0.2, float(np.max(_QUINTIC_PEAK_SPEED * np.abs(way) / SPEED_RAD_S)))
    part = np.arange(1, math.ceil(duration_s / TICK_S) + 1) * TICK_S / duration_s
    part = np.clip(part, 0.0, 1.0)[:, None]
    joints = start_rad + way * (part**3 * (10 - 15 * part + 6 * part**2))
    return joints.tolist(), np.gradient(joints, TICK_S, axis=0).tolist()


def _duration_s(leg: Floats, peak_m_s: float) -> float:
    length_m, turn_rad = float(np.linalg.norm(leg[:3])), abs(float(leg[3]))
    return max(
        _QUINTIC_PEAK_SPEED * length_m / peak_m_s,
        math.sqrt(_QUINTIC_PEAK_ACCELERATION * length_m / PEAK_M_S2),
        _QUINTIC_PEAK_SPEED * turn_rad / PEAK_RAD_S,
        3 * TICK_S,
    )


def _sample(start: Floats, legs: Sequence[Floats], durations_s: Floats) -> Floats:
    """Poses, shape (n, 4), at the end of every tick."""
    begins_s, clock_s = [], 0.0
    for k, duration_s in enumerate(durations_s):
        if k:
            clock_s -= _OVERLAP * min(duration_s, durations_s[k - 1])
        begins_s.append(clock_s)
        clock_s += duration_s
    times_s = TICK_S * np.arange(1, math.ceil(clock_s / TICK_S) + 1)
    poses = np.repeat(start[None, :], len(times_s), axis=0)
    for leg, begin_s, duration_s in zip(legs, begins_s, durations_s, strict=True):
        part = np.clip((times_s - begin_s) / duration_s, 0.0, 1.0)[:, None]
        poses += leg * (part**3 * (10 - 15 * part + 6 * part**2))
    return poses
