"""The JSON Schema of codebook files, for editors: they complete keys, show what each means, and mark what is wrong.

It is draft-07, which yaml-language-server knows best. Made for one codebook, it knows that codebook's kinds, facts,
skills and primitives as well. It advises while one types; `codebook check` has the last word.
"""

from typing import Any

from .arguments import MOST_WORDS
from .editor_schema_examples import budgets_schema, codebook_examples, fallbacks, plan_item, skill_examples
from .editor_schema_steps import names_in_file, robot_schema, step_definitions
from .facts import ID
from .load_steps import ENDS, STEP_FORMS
from .primitives import shipped_robots
from .skills import Codebook
from .units import UNITS

Schema = dict[str, Any]

_ID = {
    "type": "string",
    "pattern": rf"^{ID.pattern}$",
    "maxLength": 64,
    "patternErrorMessage": "An id has lower-case letters, digits and _ between them.",
}
_LINE = {
    "type": "string",
    "pattern": r"^\s*\S[^\n]*\s*$",
    "patternErrorMessage": "One line of text.",
}
_PLACE = rf"{ID.pattern}(?:\s+in\s+{ID.pattern}(?:\s*\|\s*{ID.pattern})*)?"
_SIGNATURE = rf"^\s*{ID.pattern}\s*(?:\(\s*{_PLACE}\s*(?:,\s*{_PLACE}\s*)*\))?\s*$"
_MOST_IN_LIST = 4
_KEYWORDS = ("and", "or", "not", "if", "count")


def codebook_schema(codebook: Codebook | None = None) -> Schema:
    """The JSON Schema of a codebook file: of any, or made for the codebook given."""
    about = f"the codebook {codebook.name}" if codebook else "a Codeword codebook"
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"The file of {about}",
        "description": "A robot's language: the skills that a model may choose from, and how each is carried out.",
        "type": "object",
        "required": ["codebook"],
        "additionalProperties": False,
        "properties": _top(codebook),
        "if": {"required": ["include"]},
        "then": {},
        "else": {"required": ["robot", "skills"], "properties": {"skills": {"required": list(ENDS)}}},
        "definitions": {
            "id": _ID,
            "line": _LINE,
            "kind": _kind(codebook),
            "kinds": _kinds(),
            "condition": _condition(codebook),
            "effect": _effect(codebook),
            "skill": _skill(),
            "argument": _argument(),
            "robot": robot_schema(),
            "plan_item": plan_item(codebook),
            **step_definitions(codebook),
        },
    }


def _ref(name: str, description: str = "", **more: Any) -> Schema:
    """A definition with a description of its own (draft-07 ignores what stands beside `$ref`)."""
    return {"description": description, "allOf": [{"$ref": f"#/definitions/{name}"}], **more}


def _list_of(name: str, description: str, **more: Any) -> Schema:
    return {"description": description, "type": "array", "items": {"$ref": f"#/definitions/{name}"}, **more}


def _named(description: str, value: Schema, pattern: str = ID.pattern, **more: Any) -> Schema:
    """A mapping of ids to values."""
    return {
        "description": description,
        "type": "object",
        "patternProperties": {f"^(?:{pattern})$": value},
        "additionalProperties": False,
        **more,
    }


def _top(codebook: Codebook | None) -> Schema:
    axis = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    axes = {
        "x_m": {**axis, "description": "Lowest and highest x [m].", "examples": [[0.25, 0.75]]},
        "y_m": {**axis, "description": "Lowest and highest y [m].", "examples": [[-0.45, 0.45]]},
        "z_m": {**axis, "description": "Lowest and highest z [m].", "examples": [[-0.02, 0.4]]},
    }
    return {
        "codebook": _ref("id", "The codebook's name.", examples=["tabletop"]),
        "description": _ref("line", "What the robot does with it, in one line."),
        "robot": {
            "description": "Whose primitives the steps may use: a shipped robot, a file beside this one (a name with a "
            "dot or a slash), or the robot itself written here.",
            "anyOf": [
                {"enum": list(shipped_robots())},
                {"type": "string", "pattern": r"[./]", "description": "A file beside this one."},
                {"$ref": "#/definitions/robot"},
            ],
        },
        "include": {
            "description": "Codebooks that this one builds on: shipped ones by name, or files beside this one. What "
            "stands here wins.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": [["tabletop"]],
        },
        "remove": _list_of("id", "Included skills to leave out.", minItems=1, uniqueItems=True, examples=[["push"]]),
        "rename": _named(
            "A site's own names for skills; steps go on using the names in the files.",
            _ref("id", "The new name."),
            examples=[{"home": "stand_back"}],
        ),
        "entities": _list_of(
            "id",
            "Kinds of things that a command can name; the ids come from the observation.",
            minItems=1,
            uniqueItems=True,
            examples=[["block", "bowl", "zone", "table"]],
        ),
        "workspace": {
            "description": "The box of the robot's world frame inside which things may be touched [m].",
            "type": "object",
            "required": list(axes),
            "properties": axes,
            "additionalProperties": False,
        },
        "properties": _named(
            "What can be seen of a thing beside its kind: the values that it may have, or a text that says what it is.",
            {"type": ["string", "array"], "description": "The values, or what it means where any word may come."},
            pattern=r"[^\s]+",
            examples=[{"size": ["small", "large"]}, {"color": "what color it has"}],
        ),
        "facts": _named(
            "What the robot observes: a name with its places, and what it means. A place may say of which kinds of "
            "things it is: `lit(lamp in device)`, `at(spot in place|charger)`; else skills tell.",
            {"type": "string", "description": "What the fact means; the model reads it."},
            pattern=_SIGNATURE,
            examples=[
                {"on(thing, place)": "the thing rests on the place"},
                {"on(thing in block, place in block|zone)": "the block rests on the block or in the zone"},
            ],
        ),
        "derived": _named(
            "Facts computed from others, by a condition over their places.",
            _ref("condition", "When the fact is true of its places."),
            pattern=_SIGNATURE,
            examples=[{"clear(thing)": "not on(any, thing)"}],
        ),
        "skills": _named(
            "What the model may choose from. Every codebook has `done` and `cannot`.",
            _ref("skill", "A skill: one thing that the model can command."),
            pattern=rf"(?!(?:{'|'.join(STEP_FORMS)})$){ID.pattern}",
            **_described_skills(codebook),
        ),
        "budgets": budgets_schema(),
        "fallback": {
            "description": "What is done where a hard limit was missed: hold, or a skill that needs no arguments.",
            **({"enum": ["hold", *fallbacks(codebook)]} if codebook else {"type": "string"}),
            "examples": ["hold"],
        },
        "stop_words": {
            "description": "What stops the robot when it is all that somebody says, in any spelling, beside the usual "
            "words (stop, halt, wait, …); no model is asked.",
            "type": "array",
            "items": {"$ref": "#/definitions/line"},
            "minItems": 1,
            "uniqueItems": True,
            "examples": [["stand down", "hands off"]],
        },
        "examples": codebook_examples(),
        "wordings": _wordings(codebook),
        "language": {
            "description": "Which of the wordings the model reads.",
            **({"enum": list(codebook.wordings)} if codebook and codebook.wordings else {"type": "string"}),
            "examples": ["en"],
        },
    }


def _described_skills(codebook: Codebook | None) -> Schema:
    """The skills there are, each with its description for hovering; new ones may be added."""
    ends = {
        "done": "Says that the task is done; ends the episode.",
        "cannot": "Says that the task cannot be done, and why; ends the episode.",
    }
    if codebook is not None:
        files = names_in_file(codebook)
        ends = {files[skill.name]: skill.description for skill in codebook.skills.values()}
    return {"properties": {name: _ref("skill", text) for name, text in ends.items()}}


def _wordings(codebook: Codebook | None) -> Schema:
    line = _ref("line", "What the model reads in place of the description.")
    texts = _named("Skills and facts in this language.", line)
    if codebook is not None:
        names = [*names_in_file(codebook).values(), *codebook.predicates]
        texts = {"type": "object", "properties": dict.fromkeys(names, line), "additionalProperties": False}
    return {
        "description": "Descriptions of skills and facts by language.",
        "type": "object",
        "additionalProperties": texts,
        "examples": [{"en": {"pick": "grasp a block and lift it"}}],
    }


def _skill() -> Schema:
    return {
        "type": "object",
        "required": ["description"],
        "additionalProperties": False,
        "dependencies": {
            "call": {"properties": {"steps": False}, "errorMessage": "A skill has either steps or a call."}
        },
        "properties": {
            "description": _ref("line", "What it does, as the model reads it.", examples=["grasp a block and lift it"]),
            "args": {
                **_named(
                    "Its arguments, and what each may be. A number bears its unit in its name, or declares it.",
                    {"$ref": "#/definitions/argument"},
                    pattern=rf"(?!(?:skill|any)$){ID.pattern}",
                    examples=[{"object": {"entity": "block"}}],
                ),
                "type": ["object", "null"],
            },
            "preconditions": _list_of("condition", "What must hold, all of it, before the skill may be chosen."),
            "effects": _list_of("effect", "How it changes the base facts when it goes as it should."),
            "steps": _list_of("step", "How the robot carries it out, in this order; none: done at once."),
            "call": {
                "type": "string",
                "pattern": "^[^:]+:[^:]+$",
                "patternErrorMessage": "package.module:function",
                "description": "Trusted Python in place of steps, as package.module:function.",
                "examples": ["codeword.codebook.example_call:nod"],
            },
            "budget_s": _positive("The longest that it may run, in the robot's own time [s].", 30, 20),
            "cost": _positive("What it weighs in plans; the dearer, the later it is taken.", 1, 3),
            "cached": {
                "type": "boolean",
                "description": "Whether a decision for it may be kept and served again; false: decided each time.",
                "default": True,
                "examples": [False],
            },
            "waits": {
                "type": "boolean",
                "description": "Declares that it merely lets time pass, without effects or entities: only such a skill "
                "is used to look again for what is not seen.",
                "default": False,
                "examples": [True],
            },
            "examples": skill_examples(),
        },
    }


def _positive(description: str, default: float, example: float) -> Schema:
    bounds = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e9}
    return {**bounds, "description": description, "default": default, "examples": [example]}


def _argument() -> Schema:
    """The forms of an argument, one for each kind of value."""
    ids = _list_of("id", "The words to choose from.", minItems=1, uniqueItems=True, examples=[["left", "right"]])
    length = {"type": "integer", "minimum": 1, "maximum": _MOST_IN_LIST}
    return {
        "description": "What an argument may be.",
        "anyOf": [
            _form("entity", "An observed entity of this kind, or of one of these kinds.", _ref("kinds"), {}),
            _form(
                "list",
                "Several different entities of this kind, in the order in which they are to be taken.",
                _ref("kinds"),
                {
                    "min": {**length, "description": "The fewest.", "default": 1},
                    "max": {**length, "description": "The most.", "default": _MOST_IN_LIST},
                },
            ),
            _form("choice", "One word out of a list.", ids, _default("string")),
            _form("integer", "A whole number within bounds.", _bounds("integer"), _measured("integer")),
            _form("number", "A number within bounds, on a step.", _bounds("number"), _measured("number")),
            _form(
                "text",
                "A text of a pattern that allows a countable number of texts, or words copied from the task.",
                {"anyOf": [{"type": "string", "examples": ["[A-D][1-4]"]}, _copied()]},
                _default("string"),
            ),
            _form("boolean", "Yes or no: `boolean:`, no value.", {"type": ["null", "boolean"]}, _default("boolean")),
            {"const": "boolean", "description": "Yes or no."},
        ],
    }


def _copied() -> Schema:
    """How much of the task a text may copy."""
    most = {"type": "integer", "minimum": 1, "maximum": MOST_WORDS, "examples": [8]}
    return {
        "type": "object",
        "description": "Words that follow each other in the task, letter for letter.",
        "required": ["max_words"],
        "properties": {"max_words": {**most, "description": "The most words that it copies."}},
        "additionalProperties": False,
        "examples": [{"max_words": 8}],
    }


def _form(key: str, description: str, value: Schema, beside: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "required": [key],
        "properties": {key: {**value, "description": description}, **beside},
        "additionalProperties": False,
    }


def _default(kind: str) -> Schema:
    return {
        "default": {"type": kind, "description": "Its value where a command leaves it out."},
        "planned": {
            "type": kind,
            "description": "The value that plans take; the model is not told of it. Without it, or a default, no "
            "command is planned whose effects are the same for several values.",
        },
    }


def _measured(kind: str) -> Schema:
    unit = "Its unit, where its name does not end in one (as `distance_m` does)."
    return {**_default(kind), "unit": {"enum": list(UNITS), "description": unit, "examples": ["m"]}}


def _bounds(kind: str) -> Schema:
    number = {"type": kind}
    return {
        "type": "object",
        "required": ["min", "max"] if kind == "integer" else ["min", "max", "step"],
        "properties": {
            "min": {**number, "description": "The least, a whole multiple of the step."},
            "max": {**number, "description": "The greatest, a whole multiple of the step."},
            "step": {**number, "exclusiveMinimum": 0, "description": "From one value to the next."},
        },
        "additionalProperties": False,
        "examples": [{"min": 1, "max": 20}] if kind == "integer" else [{"min": 0.02, "max": 0.2, "step": 0.01}],
    }


def _kind(codebook: Codebook | None) -> Schema:
    return {"enum": list(codebook.kinds)} if codebook and codebook.kinds else _ID


def _kinds() -> Schema:
    kind = {"$ref": "#/definitions/kind"}
    return {"anyOf": [kind, {"type": "array", "items": kind, "minItems": 1, "uniqueItems": True}]}


def _condition(codebook: Codebook | None) -> Schema:
    """A condition's text. Its grammar is the loader's; the schema knows the names in front of parentheses, and a name
    alone. In `[a(x, y), b]` YAML cuts at every comma, so a text may also be a piece of a condition.
    """
    schema: Schema = {
        "type": "string",
        "description": "A condition: facts of arguments joined by `and`, `or` and `not`; `any` is whatever thing; "
        "`all x in kind (…)`, `some x in kind (…)`, `count(fact) < 3`, `speed == fast`, `color(a) == color(b)`.",
        "examples": ["holding(object)", "not on(any, object)", "object != target"],
    }
    if codebook is None:
        return schema
    places = codebook.places()
    known = sorted({*places, *codebook.kinds, *codebook.properties})
    callable_ = "|".join([*known, *_KEYWORDS])
    alone = "|".join(name for name, count in places.items() if count == 0)
    checks = rf"(?!.*(?<![a-z0-9_])(?!(?:{callable_})\s*\()[a-z][a-z0-9_]*\s*\()"
    if max(places.values(), default=0) < 3:  # else a piece between two commas may be a name alone
        checks += rf"(?!(?:not\s+)*(?!(?:{alone or '!'})$)[a-z][a-z0-9_]*$)"
    signatures = [_signature(name, codebook) for name in places]
    return {
        **schema,
        "pattern": f"^{checks}",
        "patternErrorMessage": f"Unknown fact. The facts are {', '.join(signatures)}; a kind is a fact of one thing.",
        "examples": [*signatures, *(f"not {signature}" for signature in signatures)],
    }


def _effect(codebook: Codebook | None) -> Schema:
    """An effect's text, or the piece of one behind a comma."""
    schema: Schema = {
        "type": "string",
        "description": "A base fact that becomes true, or `not` one that becomes false; `… if` a condition held.",
        "examples": ["holding(object)", "not on(object, any)", "in(object, target) if bowl(target)"],
    }
    if codebook is None:
        return schema
    signatures = [_signature(name, codebook) for name in codebook.predicates]
    piece = r"[^(]*\)" if max(codebook.places().values(), default=0) < 3 else r"[^(]*(?:\)|$)"
    return {
        **schema,
        "pattern": rf"^(?:(?:not\s+)?(?:{'|'.join(codebook.predicates) or '!'})(?![a-z0-9_])|{piece})",
        "patternErrorMessage": f"An effect changes a base fact: {', '.join(signatures)}.",
        "examples": [*signatures, *(f"not {signature}" for signature in signatures)],
    }


def _signature(name: str, codebook: Codebook) -> str:
    """A fact with the names of its places."""
    predicate = codebook.predicates.get(name) or codebook.derived[name]
    return f"{name}({', '.join(predicate.places)})" if predicate.places else name
