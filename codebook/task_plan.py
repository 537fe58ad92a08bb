"""The plan of a task, as a model writes it: commands and goals in order, on one line of JSON.

    {"plan":[{"skill":"drive","distance_m":0.5},{"skill":"bark"},3]}
    {"plan":[[["red_block","in","blue_bowl"]],{"skill":"show","object":"green_block"}]}
    {"cannot":"unclear"}

A command says what the robot is to do, a goal (a list of facts, see `goals`) what is to be so. They are carried out
from left to right; a whole number after a command says how many times it is to be carried out in all.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from .arguments import ChoiceArgument
from .command import Command
from .command_codec import make_command, read_command, things_in
from .errors import CommandError, did_you_mean
from .facts import ID
from .goal_classes import ALL
from .goal_relations import NOT
from .goals import Goal, read_goal
from .observation import Observation
from .skills import Codebook, Skill
from .strict_json import read_json

MOST_ITEMS = 8
"""The most commands and facts that a plan holds, all of its goals together."""

MOST_TIMES = 20
"""The most times that one command of a plan is carried out in a row."""

UNCLEAR = "unclear"
"""Why a task cannot be done that was not understood, or that no skill does; every codebook's plans may say so."""

MAX_TEXT_BYTES = 16_384
_MAX_DEPTH = 6


@dataclass(frozen=True)
class Do:
    """A command to carry out, `times` times in all."""

    command: Command
    times: int = 1


@dataclass(frozen=True)
class Achieve:
    """A goal to make true; what commands that takes is the planner's business."""

    goal: Goal


Item = Do | Achieve


@dataclass(frozen=True)
class TaskPlan:
    """What a model wrote for a task: items in order; or why there are none, as `cannot` says."""

    items: tuple[Item, ...]
    cannot: str = ""

    @property
    def held(self) -> int:
        """How many commands and facts it holds."""
        return sum(1 if isinstance(item, Do) else len(goal_words(item.goal)) for item in self.items)

    @property
    def text(self) -> str:
        """The plan in its canonical form."""
        if self.cannot:
            return json.dumps({"cannot": self.cannot}, separators=(",", ":"))
        parts: list[str] = []
        for item in self.items:
            if isinstance(item, Do):
                parts += [item.command.text, *([str(item.times)] if item.times > 1 else [])]
            else:
                parts.append(json.dumps(goal_words(item.goal), separators=(",", ":")))
        return f'{{"plan":[{",".join(parts)}]}}'

    @property
    def told(self) -> str:
        """The plan in words for people."""
        return f"cannot ({self.cannot})" if self.cannot else "; ".join(map(told_item, self.items))


def goal_words(goal: Goal) -> list[list[str]]:
    """A goal word by word: what it says of classes of things, then its facts, then those that are not to hold."""
    words: list[list[str]] = json.loads(goal.text)["goal"]
    return words


def told_item(item: Item) -> str:
    """One item in words: `drive(0.5)`, `bark, 3 times`, `make so: red_block in blue_bowl`."""
    if isinstance(item, Achieve):
        return f"make so: {item.goal.told}"
    return told_command(item.command) + (f", {item.times} times" if item.times > 1 else "")


def told_command(command: Command) -> str:
    """A command in words: `bark`, `drive(distance_m 0.5)`."""
    args = ", ".join(f"{name} {_value_text(value)}" for name, value in command.args.items())
    return f"{command.skill}({args})" if args else command.skill


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def read_plan(codebook: Codebook, text: str | bytes) -> TaskPlan:
    """The plan that a text from anywhere says, after every check that needs no observation.

    Size first, then strict JSON, then the form of plans by JSON Schema, then every command as `read_command` reads it.
    Raises CommandError naming the check: `size`, `json` or `schema`.
    """
    data = read_json(text, MAX_TEXT_BYTES, _MAX_DEPTH)
    listed = data.get("plan") if isinstance(data, dict) else None
    if isinstance(listed, list):
        _check_length(listed)
    error = best_match(_form(codebook).iter_errors(data))
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path)
        raise CommandError("schema", f"{f'at {place}: ' if place else ''}{error.message[:200]}")
    if "cannot" in data:
        return TaskPlan((), data["cannot"])
    items: list[Item] = []
    for given in data["plan"]:
        if isinstance(given, float):
            raise CommandError("schema", f"a count is a whole number, and not {given}")
        if isinstance(given, int):
            last = items[-1] if items else None
            if not isinstance(last, Do) or last.times > 1:
                raise CommandError("schema", f"the count {given} stands behind no command of its own")
            items[-1] = Do(last.command, given)
        elif isinstance(given, dict):
            items.append(Do(_command(codebook, given, len(items))))
        else:
            items.append(Achieve(_goal(codebook, given)))
    return TaskPlan(tuple(items))


def _check_length(listed: Sequence[Any]) -> None:
    held = sum(len(item) if isinstance(item, list) else not isinstance(item, int) for item in listed)
    if held > MOST_ITEMS:
        raise CommandError("schema", f"a plan of {held} commands and facts; at most {MOST_ITEMS}")


def _command(codebook: Codebook, given: Mapping[str, Any], number: int) -> Command:
    try:
        command = read_command(codebook, json.dumps(given, ensure_ascii=False))
    except CommandError as problem:
        raise CommandError(problem.check, f"item {number + 1}: {str(problem).partition(': ')[2]}") from problem
    if codebook.skills[command.skill].ends is not None:
        raise CommandError("schema", f"item {number + 1}: '{command.skill}' is no item of a plan, which ends by itself")
    return command


def _goal(codebook: Codebook, given: Sequence[Sequence[str]]) -> Goal:
    for words in given:
        if len(words) < {ALL: 4, NOT: 2}.get(words[0], 1):
            raise CommandError("schema", f"'{' '.join(words)}' is no fact and says nothing of a class of things")
    goal = read_goal(json.dumps({"goal": given}))
    places = codebook.places()
    for group in goal.groups:
        _check_name(group.name, places)
        if places[group.name] < 2:
            raise CommandError(
                "schema", f"of a class it is said where its things are to be, and '{group.name}' is of 1"
            )
    for fact in (*goal.facts, *goal.denied):
        _check_name(fact.name, places)
        if len(fact.args) != places[fact.name]:
            raise CommandError("schema", f"{fact} is of {len(fact.args)} things; '{fact.name}' of {places[fact.name]}")
    return goal


def _check_name(name: str, places: Mapping[str, int]) -> None:
    if name not in places:
        raise CommandError("schema", f"unknown fact '{name}'{did_you_mean(name, list(places))}")


def check_things(codebook: Codebook, plan: TaskPlan, observation: Observation) -> None:
    """Raises CommandError (`entity`) where a plan names a thing that is not observed."""
    there = {entity.id for entity in observation.entities}
    for thing in _named(codebook, plan):
        if thing not in there:
            raise CommandError("entity", f"'{thing}' is not observed")


def things_named(codebook: Codebook, command: Command) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The ids of the things that a command names, each with the kinds that its argument takes."""
    for name, value in command.args.items():
        argument = codebook.skills[command.skill].args[name]
        yield from ((thing, getattr(argument, "kinds", ())) for thing in things_in(argument, value))


def _named(codebook: Codebook, plan: TaskPlan) -> Iterable[str]:
    """The ids of the things that a plan names."""
    for item in plan.items:
        if isinstance(item, Do):
            yield from (thing for thing, _ in things_named(codebook, item.command))
        else:
            yield from (arg for fact in (*item.goal.facts, *item.goal.denied) for arg in fact.args)


def remade(codebook: Codebook, plan: TaskPlan) -> TaskPlan:
    """A plan by another state of its codebook: every command with all the arguments that it had, its defaults too.

    Raises CommandError where one of them is no command any more.
    """
    items = (
        Do(make_command(codebook, item.command.skill, item.command.args), item.times) if isinstance(item, Do) else item
        for item in plan.items
    )
    return TaskPlan(tuple(items), plan.cannot)


def unnamed_args(skill: Skill) -> set[str]:
    """The arguments of a skill that no effect names."""
    return skill.args.keys() - {name for effect in skill.effects for name in effect.variables()}


def reasons(codebook: Codebook) -> tuple[str, ...]:
    """The reasons for which a plan may say that there is none: those of the codebook, and UNCLEAR."""
    arguments = [a for skill in codebook.skills.values() if skill.ends == "cannot" for a in skill.args.values()]
    known = [reason for argument in arguments if isinstance(argument, ChoiceArgument) for reason in argument.texts]
    return tuple(dict.fromkeys([*known, UNCLEAR]))


def _schema(codebook: Codebook, commands: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON Schema of plans, its commands as they are given."""
    word = {"type": "string", "pattern": rf"^{ID.pattern}\Z", "maxLength": 64}
    fact = {"type": "array", "items": word, "minItems": 1, "maxItems": 8}
    items = [
        *commands,
        {"title": "a goal", "type": "array", "items": fact, "minItems": 1, "maxItems": MOST_ITEMS},
        {"title": "how many times the command before is carried out", "type": "integer",
         "minimum": 2, "maximum": MOST_TIMES},
    ]  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A plan with the codebook {codebook.name}",
        "type": "object",
        "oneOf": [
            {
                "required": ["plan"],
                "properties": {
                    "plan": {"type": "array", "items": {"oneOf": items}, "minItems": 1, "maxItems": 2 * MOST_ITEMS}
                },
                "additionalProperties": False,
            },
            {
                "required": ["cannot"],
                "properties": {"cannot": {"enum": list(reasons(codebook))}},
                "additionalProperties": False,
            },
        ],
    }


@lru_cache(maxsize=32)
def _form(codebook: Codebook) -> Draft202012Validator:
    """A validator of all but what the commands are, which tell better what is wrong with them one by one."""
    return Draft202012Validator(_schema(codebook, [{"type": "object"}]))
