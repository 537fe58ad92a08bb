"""How soon a decision ends that misses a hard limit, wherever it is when its time is over."""

import random
import time
from collections.abc import Callable
from itertools import cycle
from statistics import median
from typing import Any

from codeword.codebook.action_prompt import stable_text
from codeword.controller.controller import ModelController
from codeword.controller.deadlines import Deadlines
from codeword.controller.decision import DecisionCancelled
from codeword.controller.engine import Engine, Techniques
from codeword.controller.registry import LocalModel
from codeword.runtime.machine import machine
from codeword.runtime.quantization_texts import situations
from codeword.runtime.scenario import find_scenarios, load_scenario
from codeword.runtime.statistics import quantile

SUITES = ("tabletop", "workbench")
TARGET_MS = 60.0
COLD_EVERY = 5
"""Of so many decisions one begins with nothing read before: most of its time goes into the codebook."""


def bench_limits(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n decisions that miss their limit, which is drawn evenly from nothing to what such a decision takes.

    The overshoot is from the limit to the moment at which the caller has the refusal in hand [ms].
    """
    engine = Engine(model, techniques=Techniques(disk_cache=False))
    rng = random.Random(0)
    streams = [situations([load_scenario(path) for path in find_scenarios((suite,))], seed=5) for suite in SUITES]
    usual_ms: dict[tuple[str, bool], float] = {}
    over_ms: list[float] = []
    by_stage: dict[str, int] = {}
    decided_late = decisions = 0
    for number, stream in enumerate(cycle(streams)):
        situation = next(stream)
        cold = number % COLD_EVERY == 0
        kind = (situation.codebook.name, cold)
        if kind not in usual_ms:
            usual_ms[kind] = median(_timed(engine, situation, cold) for _ in range(3))
        _begin(engine, situation, cold)
        controller = ModelController(engine, situation.codebook)
        limit_ms = rng.uniform(0.0, usual_ms[kind])
        stage = rng.choice(("decision_ms", "first_token_ms"))
        limits = Deadlines(**{stage: limit_ms})
        began = time.perf_counter()
        decisions += 1
        try:
            controller.decide(situation.task, situation.observation, limits)
        except DecisionCancelled:
            over_ms.append((time.perf_counter() - began) * 1000 - limit_ms)
            by_stage[limits.missed] = by_stage.get(limits.missed, 0) + 1
            advance()
        else:
            late = stage == "decision_ms" and (time.perf_counter() - began) * 1000 > limit_ms
            decided_late += late  # the loop asks the clock again, and holds such a decision back
        if len(over_ms) == n:
            break
    return {
        "machine": machine(),
        "model": model.name,
        "n": n,
        "decisions": decisions,
        "usual_ms": {f"{name}{' cold' if cold else ''}": round(ms, 1) for (name, cold), ms in usual_ms.items()},
        "missed": by_stage,
        "decided_after_the_limit": decided_late,
        "overshoot_p50_ms": round(quantile(over_ms, 0.5), 2),
        "overshoot_p99_ms": round(quantile(over_ms, 0.99), 2),
        "overshoot_worst_ms": round(max(over_ms), 2),
        "target_ms": TARGET_MS,
    }


def _begin(engine: Engine, situation: Any, cold: bool) -> None:
    """Have the codebook read, or nothing at all."""
    if cold:
        engine.forget()
    else:
        engine.warm(stable_text(situation.codebook))
        engine.settle()


def _timed(engine: Engine, situation: Any, cold: bool) -> float:
    _begin(engine, situation, cold)
    began = time.perf_counter()
    ModelController(engine, situation.codebook).decide(situation.task, situation.observation)
    return (time.perf_counter() - began) * 1000
