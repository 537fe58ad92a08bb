"""The places marked on the table, as a scenario says them: by name, by color, or in a row."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from codeword.codebook.observation import Id

from .colors import COLORS
from .spec import Metre, Place2, Spec, check_known

Speed = Annotated[float, Field(ge=-0.2, le=0.2)]
Place = tuple[tuple[float, float], tuple[float, float]]

ZONES: Mapping[str, Place] = MappingProxyType(
    {
        "left": ((0.50, 0.33), (0.20, 0.13)),
        "right": ((0.50, -0.33), (0.20, 0.13)),
        "far": ((0.66, 0.0), (0.13, 0.15)),
        "middle": ((0.51, 0.0), (0.13, 0.15)),
        "near": ((0.36, 0.0), (0.13, 0.15)),
    }
)
"""Place to centre and extent (x, y) in the world frame [m]: far is +x and left is +y, seen from the robot's base."""

EDGES: Mapping[str, Place] = MappingProxyType(
    {
        "left_side": ((0.49, 0.35), (0.24, 0.12)),
        "right_side": ((0.49, -0.35), (0.24, 0.12)),
        "top_side": ((0.655, 0.0), (0.11, 0.36)),
        "bottom_side": ((0.375, 0.0), (0.11, 0.36)),
        "top_left_corner": ((0.60, 0.33), (0.14, 0.14)),
        "top_right_corner": ((0.60, -0.33), (0.14, 0.14)),
        "bottom_left_corner": ((0.36, 0.33), (0.14, 0.14)),
        "bottom_right_corner": ((0.36, -0.33), (0.14, 0.14)),
    }
)
"""The same for sides and corners, which are called by these very ids: the bottom is next to the robot's base."""

COLORED_SIZE_M = (0.15, 0.15)
"""Extent of a zone that is marked by its color."""

_ROW_X_M, _ROW_LENGTH_M = 0.385, 0.72
_SLOT_DEPTH_M, _WIDEST_SLOT_M, _SLOT_GAP_M = 0.10, 0.11, 0.012


class ZoneSpec(Spec):
    """A rectangle marked on the table. `position_m` is its centre, `size_m` its extent (x, y); one with neither place
    nor position is put down by the layout. `number` counts the slots of a row from the left. One that moves is a
    conveyor belt: it carries along what lies on it (x, y) [m/s].
    """

    id: Id
    place: str | None = None
    color: str | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    position_m: Place2 | None = None
    size_m: tuple[Metre, Metre]
    moves_m_s: tuple[Speed, Speed] = (0.0, 0.0)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        if isinstance(data, str):
            name = data.removesuffix("_zone")
            data = {"color": name} if name in COLORS else {"place": name}
        if not isinstance(data, dict):
            return data
        if "color" in data:
            check_known(data["color"], COLORS, "color")
            defaults = {"id": f"{data['color']}_zone", "size_m": COLORED_SIZE_M}
            if data.get("place") in ZONES:
                defaults["position_m"] = ZONES[data["place"]][0]
            return {**defaults, **data}
        place = str(data.get("place", str(data.get("id", "")).removesuffix("_zone")))
        places = {**ZONES, **EDGES}
        if place not in places and not {"position_m", "size_m"} <= data.keys():
            check_known(place, places, "zone")
        position_m, size_m = places.get(place, (None, None))
        zone = place if place in EDGES else f"{place}_zone"
        return {"id": zone, "place": place, "position_m": position_m, "size_m": size_m, **data}

    @property
    def properties(self) -> dict[str, str]:
        """What can be seen of it and told in words."""
        told = {"place": self.place, "color": self.color, "number": self.number}
        return {name: str(value) for name, value in told.items() if value is not None}


def row_of_slots(count: int) -> tuple[ZoneSpec, ...]:
    """So many places in a row along the near side of the table, numbered from the left."""
    pitch_m = min(_WIDEST_SLOT_M, _ROW_LENGTH_M / count)
    left_m = pitch_m * (count - 1) / 2
    size_m = (_SLOT_DEPTH_M, pitch_m - _SLOT_GAP_M)
    return tuple(
        ZoneSpec.model_validate(
            {
                "id": f"slot_{k + 1}",
                "place": "row",
                "number": k + 1,
                "position_m": (_ROW_X_M, left_m - k * pitch_m),
                "size_m": size_m,
            }
        )
        for k in range(count)
    )
