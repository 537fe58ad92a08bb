"""The same scene with another task, so that nothing but the words tells the two apart.

A model that has learned what is usually wanted of a scene answers with that, whatever the task says; two lessons of one
scene with different answers leave it nothing but the task to go by.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from .aims import Aim, At, Part
from .draft import Task
from .scene import Thing


def contrast(task: Task) -> Task | None:
    """Another kind of task in the scene of a task, from the same start; None for a kind that has no such other."""
    made = _OTHERS.get(task.kind)
    if made is None or task.aim is None:
        return None
    kind, parts_of = made
    parts = parts_of(task)
    words = {"place": task.words["place"]} if "place" in task.words else {}
    return replace(task, kind=kind, aim=Aim(tuple(parts)), words=words, groups=()) if parts else None


def _places(task: Task) -> Mapping[str, list[Thing]]:
    """The places that a task speaks of, by color."""
    found: dict[str, list[Thing]] = {}
    for thing in task.scene.places:
        if thing.kind == task.words["place"] and "color" in thing.properties:
            found.setdefault(thing.properties["color"], []).append(thing)
    return found


def _matched(task: Task) -> list[Part]:
    """Every thing at the place of its color; what has none, at no place."""
    places = _places(task)
    every = tuple(place.id for there in places.values() for place in there)
    parts: list[Part] = []
    for block in task.scene.blocks:
        own = tuple(place.id for place in places.get(block.properties["color"], ()))
        parts.append(At(block.id, own) if own else At(block.id, None, every))
    return parts


def _mismatched(task: Task) -> list[Part]:
    """Every thing at a place of another color; no parts where there is none."""
    parts: list[Part] = []
    for block in task.scene.blocks:
        color = block.properties["color"]
        others = tuple(place.id for of, there in _places(task).items() if of != color for place in there)
        if not others:
            return []
        parts.append(At(block.id, others))
    return parts


def _backwards(task: Task) -> list[Part]:
    """The row the other way round."""
    assert task.aim is not None
    placed = [part for part in task.aim.parts if isinstance(part, At) and part.ok is not None]
    parts: list[Part] = [replace(part, ok=other.ok) for part, other in zip(placed, reversed(placed), strict=True)]
    return parts + [part for part in task.aim.parts if part not in placed]


_OTHERS: Mapping[str, tuple[str, Callable[[Task], list[Part]]]] = {
    "match": ("mismatch", _mismatched),
    "mismatch": ("match", _matched),
    "even": ("match", _matched),
    "small_on_big_zones": ("match", _matched),
    "alphabet": ("reverse_alphabet", _backwards),
    "reverse_alphabet": ("alphabet", _backwards),
}
"""The kinds of task that are easily taken for another in the same scene, each with that other."""
