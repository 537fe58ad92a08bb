"""Fiducial tags (AprilTag 36h11): where they are stuck on things, and how they are found in a picture.

Nothing here knows of the simulation: a robot with a real camera uses it as it is. Needs OpenCV (the extra `camera`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from codeword.codebook.errors import InputError

from .installed import check_camera
from .pose import Vector3

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

MODULES = 8
"""Squares along the black side of a tag, its border included; a white margin one such square wide goes around it."""
MOST_TAGS = 587
"""So many tags the family 36h11 has."""
_LARGER = 2
"""Tags are looked for in pictures so many times as large: more of the small ones are found."""


@dataclass(frozen=True)
class Tag:
    """A printed tag on a thing: the middle of it [m], where its print runs to and where its top is (unit vectors), all
    in the thing's own frame (origin in its centre), and the side of its black square [m].
    """

    number: int
    thing: str
    side_m: float
    centre_m: Vector3
    right: Vector3
    up: Vector3

    @property
    def normal(self) -> Floats:
        """Which way it looks, in the thing's frame."""
        normal: Floats = np.cross(self.right, self.up)
        return normal

    @property
    def corners_m(self) -> Floats:
        """The corners of its black square in the thing's frame, shape (4, 3): clockwise from the top left [m]."""
        steps = np.array([(-1, 1), (1, 1), (1, -1), (-1, -1)]) * self.side_m / 2
        corners: Floats = np.asarray(self.centre_m) + steps @ np.array([self.right, self.up])
        return corners


@dataclass(frozen=True)
class Camera:
    """A calibrated camera that stands still. `size_px` are the width and height of its pictures.

    `matrix` (3, 3) [pixels, the middle of the first one is 0, 0] and `distortion` (k1, k2, p1, p2, k3; none: ()) are
    what `cv2.calibrateCamera` gives. `rotation` (3, 3) and `eye_m` (3,) [m] lead from the camera's frame (x right, y
    down, z forward) to the world's.
    """

    size_px: tuple[int, int]
    matrix: Floats
    rotation: Floats = field(default_factory=lambda: np.eye(3))
    eye_m: Floats = field(default_factory=lambda: np.zeros(3))
    distortion: tuple[float, ...] = ()


@dataclass(frozen=True)
class View:
    """What one camera saw at one moment: by the number of each tag its corners, shape (4, 2), straightened: x / z and
    y / z in the camera's frame.
    """

    camera: Camera
    corners: Mapping[int, Floats]


@cache
def opencv() -> Any:
    """OpenCV's module, loaded when it is first needed. Raises InputError where it is not installed."""
    check_camera()
    import cv2

    return cv2


@cache
def _detector() -> Any:
    aruco = opencv().aruco
    how = aruco.DetectorParameters()
    how.cornerRefinementMethod = aruco.CORNER_REFINE_SUBPIX
    how.polygonalApproxAccuracyRate = 0.06  # tags are seen as small as 12 pixels, where a corner is easily a pixel off
    how.perspectiveRemovePixelPerCell = 8
    return aruco.ArucoDetector(_family(), how)


@cache
def _family() -> Any:
    aruco = opencv().aruco
    return aruco.getPredefinedDictionary(aruco.DICT_APRILTAG_36h11)


def printed(number: int, pixels: int) -> Picture:
    """The black square of a tag as it is to be printed, shape (pixels, pixels)."""
    drawn: Picture = opencv().aruco.generateImageMarker(_family(), number, pixels)
    return drawn


def look_for_tags(camera: Camera, picture: Picture) -> View:
    """The tags in a picture, grey (height, width) or in color (height, width, 3).

    Raises InputError for a picture of another size than the camera was calibrated for.
    """
    cv2 = opencv()
    height, width = picture.shape[:2]
    if (width, height) != camera.size_px:
        right = f"{camera.size_px[0]} x {camera.size_px[1]}"
        raise InputError(f"a picture of {width} x {height} pixels; the camera is calibrated for {right}")
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    larger = cv2.resize(grey, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_LINEAR)
    found, numbers, _ = _detector().detectMarkers(larger)
    corners: dict[int, Floats] = {}
    for number, at in zip([] if numbers is None else numbers.ravel().tolist(), found, strict=True):
        at_px = (at.reshape(4, 1, 2).astype(np.float64) + 0.5) / _LARGER - 0.5
        straight = cv2.undistortPoints(at_px, camera.matrix, np.array(camera.distortion or (0.0,) * 4))
        corners[number] = straight.reshape(4, 2)
    return View(camera, corners)


def by_number(tags: Sequence[Tag]) -> dict[int, Tag]:
    """Tags by their numbers. Raises InputError where two have one number or the family has no such tag."""
    found: dict[int, Tag] = {}
    for tag in tags:
        other = found.setdefault(tag.number, tag)
        if other is not tag:
            raise InputError(f"tag {tag.number} is on '{other.thing}' and on '{tag.thing}'; give one another number")
        if not 0 <= tag.number < MOST_TAGS:
            raise InputError(f"tag {tag.number} on '{tag.thing}': 36h11 has the numbers 0 to {MOST_TAGS - 1}")
    return found
