"""The parts of the editor's schema that tell of budgets."""

from typing import Any

from .budgets import SOFT_ONLY, STAGES
from .skills import Codebook


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
