"""Embodied Agent Interface, goal interpretation in VirtualHome: what somebody does in a flat in a few words, the things
around, and the states, relations and actions that it comes to. The data is in the wheel of `eai-eval`.

Names and ids of the things are read out of the set's prompts for action sequencing, title and words out of its
programs.
"""

import random
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from codeword.codebook import Entity, Fact, Observation
from codeword.codebook.errors import InputError

from .conditions import Condition, Conditions, Did, Holds
from .files import FileRow, member, opened, parsed, row
from .items import Item, book

GOALS = "virtualhome_eval/resources/virtualhome/task_state_LTL_formula_accurate.json"
PROMPTS = "virtualhome_eval/evaluation/action_sequencing/prompts/helm_prompts.json"
_PROGRAM = re.compile(r".*/executable_programs/TrimmedTestScene1_graph/[^/]+/file(\d+_\d+)\.txt")
_THING = re.compile(r"^(\w+), id: (\d+), properties: ", re.MULTILINE)

STATES = {
    "ON": "switched_on", "PLUGGED_IN": "plugged_in", "OPEN": "open", "CLOSED": "closed", "SITTING": "sitting",
    "LYING": "lying",
}  # fmt: skip
RELATIONS = {"ON": "on", "INSIDE": "inside", "FACING": "facing", "CLOSE": "close_to"}
HANDS = {"HOLDS_RH": "in_right_hand", "HOLDS_LH": "in_left_hand"}
"""Relations that our codebook says the other way round."""
ACTIONS = {
    "LOOKAT": "look_at", "WATCH": "look_at", "READ": "read", "DRINK": "drink", "TOUCH": "touch", "RINSE": "wash",
    "WASH": "wash", "TYPE": "type", "GRAB": "grab", "SLEEP": "sleep", "POUR": "pour",
}  # fmt: skip
"""What our codebook calls what the set wants; what is in none of these it has no words for."""


class _Goals(FileRow):
    actions: list[str]
    goal: list[dict[str, Any]]


class _Script(FileRow):
    vh_goal: _Goals


class _Prompt(FileRow):
    identifier: str
    llm_prompt: str


def virtualhome_items(path: Path, n: int, seed: int) -> list[Item]:
    """At most n scripts, drawn by seed. Raises InputError for what is not of the form."""
    with opened(path) as wheel:
        goals = parsed(member(wheel, GOALS), f"{path}: {GOALS}", "goals by scene, task and script")
        told = parsed(member(wheel, PROMPTS), f"{path}: {PROMPTS}", "a list of prompts")
        prompts = [row(_Prompt, one, f"{path}: {PROMPTS}", "identifier and llm_prompt") for one in told]
        things = {one.identifier: one.llm_prompt for one in prompts}
        programs = {match.group(1): match.group() for match in map(_PROGRAM.fullmatch, wheel.namelist()) if match}
        scripts = {name: script for tasks in goals.get("scene_1", {}).values() for name, script in tasks.items()}
        drawn = random.Random(seed).sample(sorted(scripts), min(n, len(scripts)))
        for name in drawn:
            if name not in things or name not in programs:
                raise InputError(f"{path}: script {name} has no prompt or no program; expected both")
        words = {name: _words(wheel, programs[name]) for name in drawn}
    return [
        _item(name, words[name], things[name], row(_Script, scripts[name], f"{path}: {name}", "a vh_goal"), str(path))
        for name in drawn
    ]


def _words(wheel: ZipFile, program: str) -> str:
    """Title and description, which stand before the steps."""
    text = member(wheel, program).decode("utf-8", "replace")
    title, *more = [line.strip() for line in text.partition("[")[0].splitlines() if line.strip()]
    return f"{title}: {' '.join(more)}" if more else title


def _item(name: str, words: str, prompt: str, script: _Script, path: str) -> Item:
    listed = dict.fromkeys((thing, int(number)) for thing, number in _THING.findall(prompt))
    times, numbers, ids = Counter(thing for thing, _ in listed), Counter[str](), dict[int, str]()
    entities = []
    for thing, number in listed:
        numbers[thing] += 1
        ids[number] = thing if times[thing] == 1 else f"{thing}_{numbers[thing]}"
        entities.append(Entity(id=ids[number], kind="person" if thing == "character" else "thing"))
    try:
        wanted = [_state_or_relation(one, ids) for one in script.vh_goal.goal]
    except (KeyError, TypeError) as problem:
        raise InputError(f"{path}: script {name}: a goal is of {problem}, which is not there") from problem
    wanted += [Did(tuple(_skills(one))) for one in script.vh_goal.actions]
    parts = tuple(((one,),) for one in dict.fromkeys(wanted))
    seen = Observation(step=0, time_s=0.0, entities=tuple(entities), facts=())
    return Item(name, words, book("homelife"), seen, Conditions(parts))


def _state_or_relation(goal: Mapping[str, Any], ids: Mapping[int, str]) -> Condition:
    """Where our codebook has no word for it, the set's own, which nobody can write."""
    if "state" in goal:
        state = goal["state"]
        return Holds(Fact(STATES.get(state, state), (ids[goal["id"]],)))
    relation, (one, other) = goal["relation_type"], (ids[goal[end]] for end in ("from_id", "to_id"))
    if relation in HANDS:
        return Holds(Fact(HANDS[relation], (other, one)))
    return Holds(Fact(RELATIONS.get(relation, relation), (one, other)))


def _skills(action: str) -> dict[str, None]:
    """The skills that an action stands for, each of which would do (`READ|LOOKAT`)."""
    return dict.fromkeys(ACTIONS[one] for one in action.upper().split("|") if one in ACTIONS)
