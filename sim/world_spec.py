"""What a scenario's `world:` may say, checked and with every short form written out."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from codeword.codebook.errors import did_you_mean

from .spec import Pose2, Spec, check_known
from .thing_specs import BOWL_HOLDS, BlockSpec, BowlSpec, BoxSpec, WideBlockSpec
from .zone_specs import ZoneSpec, row_of_slots


class WorldSpec(Spec):
    """The things on the table, and the places marked on it; `row` marks so many numbered slots side by side.

    `stacks` lists things bottom first, by id or, for blocks, by colour: `[[red, green], [yellow_bowl, blue]]`.
    `layout` is `random` (by seed) or gives x, y and perhaps yaw [m, m, rad] by id; what it leaves out is random.
    """

    blocks: tuple[BlockSpec, ...] = ()
    wide_blocks: tuple[WideBlockSpec, ...] = ()
    bowls: tuple[BowlSpec, ...] = ()
    boxes: tuple[BoxSpec, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()
    row: Annotated[int, Field(ge=2, le=8)] | None = None
    stacks: tuple[tuple[str, ...], ...] = ()
    layout: Literal["random"] | dict[str, Pose2] = "random"

    @model_validator(mode="before")
    @classmethod
    def _row_of_zones(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("row"), int) and 2 <= data["row"] <= 8:
            return {**data, "zones": [*data.get("zones", ()), *row_of_slots(data["row"])]}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = self.ids
        for thing_id in ids:
            if ids.count(thing_id) > 1:
                raise ValueError(f"two things are called '{thing_id}'; give one of them another id")
        if "table" in ids:
            raise ValueError("'table' is the table itself; choose another id")
        limits = (("blocks", (*self.blocks, *self.wide_blocks), 12), ("bowls", self.bowls, 4), ("boxes", self.boxes, 2))
        for label, things, most in limits:
            if len(things) > most:
                raise ValueError(f"{len(things)} {label} are too many to place; at most {most}")
        self._check_supports(ids)
        if isinstance(self.layout, dict):
            for thing_id in self.layout:
                check_known(thing_id, ids, "thing in layout")
        return self

    def _check_supports(self, ids: list[str]) -> None:
        supports = self.supports
        never = {crate.id for crate in self.wide_blocks} | {box.id for box in self.boxes}
        valid = [thing for thing in ids if thing not in never] + ["table"]
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
    def ids(self) -> list[str]:
        """The ids of all things and marked places."""
        groups = (self.blocks, self.wide_blocks, self.bowls, self.boxes, self.zones)
        return [thing.id for group in groups for thing in group]

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
