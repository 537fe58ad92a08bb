"""Embodied Agent Interface, goal interpretation in BEHAVIOR: an instruction, the things of a house, and the conditions
that its goal comes to. The data is in the wheel of `eai-eval`, which is read as a zip file.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codeword.codebook import Entity, Fact, Observation
from codeword.codebook.errors import InputError

from .conditions import Conditions, Holds
from .files import FileRow, member, opened, parsed, row
from .items import Item, book

WHEEL = "eai_eval-*.whl"
FOLDER = "behavior_eval/evaluation/goal_interpretation/resources/data"
FACTS = {
    "inside": "inside", "ontop": "on_top", "under": "under", "nextto": "next_to", "touching": "touching",
    "onfloor": "on_floor", "open": "open", "toggled_on": "switched_on", "cooked": "cooked", "frozen": "frozen",
    "sliced": "sliced", "soaked": "soaked", "stained": "stained", "dusty": "dusty",
}  # fmt: skip
"""What our codebook calls the set's states."""

_OPPOSITE = {"open": "closed", "switched_on": "switched_off"}
"""What our codebook says in place of denying these."""


class _Scene(FileRow):
    initial_conditions: dict[str, list[Any]]
    goal_conditions: dict[str, list[list[Any]]]


def behavior_items(path: Path, n: int, seed: int) -> list[Item]:
    """At most n tasks, drawn by seed. Raises InputError for what is not of the form."""
    with opened(path) as wheel:
        names = ("all_conditions", "all_objects", "instructions_by_activity_name", "task_to_demo")
        read = [member(wheel, f"{FOLDER}/{name}.json") for name in names]
    where = f"{path}: {FOLDER}"
    conditions, things, words, demos = (
        parsed(text, f"{where}/{name}.json", "a JSON object") for text, name in zip(read, names, strict=True)
    )
    tasks = sorted(demos)
    items = []
    for task in random.Random(seed).sample(tasks, min(n, len(tasks))):
        demo = demos[task]
        if task not in words or not {demo} <= conditions.keys() & things.keys():
            raise InputError(f"{where}: '{task}' has no words, conditions or objects; expected all three")
        scene = row(_Scene, conditions[demo], f"{where}/all_conditions.json: {demo}", "initial and goal conditions")
        items.append(_item(task, words[task], list(things[demo]), scene, where))
    return items


def _item(task: str, words: str, things: Sequence[str], scene: _Scene, where: str) -> Item:
    ids = {thing: _id(thing, f"{where}: {task}") for thing in things}
    seen = []
    for condition in scene.initial_conditions.values():
        if condition[0] in FACTS and all(thing in ids for thing in condition[1:]):
            seen.append(_holds(condition, ids, f"{where}: {task}").fact)
    parts = tuple(
        tuple(tuple(_holds(one, ids, f"{where}: {task}") for one in option) for option in options)
        for options in scene.goal_conditions.values()
    )
    entities = (
        Entity(
            id=ids[thing],
            kind="floor" if thing.startswith("floor.") else "thing",
            properties={"type": ids[thing].rpartition("_")[0]},
        )
        for thing in things
    )
    observation = Observation(step=0, time_s=0.0, entities=tuple(entities), facts=tuple(dict.fromkeys(seen)))
    return Item(task, words, book("housework"), observation, Conditions(parts))


def _id(thing: str, where: str) -> str:
    """`bow.n.08_1` is `bow_1` here."""
    match = re.fullmatch(r"([a-z][a-z0-9_-]*)\.n\.\d+_(\d+)", thing)
    if match is None:
        raise InputError(f"{where}: '{thing}' names no object; expected one like bow.n.08_1")
    return f"{match.group(1).replace('-', '_').strip('_')}_{match.group(2)}"


def _holds(condition: Sequence[Any], ids: dict[str, str], where: str) -> Holds:
    denied = condition[0] == "not"
    name, *things = condition[1] if denied else condition
    if name not in FACTS or not all(thing in ids for thing in things):
        raise InputError(f"{where}: '{name}' of {things} is no condition on its objects ({', '.join(FACTS)})")
    told, places = FACTS[name], tuple(ids[thing] for thing in things)
    if denied and told in _OPPOSITE:
        return Holds(Fact(_OPPOSITE[told], places))
    return Holds(Fact(told, places), denied)
