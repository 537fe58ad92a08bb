"""Builds the bodies of a world in PyBullet: the table, marked zones, bowls, boxes and blocks."""

import math
import tempfile
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from .bullet import pybullet
from .colors import Rgba
from .layout import BOWL_FLOOR_M, Placed
from .pose import CORNERS, FACES, Vector3
from .thing_specs import BOWL_HEIGHT_M, BOWL_RADIUS_M

if TYPE_CHECKING:
    from .stickers import Stickers

_SIDE_PIXELS = 128
_INK = (24, 24, 30)


class Labels:
    """The textures of one physics client; each text is printed once."""

    def __init__(self, client: int) -> None:
        self._client = client
        self._textures: dict[tuple[str, Rgba], int] = {}

    def sides(self, half_m: Vector3) -> int:
        """The visual shape of a block whose sides each show a whole texture."""
        vertices: list[list[float]] = []
        normals: list[list[float]] = []
        for normal, right, up in FACES:
            for u, v in CORNERS:
                corner = [n + (2 * u - 1) * r + (2 * v - 1) * t for n, r, t in zip(normal, right, up, strict=True)]
                vertices.append([part * half for part, half in zip(corner, half_m, strict=True)])
                normals.append(list(normal))
        first = range(0, len(vertices), len(CORNERS))
        shape: int = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=vertices,
            normals=normals,
            uvs=[[u, v] for _ in FACES for u, v in CORNERS],
            indices=[k + step for k in first for step in (0, 1, 2, 0, 2, 3)],
            physicsClientId=self._client,
        )
        return shape

    def put_on(self, body: int, text: str, paper: Rgba) -> None:
        """Print a text on every side of a block."""
        key = (text, paper)
        if key not in self._textures:
            self._textures[key] = self._load(text, paper)
        pybullet.changeVisualShape(
            body,
            -1,
            textureUniqueId=self._textures[key],
            rgbaColor=(1.0, 1.0, 1.0, 1.0),
            physicsClientId=self._client,
        )

    def _load(self, text: str, paper: Rgba) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "label.png"  # PyBullet reads textures from files only
            _drawn(text, paper).save(path)
            texture: int = pybullet.loadTexture(str(path), physicsClientId=self._client)
        return texture


@lru_cache(maxsize=128)
def _drawn(text: str, paper: Rgba) -> Image.Image:
    """A square picture of a text as large as it fits, dark on the paper's color; words are broken to fill it."""
    image = Image.new("RGB", (_SIDE_PIXELS, _SIDE_PIXELS), tuple(round(255 * part) for part in paper[:3]))
    draw = ImageDraw.Draw(image)
    lines = "\n".join(line for word in text.split() for line in textwrap.wrap(word, _letters_a_line(word)))
    left, top, right, bottom = draw.multiline_textbbox((0, 0), lines, font=ImageFont.load_default(_SIDE_PIXELS))
    size = 0.86 * _SIDE_PIXELS * _SIDE_PIXELS / max(right - left, bottom - top)
    font = ImageFont.load_default(size)
    middle = (_SIDE_PIXELS / 2, _SIDE_PIXELS / 2)
    draw.multiline_text(middle, lines, font=font, fill=_INK, anchor="mm", align="center", stroke_width=size / 40)
    return image


def _letters_a_line(word: str) -> int:
    """Lines as even as they can be, of at most four letters."""
    return math.ceil(len(word) / math.ceil(len(word) / 4))


_TABLE_HALF_M = (0.50, 0.56, 0.025)
_TABLE_CENTRE_M = (0.33, 0.0, -0.025)
BOWL_WALL_M = 0.006
"""Thickness of the walls of bowls and boxes."""
_WALLS = 15  # with the floor, 16 shapes: the most that PyBullet takes in one body
_DENSITY_KG_M3 = 900.0


class Builder:
    """Puts bodies into one physics client; each method returns the number of the body that it made."""

    def __init__(self, client: int, stickers: "Stickers | None" = None) -> None:
        """With stickers, blocks bear tags for a camera in place of what is printed on them."""
        self.client = client
        self._labels = Labels(client)
        self._stickers = stickers

    def _body(self, mass_kg: float, collision: int, visual: int, position_m: Vector3, yaw_rad: float = 0.0) -> int:
        body: int = pybullet.createMultiBody(
            baseMass=mass_kg,
            baseCollisionShapeIndex=collision,
            baseVisualShapeIndex=visual,
            basePosition=position_m,
            baseOrientation=pybullet.getQuaternionFromEuler((0.0, 0.0, yaw_rad)),
            physicsClientId=self.client,
        )
        return body

    def _visual_box(self, half_m: Vector3, rgba: tuple[float, ...], specular: float = 0.1) -> int:
        shape: int = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=half_m,
            rgbaColor=rgba,
            specularColor=(specular,) * 3,
            physicsClientId=self.client,
        )
        return shape

    def _friction(self, body: int, lateral: float, spinning: float = 0.0) -> None:
        pybullet.changeDynamics(
            body,
            -1,
            lateralFriction=lateral,
            spinningFriction=spinning,
            restitution=0.0,
            physicsClientId=self.client,
        )

    def table(self) -> int:
        collision = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=_TABLE_HALF_M, physicsClientId=self.client
        )
        table = self._body(0.0, collision, self._visual_box(_TABLE_HALF_M, (0.80, 0.68, 0.53, 1.0)), _TABLE_CENTRE_M)
        self._friction(table, 0.9)
        floor = self._visual_box((3.0, 3.0, 0.01), (0.83, 0.85, 0.88, 1.0))
        self._body(0.0, -1, floor, (0.3, 0.0, -0.66))
        leg = self._visual_box((0.03, 0.03, 0.3), (0.45, 0.36, 0.27, 1.0))
        for x_m in (-0.12, 0.78):
            for y_m in (-0.50, 0.50):
                self._body(0.0, -1, leg, (x_m, y_m, -0.35))
        return table

    def zone(self, zone: Placed) -> None:
        """A pale sheet with a darker rim, without a body to touch."""
        x_m, y_m, _ = zone.position_m
        half_x, half_y = zone.size_m[0] / 2, zone.size_m[1] / 2
        tint = zone.rgba if "color" in zone.properties else (0.42, 0.47, 0.55, 1.0)
        rim = self._visual_box((half_x, half_y, 0.0005), tint, 0.0)
        sheet = self._visual_box((half_x - 0.006, half_y - 0.006, 0.0005), _paler(zone), 0.0)
        self._body(0.0, -1, rim, (x_m, y_m, 0.0006))
        self._body(0.0, -1, sheet, (x_m, y_m, 0.0014))

    def bowl(self, bowl: Placed) -> int:
        """A fixed floor with a ring of upright boxes around it; its origin is in the middle of its underside."""
        radius_m = BOWL_RADIUS_M - BOWL_WALL_M / 2
        half_wall = (BOWL_WALL_M / 2, radius_m * math.tan(math.pi / _WALLS) + 0.001, BOWL_HEIGHT_M / 2)
        turns = [2 * math.pi * k / _WALLS for k in range(_WALLS)]
        walls: list[Vector3] = [(radius_m * math.cos(t), radius_m * math.sin(t), BOWL_HEIGHT_M / 2) for t in turns]
        orientations = [pybullet.getQuaternionFromEuler((0.0, 0.0, t)) for t in turns]
        floor_half_m = BOWL_FLOOR_M / 2
        shared = {
            "shapeTypes": [pybullet.GEOM_CYLINDER] + [pybullet.GEOM_BOX] * _WALLS,
            "radii": [BOWL_RADIUS_M - BOWL_WALL_M / 2] + [0.0] * _WALLS,
            "halfExtents": [(0.0, 0.0, 0.0)] + [half_wall] * _WALLS,
            "physicsClientId": self.client,
        }
        frames = ([(0.0, 0.0, floor_half_m), *walls], [(0.0, 0.0, 0.0, 1.0), *orientations])
        collision = pybullet.createCollisionShapeArray(
            lengths=[BOWL_FLOOR_M] * (_WALLS + 1),
            collisionFramePositions=frames[0],
            collisionFrameOrientations=frames[1],
            **shared,
        )
        dark = tuple(0.8 * part for part in bowl.rgba[:3])
        visual = pybullet.createVisualShapeArray(
            lengths=[BOWL_FLOOR_M] * (_WALLS + 1),
            visualFramePositions=frames[0],
            visualFrameOrientations=frames[1],
            rgbaColors=[(*dark, 1.0)] + [bowl.rgba] * _WALLS,
            **shared,
        )
        x_m, y_m, _ = bowl.position_m
        body = self._body(0.0, collision, visual, (x_m, y_m, 0.0))
        self._friction(body, 0.8)
        return body

    def box(self, box: Placed) -> int:
        """A fixed floor with four upright walls; its origin is in the middle of its underside."""
        half_x, half_y, half_z = (extent / 2 for extent in box.size_m)
        half_wall, half_floor = BOWL_WALL_M / 2, BOWL_FLOOR_M / 2
        parts = [((half_x, half_y, half_floor), (0.0, 0.0, half_floor))]
        parts += [((half_wall, half_y, half_z), (side * (half_x - half_wall), 0.0, half_z)) for side in (-1, 1)]
        parts += [((half_x, half_wall, half_z), (0.0, side * (half_y - half_wall), half_z)) for side in (-1, 1)]
        halves, centres = [half for half, _ in parts], [centre for _, centre in parts]
        shared = {
            "shapeTypes": [pybullet.GEOM_BOX] * len(parts),
            "halfExtents": halves,
            "physicsClientId": self.client,
        }
        collision = pybullet.createCollisionShapeArray(collisionFramePositions=centres, **shared)
        dark = (*(0.8 * part for part in box.rgba[:3]), 1.0)
        visual = pybullet.createVisualShapeArray(
            visualFramePositions=centres, rgbaColors=[dark] + [box.rgba] * (len(parts) - 1), **shared
        )
        x_m, y_m, _ = box.position_m
        body = self._body(0.0, collision, visual, (x_m, y_m, 0.0))
        self._friction(body, 0.8)
        return body

    def block(self, block: Placed) -> int:
        half_m = (block.size_m[0] / 2, block.size_m[1] / 2, block.size_m[2] / 2)
        collision = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half_m, physicsClientId=self.client)
        mass_kg = _DENSITY_KG_M3 * math.prod(block.size_m)
        if self._stickers is not None:
            visual = self._stickers.shape(block)
        else:
            visual = self._labels.sides(half_m) if block.print else self._visual_box(half_m, block.rgba, 0.3)
        body = self._body(mass_kg, collision, visual, block.position_m, block.yaw_rad)
        self._friction(body, 1.0, 0.003)
        if self._stickers is not None:
            self._stickers.print_on(body, block)
        elif block.print:
            self._labels.put_on(body, block.print, block.rgba)
        return body


def _paler(zone: Placed) -> tuple[float, ...]:
    """The color of a zone's sheet: that of the zone, if it has one, mixed with white."""
    if "color" not in zone.properties:
        return (0.86, 0.89, 0.93, 1.0)
    return (*(0.45 * part + 0.55 * 0.95 for part in zone.rgba[:3]), 1.0)
