"""Budgets: how long each stage of a step may take, in the codebook for a robot, in a scenario for a task."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Stage = Literal[
    "observe_ms", "grammar_ms", "first_token_ms", "token_ms", "decision_ms", "validate_ms", "link_ms", "skill_ms"
]

STAGES: dict[Stage, str] = {
    "observe_ms": "looking",
    "grammar_ms": "finding what is legal, and making the grammar of it",
    "first_token_ms": "from the beginning of a decision to the first choice of the model",
    "token_ms": "each token from there on, in the mean",
    "decision_ms": "a whole decision",
    "validate_ms": "the guard's checks",
    "link_ms": "a round trip to the robot and back",
    "skill_ms": "carrying out a command, by the robot's own time",
}
"""What a stage is."""

SOFT_ONLY = {"skill_ms": "a skill's own budget_s is the longest that it may run"}
"""Stages without a hard limit, and why."""

Positive = Annotated[float, Field(gt=0)]


class Budget(BaseModel):
    """How long a stage may take [ms]: `p95` over a whole run, `hard` every single time."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    p95: Positive | None = None
    hard: Positive | None = None
