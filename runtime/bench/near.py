"""Guesses: what habits foretell, situations alike up to a renaming, and those nearly the same, and what that saves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Any

from codeword.codebook.offer import offer
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.habits import Habits, situation_of
from codeword.controller.hint import Hint
from codeword.controller.memory.near import Near
from codeword.controller.memory.renaming import renaming
from codeword.runtime.scenario import Scenario
from codeword.runtime.situations import situations
from codeword.runtime.statistics import quantile

from .machine import machine

SEED = 5
SIDES = ("nothing", "habits", "renaming, habits", "renaming, near, habits", "near")
"""Where a guess is looked for, in this order."""


@dataclass(frozen=True)
class _Made:
    """A decision made with a guess, and how long that took."""

    guess: str | None
    decision: Decision
    took_ms: float


def bench_near(engine: Engine, scenarios: Sequence[Scenario], n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Decide in so many situations with the guesses of each side, each knowing what was decided in those before.

    Each decision begins with the codebook read and nothing else; sides with the same guess share one. Times in
    milliseconds; those of `looking` are what a situation nearly the same takes to be found.
    """
    sides: dict[str, list[_Made]] = {side: [] for side in SIDES}
    looking: list[float] = []
    near, habits, renamed = Near(), Habits(), dict[str, str]()
    for situation in islice(situations(scenarios, SEED), n):
        seen = situation.observation
        offered = offer(situation.codebook, situation.task, seen)
        prompt, graph = offered.prompt, offered.legal.graph
        engine.warm(prompt.system)
        names, kind = renaming(situation.codebook, situation.task, seen), situation_of(seen.last)
        began = time.perf_counter()
        at = engine.direction_of(prompt)
        nearest = near.guess(at, names, graph)
        looking.append((time.perf_counter() - began) * 1000)
        alike = names.back(renamed.get(names.key, ""))
        given = {"habits": habits.expected(kind), "renaming": alike if graph.accepts(alike) else None, "near": nearest}
        made: dict[str | None, _Made] = {}
        for side, decided in sides.items():
            guess = next((found for where in side.split(", ") if (found := given.get(where))), None)
            if guess not in made:
                engine.settle()
                began = time.perf_counter()
                decision = engine.decide(prompt, graph, hint=Hint(guess))
                made[guess] = _Made(guess, decision, (time.perf_counter() - began) * 1000)
            decided.append(made[guess])
        text = made[None].decision.text
        near.learn(at, names, text)
        habits.learn(kind, text)
        renamed[names.key] = names.away(text)
        advance()
    return {
        "machine": machine(),
        "model": engine.model.name,
        "rows": [_row(side, decided) for side, decided in sides.items()],
        "looking": {"p50_ms": round(quantile(looking, 0.5), 2), "p95_ms": round(quantile(looking, 0.95), 2)},
    }


def _row(side: str, decided: Sequence[_Made]) -> dict[str, Any]:
    guessed = [made for made in decided if made.guess is not None]
    times = [made.took_ms for made in decided]
    return {
        "guesses": side,
        "n": len(decided),
        "guessed": len(guessed),
        "right": sum(made.guess == made.decision.text for made in guessed),
        "passes": round(fmean(made.decision.passes for made in decided), 3),
        "mean_ms": round(fmean(times), 1),
        "p50_ms": round(quantile(times, 0.5), 1),
        "p95_ms": round(quantile(times, 0.95), 1),
    }
