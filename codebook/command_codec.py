"""Commands as text: written in one canonical form, and read strictly from whatever text arrives."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from .arguments import Argument, ChoiceArgument, EntityArgument, ListArgument, described
from .command import Command, Value
from .errors import CommandError
from .facts import ID
from .skills import Codebook, Skill
from .strict_json import read_json

MAX_TEXT_BYTES = 4096
_MAX_DEPTH = 4


def make_command(codebook: Codebook, skill: str, args: Mapping[str, Value]) -> Command:
    """The command of that skill with those arguments. Raises CommandError where it is not one of the codebook."""
    if skill not in codebook.skills:
        raise CommandError("schema", f"unknown skill '{skill}' (choices: {', '.join(codebook.skills)})")
    declared = codebook.skills[skill].args
    for name in args:
        if name not in declared:
            raise CommandError("schema", f"'{skill}' has no argument '{name}' (choices: {', '.join(declared)})")
    parts = [f'{{"skill":"{skill}"']
    ordered: dict[str, Value] = {}
    for name, argument in declared.items():
        value = args.get(name, argument.default)
        if value is None:
            raise CommandError("schema", f"'{skill}' lacks its argument '{name}'")
        text = argument.write(value)
        if text is None or not all(ID.fullmatch(thing) for thing in things_in(argument, value)):
            shown = json.dumps(value)[:80]
            raise CommandError("schema", f"'{name}' of '{skill}' cannot be {shown}: {argument.describe()}")
        if argument.default is None or value != argument.default:
            parts.append(f',"{name}":{text}')
        ordered[name] = _immutable(json.loads(text))
    return Command(skill, ordered, "".join(parts) + "}")


def give_up(codebook: Codebook, reason: str) -> Command:
    """The command that gives a task up for a reason; where the codebook has not that one, for its default or else the
    first that it has. Raises CommandError where `cannot` wants more than a reason.
    """
    reasons = {
        name: reason if reason in argument.choices else argument.default or argument.choices[0]
        for name, argument in codebook.skills["cannot"].args.items()
        if isinstance(argument, ChoiceArgument)
    }
    return make_command(codebook, "cannot", reasons)


def command_of(codebook: Codebook, text: str) -> Command:
    """The command that a canonical text of our own making says."""
    data = json.loads(text)
    skill = data.pop("skill")
    args = {
        name: _immutable(data.get(name, argument.default)) for name, argument in codebook.skills[skill].args.items()
    }
    return Command(skill, args, text)


def _immutable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def things_in(argument: Argument, value: Value) -> tuple[str, ...]:
    """The ids of the entities that a value names."""
    if isinstance(argument, ListArgument) and isinstance(value, list | tuple):
        return tuple(value)
    return (str(value),) if isinstance(argument, EntityArgument) else ()


def bindings_of(command: Command) -> dict[str, str | tuple[str, ...]]:
    """A command's arguments as conditions see them."""
    return {name: bind(value) for name, value in command.args.items()}


def bind(value: Value) -> str | tuple[str, ...]:
    """A value as conditions see it: an id or a word, the text of a number, or the ids of a list."""
    if isinstance(value, float) and not isinstance(value, bool):
        return format(Decimal(repr(value)), "f")
    return value if isinstance(value, str | tuple) else json.dumps(value)


def read_command(codebook: Codebook, text: str | bytes) -> Command:
    """The command that a text from anywhere says, after every check that needs no observation.

    Size first, then strict JSON (UTF-8, no duplicate keys, no NaN or infinity, little depth), then the codebook's JSON
    Schema, then steps and bounds. Raises CommandError naming the check: `size`, `json` or `schema`.
    """
    data = read_json(text, MAX_TEXT_BYTES, _MAX_DEPTH)
    validators = _validators(codebook)
    for name in ("", data.get("skill") if isinstance(data, dict) else None):
        error = best_match(validators[name].iter_errors(data))
        if error is not None:
            place = "/".join(str(part) for part in error.absolute_path)
            raise CommandError("schema", f"{f'at {place}: ' if place else ''}{error.message[:200]}")
    args = {name: value for name, value in data.items() if name != "skill"}
    return make_command(codebook, data["skill"], args)


def prepare(codebook: Codebook) -> None:
    """Build ahead what `read_command` needs, so that the first command is not kept waiting for it."""
    _validators(codebook)


@lru_cache(maxsize=32)
def _validators(codebook: Codebook) -> dict[Any, Draft202012Validator]:
    """A validator for what all commands share, under "", and one for each skill."""
    parts: dict[Any, dict[str, Any]] = {"": _any_skill(codebook)}
    parts |= {skill.name: skill_schema(skill) for skill in codebook.skills.values()}
    return {name: Draft202012Validator(schema) for name, schema in parts.items()}


def _any_skill(codebook: Codebook) -> dict[str, Any]:
    return {"type": "object", "required": ["skill"], "properties": {"skill": {"enum": list(codebook.skills)}}}


def skill_schema(skill: Skill) -> dict[str, Any]:
    """The JSON Schema of one skill's commands."""
    properties = {"skill": {"const": skill.name}} | {
        name: {**argument.schema(), "description": described(argument)} for name, argument in skill.args.items()
    }
    return {
        "title": skill.name,
        "description": skill.description,
        "type": "object",
        "properties": properties,
        "required": ["skill", *(name for name, argument in skill.args.items() if argument.default is None)],
        "additionalProperties": False,
    }


def command_schema(codebook: Codebook) -> dict[str, Any]:
    """The JSON Schema that every command of a codebook meets, whatever is observed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A command of the codebook {codebook.name}",
        **_any_skill(codebook),
        "oneOf": [skill_schema(skill) for skill in codebook.skills.values()],
    }
