"""Pictures of the table and the arm, drawn on the CPU by PyBullet's TinyRenderer."""

import numpy as np
import numpy.typing as npt

from .bullet import pybullet
from .world import World

_EYE_M = (1.40, -0.64, 0.98)
_LOOK_AT_M = (0.31, 0.0, 0.22)
_FIELD_OF_VIEW_DEG = 45.0
_LIGHT = (0.9, -0.8, 2.2)


def picture(world: World, width: int, height: int) -> npt.NDArray[np.uint8]:
    """An RGB picture, shape (height, width, 3), three quarters from the front, with the whole table and the arm."""
    view = pybullet.computeViewMatrix(_EYE_M, _LOOK_AT_M, (0.0, 0.0, 1.0))
    projection = pybullet.computeProjectionMatrixFOV(_FIELD_OF_VIEW_DEG, width / height, 0.1, 5.0)
    _, _, rgba, _, _ = pybullet.getCameraImage(
        width,
        height,
        view,
        projection,
        lightDirection=_LIGHT,
        lightDistance=4.0,
        lightColor=(1.0, 1.0, 1.0),
        lightAmbientCoeff=0.55,
        lightDiffuseCoeff=0.5,
        lightSpecularCoeff=0.1,
        shadow=1,
        renderer=pybullet.ER_TINY_RENDERER,
        flags=pybullet.ER_NO_SEGMENTATION_MASK,
        physicsClientId=world.client,
    )
    pixels: npt.NDArray[np.uint8] = np.asarray(rgba, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
    return pixels.copy()
