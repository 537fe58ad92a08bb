"""The part of the editors' schema that is about steps: forms, primitives with their bounds, other skills."""

from collections.abc import Mapping
from typing import Any

from .arguments import (
    Argument,
    BooleanArgument,
    ChoiceArgument,
    EntityArgument,
    ListArgument,
    NumberArgument,
    TextArgument,
)
from .errors import CodebookError
from .facts import ID
from .load_steps import MOST_TIMES
from .primitives import MOST_CHARACTERS, Parameter, Primitive, load_robot, shipped_robots
from .skills import Codebook
from .yaml_source import Mapping_, parse_yaml

Schema = dict[str, Any]

_REFERENCE = rf"\$(?:{ID.pattern})"
_EXPRESSION = r"^[-+*/().$\sa-z0-9_]+$"
_MOST_OFFERED = 50


def names_in_file(codebook: Codebook) -> dict[str, str]:
    """The name that each skill has in the codebook's files, where a site has renamed it."""
    renamed = parse_yaml(codebook.text, codebook.name, CodebookError).root.get("rename")
    before = {str(new): str(old) for old, new in renamed.items()} if isinstance(renamed, Mapping_) else {}
    return {name: before.get(name, name) for name in codebook.skills}


def step_definitions(codebook: Codebook | None) -> Schema:
    """The definitions of a step and of a list of steps. Without a codebook any name may be a primitive or a skill."""
    primitives = {name: _primitive(primitive, codebook) for name, primitive in _primitives(codebook).items()}
    skills: dict[str, Schema] = {}
    if codebook is not None:
        files = names_in_file(codebook)
        skills = {files[name]: _skill(skill.description, skill.args) for name, skill in codebook.skills.items()}
    named = skills | primitives
    named_step: Schema = {
        "type": "object",
        "description": "A primitive of the robot, or another skill, with its arguments.",
        "properties": named,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "errorMessage": f"A step has one name for a key: {', '.join((*named, *_FORMS))}.",
    }
    bare = [name for name, schema in named.items() if "null" in schema["type"]]
    bare_step: Schema = {
        "type": "string",
        "description": "A primitive of the robot, or another skill, without arguments.",
        "errorMessage": f"No primitive or skill without arguments is called so. There are {', '.join(bare)}.",
        **({"enum": bare} if bare else {}),
    }
    if codebook is None:
        other = rf"^(?!(?:{'|'.join(_FORMS)})$){ID.pattern}$"
        named_step["patternProperties"] = {other: {"type": ["object", "null"], "description": "Another skill."}}
        bare_step = {"anyOf": [bare_step, {"type": "string", "pattern": f"^{ID.pattern}$"}]}
    mappings = [named_step, *(_form(key) for key in _FORMS)]
    return {
        "step": {  # a mapping is told what is wrong with it as a mapping; before that everything is offered
            "if": {"type": "object"},
            "then": {"anyOf": mappings},
            "else": {"anyOf": [bare_step, *mappings]},
        },
        "steps": {
            "description": "Steps, carried out in this order; the first that fails ends them.",
            "type": "array",
            "items": {"$ref": "#/definitions/step"},
        },
    }


_STEPS = {"allOf": [{"$ref": "#/definitions/steps"}]}
_CONDITION = {"allOf": [{"$ref": "#/definitions/condition"}]}
_FORMS: Mapping[str, tuple[str, tuple[str, ...], Schema]] = {
    "if": (
        "One way or the other, by what is seen when the step is reached.",
        (),
        {
            "if": {**_CONDITION, "description": "What is asked.", "examples": ["block(target)"]},
            "then": {**_STEPS, "description": "Steps where the condition holds."},
            "else": {**_STEPS, "description": "Steps where it does not."},
        },
    ),
    "repeat": (
        "The same steps again and again.",
        ("steps",),
        {
            "repeat": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_TIMES,
                "description": "How often, at most.",
                "examples": [3],
            },
            "until": {**_CONDITION, "description": "Ends early where this holds; fails if it never does."},
            "steps": {**_STEPS, "description": "What is repeated.", "minItems": 1},
        },
    ),
    "each": (
        "The same steps for each thing of a list argument.",
        ("as", "steps"),
        {
            "each": {
                "type": "string",
                "pattern": rf"^\$?(?:{ID.pattern})$",
                "description": "The list argument.",
                "examples": ["$objects"],
            },
            "as": {
                "type": "string",
                "pattern": f"^{ID.pattern}$",
                "description": "What the thing is called in the steps.",
                "examples": ["one"],
            },
            "steps": {**_STEPS, "description": "What is done with each thing."},
        },
    ),
    "try": (
        "Steps that may fail, and what to do then.",
        (),
        {
            "try": {**_STEPS, "description": "Steps that may fail."},
            "retry": {
                "type": "integer",
                "minimum": 0,
                "maximum": MOST_TIMES,
                "default": 0,
                "description": "How often they are tried again.",
                "examples": [2],
            },
            "undo": {**_STEPS, "description": "Steps to take after a failure, before the next try."},
        },
    ),
    "fail": (
        "Give up.",
        (),
        {
            "fail": {
                "type": "string",
                "pattern": f"^{ID.pattern}$",
                "description": "The reason, an id; the model reads it.",
                "examples": ["refused"],
            }
        },
    ),
}
"""The forms of a step that are no primitive and no skill: what each is for, keys that it needs, and its keys."""


def _form(key: str) -> Schema:
    description, needed, properties = _FORMS[key]
    first = {**properties[key], "description": f"{description} {properties[key]['description']}"}
    form: Schema = {
        "type": "object",
        "description": description,
        "required": [key, *needed],
        "properties": {**properties, key: first},
        "additionalProperties": False,
    }
    if key == "if":
        form["anyOf"] = [{"required": ["then"]}, {"required": ["else"]}]
    return form


def _primitives(codebook: Codebook | None) -> dict[str, Primitive]:
    """The robot's, or those of every shipped robot; of two with one name the first is shown."""
    if codebook is not None:
        return dict(codebook.primitives)
    found: dict[str, Primitive] = {}
    for path in shipped_robots().values():
        for name, primitive in load_robot(path).items():
            found.setdefault(name, primitive)
    return found


def _primitive(primitive: Primitive, codebook: Codebook | None) -> Schema:
    """A primitive's arguments: as they must be for a codebook, and else as an offer, since any robot may have them."""
    if codebook is None:
        offered = {name: {"description": parameter.describe()} for name, parameter in primitive.parameters.items()}
        return {"type": ["object", "null"], "description": primitive.description, "properties": offered}
    needed = [name for name, parameter in primitive.parameters.items() if parameter.default is None]
    values = {name: _parameter(parameter, codebook) for name, parameter in primitive.parameters.items()}
    return _arguments(primitive.description, values, needed)


def _skill(description: str, args: Mapping[str, Argument]) -> Schema:
    needed = [name for name, argument in args.items() if argument.default is None]
    return _arguments(description, {name: _for_skill(argument) for name, argument in args.items()}, needed)


def _arguments(description: str, values: Mapping[str, Schema], needed: list[str]) -> Schema:
    return {
        "type": "object" if needed else ["object", "null"],
        "description": description,
        "properties": dict(values),
        "required": needed,
        "additionalProperties": False,
    }


def _parameter(parameter: Parameter, codebook: Codebook) -> Schema:
    """A value of a primitive's argument: one of the skill's own arguments, a number, or arithmetic."""
    schema: Schema = {"description": f"{parameter.describe()}."}
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.kind == "entity":
        examples = _references(codebook, EntityArgument)
        return {**schema, "type": "string", "pattern": f"^{_REFERENCE}$", "examples": examples}
    if parameter.kind == "boolean":
        return {**schema, "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": f"^{_REFERENCE}$"}]}
    if parameter.kind == "text":
        examples = _references(codebook, TextArgument)
        return {**schema, "type": "string", "maxLength": parameter.max_chars, "examples": examples}
    if parameter.kind == "choice":
        return {
            **schema,
            "anyOf": [{"enum": list(parameter.choices)}, {"type": "string", "pattern": f"^{_REFERENCE}$"}],
        }
    return {
        **schema,
        "type": ["number", "string"],
        "minimum": parameter.low,
        "maximum": parameter.high,
        "pattern": _EXPRESSION,
        "examples": [parameter.low, parameter.high, *_references(codebook, NumberArgument)],
    }


def _references(codebook: Codebook, kind: type[Argument]) -> list[str]:
    """The skills' arguments of that kind, as steps name them."""
    found = (
        n for skill in codebook.skills.values() for n, argument in skill.args.items() if isinstance(argument, kind)
    )
    return [f"${name}" for name in dict.fromkeys(found)]


def _for_skill(argument: Argument) -> Schema:
    """A value of another skill's argument: one of the skill's own, or a value that it may have."""
    schema: Schema = {"description": f"{argument.describe()}."}
    if argument.default is not None:
        schema["default"] = argument.default
    own: Schema = {"type": "string", "pattern": f"^{_REFERENCE}$"}
    if isinstance(argument, EntityArgument | ListArgument):
        return {**schema, **own}
    if isinstance(argument, NumberArgument):
        bounds = {"minimum": argument.value(argument.low), "maximum": argument.value(argument.high)}
        return {**schema, "type": ["number", "string"], **bounds, "pattern": f"^{_REFERENCE}$"}
    if isinstance(argument, BooleanArgument):
        return {**schema, "anyOf": [{"type": "boolean"}, own]}
    if isinstance(argument, TextArgument):
        return {**schema, "type": "string", "maxLength": argument.max_characters}
    assert isinstance(argument, ChoiceArgument)
    few = len(argument.choices) <= _MOST_OFFERED
    return {**schema, "anyOf": [{"enum": list(argument.choices)} if few else {"type": "string"}, own]}


def robot_schema() -> Schema:
    """The schema of a robot: its primitives and what they take."""
    line = {"type": "string", "minLength": 1}
    number: Schema = {
        "type": "object",
        "description": "A number within bounds; the unit stands in the argument's name.",
        "required": ["number"],
        "additionalProperties": False,
        "properties": {
            "number": {
                "type": "object",
                "description": "Its bounds.",
                "required": ["min", "max"],
                "additionalProperties": False,
                "properties": {
                    "min": {"type": "number", "description": "The least."},
                    "max": {"type": "number", "description": "The greatest."},
                    "default": {"type": "number", "description": "Its value where a step leaves it out."},
                },
            }
        },
    }
    text: Schema = {
        "type": "object",
        "description": "A text of one line.",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {
                "type": "object",
                "description": "How long it may be.",
                "required": ["max_chars"],
                "additionalProperties": False,
                "properties": {
                    "max_chars": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MOST_CHARACTERS,
                        "description": "The most characters.",
                    }
                },
            },
            "default": {**line, "description": "Its value where a step leaves it out."},
        },
    }
    choice: Schema = {
        "type": "object",
        "description": "One word out of a list.",
        "required": ["choice"],
        "additionalProperties": False,
        "properties": {
            "choice": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{ID.pattern}$"},
                "minItems": 1,
                "uniqueItems": True,
                "description": "The words.",
                "examples": [["quiet", "loud"]],
            },
            "default": {**line, "description": "Its value where a step leaves it out."},
        },
    }
    kinds: Schema = {"enum": ["entity", "boolean"], "description": "An entity's id, or yes or no."}
    primitive: Schema = {
        "type": "object",
        "required": ["description"],
        "additionalProperties": False,
        "properties": {
            "description": {**line, "description": "What the robot does."},
            "args": {
                "type": ["object", "null"],
                "description": "What it takes.",
                "additionalProperties": {"anyOf": [kinds, number, text, choice]},
                "examples": [{"entity": "entity", "height_m": {"number": {"min": 0, "max": 0.4}}}],
            },
        },
    }
    return {
        "type": "object",
        "description": "A robot: what it can do by itself.",
        "required": ["robot", "primitives"],
        "additionalProperties": False,
        "properties": {
            "robot": {**line, "description": "The robot's name.", "examples": ["arm"]},
            "description": {**line, "description": "What it is, in one line."},
            "primitives": {
                "type": "object",
                "description": "What it can do by itself, by name.",
                "patternProperties": {f"^{ID.pattern}$": primitive},
                "additionalProperties": False,
            },
        },
    }
