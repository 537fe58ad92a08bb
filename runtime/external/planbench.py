"""PlanBench, plan generation: an initial state and a goal, read out of the words of a prompt.

`plan-bench/prompts/DOMAIN/task_1_plan_generation.json` has instances, each an `instance_id` and a `query`, at the end
of which stands the problem:

    [STATEMENT]
    As initial conditions I have that, the blue block is clear, … and the red block is on the table.
    My goal is to have that the red block is on top of the orange block.

    My plan is as follows:

What comes before (the rules, a worked example) is not read: the rules are in the codebook.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codeword.codebook import Entity, Fact, Observation
from codeword.codebook.errors import InputError

from .answers import EndState
from .files import FileRow, parsed, raw_bytes, row
from .items import Item, book

FILE = "task_1_plan_generation.json"
_RIGHT = '{"instances": [{"instance_id": 1, "query": "… [STATEMENT] As initial conditions I have that, …"}]}'
_PROBLEM = re.compile(
    r"As initial conditions I have that,? (.+?)\.\s*My goal is to have that (.+?)\.\s*My plan", re.DOTALL
)


class _Instance(FileRow):
    instance_id: int
    query: str


@dataclass(frozen=True)
class Domain:
    """How a domain says its facts: of each phrase the name of the fact, empty for what other facts tell; how the names
    of things become ids; and the kind of a thing by how its id begins.
    """

    phrases: Mapping[str, str]
    kinds: Mapping[str, str]
    id: str = "{}"


DOMAINS = {
    "blocksworld": Domain(
        {
            r"the (\w+) block is on top of the (\w+) block": "on",
            r"the (\w+) block is on the table": "on_table",
            r"the (\w+) block is clear": "",
            r"the hand is empty": "",
        },
        {"": "block"},
        "{}_block",
    ),
    "mystery_blocksworld": Domain(
        {
            r"object (\w+) craves object (\w+)": "craves",
            r"province object (\w+)": "province",
            r"planet object (\w+)": "planet",
            r"pain object (\w+)": "pain",
            r"harmony": "harmony",
        },
        {"": "object"},
        "object_{}",
    ),
}


def planbench_items(path: Path, n: int, seed: int, domain: str) -> list[Item]:
    """At most n instances of a domain, drawn by seed from those with an odd id; the even ones are left aside, so that
    something is there to check with what nobody has looked at.

    Raises InputError for what is not of the form.
    """
    data = parsed(raw_bytes(path), str(path), _RIGHT)
    instances = data.get("instances") if isinstance(data, dict) else None
    if not isinstance(instances, list):
        raise InputError(f"{path}: has no list of instances; expected {_RIGHT}")
    odd = [(place, one) for place, one in enumerate(instances) if not _is_even(one)]
    drawn = random.Random(seed).sample(odd, min(n, len(odd)))
    items = []
    for place, one in drawn:
        where = f"{path}: instances/{place}"
        items.append(_item(row(_Instance, one, where, _RIGHT), where, domain))
    return items


def _is_even(instance: object) -> bool:
    number = instance.get("instance_id") if isinstance(instance, dict) else None
    return isinstance(number, int) and number % 2 == 0


def _item(instance: _Instance, where: str, domain: str) -> Item:
    problem = _PROBLEM.search(instance.query.rpartition("[STATEMENT]")[2])
    if problem is None:
        raise InputError(f"{where}: has no initial conditions and goal behind its last [STATEMENT]")
    state, goal = problem.groups()
    facts, wanted = _facts(state, domain, where), _facts(goal, domain, where)
    things = dict.fromkeys(thing for fact in (*facts, *wanted) for thing in fact.args)
    kinds = DOMAINS[domain].kinds
    entities = []
    for thing in sorted(things):
        kind = next((kind for beginning, kind in kinds.items() if thing.startswith(beginning)), None)
        if kind is None:
            raise InputError(f"{where}: '{thing}' is of no kind of {domain} ({', '.join(kinds)})")
        entities.append(Entity(id=thing, kind=kind))
    seen = Observation(step=0, time_s=0.0, entities=tuple(entities), facts=tuple(facts))
    return Item(str(instance.instance_id), " ".join(goal.split()), book(domain), seen, EndState(tuple(wanted)))


def _facts(text: str, domain: str, where: str) -> Sequence[Fact]:
    told, found = DOMAINS[domain], []
    for phrase in re.split(r",\s+|\s+and\s+", text.strip()):
        for pattern, name in told.phrases.items():
            match = re.fullmatch(pattern, phrase)
            if match is not None:
                if name:
                    found.append(Fact(name, tuple(told.id.format(word) for word in match.groups())))
                break
        else:
            raise InputError(f"{where}: '{phrase[:80]}' says no fact of {domain}")
    return found
