"""A scene as lessons know it: things that can be moved, places that hold them, and where everything is.

Scenes speak of kinds by the names of the shipped codebooks; a codebook's own names come in when a lesson is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

TABLE = "table"

PlaceKind = Literal["block", "bowl", "box", "zone", "table"]


@dataclass(frozen=True)
class Thing:
    """A thing or a place. Blocks move; `wide` ones can only be pushed."""

    id: str
    kind: PlaceKind
    properties: Mapping[str, str] = field(default_factory=dict)
    wide: bool = False


State = tuple[str | None, ...]
"""What each block rests on or lies in, in the order of `Scene.blocks`; None is the gripper."""

Move = tuple[str, str]
"""A block and where it goes."""


@dataclass(frozen=True)
class Scene:
    """What is there. `blocks` are the things that move; `places` all else, the table among them."""

    blocks: tuple[Thing, ...]
    places: tuple[Thing, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {block.id: number for number, block in enumerate(self.blocks)})
        object.__setattr__(self, "by_id", {thing.id: thing for thing in (*self.blocks, *self.places)})

    index: Mapping[str, int] = field(init=False, default_factory=dict)
    by_id: Mapping[str, Thing] = field(init=False, default_factory=dict)

    def kind(self, thing: str) -> PlaceKind:
        """The kind of a thing."""
        return self.by_id[thing].kind

    def of_kind(self, *kinds: str) -> list[str]:
        """The ids of all things of some kinds."""
        return [thing.id for thing in (*self.blocks, *self.places) if thing.kind in kinds]

    def held(self, state: State) -> str | None:
        """The block in the gripper."""
        return next((b.id for b, at in zip(self.blocks, state, strict=True) if at is None), None)

    def clear(self, state: State, block: str) -> bool:
        """Whether nothing stands on a block."""
        return block not in state

    def above(self, state: State, blocks: Iterable[str]) -> set[str]:
        """Some blocks, and all that stands on them."""
        found = set(blocks)
        while True:
            more = {b.id for b, at in zip(self.blocks, state, strict=True) if at in found and b.id not in found}
            if not more:
                return found
            found |= more

    def moved(self, state: State, block: str, to: str | None) -> State:
        """The state after a block was moved, or with None picked up."""
        number = self.index[block]
        return (*state[:number], to, *state[number + 1 :])


CAPACITY: Mapping[str, int] = {"bowl": 3, "box": 9}
"""How many blocks fit into one; a slot of a row takes one, other zones take what comes."""


def has_room(scene: Scene, state: State, place: str) -> bool:
    """Whether one more block can be put there."""
    thing = scene.by_id[place]
    if thing.kind == "block":
        at = scene.index[place]
        return place not in state and state[at] is not None
    most = 1 if "number" in thing.properties else CAPACITY.get(thing.kind)
    return most is None or sum(at == place for at in state) < most
