"""HuRIC: commands that people gave to robots in homes, with the things around and the frames that were meant.

A file `huric*.jsonl` has one command a line:

    {"id": "3489", "sentence": "look for the lamp",
     "entities": [{"atom": "light_1", "type": "Light"}],
     "frames": [{"name": "Locating", "elements": [{"role": "Sought_entity", "atom": "light_1"}]}]}
"""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from codeword.codebook import Entity, Observation
from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.facts import ID

from .answers import Commands, MainArgument
from .files import FileRow, lines, parsed, row
from .items import Item, shuffled_book, table

BOOKS = ("home_helper", "valet")
PER_ORDER = 10
"""So many items go under one codebook with its skills in one order."""

_RIGHT = 'a command as {"id": …, "sentence": …, "entities": [{"atom", "type"}], "frames": [{"name", "elements"}]}'


class _Thing(FileRow):
    atom: str
    type: str


class _Element(FileRow):
    role: str
    atom: str | None = None


class _Frame(FileRow):
    name: str
    elements: list[_Element]


class _Command(FileRow):
    id: str
    sentence: str
    entities: list[_Thing]
    frames: list[_Frame]


def huric_items(path: Path, n: int, seed: int, frames: int) -> list[Item]:
    """At most n commands with so many frames, drawn by seed, every frame of which has its main argument in the scene
    and alone of its name there; by turns under each codebook, the order of its skills drawn again each PER_ORDER items.

    Raises InputError for what is not of the form.
    """
    read = [(where, row(_Command, parsed(line, where, _RIGHT), where, _RIGHT)) for where, line in lines(path)]
    asked = [(command, _mains(command, where)) for where, command in read if len(command.frames) == frames]
    fit = [(command, mains) for command, mains in asked if mains is not None]
    drawn = random.Random(seed).sample(fit, min(n, len(fit)))
    return [_item(command, mains, number, seed) for number, (command, mains) in enumerate(drawn)]


def _mains(command: _Command, where: str) -> list[str] | None:
    """The atom of each frame's main argument; None where one is not in the scene, or does not stand out there."""
    there, found = Counter(_stem(thing.atom) for thing in command.entities), []
    scene = {thing.atom for thing in command.entities}
    for frame in command.frames:
        known = _frames()
        if frame.name not in known:
            raise InputError(f"{where}: unknown frame '{frame.name}'{did_you_mean(frame.name, list(known))}")
        of_role = {element.role: element.atom for element in frame.elements if element.atom}
        atom = next((of_role[role] for role in known[frame.name]["roles"] if role in of_role), None)
        if atom not in scene or there[_stem(atom)] > 1:
            return None
        found.append(atom)
    return found


def _item(command: _Command, mains: Sequence[str], number: int, seed: int) -> Item:
    turn = number // PER_ORDER
    name = BOOKS[turn % len(BOOKS)]
    ids = _ids(command)
    wanted = []
    for frame, atom in zip(command.frames, mains, strict=True):
        skill, argument = _frames()[frame.name][name]
        wanted.append(MainArgument(skill, argument, ids[atom]))
    entities = tuple(Entity(id=ids[thing.atom], kind=_kind(thing.type)) for thing in command.entities)
    scene = Observation(step=0, time_s=0.0, entities=entities, facts=())
    return Item(command.id, command.sentence, shuffled_book(name, seed + turn), scene, Commands(tuple(wanted)))


def _ids(command: _Command) -> dict[str, str]:
    """How the things of a scene are called: as in the set, with a number only where several are called the same."""
    stems = Counter(_stem(thing.atom) for thing in command.entities)
    numbers: Counter[str] = Counter()
    found: dict[str, str] = {}
    for thing in command.entities:
        stem = _stem(thing.atom)
        numbers[stem] += 1
        found[thing.atom] = stem if stems[stem] == 1 else f"{stem}_{numbers[stem]}"
    return found


def _stem(atom: str) -> str:
    """The name of a thing without the number that the set gives it: `t-shirt_1484` is `t_shirt`."""
    stem = re.sub(r"[^a-z0-9]+", "_", re.sub(r"_\d+$", "", atom.lower())).strip("_")
    return stem if ID.fullmatch(stem) else f"thing_{stem}".rstrip("_")


def _kind(of_type: str) -> str:
    kinds = _table()
    return "room" if of_type in kinds["rooms"] else "person" if of_type in kinds["persons"] else "thing"


def _frames() -> Mapping[str, Mapping[str, Any]]:
    frames: Mapping[str, Mapping[str, Any]] = _table()["frames"]
    return frames


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    told: Mapping[str, Any] = table("huric.yaml")
    return told
