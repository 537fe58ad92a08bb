"""The poses of things out of the tags that cameras see on them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from codeword.codebook.errors import InputError

from .pose import Pose
from .tags import Camera, Floats, Picture, Tag, View, look_for_tags, opencv

_ROUNDS = 12
_STILL = 1e-7
_MOST_OFF_PX = 2.0
"""A pose that the corners are further off from than this (root mean square) is none: a tag was misread."""


@dataclass(frozen=True)
class Sight:
    """A thing as the cameras see it: its pose, the numbers of the tags seen, and how far their corners are off from
    where that pose puts them (root mean square) [pixels].
    """

    pose: Pose
    tags: frozenset[int]
    off_px: float


def poses_of(views: Sequence[View], tags: Mapping[int, Tag], least: int = 1) -> dict[str, Sight]:
    """The pose of every thing of which at least so many tags are seen, in the world frame; one that two cameras see
    counts twice.

    A tag alone leaves its distance uncertain, and of a small one the tilt. So all corners of a thing, from all cameras,
    are brought to agree (Gauss-Newton on how far they are off in the pictures), beginning from the best of those poses
    that single tags suggest (`cv2.solvePnP`, both of its answers).
    """
    seen: dict[str, list[tuple[View, Tag]]] = defaultdict(list)
    for view in views:
        for number in view.corners:
            if number in tags:
                seen[tags[number].thing].append((view, tags[number]))
    found = {}
    for thing, pairs in sorted(seen.items()):
        if len(pairs) < least:
            continue
        corners = _Corners(pairs)
        start = min((guess for view, tag in pairs for guess in _guesses(view, tag)), key=corners.cost)
        rotation, position_m = corners.fit(*start)
        off_px = float(np.sqrt(np.mean(np.sum(corners.off(rotation, position_m) ** 2, axis=1)))) * corners.focal_px
        if off_px <= _MOST_OFF_PX:
            x_m, y_m, z_m = position_m.tolist()
            numbers = frozenset(tag.number for _, tag in pairs)
            found[thing] = Sight(Pose((x_m, y_m, z_m), quaternion_of(rotation)), numbers, off_px)
    return found


def standing(camera: Camera, picture: Picture, known: Mapping[int, Tag]) -> Camera:
    """The camera where it stands, by what it sees of tags at known places of the world: those are given in the world's
    frame, as if on a thing that lies at its origin. Raises InputError where it sees none.
    """
    cv2, view = opencv(), look_for_tags(camera, picture)
    numbers = sorted(view.corners.keys() & known.keys())
    if not numbers:
        wanted = ", ".join(map(str, sorted(known)))
        raise InputError(f"none of the tags {wanted} is seen: where the camera stands follows from them")
    points = np.concatenate([known[number].corners_m for number in numbers])
    seen = np.concatenate([view.corners[number] for number in numbers])
    _, turn, shift = cv2.solvePnP(points, seen, np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP)
    turn, shift = cv2.solvePnPRefineLM(points, seen, np.eye(3), None, turn, shift)
    rotation = _turn(turn).T
    return replace(camera, rotation=rotation, eye_m=-rotation @ shift.ravel())


Guess = tuple[Floats, Floats]
"""Rotation (3, 3) and position (3,) [m] from a thing's frame to the world's."""


class _Corners:
    """All corners of one thing that were seen: in its own frame, and in which pictures they are where."""

    def __init__(self, pairs: Sequence[tuple[View, Tag]]) -> None:
        self._points = np.concatenate([tag.corners_m for _, tag in pairs])
        self._at = np.concatenate([view.corners[tag.number] for view, tag in pairs])
        self._to_camera = np.repeat([view.camera.rotation.T for view, _ in pairs], 4, axis=0)
        self._eyes = np.repeat([view.camera.eye_m for view, _ in pairs], 4, axis=0)
        self.focal_px = float(np.mean([view.camera.matrix[0, 0] for view, _ in pairs]))

    def off(self, rotation: Floats, position_m: Floats) -> Floats:
        """How far each corner is off in its picture, shape (n, 2), straightened."""
        inside = self._inside(self._points @ rotation.T + position_m)
        off: Floats = inside[:, :2] / inside[:, 2:] - self._at
        return off

    def cost(self, guess: Guess) -> float:
        return float(np.sum(self.off(*guess) ** 2))

    def fit(self, rotation: Floats, position_m: Floats) -> Guess:
        """The pose nearby for which the corners are least off."""
        for _ in range(_ROUNDS):
            turned = self._points @ rotation.T
            x, y, z = self._inside(turned + position_m).T
            nought = np.zeros_like(z)
            picture = np.stack([np.stack([1 / z, nought, -x / z**2], 1), np.stack([nought, 1 / z, -y / z**2], 1)], 1)
            moved = picture @ self._to_camera
            slope = np.concatenate([np.cross(turned[:, None, :], moved), moved], axis=2).reshape(-1, 6)
            step = np.linalg.lstsq(slope, -self.off(rotation, position_m).ravel(), rcond=None)[0]
            rotation, position_m = _turn(step[:3]) @ rotation, position_m + step[3:]
            if float(np.max(np.abs(step))) < _STILL:
                break
        return rotation, position_m

    def _inside(self, world: Floats) -> Floats:
        inside: Floats = np.einsum("nij,nj->ni", self._to_camera, world - self._eyes)
        return inside


def _guesses(view: View, tag: Tag) -> list[Guess]:
    """The poses of a thing, in the world frame, that one of its tags suggests."""
    cv2 = opencv()
    half = tag.side_m / 2
    flat = np.array([(-half, half, 0.0), (half, half, 0.0), (half, -half, 0.0), (-half, -half, 0.0)])
    seen = view.corners[tag.number].reshape(4, 1, 2)
    _, turns, shifts, _ = cv2.solvePnPGeneric(flat, seen, np.eye(3), None, flags=cv2.SOLVEPNP_IPPE_SQUARE)
    on_thing = np.stack([np.asarray(tag.right), np.asarray(tag.up), tag.normal], axis=1)
    guesses = []
    for turn, shift in zip(turns, shifts, strict=True):
        rotation = view.camera.rotation @ _turn(turn) @ on_thing.T
        middle_m = view.camera.rotation @ shift.ravel() + view.camera.eye_m
        guesses.append((rotation, middle_m - rotation @ np.asarray(tag.centre_m)))
    return guesses


def _turn(vector: Floats) -> Floats:
    """The rotation (3, 3) about a vector by its length [rad]."""
    turn: Floats = opencv().Rodrigues(vector)[0]
    return turn


def quaternion_of(rotation: Floats) -> tuple[float, float, float, float]:
    """A rotation (3, 3) as a unit quaternion x, y, z, w."""
    m = rotation
    squares = 1.0 + np.array([1.0, -1.0, -1.0, 1.0]) * m[0, 0]
    squares += np.array([-1.0, 1.0, -1.0, 1.0]) * m[1, 1] + np.array([-1.0, -1.0, 1.0, 1.0]) * m[2, 2]
    largest = int(np.argmax(squares))
    rows = (
        (squares[0], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]),
        (m[0, 1] + m[1, 0], squares[1], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]),
        (m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], squares[2], m[1, 0] - m[0, 1]),
        (m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], squares[3]),
    )
    x, y, z, w = (float(part) for part in np.array(rows[largest]) / (2.0 * np.sqrt(squares[largest])))
    return x, y, z, w
