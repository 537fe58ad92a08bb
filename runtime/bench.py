"""What is measured: decisions side by side in one run, so that a noisy machine disturbs both sides alike."""

import os
import platform
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from codeword.codebook import CommandError, legal
from codeword.codebook.offer import offer, stable_text
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine, Techniques
from codeword.controller.registry import LocalModel

from .guard import Guard
from .scenario import Scenario
from .situations import Situation, situations
from .statistics import quantile

Advance = Callable[[], None]


@dataclass(frozen=True)
class Row:
    """One side of a comparison over n decisions. Times in ms, counts per decision."""

    name: str
    n: int
    p50_ms: float
    p95_ms: float
    passes: float
    tokens_forced: float
    tokens_chosen: float
    rss_mb: float


def machine() -> dict[str, Any]:
    """What it was measured on."""
    import torch  # after the controller has settled how its threads wait

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "waiting_threads": os.environ.get("OMP_WAIT_POLICY", "").lower(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as file:  # noqa: PTH123 (a device file)
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.processor()


def bench_decision(model: LocalModel, scenarios: Sequence[Scenario], n: int, advance: Advance) -> dict[str, Any]:
    """A decision with the prefix cache against the same without, in turns, over n situations.

    Both sides must come to the same commands; that is checked, not assumed.
    """
    forgetful = Engine(model, techniques=Techniques().without("prefix_cache"))
    sides = {"codeword": Engine(model), "codeword without prefix cache": forgetful}
    decisions: dict[str, list[Decision]] = {name: [] for name in sides}
    for situation in islice(situations(scenarios, seed=0), n):
        offered = offer(situation.codebook, situation.task, situation.observation)
        sides["codeword"].warm(stable_text(situation.codebook))
        for name, engine in sides.items():
            decisions[name].append(engine.decide(offered.prompt, offered.legal.graph))
            advance()
    ours, without = decisions.values()
    same = sum(one.essence() == other.essence() for one, other in zip(ours, without, strict=True))
    rows = [_row(name, made) for name, made in decisions.items()]
    return {
        "machine": machine(),
        "model": model.name,
        "prompt_tokens": round(quantile([decision.prompt_tokens for decision in ours], 0.5)),
        "rows": [row.__dict__ for row in rows],
        "ratios": {"no prefix cache": round(rows[1].p50_ms / rows[0].p50_ms, 2)},
        "same_decisions": same,
    }


def _row(name: str, made: Sequence[Decision]) -> Row:
    times = [decision.stage_ms["total"] for decision in made]

    def mean(values: list[int]) -> float:
        return round(sum(values) / len(values), 2)

    return Row(
        name=name,
        n=len(made),
        p50_ms=round(quantile(times, 0.5), 1),
        p95_ms=round(quantile(times, 0.95), 1),
        passes=mean([decision.passes for decision in made]),
        tokens_forced=mean([decision.tokens_forced for decision in made]),
        tokens_chosen=mean([decision.tokens_chosen for decision in made]),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0),
    )


def bench_validity(model: LocalModel, scenarios: Sequence[Scenario], n: int, advance: Advance) -> dict[str, Any]:
    """n decisions on random situations, half of them hostile: how many commands are legal and pass the guard."""
    engine = Engine(model)
    refused: list[str] = []
    widened = 0
    for situation in islice(situations(scenarios, seed=1, hostile=True), n):
        decision = decide(engine, situation)
        offered = legal(situation.codebook, situation.observation)
        widened += not offered.allows(decision.text)
        try:
            Guard(situation.codebook).check(decision.text, situation.observation)
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
