"""Where things stand at the start of an episode: a pure function of the world's spec and a seed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from codeword.codebook.errors import InputError

from .colors import COLORS, Rgba
from .thing_specs import BOWL_HEIGHT_M, BOWL_RADIUS_M, BOX_SIZE_M, BlockSpec, BowlSpec, BoxSpec
from .world_spec import WorldSpec
from .zone_specs import ZoneSpec

BOWL_FLOOR_M = 0.005
"""Thickness of a bowl's floor."""
BOWL_SPACING_M = 0.048
"""Between the centres of blocks side by side in a bowl."""

_X_RANGE_M = (0.31, 0.69)
_Y_RANGE_M = (-0.42, 0.42)
_REACH_M = (0.34, 0.73)
_GAPS_M = (0.06, 0.05, 0.04, 0.03)
_TRIES = 400


@dataclass(frozen=True)
class Placed:
    """A thing in the world frame: its centre [m], turn about the vertical [rad], extent along its own axes [m]."""

    id: str
    kind: Literal["block", "bowl", "box", "zone"]
    position_m: tuple[float, float, float]
    yaw_rad: float
    size_m: tuple[float, float, float]
    rgba: Rgba
    properties: Mapping[str, str]
    wide: bool = False
    print: str = ""
    """What is printed on its sides."""
    moves_m_s: tuple[float, float] = (0.0, 0.0)
    """How fast it carries along what lies on it, where it is a belt [m/s]."""

    @property
    def holds_things(self) -> bool:
        """Whether blocks lie in it, and not on it."""
        return self.kind in ("bowl", "box")

    def contains(self, x_m: float, y_m: float, margin_m: float = 0.0) -> bool:
        """Whether a point of the table lies in its (unturned) rectangle, `margin_m` inside the edge."""
        return (
            abs(x_m - self.position_m[0]) <= self.size_m[0] / 2 - margin_m
            and abs(y_m - self.position_m[1]) <= self.size_m[1] / 2 - margin_m
        )


def lay_out(spec: WorldSpec, seed: int) -> tuple[Placed, ...]:
    """Zones, bowls and blocks at their starting poses; the same for the same spec and seed.

    Raises InputError where the things do not fit on the table.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    for gap_m in _GAPS_M:
        for _ in range(30):
            placed = _Layout(spec, rng, gap_m).place()
            if placed is not None:
                return placed
    count = len(spec.blocks) + len(spec.wide_blocks) + len(spec.bowls)
    raise InputError(f"too many things to place: {count} and {len(spec.zones)} zones do not fit on the table")


class _Layout:
    """One try to put everything down, with a free gap of `gap_m` around each thing on the table."""

    def __init__(self, spec: WorldSpec, rng: np.random.Generator, gap_m: float) -> None:
        self._spec, self._rng, self._gap_m = spec, rng, gap_m
        self._supports = spec.supports
        self._fixed = spec.layout if isinstance(spec.layout, dict) else {}
        self._taken: list[tuple[float, float, float]] = []  # x, y, radius of what stands on the table
        self._placed: dict[str, Placed] = {}
        self._zones: tuple[Placed, ...] = ()

    def place(self) -> tuple[Placed, ...] | None:
        spec = self._spec
        if not self._mark_zones():
            return None
        blocks = [*spec.wide_blocks, *spec.blocks]
        fixed: list[BowlSpec | BoxSpec] = [*spec.boxes, *spec.bowls]
        things: list[BowlSpec | BoxSpec | BlockSpec] = [*fixed, *blocks]
        standing: list[tuple[str, float]] = [(thing.id, _HALF_WIDTH_M[type(thing)]) for thing in fixed]
        standing += [(block.id, _radius(block)) for block in blocks if self._supports.get(block.id, "table") == "table"]
        given: dict[str, tuple[float, ...]] = {
            thing.id: thing.position_m for thing in things if thing.position_m is not None
        }
        given |= {thing: pose for thing, pose in self._fixed.items() if thing in dict(standing)}
        poses: dict[str, tuple[float, float]] = {}
        for thing, radius_m in standing:
            if thing in given:
                poses[thing] = (given[thing][0], given[thing][1])
                self._taken.append((*poses[thing], radius_m))
        in_zones = [block for block in blocks if self._on_zone(block)]
        for block in in_zones:
            spot = self._free_spot(_radius(block), self._on_zone(block))
            if spot is None:
                return None
            poses[block.id] = spot
        for thing, radius_m in standing:
            if thing not in poses:
                spot = self._free_spot(radius_m, None, wide=any(thing == crate.id for crate in spec.wide_blocks))
                if spot is None:
                    return None
                poses[thing] = spot
        for container in fixed:
            self._placed[container.id] = _container(container, poses[container.id])
        waiting = list(blocks)
        while waiting:
            waiting = [block for block in waiting if not self._put(block, poses)]
        return (*self._zones, *(self._placed[thing.id] for thing in things))

    def _mark_zones(self) -> bool:
        """Mark the zones that have their place, then the others where there is room. False where there is none."""
        found: dict[str, tuple[float, float]] = {}
        for zone in sorted(self._spec.zones, key=lambda zone: zone.position_m is None):
            pose = self._fixed.get(zone.id, zone.position_m)
            radius_m = math.hypot(*zone.size_m) / 2
            spot = (pose[0], pose[1]) if pose is not None else self._free_spot(radius_m, None, wide=True)
            if spot is None:
                return False
            found[zone.id] = spot
            self._taken.append((*spot, radius_m))
        self._zones = tuple(_zone(zone, found[zone.id]) for zone in self._spec.zones)
        self._taken.clear()  # what stands on the table keeps clear of zones by their rectangles
        return True

    def _on_zone(self, block: BlockSpec) -> Placed | None:
        support = self._supports.get(block.id)
        return next((zone for zone in self._zones if zone.id == support), None)

    def _free_spot(self, radius_m: float, zone: Placed | None, *, wide: bool = False) -> tuple[float, float] | None:
        gap_m = self._gap_m if zone is None else min(self._gap_m, 0.03)
        for _ in range(_TRIES):
            if zone is not None:
                half_x, half_y = (max(extent / 2 - 0.025, 0.0) for extent in zone.size_m[:2])
                x_m = zone.position_m[0] + float(self._rng.uniform(-half_x, half_x))
                y_m = zone.position_m[1] + float(self._rng.uniform(-half_y, half_y))
            else:
                inset = 0.08 if wide else max(0.0, radius_m - 0.03)
                x_m = float(self._rng.uniform(_X_RANGE_M[0] + inset, _X_RANGE_M[1] - inset))
                y_m = float(self._rng.uniform(_Y_RANGE_M[0] + inset, _Y_RANGE_M[1] - inset))
            reach_m = math.hypot(x_m, y_m)
            if not _REACH_M[0] <= reach_m <= _REACH_M[1] - (0.06 if wide else 0.0):
                continue
            if zone is None and any(other.contains(x_m, y_m, -radius_m - 0.004) for other in self._zones):
                continue
            room_m = gap_m + (0.03 if wide else 0.0)
            if all(math.hypot(x_m - x, y_m - y) >= radius_m + r + room_m for x, y, r in self._taken):
                self._taken.append((x_m, y_m, radius_m))
                return x_m, y_m
        return None

    def _put(self, block: BlockSpec, poses: dict[str, tuple[float, float]]) -> bool:
        """Put a block down if what it lies on is there already."""
        yaw_rad = float(self._rng.uniform(-math.pi / 4, math.pi / 4)) if block.yaw_rad is None else block.yaw_rad
        pose = self._fixed.get(block.id, ())
        if len(pose) == 3:
            yaw_rad = pose[2]
        half_height_m = block.size_m[2] / 2
        if block.id in poses:
            x_m, y_m = poses[block.id]
            centre = (x_m, y_m, half_height_m)
        else:
            support = self._placed.get(self._supports[block.id])
            if support is None:
                return False
            x_m, y_m, z_m = support.position_m
            if support.holds_things:
                inside = [b.id for b in self._spec.blocks if self._supports.get(b.id) == support.id]
                x_m += (0.0, BOWL_SPACING_M, -BOWL_SPACING_M)[inside.index(block.id)]
                yaw_rad, top_m = 0.0, BOWL_FLOOR_M
            else:
                yaw_rad, top_m = support.yaw_rad, z_m + support.size_m[2] / 2
            centre = (x_m, y_m, top_m + half_height_m)
        self._placed[block.id] = Placed(
            block.id,
            "block",
            centre,
            yaw_rad,
            block.size_m,
            COLORS[block.color],
            block.properties,
            wide=block.wide,
            print=block.print,
        )
        return True


_HALF_WIDTH_M: Mapping[type[BowlSpec | BoxSpec], float] = MappingProxyType(
    {BowlSpec: BOWL_RADIUS_M, BoxSpec: math.hypot(*BOX_SIZE_M[:2]) / 2}
)
"""Of the circles around bowls and boxes."""


def _container(thing: BowlSpec | BoxSpec, at_m: tuple[float, float]) -> Placed:
    is_bowl = isinstance(thing, BowlSpec)
    size_m = (2 * BOWL_RADIUS_M, 2 * BOWL_RADIUS_M, BOWL_HEIGHT_M) if is_bowl else BOX_SIZE_M
    kind: Literal["bowl", "box"] = "bowl" if is_bowl else "box"
    centre_m = (*at_m, size_m[2] / 2)
    return Placed(thing.id, kind, centre_m, 0.0, size_m, COLORS[thing.color], {"color": thing.color})


def _zone(zone: ZoneSpec, at_m: tuple[float, float]) -> Placed:
    rgba = COLORS[zone.color] if zone.color is not None else (0.9, 0.9, 0.9, 1.0)
    return Placed(
        zone.id, "zone", (*at_m, 0.0), 0.0, (*zone.size_m, 0.0), rgba, zone.properties, moves_m_s=zone.moves_m_s
    )


def _radius(block: BlockSpec) -> float:
    """Of the circle around a block's footprint [m]."""
    return math.hypot(block.size_m[0], block.size_m[1]) / 2
