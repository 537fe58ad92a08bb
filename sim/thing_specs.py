"""Blocks, bowls and boxes as a scenario says them: a color is enough, and an id says as much as an object does."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from codeword.codebook.observation import Id

from .colors import COLORS
from .spec import Metre, Place2, Spec, check_known

BLOCK_SIDE_M = 0.04
SIZES_M: Mapping[str, float] = MappingProxyType({"small": 0.034, "big": 0.052})
"""Sides of the blocks that are called small or big."""
LETTER_COLOR, LETTER_SIDE_M = "white", 0.044
PAPERS = ("white", "yellow", "cyan", "pink", "lime", "orange")
"""Colors of labelled things that were given none, picked by the label."""
CRATE_SIZE_M = (0.10, 0.10, 0.05)
BOWL_RADIUS_M = 0.085
"""Outer radius; the floor inside holds three blocks in a row."""
BOWL_HOLDS = 3
BOWL_HEIGHT_M = 0.026
BOX_SIZE_M = (0.18, 0.20, 0.018)
"""Outer extent of a box; the floor inside holds nine blocks, and the fingers that set them down clear the wall."""
WIDE_FROM_M = 0.075
"""A block that is at least so wide both ways does not fit between the fingers."""

_BLOCK_ID = re.compile(r"(?:(?P<size>small|big)_)?(?P<color>[a-z]+?)(?:_block)?(?:_(?P<number>[1-9]))?")
_LETTER_ID = re.compile(r"letter_(?P<letter>[a-z])")


def _with_color_id(data: object, suffix: str) -> object:
    """The object that a short form (a colour) or an object without an id stands for."""
    if isinstance(data, str):
        data = {"color": data.removesuffix(f"_{suffix}")}
    if isinstance(data, dict):
        if "color" not in data:
            raise ValueError(f"a {suffix} needs a color, like {{color: red}}")
        check_known(data["color"], COLORS, "color")
        return {"id": f"{data['color']}_{suffix}", **data}
    return data


class BlockSpec(Spec):
    """A box to be picked. `position_m` is where it stands on the table (x, y); else `on` names what it lies on or in;
    else it is put down by the layout. `size_m` is its extent along its own x, y, z; one number means a cube.

    A `letter` or a `label` is printed on it. `size` and `number` tell blocks of one color apart: `big_red_block`,
    `red_block_2`.
    """

    id: Id
    color: str
    size: Literal["small", "big"] | None = None
    letter: Annotated[str, Field(pattern="^[a-z]$")] | None = None
    label: Id | None = None
    number: Annotated[int, Field(ge=1, le=9)] | None = None
    size_m: tuple[Metre, Metre, Metre] = (BLOCK_SIDE_M,) * 3
    position_m: Place2 | None = None
    yaw_rad: float | None = None
    on: Id | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        data = _printed(_from_id(data)) if cls is BlockSpec else data
        if isinstance(data, dict) and data.get("size") in SIZES_M:
            data = {"size_m": SIZES_M[data["size"]], **data}
        data = _with_color_id(data, "block")
        if isinstance(data, dict) and isinstance(data.get("size_m"), int | float):
            data = {**data, "size_m": (data["size_m"],) * 3}
        return data

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.position_m is not None and self.on is not None:
            raise ValueError(f"'{self.id}' has both position_m and on; give one of them")
        if not self.wide and max(self.size_m) > 0.07:
            raise ValueError(f"'{self.id}' is {max(self.size_m)} m long: give a block at most 0.07, or a wide block")
        return self

    @property
    def wide(self) -> bool:
        """Whether the gripper cannot span it."""
        return min(self.size_m[:2]) >= WIDE_FROM_M

    @property
    def properties(self) -> dict[str, str]:
        """What can be seen of it and told in words."""
        told = {"color": self.color, "size": self.size, "letter": self.letter, "label": self.label}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def print(self) -> str:
        """What is printed on its sides."""
        return (self.letter or self.label or "").upper().replace("_", " ")


def _from_id(data: object) -> object:
    """The object that an id stands for, and the id of an object that has none."""
    if isinstance(data, str):
        letter, block = _LETTER_ID.fullmatch(data), _BLOCK_ID.fullmatch(data)
        if letter is not None:
            return {"letter": letter["letter"]}
        if block is not None:
            parts = {name: part for name, part in block.groupdict().items() if part is not None}
            return _from_id({**parts, "number": int(parts["number"])} if "number" in parts else parts)
    if isinstance(data, dict) and "id" not in data and isinstance(data.get("color"), str):
        words = [data.get("size"), data["color"], "block", data.get("number")]
        if "letter" not in data and "label" not in data:
            return {"id": "_".join(str(word) for word in words if word is not None), **data}
    return data


def _printed(data: object) -> object:
    """What a letter or a label says of a block's id, color and size."""
    if isinstance(data, dict) and isinstance(data.get("letter"), str):
        return {"id": f"letter_{data['letter']}", "color": LETTER_COLOR, "size_m": LETTER_SIDE_M, **data}
    if isinstance(data, dict) and isinstance(data.get("label"), str):
        paper = PAPERS[sum(map(ord, data["label"])) % len(PAPERS)]
        return {"id": data["label"], "color": paper, "size_m": LETTER_SIDE_M, **data}
    return data


class WideBlockSpec(BlockSpec):
    """A block too wide for the gripper: it can only be pushed."""

    size_m: tuple[Metre, Metre, Metre] = CRATE_SIZE_M

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        return _with_color_id(data, "crate")

    @model_validator(mode="after")
    def _is_wide(self) -> Self:
        if not self.wide:
            raise ValueError(f"'{self.id}' must be at least {WIDE_FROM_M} m wide both ways, or it belongs in blocks")
        if max(self.size_m) > 0.16:
            raise ValueError(f"'{self.id}' is {max(self.size_m)} m long: a wide block has at most 0.16")
        return self


class BowlSpec(Spec):
    """A low round bowl that stays where it stands. `position_m` is its centre on the table (x, y)."""

    id: Id
    color: str
    position_m: Place2 | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        return _with_color_id(data, "bowl")


class BoxSpec(Spec):
    """A low open box that stays where it stands, longer across the table. `position_m` is its centre (x, y)."""

    id: Id
    color: str
    position_m: Place2 | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        return _with_color_id(data, "box")
