"""What is printed on blocks: textures with a letter or a word, which the camera's pictures show."""

import math
import tempfile
import textwrap
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .bullet import pybullet
from .colors import Rgba
from .pose import Vector3
from .sides import CORNERS, FACES

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
