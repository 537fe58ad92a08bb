"""A task in the making: a scene that fills up with things, and what is wanted of them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from string import ascii_lowercase

from .aims import Aim, AimPart, At
from .codebook_generator import COLORS, LABELS, Book
from .scene import TABLE, Move, Scene, State, Thing, has_room

ZONES = (
    ("left_zone", "right_zone", "far_zone", "middle_zone", "near_zone"),
    ("left_side", "right_side", "top_side", "bottom_side"),
    ("top_left_corner", "top_right_corner", "bottom_left_corner", "bottom_right_corner"),
    ("first_zone", "second_zone", "third_zone", "front_zone", "back_zone"),
    ("north_zone", "south_zone", "east_zone", "west_zone"),
)
"""Names of places marked on the table that go together."""

_MANY = 0.3
"""How often there is more of something than usual."""

_ABSENT = (*COLORS, "gold", "silver", "violet", "beige", "turquoise", "olive", "maroon")

Words = Mapping[str, object]
"""What fills the slots of a wording: ids of things, lists of them, or texts."""


@dataclass(frozen=True)
class DraftTask:
    """A task in a scene. `aim` is None where it cannot be done for `reason`, whatever the scene.

    `words` fill the slots of the wordings of its `kind`. Of a `steady` task nothing can be told from where things are
    once they were moved by someone else, so nobody does. `before` are moves that an earlier task led to.
    `groups` is how the aim is said of classes of things, where it is: each with a place, or with nothing where its
    things make one tower.
    """

    kind: str
    scene: Scene
    start: State
    aim: Aim | None
    words: Words
    reason: str = ""
    steady: bool = False
    before: tuple[Move, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()


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

    def number(self, least: int, usual: int, most: int) -> int:
        """How many there are of something: some, and now and then many."""
        return self.rng.randint(usual + 1, most) if self.rng.random() < _MANY else self.rng.randint(least, usual)

    def blocks(self, count: int) -> list[str]:
        """So many blocks of different colors; in packing labelled things, with letters letters."""
        if self.book.flavor == "letters" and self.rng.random() < 0.85:
            free = [x for x in ascii_lowercase if f"letter_{x}" not in self.things]
            return [self.letter(x) for x in self.rng.sample(free, count)]
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
        there = len(self.of_kind("block"))
        count = self.rng.choice((0, *range(most + 1)))
        if self.rng.random() < 0.6 * _MANY:
            count = self.rng.randint(5, 7) - there
        if count > 0 and there < 7:
            self.blocks(min(count, 7 - there))
        if self.rng.random() < 0.35 and len(self.of_kind("bowl")) < 3:
            self.bowl(self.colors(1)[0])
        if self.rng.random() < 0.3 and not self.of_kind("zone"):
            self.zones(self.rng.randint(1, 2))

    def of_kind(self, *kinds: str) -> list[str]:
        return [name for name, thing in self.things.items() if thing.kind in kinds]

    def absent(self, kind: str) -> Thing:
        """A thing that is not here: nothing here has its letter, its label, or both its color and its kind."""
        taken = set(self.things)
        if kind == "block" and self.book.flavor == "letters":
            letter = self.rng.choice([x for x in ascii_lowercase if f"letter_{x}" not in taken])
            return Thing(f"letter_{letter}", "block", {"color": "white", "letter": letter})
        if kind == "block" and self.book.flavor == "packing" and self.rng.random() < 0.6:
            label = self.rng.choice([label for label in LABELS if label not in taken])
            return Thing(label, "block", {"color": "white", "label": label})
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
        self, kind: str, parts: Sequence[AimPart], words: Words, *, scatter: float = 0.15, steady: bool = False,
        hold: str | None = None, before: tuple[Move, ...] = (), groups: Sequence[tuple[str, str]] = (),
    ) -> DraftTask:  # fmt: skip
        """The task whose aim these parts are."""
        scene = self.scene()
        start = self.state(scene, 0.0 if steady else scatter)
        return DraftTask(
            kind, scene, start, Aim(tuple(parts), hold), words, steady=steady,
            before=self._doable(scene, before, start), groups=tuple(groups),
        )  # fmt: skip

    def impossible(self, kind: str, words: Words, reason: str, *, before: tuple[Move, ...] = ()) -> DraftTask:
        """A task that cannot be done in this scene."""
        scene = self.scene()
        start = self.state(scene, 0.15)
        return DraftTask(kind, scene, start, None, words, reason, before=self._doable(scene, before, start))

    def _doable(self, scene: Scene, before: tuple[Move, ...], start: State) -> tuple[Move, ...]:
        """Moves of an earlier task, or none where they could not have been made."""
        if not before or "pick" not in self.book.names.skills:
            return ()
        block, place = before[-1]
        picked = scene.moved(start, block, None)
        fine = scene.clear(start, block) and (not place or has_room(scene, picked, place))
        return before if fine else ()


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


def only(blocks: Iterable[str], every: Iterable[str], place: str) -> list[AimPart]:
    """These blocks at a place, and none of the others."""
    wanted = set(blocks)
    return [At(block, (place,)) if block in wanted else At(block, None, (place,)) for block in every]
