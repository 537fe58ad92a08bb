"""A task in the making: a scene that fills up with things, and what is wanted of them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .aims import Aim, At, Part
from .books import COLORS, LABELS, Book
from .scene import TABLE, Move, Scene, State, Thing, has_room

ZONES = (
    ("left_zone", "right_zone", "far_zone", "middle_zone", "near_zone"),
    ("left_side", "right_side", "top_side", "bottom_side"),
    ("top_left_corner", "top_right_corner", "bottom_left_corner", "bottom_right_corner"),
    ("first_zone", "second_zone", "third_zone", "front_zone", "back_zone"),
    ("north_zone", "south_zone", "east_zone", "west_zone"),
)
"""Names of places marked on the table that go together."""

_ABSENT = (*COLORS, "gold", "silver", "violet", "beige", "turquoise", "olive", "maroon")

Words = Mapping[str, object]
"""What fills the slots of a wording: ids of things, lists of them, or texts."""


@dataclass(frozen=True)
class Task:
    """A task in a scene. `aim` is None where it cannot be done for `reason`, whatever the scene.

    `words` fill the slots of the wordings of its `kind`. Of a `steady` task nothing can be told from where things are
    once they were moved by someone else, so nobody does. `before` are moves that an earlier task led to.
    """

    kind: str
    scene: Scene
    start: State
    aim: Aim | None
    words: Words
    reason: str = ""
    steady: bool = False
    before: tuple[Move, ...] = ()


@dataclass
class Draft:
    """A scene that fills up."""

    rng: random.Random
    book: Book
    things: dict[str, Thing] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)

    def colors(self, count: int) -> list[str]:
        """So many different colors that no thing has yet."""
        taken = {thing.properties.get("color") for thing in self.things.values()}
        return self.rng.sample([color for color in COLORS if color not in taken], count)

    def add(self, thing: Thing) -> str:
        self.things[thing.id] = thing
        return thing.id

    def block(self, color: str, size: str = "", number: int = 0) -> str:
        """A block of a color."""
        name = "_".join(word for word in (size, color, "block", str(number or "")) if word)
        return self.add(Thing(name, "block", {"color": color, **({"size": size} if size else {})}))

    def blocks(self, count: int) -> list[str]:
        """So many blocks of different colors; in packing, labelled things."""
        if self.book.flavor == "packing" and self.rng.random() < 0.8:
            free = [label for label in LABELS if label not in self.things]
            return [self.label(label) for label in self.rng.sample(free, count)]
        return [self.block(color) for color in self.colors(count)]

    def letter(self, letter: str) -> str:
        return self.add(Thing(f"letter_{letter}", "block", {"color": "white", "letter": letter}))

    def label(self, label: str) -> str:
        return self.add(Thing(label, "block", {"color": "white", "label": label}))

    def crate(self, color: str) -> str:
        return self.add(Thing(f"{color}_crate", "block", {"color": color}, wide=True))

    def bowl(self, color: str) -> str:
        return self.add(Thing(f"{color}_bowl", "bowl", {"color": color}))

    def box(self, color: str) -> str:
        return self.add(Thing(f"{color}_box", "box", {"color": color}))

    def zone(self, name: str, color: str = "", number: int = 0) -> str:
        told = {"color": color} if color else {"number": str(number)} if number else {}
        return self.add(Thing(name, "zone", told))

    def zones(self, count: int) -> list[str]:
        """So many zones that go together."""
        family = self.rng.choice([names for names in ZONES if len(names) >= count])
        return [self.zone(name) for name in self.rng.sample(family, count)]

    def row(self, count: int) -> list[str]:
        """A row of numbered slots."""
        return [self.zone(f"slot_{number}", number=number) for number in range(1, count + 1)]

    def container(self) -> str:
        """A bowl, a box or a zone, as the codebook can fill."""
        kinds = [kind for kind in ("bowl", "bowl", "zone", "box") if self.book.able(False, kind)]
        kind = self.rng.choice(kinds or ["table"])
        if kind == "zone":
            return self.zones(1)[0]
        if kind == "table":
            return TABLE
        return (self.bowl if kind == "bowl" else self.box)(self.colors(1)[0])

    def stack(self, *upward: str) -> None:
        """Put things one on the other; the lowest stays where it is."""
        for below, above in pairwise(upward):
            self.at[above] = below

    def clutter(self, most: int = 2) -> None:
        """Things that nobody asked for."""
        count = self.rng.choice((0, *range(most + 1)))
        if count and self.book.flavor != "letters":
            self.blocks(min(count, 8 - len(self.of_kind("block"))) if len(self.of_kind("block")) < 8 else 0)
        if self.rng.random() < 0.35 and len(self.of_kind("bowl")) < 3:
            self.bowl(self.colors(1)[0])
        if self.rng.random() < 0.3 and not self.of_kind("zone"):
            self.zones(self.rng.randint(1, 2))

    def of_kind(self, *kinds: str) -> list[str]:
        return [name for name, thing in self.things.items() if thing.kind in kinds]

    def absent(self, kind: str) -> Thing:
        """A thing that is not here: it has a color and a kind that nothing here has together."""
        taken = set(self.things)
        color = self.rng.choice([c for c in _ABSENT if f"{c}_{kind}" not in taken])
        return Thing(f"{color}_{kind}", "block" if kind in ("block", "crate") else "bowl", {"color": color})

    def scene(self) -> Scene:
        """The scene, things in the order in which robots see them."""
        order = sorted(self.things.values(), key=lambda thing: thing.id)
        places = [thing for kind in ("bowl", "box") for thing in order if thing.kind == kind]
        zones = [thing for thing in order if thing.kind == "zone"]
        return Scene(tuple(t for t in order if t.kind == "block"), (*places, Thing(TABLE, "table"), *zones))

    def state(self, scene: Scene, scatter: float = 0.0) -> State:
        """Where everything is at first; blocks without a place of their own are by some chance not on the table."""
        state: State = tuple(self.at.get(block.id, TABLE) for block in scene.blocks)
        if scatter:
            for block in self.rng.sample(scene.blocks, len(scene.blocks)):
                if block.id in self.at or block.id in state or self.rng.random() > scatter:
                    continue
                state = scattered(self.rng, scene, state, block)
        return state

    def task(
        self, kind: str, parts: Sequence[Part], words: Words, *, scatter: float = 0.15, steady: bool = False,
        hold: str | None = None,
    ) -> Task:  # fmt: skip
        """The task whose aim these parts are."""
        scene = self.scene()
        start = self.state(scene, 0.0 if steady else scatter)
        return Task(kind, scene, start, Aim(tuple(parts), hold), words, steady=steady)

    def impossible(self, kind: str, words: Words, reason: str) -> Task:
        """A task that cannot be done in this scene."""
        scene = self.scene()
        return Task(kind, scene, self.state(scene, 0.15), None, words, reason)


def scattered(rng: random.Random, scene: Scene, state: State, block: Thing) -> State:
    """The state after a block came to lie somewhere else by chance."""
    if block.wide:
        options = [place for place in scene.of_kind("zone", "table") if has_room(scene, state, place)]
    else:
        wide = {b.id for b in scene.blocks if b.wide}
        options = [
            place
            for place in scene.of_kind("zone", "table", "bowl", "box", "block")
            if place not in wide and place not in scene.above(state, {block.id}) and has_room(scene, state, place)
        ]
    return scene.moved(state, block.id, rng.choice(options)) if options else state


def only(blocks: Iterable[str], every: Iterable[str], place: str) -> list[Part]:
    """These blocks at a place, and none of the others."""
    wanted = set(blocks)
    return [At(block, (place,)) if block in wanted else At(block, None, (place,)) for block in every]
