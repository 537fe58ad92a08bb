"""Whether every command is legal, whatever the task says and whatever is seen."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from codeword.codebook import CommandError, legal
from codeword.codebook.action_prompt import offer
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from codeword.runtime.guard import Guard
from codeword.runtime.machine import machine
from codeword.runtime.quantization_texts import Situation, situations
from codeword.runtime.scenario import Scenario


def bench_validity(
    model: LocalModel, scenarios: Sequence[Scenario], n: int, advance: Callable[[], None]
) -> dict[str, Any]:
    """n decisions on random situations, half of them hostile: how many commands are legal and pass the guard."""
    engine = Engine(model)
    refused: list[str] = []
    widened = 0
    for situation in islice(situations(scenarios, seed=1, hostile=True), n):
        decision = decide(engine, situation)
        offered = legal(situation.codebook, situation.observation, situation.task)
        widened += not offered.allows(decision.text)
        try:
            Guard(situation.codebook).check(decision.text, situation.observation, situation.task)
        except CommandError as problem:
            refused.append(f"{decision.text}: {problem}")
        advance()
    return {
        "machine": machine(), "model": model.name, "decisions": n, "valid": n - widened,
        "refused_by_guard": len(refused), "refusals": refused[:20],
    }  # fmt: skip


def decide(engine: Engine, situation: Situation) -> Decision:
    """What an engine makes of a situation."""
    offered = offer(situation.codebook, situation.task, situation.observation)
    return engine.decide(offered.prompt, offered.legal.graph)
