"""Looking by camera: pictures of the simulated table, tags in them, and the scene that follows. Nothing else is asked
of physics than what is in the pictures, and of the gripper what it holds.
"""

import math

import numpy as np

from .arm import Arm
from .bullet import pybullet
from .pose import Pose
from .seen import SeenScene, scene_of
from .tag_places import tags_of
from .tag_poses import Sight, poses_of
from .tags import Camera, Floats, Picture, by_number, look_for_tags
from .touch import grasped
from .world import World

_FOCAL_PX = 1100.0
_NEAR_M, _FAR_M = 0.1, 3.0
_LEAST = 2
"""A thing of which one camera sees one tag alone is not seen: its distance and tilt would be guessed."""
Eye = tuple[tuple[float, float, float], tuple[float, float, float], tuple[int, int]]
EYES: tuple[Eye, ...] = (
    ((1.30, 0.0, 0.90), (0.52, 0.0, 0.0), (1120, 480)),
    ((0.50, 1.00, 0.90), (0.50, 0.07, 0.0), (580, 680)),
    ((0.50, -1.00, 0.90), (0.50, -0.07, 0.0), (580, 680)),
)
"""Where the cameras stand and what they look at, in the world frame [m], and the size of their pictures [pixels]:
opposite the robot, and on either side.
"""
_NOISE = 2.0
"""Standard deviation of a pixel's grey [of 255]."""
_LUMA = np.array([0.299, 0.587, 0.114])


class CameraSenses:
    """Implements `Senses`. Noise is a function of the seed and of the pictures taken so far: that of pixels, which puts
    things a fraction of a millimetre off.

    What is fixed to the table or marked on it stays known once it was seen; a block is where it is seen, or nowhere.
    """

    def __init__(self, world: World, arm: Arm, seed: int) -> None:
        self._world, self._arm = world, arm
        self._tags = tags_of(world.things.values())
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._cameras = [camera_at(np.array(eye), np.array(at), size_px) for eye, at, size_px in EYES]
        self._fixed: dict[str, Sight] = {}
        self._looked_at = (-1, "")
        self._scene: SeenScene | None = None

    def look(self) -> SeenScene:
        """The things whose tags are seen now. While physics stands still the same pictures serve again."""
        moment = (self._world.ticks, " ".join(self._world.bodies))
        if self._scene is None or moment != self._looked_at:
            self._scene, self._looked_at = self._seen(), moment
        return self._scene

    def pictures(self) -> list[Picture]:
        """What the cameras show now: grey, shape (height, width)."""
        return [self._noisy(drawn(self._world, camera)) for camera in self._cameras]

    def _noisy(self, grey: Floats) -> Picture:
        noise = _NOISE * self._rng.standard_normal(grey.shape, dtype=np.float32)
        noisy: Picture = np.clip(grey + noise, 0.0, 255.0).astype(np.uint8)
        return noisy

    def _seen(self) -> SeenScene:
        views = [look_for_tags(camera, grey) for camera, grey in zip(self._cameras, self.pictures(), strict=True)]
        sights = poses_of(views, by_number(self._tags), _LEAST)
        things = self._world.things
        self._fixed |= {thing: sight for thing, sight in sights.items() if things[thing].kind != "block"}
        return scene_of(things.values(), self._tags, sights | self._fixed, self._held())

    def _held(self) -> tuple[str, Pose] | None:
        """What the gripper holds, told by the force on its fingers; it is where the fingertips are, turned as they are,
        and so up to half of its height off.
        """
        held = grasped(self._world)
        if held is None:
            return None
        x_m, y_m, z_m, yaw_rad = (float(part) for part in self._arm.gripper_pose())
        return held, Pose((x_m, y_m, z_m), (0.0, 0.0, math.sin(yaw_rad / 2), math.cos(yaw_rad / 2)))


def camera_at(eye_m: Floats, look_at_m: Floats, size_px: tuple[int, int]) -> Camera:
    """A camera without distortion, upright, at a place of the world frame [m]."""
    forward = (look_at_m - eye_m) / np.linalg.norm(look_at_m - eye_m)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    x_px, y_px = size_px[0] / 2, size_px[1] / 2 - 1  # TinyRenderer draws a point at its pixel's corner, bottom up
    matrix = np.array([[_FOCAL_PX, 0.0, x_px], [0.0, _FOCAL_PX, y_px], [0.0, 0.0, 1.0]])
    return Camera(size_px, matrix, np.stack([right, np.cross(forward, right), forward], axis=1), eye_m)


def drawn(world: World, camera: Camera) -> Floats:
    """A picture by one camera, grey from 0 to 255, shape (height, width), by PyBullet's TinyRenderer (on the CPU)."""
    _, down, forward = camera.rotation.T
    width, height = camera.size_px
    height_deg = float(np.degrees(2 * np.arctan(height / 2 / camera.matrix[1, 1])))
    _, _, rgba, _, _ = pybullet.getCameraImage(
        width,
        height,
        pybullet.computeViewMatrix(camera.eye_m.tolist(), (camera.eye_m + forward).tolist(), (-down).tolist()),
        pybullet.computeProjectionMatrixFOV(height_deg, width / height, _NEAR_M, _FAR_M),
        lightDirection=(0.5, 0.0, 2.0),
        lightAmbientCoeff=0.7,
        lightDiffuseCoeff=0.3,
        lightSpecularCoeff=0.0,
        shadow=0,
        renderer=pybullet.ER_TINY_RENDERER,
        flags=pybullet.ER_NO_SEGMENTATION_MASK,
        physicsClientId=world.client,
    )
    grey: Floats = np.asarray(rgba, dtype=np.uint8).reshape(height, width, 4)[:, :, :3] @ _LUMA
    return grey
