"""The sides of a block, for whatever is printed on them."""

from .pose import Vector3

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
