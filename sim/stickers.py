"""Tags in a simulated world: sheets with their pictures on things, and on the table."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from .bullet import pybullet
from .layout import Placed
from .pose import CORNERS, FACES
from .tag_places import tags_of
from .tags import Floats, Tag, printed

_TEXELS, _MARGIN = 32, 3
"""A tag is printed four texels a module, with a white margin of three of them."""
_PAPER = 1 + 2 * _MARGIN / _TEXELS
"""The paper's side over the tag's."""


class Stickers:
    """Puts the tags of a world into one physics client."""

    def __init__(self, client: int, things: Iterable[Placed]) -> None:
        self._client = client
        self._tags = tags_of(things)

    def shape(self, thing: Placed) -> int:
        """The visual shape of a thing's tags, in its frame; of a block with the sides that they are stuck on."""
        tags = self._of(thing)
        width = len(tags) + 1  # the last cell of the texture has the thing's color alone
        vertices: list[list[float]] = []
        normals: list[list[float]] = []
        uvs: list[list[float]] = []
        for cell, tag in enumerate(tags):
            paper = np.asarray(tag.centre_m) + (tag.corners_m - tag.centre_m) * _PAPER
            vertices += paper[[3, 2, 1, 0]].tolist()  # as CORNERS: from the bottom left, against the clock
            normals += [tag.normal.tolist()] * 4
            uvs += [[(cell + u) / width, v] for u, v in CORNERS]
        if thing.kind == "block":
            half = np.array(thing.size_m) / 2
            for normal, right, up in FACES:
                across = np.array([(2 * u - 1, 2 * v - 1) for u, v in CORNERS]) @ np.array([right, up])
                vertices += ((across + normal) * half).tolist()
                normals += [list(normal)] * 4
                uvs += [[(width - 0.5) / width, 0.5]] * 4
        shape: int = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=vertices,
            normals=normals,
            uvs=uvs,
            indices=[k + step for k in range(0, len(vertices), 4) for step in (0, 1, 2, 0, 2, 3)],
            physicsClientId=self._client,
        )
        return shape

    def print_on(self, body: int, thing: Placed) -> None:
        """Print a thing's tags on the body that has their shape."""
        cells = [_paper(tag.number) for tag in self._of(thing)]
        size = cells[0].shape[0]
        plain = np.broadcast_to(np.array([255 * part for part in thing.rgba[:3]]), (size, size, 3))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tags.png"  # PyBullet reads textures from files only
            Image.fromarray(np.concatenate([*cells, plain], axis=1).round().astype(np.uint8)).save(path)
            texture: int = pybullet.loadTexture(str(path), physicsClientId=self._client)
        pybullet.changeVisualShape(
            body, -1, textureUniqueId=texture, rgbaColor=(1.0, 1.0, 1.0, 1.0), physicsClientId=self._client
        )

    def put_beside(self, thing: Placed) -> None:
        """Lay the tags of a thing that stays where it is beside it: nothing to bump into."""
        body = pybullet.createMultiBody(
            baseMass=0.0,
            baseVisualShapeIndex=self.shape(thing),
            basePosition=thing.position_m,
            baseOrientation=pybullet.getQuaternionFromEuler((0.0, 0.0, thing.yaw_rad)),
            physicsClientId=self._client,
        )
        self.print_on(body, thing)

    def _of(self, thing: Placed) -> list[Tag]:
        return [tag for tag in self._tags if tag.thing == thing.id]


def _paper(number: int) -> Floats:
    grey = np.pad(printed(number, _TEXELS).astype(np.float64), _MARGIN, constant_values=255.0)
    return np.repeat(grey[:, :, None], 3, axis=2)
