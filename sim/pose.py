"""Where a thing is and how it is turned."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """Centre [m] and orientation (unit quaternion x, y, z, w) of a thing in the world frame."""

    position_m: Vector3
    quaternion: tuple[float, float, float, float]

    @property
    def yaw_rad(self) -> float:
        """Turn about the vertical, from the body's x axis (its y axis where x stands upright)."""
        x_axis, y_axis, _ = self.axes
        if abs(x_axis[2]) > 0.7:
            return math.atan2(-y_axis[0], y_axis[1])
        return math.atan2(x_axis[1], x_axis[0])

    @property
    def axes(self) -> tuple[Vector3, Vector3, Vector3]:
        """The body's x, y and z axes in the world frame; to the bit what PyBullet computes."""
        x, y, z, w = self.quaternion
        s = 2.0 / (x * x + y * y + z * z + w * w)
        xs, ys, zs = x * s, y * s, z * s
        return (
            (1.0 - (y * ys + z * zs), x * ys + w * zs, x * zs - w * ys),
            (x * ys - w * zs, 1.0 - (x * xs + z * zs), y * zs + w * xs),
            (x * zs + w * ys, y * zs - w * xs, 1.0 - (x * xs + y * ys)),
        )

    def half_height_m(self, size_m: Sequence[float]) -> float:
        """How far a box of that extent along its own axes reaches above and below its centre."""
        return sum(extent / 2 * abs(axis[2]) for extent, axis in zip(size_m, self.axes, strict=True))


FACES: tuple[tuple[Vector3, Vector3, Vector3], ...] = (
    ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)),
    ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
)
"""Of each side of a block: which way it looks, where the text runs to, and where its top is. On the upper side the text
stands upright for whoever sits opposite the robot, as the camera does."""

CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
"""Of a side, as steps to the right and up, against the clock."""
