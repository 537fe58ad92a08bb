"""The decision cache: a suite run twice, with an empty cache and with the one that the first run filled."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from codeword.codebook.errors import InputError
from codeword.controller.cache.opening import open_kept
from codeword.controller.decider_config import DeciderConfig
from codeword.controller.store import Progress
from codeword.runtime.machine import machine
from codeword.runtime.recording import RecordedEpisode, Step, read_episode
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.scenario import Scenario
from codeword.runtime.statistics import quantile

MOST_HIT_MS, MOST_LOOKUP_AND_GUARD_MS = 5.0, 1.0
"""What a hit may take at the 95th percentile: from observation to a command that passed the guard, and of that looking
it up and the guard alone."""


@dataclass(frozen=True)
class Row:
    """One run of the suite: how many of its decisions were served, made by the model, and how often that was run;
    times from observation to command [ms], all of them together and the whole run [s].
    """

    cache: str
    decisions: int
    hits: int
    model_calls: int
    passes: int
    p50_ms: float
    p95_ms: float
    deciding_s: float
    wall_s: float


def bench_cache(
    scenarios: Sequence[Scenario],
    seeds: int,
    who: DeciderConfig,
    cache: str | None,
    progress: Progress,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Run every scenario with so many seeds, twice. `cache` is the store, a file of its own where None.

    Raises InputError where there is something in it already.
    """
    with tempfile.TemporaryDirectory(prefix="codeword-") as folder:
        where = cache or str(Path(folder) / "decisions.sqlite")
        with closing(open_kept(where)) as store:
            if store.size()[0]:
                raise InputError(f"{store.name}: has decisions in it; an empty cache is needed to begin with")
            name = store.name
        runs: dict[str, list[RecordedEpisode]] = {}
        for run_name in ("cold", "warm"):
            controllers = Controllers(replace(who, cache=where), progress)
            plan = Plan(tuple(scenarios), range(seeds), "sim", Path(folder) / run_name, film=False)
            files = run(plan, controllers, lambda _: advance())
            runs[run_name] = [read_episode(file) for file in files]
    rows = {run_name: _row(run_name, episodes) for run_name, episodes in runs.items()}
    cold, warm = rows["cold"], rows["warm"]
    steps = [step for episode in runs["warm"] for step in episode.steps]
    same = sum(a == b for a, b in zip(*map(_commands, runs.values()), strict=False))
    return {
        "machine": machine(),
        "model": who.model,
        "cache": name if cache else "a file of its own",
        "rows": [asdict(row) for row in rows.values()],
        "hits": _hits([step for step in steps if step.decision is not None and step.decision.path == "cache"]),
        "saved": {
            "model_calls": _saved(cold.model_calls, warm.model_calls),
            "passes": _saved(cold.passes, warm.passes),
            "deciding": _saved(cold.deciding_s, warm.deciding_s),
            "wall": _saved(cold.wall_s, warm.wall_s),
        },
        "same_commands": same,
    }


def holds(figures: dict[str, Any]) -> bool:
    """Whether hits are as quick as they are to be, and the second run was the first one again."""
    hits, decisions = figures["hits"], figures["rows"][1]["decisions"]
    quick = bool(hits["n"]) and hits["p95_ms"] <= MOST_HIT_MS
    checked = quick and hits["lookup_and_guard_p95_ms"] <= MOST_LOOKUP_AND_GUARD_MS
    return checked and bool(figures["same_commands"] == decisions)


def _row(name: str, episodes: Sequence[RecordedEpisode]) -> Row:
    steps = [step for episode in episodes for step in episode.steps]
    made = [step.decision for step in steps if step.decision is not None]
    times = list(map(_command_ms, steps))
    return Row(
        cache=name,
        decisions=len(made),
        hits=sum(decision.path == "cache" for decision in made),
        model_calls=sum(decision.passes > 0 for decision in made),
        passes=sum(decision.passes for decision in made),
        p50_ms=round(quantile(times, 0.5), 2),
        p95_ms=round(quantile(times, 0.95), 2),
        deciding_s=round(sum(times) / 1000, 3),
        wall_s=round(sum(episode.wall_s for episode in episodes), 3),
    )


def _hits(steps: Sequence[Step]) -> dict[str, float | None]:
    """How many decisions were served, and how long that took [ms]."""
    whole = [_command_ms(step) for step in steps]
    lookup = [_stage(step, "lookup") for step in steps]
    guard = [_stage(step, "validate_ms") for step in steps]
    return {
        "n": len(steps),
        "p50_ms": _quantile(whole, 0.5),
        "p95_ms": _quantile(whole, 0.95),
        "lookup_p95_ms": _quantile(lookup, 0.95),
        "guard_p95_ms": _quantile(guard, 0.95),
        "lookup_and_guard_p95_ms": _quantile([sum(pair) for pair in zip(lookup, guard, strict=True)], 0.95),
    }


def _command_ms(step: Step) -> float:
    """From observation to a command that passed the guard."""
    return _stage(step, "decision_ms") + _stage(step, "validate_ms")


def _stage(step: Step, name: str) -> float:
    """The time of a stage [ms], of the loop's or of the decision's."""
    inner = step.decision.stage_ms if step.decision is not None else {}
    return (step.budget.stage_ms if step.budget is not None else {}).get(name, inner.get(name, 0.0))


def _commands(episodes: Sequence[RecordedEpisode]) -> list[str]:
    return [step.decision.text for episode in episodes for step in episode.steps if step.decision is not None]


def _quantile(times: list[float], share: float) -> float | None:
    return round(quantile(times, share), 3) if times else None


def _saved(cold: float, warm: float) -> float | None:
    """The share of what the cold run took that the warm one did not."""
    return round(1 - warm / cold, 4) if cold else None
