"""The part of the editors' schema that is about examples: ways to ask for a skill, and whole tasks with their plans."""

from typing import Any

from .budgets import SOFT_ONLY, STAGES
from .examples import MOST_CHARACTERS
from .skills import Codebook
from .task_plan import MOST_TIMES, UNCLEAR


def budgets_schema() -> dict[str, Any]:
    """What a codebook may say of budgets."""
    limit = {"type": "number", "exclusiveMinimum": 0}
    hard = {"hard": {**limit, "description": "The longest that it may ever take [ms]."}}
    return {
        "description": "How long each stage of a step may take [ms]; a scenario's own budgets win.",
        "type": "object",
        "properties": {
            stage: {
                "description": f"{what[0].upper()}{what[1:]} [ms].",
                "type": "object",
                "properties": {
                    "p95": {**limit, "description": "What 95 of 100 may take over a run [ms]."},
                    **({} if stage in SOFT_ONLY else hard),
                },
                "additionalProperties": False,
            }
            for stage, what in STAGES.items()
        },
        "additionalProperties": False,
        "examples": [{"decision_ms": {"p95": 400, "hard": 2000}}],
    }


def fallbacks(codebook: Codebook) -> list[str]:
    """The skills that can be fallen back on: those that need no arguments."""
    return [
        name
        for name, skill in codebook.skills.items()
        if skill.ends is None and all(argument.default is not None for argument in skill.args.values())
    ]


Schema = dict[str, Any]

_SAID = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}


def skill_examples() -> Schema:
    """Ways in which people ask for one skill."""
    return {
        "description": "Ways in which people ask for it: what is said, with the arguments that are right where it has "
        "any. Those nearest to a task are told to the model.",
        "type": "array",
        "items": {
            "anyOf": [
                _SAID,
                {"type": "object", "minProperties": 1, "maxProperties": 1,
                 "additionalProperties": {"type": ["object", "null"]}},
            ]
        },
        "examples": [["speak", {"bark three times": {"times": 3}}]],
    }  # fmt: skip


def codebook_examples() -> Schema:
    """Whole tasks with their plans."""
    return {
        "description": "Whole tasks with the plan that is right for each, or why there is none.",
        "type": "array",
        "items": {
            "type": "object",
            "required": ["task"],
            "oneOf": [{"required": ["plan"]}, {"required": ["cannot"]}],
            "properties": {
                "task": {**_SAID, "description": "What somebody says.", "examples": ["sit down, then bark twice"]},
                "plan": {
                    "description": "What is right to do, in order.",
                    "anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/plan_item"}},
                              {"$ref": "#/definitions/plan_item"}],
                    "examples": [["sit", {"bark": {"times": 2}}]],
                },
                "cannot": {"type": "string", "description": "Why nothing is to be done.", "examples": [UNCLEAR]},
            },
            "additionalProperties": False,
        },
        "examples": [[{"task": "sit down, then bark twice", "plan": ["sit", {"bark": {"times": 2}}]}]],
    }  # fmt: skip


def plan_item(codebook: Codebook | None) -> Schema:
    """An item of a plan: a skill, a skill with its arguments, a goal, or a part that is repeated."""
    doing = [skill.name for skill in codebook.skills.values() if skill.ends is None] if codebook else []
    name: Schema = {"enum": doing} if doing else {"type": "string"}
    return {
        "anyOf": [
            name,
            {
                "type": "object",
                "required": ["repeat", "plan"],
                "properties": {
                    "repeat": {"type": "integer", "minimum": 2, "maximum": MOST_TIMES,
                               "description": "How often.", "examples": [3]},
                    "plan": {"description": "What is repeated."},
                },
                "additionalProperties": False,
            },
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {
                    "goal": {
                        "description": "Facts that are to be made true.",
                        "type": ["string", "array"],
                        "items": {"type": "string"},
                        "examples": ["in(red_block, blue_bowl)"],
                    }
                },
                "additionalProperties": {"type": ["object", "null"]},
                "propertyNames": {"enum": [*doing, "goal"]} if doing else {"type": "string"},
            },
        ]
    }  # fmt: skip
