"""What a scenario's `world:` and `events:` may say, checked and with every short form written out."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from codeword.codebook.errors import did_you_mean
from codeword.codebook.observation import Id

from .colors import COLORS

BLOCK_SIDE_M = 0.04
CRATE_SIZE_M = (0.10, 0.10, 0.05)
BOWL_RADIUS_M = 0.085
"""Outer radius; the floor inside holds three blocks in a row."""
BOWL_HOLDS = 3
BOWL_HEIGHT_M = 0.026
WIDE_FROM_M = 0.075
"""A block that is at least so wide both ways does not fit between the fingers."""

ZONES: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = MappingProxyType(
    {
        "left": ((0.50, 0.33), (0.20, 0.13)),
        "right": ((0.50, -0.33), (0.20, 0.13)),
        "far": ((0.66, 0.0), (0.13, 0.15)),
        "middle": ((0.51, 0.0), (0.13, 0.15)),
        "near": ((0.36, 0.0), (0.13, 0.15)),
    }
)
"""Place to centre and extent (x, y) in the world frame [m]: far is +x and left is +y, seen from the robot's base."""

Metre = Annotated[float, Field(gt=0.0, le=1.0)]
Place2 = tuple[Annotated[float, Field(ge=-0.2, le=0.9)], Annotated[float, Field(ge=-0.6, le=0.6)]]
Pose2 = tuple[float, float] | tuple[float, float, float]


class Spec(BaseModel):
    """Base of all parts of a scenario's world: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _known(given: object, valid: Iterable[str], what: str) -> None:
    if isinstance(given, str) and given not in set(valid):
        raise ValueError(f"unknown {what} '{given}'{did_you_mean(given, list(valid))}")


def _from_color(data: object, suffix: str) -> object:
    """The object that a short form (a colour) or an object without an id stands for."""
    if isinstance(data, str):
        data = {"color": data}
    if isinstance(data, dict):
        if "color" not in data:
            raise ValueError(f"a {suffix} needs a color, like {{color: red}}")
        _known(data["color"], COLORS, "color")
        return {"id": f"{data['color']}_{suffix}", **data}
    return data


class BlockSpec(Spec):
    """A box. `position_m` is where it stands on the table (x, y); else `on` names what it lies on or in; else it is
    put down by the layout. `size_m` is its extent along its own x, y, z; one number means a cube.
    """

    id: Id
    color: str
    size_m: tuple[Metre, Metre, Metre] = (BLOCK_SIDE_M,) * 3
    position_m: Place2 | None = None
    yaw_rad: float | None = None
    on: Id | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        data = _from_color(data, "block")
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


class WideBlockSpec(BlockSpec):
    """A block too wide for the gripper: it can only be pushed."""

    size_m: tuple[Metre, Metre, Metre] = CRATE_SIZE_M

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        return _from_color(data, "crate")

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
        return _from_color(data, "bowl")


class ZoneSpec(Spec):
    """A rectangle marked on the table. `position_m` is its centre, `size_m` its extent (x, y)."""

    id: Id
    place: str
    position_m: Place2
    size_m: tuple[Metre, Metre]

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        if isinstance(data, str):
            data = {"place": data}
        if isinstance(data, dict):
            place = str(data.get("place", str(data.get("id", "")).removesuffix("_zone")))
            if place not in ZONES and not {"position_m", "size_m"} <= data.keys():
                _known(place, ZONES, "zone")
            position_m, size_m = ZONES.get(place, (None, None))
            defaults = {"id": f"{place}_zone", "place": place, "position_m": position_m, "size_m": size_m}
            return {**defaults, **data}
        return data


class WorldSpec(Spec):
    """The things on the table.

    `stacks` lists things bottom first, by id or, for blocks, by colour: `[[red, green], [yellow_bowl, blue]]`.
    `layout` is `random` (by seed) or gives x, y and perhaps yaw [m, m, rad] by id; what it leaves out is random.
    """

    blocks: tuple[BlockSpec, ...] = ()
    wide_blocks: tuple[WideBlockSpec, ...] = ()
    bowls: tuple[BowlSpec, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()
    stacks: tuple[tuple[str, ...], ...] = ()
    layout: Literal["random"] | dict[str, Pose2] = "random"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        groups: tuple[tuple[BlockSpec | BowlSpec | ZoneSpec, ...], ...] = (
            self.blocks,
            self.wide_blocks,
            self.bowls,
            self.zones,
        )
        ids = [thing.id for group in groups for thing in group]
        for thing_id in ids:
            if ids.count(thing_id) > 1:
                raise ValueError(f"two things are called '{thing_id}'; give one of them another id")
        if "table" in ids:
            raise ValueError("'table' is the table itself; choose another id")
        for label, things, most in (("blocks", [*self.blocks, *self.wide_blocks], 12), ("bowls", self.bowls, 4)):
            if len(things) > most:
                raise ValueError(f"{len(things)} {label} are too many to place; at most {most}")
        self._check_supports(ids)
        if isinstance(self.layout, dict):
            for thing_id in self.layout:
                _known(thing_id, ids, "thing in layout")
        return self

    def _check_supports(self, ids: list[str]) -> None:
        supports = self.supports
        valid = [thing for thing in ids if thing not in {crate.id for crate in self.wide_blocks}] + ["table"]
        for above, below in supports.items():
            if below not in valid:
                raise ValueError(f"'{above}' is on '{below}', which is nothing here{did_you_mean(below, valid)}")
            seen = [above]
            while below in supports:
                if below in seen:
                    raise ValueError(f"'{above}' stands on itself: {' on '.join([*seen, below])}")
                seen.append(below)
                below = supports[below]
        blocks = {block.id for block in self.blocks}
        for bowl in self.bowls:
            inside = [above for above, support in supports.items() if support == bowl.id]
            if len(inside) > BOWL_HOLDS:
                raise ValueError(f"{len(inside)} blocks are on '{bowl.id}'; a bowl has room for {BOWL_HOLDS}")
        for below in set(supports.values()) & blocks:
            above_it = [above for above, support in supports.items() if support == below]
            if len(above_it) > 1:
                raise ValueError(f"{' and '.join(sorted(above_it))} are both on '{below}'; one block holds one")

    @property
    def supports(self) -> dict[str, str]:
        """What each placed-on block lies on or in, from `on` and `stacks`."""
        found = {block.id: block.on for block in (*self.blocks, *self.wide_blocks) if block.on is not None}
        by_color = {block.color: block.id for block in reversed(self.blocks)}
        for stack in self.stacks:
            names = [by_color.get(name, name) for name in stack]
            for below, above in pairwise(names):
                if above not in {block.id for block in self.blocks}:
                    raise ValueError(f"stacks: '{above}' is no block{did_you_mean(above, [b.id for b in self.blocks])}")
                if found.get(above, below) != below:
                    raise ValueError(f"'{above}' is put both on '{found[above]}' and on '{below}'")
                found[above] = below
        return found


class EventSpec(Spec):
    """Something that goes wrong on purpose, once.

    It comes after the `nth` successful command of the skill `after`, or at `at_s` seconds of simulated time.
    slip: what is held falls out of the gripper in the next motion. move: `entity` is put on a free spot of `to_zone`
    or at `to_position_m` (x, y). remove: `entity` vanishes. jam: the gripper does not close the next time.
    """

    after: Id | None = None
    nth: Annotated[int, Field(ge=1)] = 1
    at_s: Annotated[float, Field(ge=0.0)] | None = None
    do: Literal["slip", "move", "remove", "jam"]
    entity: Id | None = None
    to_zone: str | None = None
    to_position_m: Place2 | None = None

    @field_validator("do", mode="before")
    @classmethod
    def _known_do(cls, value: Any) -> Any:
        _known(value, ("slip", "move", "remove", "jam"), "event")
        return value

    @field_validator("to_zone")
    @classmethod
    def _zone_id(cls, value: str | None) -> str | None:
        return f"{value}_zone" if value in ZONES else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.after is None) == (self.at_s is None):
            raise ValueError("an event has either after: <skill> or at_s: <seconds>")
        if self.nth > 1 and self.after is None:
            raise ValueError("nth counts commands: it goes with after: <skill>")
        needs_entity, is_move = self.do in ("move", "remove"), self.do == "move"
        if needs_entity != (self.entity is not None):
            raise ValueError(f"do: {self.do} {'needs an' if needs_entity else 'takes no'} entity")
        targets = (self.to_zone is not None) + (self.to_position_m is not None)
        if targets != int(is_move):
            raise ValueError(
                f"do: {self.do} " + ("needs one of to_zone and to_position_m" if is_move else "goes nowhere")
            )
        return self

    def check_against(self, world: WorldSpec) -> None:
        """Raises ValueError where the event names something that is not in the world."""
        if self.entity is not None:
            _known(self.entity, [block.id for block in (*world.blocks, *world.wide_blocks)], "entity of an event")
        if self.to_zone is not None:
            _known(self.to_zone, [zone.id for zone in world.zones], "zone of an event")
