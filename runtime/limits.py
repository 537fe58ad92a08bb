"""Hard limits: which stages of a step took longer than they ever may."""

from collections.abc import Mapping

from codeword.codebook.budgets import Budget, Stage
from codeword.controller import Decision
from codeword.controller.deadlines import Deadlines

Budgets = Mapping[Stage, Budget]


def deadlines_of(budgets: Budgets) -> Deadlines:
    """The limits that end a decision while it is being made, from now on."""
    hard = {stage: budget.hard for stage, budget in budgets.items()}
    return Deadlines(
        decision_ms=hard.get("decision_ms"), first_token_ms=hard.get("first_token_ms"), token_ms=hard.get("token_ms")
    )


def stages_of(decision: Decision) -> dict[Stage, float]:
    """How long the stages of a decision took [ms], as budgets name them."""
    parts = decision.stage_ms
    grammar = parts.get("legal", 0.0) + parts.get("grammar", 0.0)
    return {"grammar_ms": grammar, "first_token_ms": decision.first_token_ms, "token_ms": decision.token_ms}


def overrun(budgets: Budgets, times_ms: Mapping[Stage, float]) -> tuple[Stage, ...]:
    """The stages that took longer than their hard limit."""
    limits = {stage: budget.hard for stage, budget in budgets.items() if budget.hard is not None}
    return tuple(stage for stage, time_ms in times_ms.items() if time_ms > limits.get(stage, float("inf")))
