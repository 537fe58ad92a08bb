"""The Panda's joints for a gripper that points straight down, and back: a closed form.

The third and fifth joint stay at zero, so the arm lies in one upright plane, the elbow is always up, and a straight
path of the gripper is a smooth path of the joints.
"""

import math

import numpy as np
import numpy.typing as npt

from codeword.codebook.errors import RobotError

Floats = npt.NDArray[np.float64]

SHOULDER_M = 0.333
TOOL_M = 0.107 + 0.105
"""From the wrist's flange frame down to the point between the fingertips."""
_WRIST_M = 0.088
_UPPER = (0.0825, 0.316)
_FORE = (-0.0825, 0.384)
_UPPER_M, _FORE_M = math.hypot(*_UPPER), math.hypot(*_FORE)
_UPPER_TILT, _FORE_TILT = math.atan2(_UPPER[0], _UPPER[1]), math.atan2(-_FORE[0], _FORE[1])

LOW_RAD = np.array([-2.90, -1.76, -2.90, -3.07, -2.90, -0.01, -2.90])
HIGH_RAD = np.array([2.90, 1.76, 2.90, -0.07, 2.90, 3.75, 2.90])
SPEED_RAD_S = np.array([2.1, 2.1, 2.1, 2.1, 2.5, 2.5, 2.5])


class UnreachableError(RobotError):
    """No joint angles put the gripper there, pointing down."""


def joints_for(poses: Floats) -> Floats:
    """Joint angles, shape (n, 7) [rad], for gripper poses, shape (n, 4): x, y, z [m] and yaw [rad] in the world frame.

    The pose is that of the point between the fingertips; at yaw 0 the fingers close along the world's y axis.
    Raises UnreachableError where a pose is out of reach or beyond a joint's limits.
    """
    x_m, y_m, z_m, yaw_rad = poses.T
    along = np.hypot(x_m, y_m) - _WRIST_M
    up = z_m + TOOL_M - SHOULDER_M
    reach_m = np.hypot(along, up)
    bend_cos = (reach_m**2 - _UPPER_M**2 - _FORE_M**2) / (2 * _UPPER_M * _FORE_M)
    if np.any(np.abs(bend_cos) > 0.9995):
        raise UnreachableError(f"{np.max(reach_m):.2f} m from the shoulder is out of reach")
    bend = np.arccos(bend_cos)
    upper_tilt = np.arctan2(along, up) - np.arctan2(_FORE_M * np.sin(bend), _UPPER_M + _FORE_M * np.cos(bend))
    shoulder = upper_tilt - _UPPER_TILT
    tilt = upper_tilt + bend + _FORE_TILT
    turn = np.arctan2(y_m, x_m)
    none = np.zeros_like(turn)
    joints = np.stack([turn, shoulder, none, shoulder - tilt, none, tilt, turn - yaw_rad + math.pi / 4], axis=1)
    if np.any(joints < LOW_RAD) or np.any(joints > HIGH_RAD):
        worst = int(np.argmax(np.max(np.maximum(LOW_RAD - joints, joints - HIGH_RAD), axis=0)))
        raise UnreachableError(f"joint {worst + 1} would go beyond its limits")
    return joints


def pose_of(joints_rad: Floats) -> Floats:
    """The gripper pose, shape (4,), of joint angles, shape (7,), whose third and fifth are near zero."""
    turn, shoulder, _, elbow, _, _, hand = (float(angle) for angle in joints_rad)
    tilt = shoulder - elbow
    along = _UPPER_M * math.sin(shoulder + _UPPER_TILT) + _FORE_M * math.sin(tilt - _FORE_TILT) + _WRIST_M
    up = _UPPER_M * math.cos(shoulder + _UPPER_TILT) + _FORE_M * math.cos(tilt - _FORE_TILT)
    yaw_rad = turn - hand + math.pi / 4
    return np.array([along * math.cos(turn), along * math.sin(turn), up + SHOULDER_M - TOOL_M, yaw_rad])


def nearest_turn(x_m: float, y_m: float, yaw_rad: float) -> float:
    """The yaw equal to `yaw_rad` (modulo 360°) that is nearest to the middle of the wrist's range there [rad]."""
    middle = math.atan2(y_m, x_m)
    return middle + math.remainder(yaw_rad - middle, math.tau)


def yaw_choices(x_m: float, y_m: float, yaw_rad: float) -> list[float]:
    """Yaws equal to `yaw_rad` for two like fingers (modulo 180°) that the wrist reaches there [rad]."""
    middle = math.atan2(y_m, x_m)
    turns = (yaw_rad + k * math.pi for k in range(-4, 5))
    return [turn for turn in turns if abs(turn - middle) <= 2.0]
