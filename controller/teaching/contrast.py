"""The same scene with another task, so that the words tell the two apart.

A model that has learned what is usually wanted of a scene answers with that, whatever the task says; two lessons of one
scene with different answers leave it little but the task to go by. What happened before each was given may differ.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from .aims import Aim, AimPart, At, Tower
from .draft import DraftTask, Words
from .kinds_stack import towers_apart
from .scene import Thing


def contrast(rng: random.Random, task: DraftTask) -> DraftTask | None:
    """Another kind of task in the scene of a task, from the same start; None for a kind that has no such other, and
    where that would come to the same."""
    options = _OTHERS.get(task.kind)
    if not options or task.aim is None:
        return None
    other = rng.choice(options)(task)
    return other if other is not None and not _alike(task.aim, other.aim) else None


def _alike(one: Aim, two: Aim | None) -> bool:
    """Whether two aims have the same parts, in whatever order."""
    return two is not None and len(one.parts) == len(two.parts) and all(part in one.parts for part in two.parts)


def _other(
    task: DraftTask,
    kind: str,
    parts: Iterable[AimPart],
    words: Words | None = None,
    groups: Sequence[tuple[str, str]] = (),
) -> DraftTask:
    return replace(task, kind=kind, aim=Aim(tuple(parts)), words=words or {}, groups=tuple(groups))


def _matched(task: DraftTask) -> DraftTask:
    """Every thing at the place of its color; what has none, at no place."""
    places = _places(task)
    every = tuple(place for there in places.values() for place in there)
    own = {block.id: tuple(places.get(block.properties["color"], ())) for block in task.scene.blocks}
    parts = [At(block, ok) if ok else At(block, None, every) for block, ok in own.items()]
    place = str(task.words["place"])
    return _other(task, "match", parts, {"place": place}, [("block", f"{place} same_color")])


def _mismatched(task: DraftTask) -> DraftTask:
    """Every thing at a place of another color."""
    places = _places(task)
    others = {
        block.id: tuple(chain.from_iterable(there for of, there in places.items() if of != block.properties["color"]))
        for block in task.scene.blocks
    }
    place, parts = str(task.words["place"]), [At(*pair) for pair in others.items()]
    return _other(task, "mismatch", parts, {"place": place}, [("block", f"{place} not same_color")])


def _places(task: DraftTask) -> Mapping[str, list[str]]:
    """The places that a task speaks of, by color."""
    of_kind = [place for place in task.scene.places if place.kind == task.words["place"]]
    return _by("color", [place for place in of_kind if "color" in place.properties])


def _backwards(task: DraftTask) -> DraftTask:
    """The row the other way round."""
    assert task.aim is not None
    placed = [part for part in task.aim.parts if isinstance(part, At) and part.ok is not None]
    turned = [replace(part, ok=other.ok) for part, other in zip(placed, reversed(placed), strict=True)]
    kind = "alphabet" if task.kind == "reverse_alphabet" else "reverse_alphabet"
    how = "rising" if kind == "alphabet" else "falling"
    parts = [*turned, *(part for part in task.aim.parts if part not in placed)]
    return _other(task, kind, parts, groups=[("lettered", f"zone {how} letter")])


def _all_in_one(task: DraftTask) -> DraftTask:
    return _other(task, "stack_all", [Tower(_blocks(task))], groups=[("block", "")])


def _one_for_each(of: str) -> Callable[[DraftTask], DraftTask | None]:
    """A tower for each color, or for each size, where none is of a single thing."""

    def made(task: DraftTask) -> DraftTask | None:
        towers = _by(of, task.scene.blocks)
        if min(map(len, towers.values())) < 2:
            return None
        groups = [("block", "one_another same_color")] if of == "color" else [(word, "") for word in sorted(towers)]
        return _other(task, f"stack_by_{of}", towers_apart([tuple(t) for t in towers.values()]), groups=groups)

    return made


def _in_turn(task: DraftTask) -> DraftTask:
    """One tower in which two colors take turns."""
    (first, ones), (second, twos) = _by("color", task.scene.blocks).items()
    colors = {**dict.fromkeys(ones, first), **dict.fromkeys(twos, second)}
    parts, groups = [Tower(_blocks(task), colors=colors)], [("block", "one_another not same_color")]
    return _other(task, "alternate", parts, {"one": first, "two": second}, groups)


def _small_on_big(task: DraftTask) -> DraftTask:
    sizes = _by("size", task.scene.blocks)
    pairs = _by("color", task.scene.blocks).values()
    parts = [At(a, (b,)) for pair in pairs for a in pair for b in pair if a in sizes["small"] and b in sizes["big"]]
    return _other(task, "small_on_big", parts, groups=[("small", "big same_color")])


def _laid_down(task: DraftTask) -> DraftTask:
    """Everything in the zone, but in no tower."""
    zone = str(task.words["t"])
    return _other(task, "all_to", [At(a, (zone,)) for a in _blocks(task)], {"t": zone}, [("block", zone)])


def _piled_up(task: DraftTask) -> DraftTask | None:
    """Everything in one tower in the zone."""
    zone = str(task.words["t"])
    if task.scene.kind(zone) != "zone":
        return None
    return _other(task, "stack_area", [Tower(_blocks(task), base=(zone,))], {"t": zone}, [("block", "")])


def _blocks(task: DraftTask) -> tuple[str, ...]:
    return tuple(sorted(block.id for block in task.scene.blocks))


def _by(of: str, things: Sequence[Thing]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for thing in things:
        found.setdefault(thing.properties[of], []).append(thing.id)
    return found


_OTHERS: Mapping[str, Sequence[Callable[[DraftTask], DraftTask | None]]] = {
    "match": [_mismatched],
    "mismatch": [_matched],
    "even": [_matched],
    "small_on_big_zones": [_matched, _small_on_big, _small_on_big],
    "small_on_big": [_one_for_each("size"), _one_for_each("color")],
    "alternate": [_one_for_each("color"), _one_for_each("color"), _all_in_one],
    "stack_by_color": [_in_turn, _in_turn, _all_in_one],
    "stack_by_size": [_all_in_one],
    "stack_area": [_laid_down],
    "all_to": [_piled_up],
    "alphabet": [_backwards],
    "reverse_alphabet": [_backwards],
}
"""The kinds of task that are easily taken for another in the same scene, each with such others."""
