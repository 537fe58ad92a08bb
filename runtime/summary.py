"""What a run came to: success, decisions, misses and times, from the episode files alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .episode import RETASK
from .recording import Episode
from .scenario import Scenario, parse_scenario
from .scenario_spec import Budget
from .statistics import quantile, wilson95

FEWEST_FOR_P95 = 20
"""A p95 over fewer decisions says nothing and is not judged."""


@dataclass
class Tally:
    """Successes of one scenario; `judged` leaves out episodes without a goal. `credit` is summed over those judged;
    `fallen` counts blocks off the table, `bumps` contacts of the arm above the limit.
    """

    episodes: int = 0
    judged: int = 0
    success: int = 0
    credit: float = 0.0
    fallen: int = 0
    bumps: int = 0

    @property
    def mean_credit(self) -> float | None:
        """The mean share of the goal that was reached; None where nothing was judged."""
        return self.credit / self.judged if self.judged else None


@dataclass
class Summary:
    """Figures over a run. `p95_misses` names each stage whose p95 was over its budget, with figure and budget [ms]."""

    by_scenario: dict[str, Tally] = field(default_factory=dict)
    decisions: int = 0
    invalid_commands: int = 0
    refused_commands: int = 0
    hard_misses: int = 0
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    budgets: dict[str, Budget] = field(default_factory=dict)
    p95_misses: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def total(self) -> Tally:
        """All scenarios together."""
        tallies = self.by_scenario.values()
        return Tally(**{name: sum(getattr(tally, name) for tally in tallies) for name in Tally.__dataclass_fields__})

    @property
    def ok(self) -> bool:
        """Whether every judged goal was reached within its budgets."""
        return self.total.success == self.total.judged and not self.p95_misses and not self.hard_misses

    def quantiles(self, stage: str) -> dict[str, float | None]:
        """p50, p95 and p99 of a stage [ms]; None where nothing was timed."""
        times = self.stage_ms.get(stage, [])
        return {f"p{q}": round(quantile(times, q / 100), 3) if times else None for q in (50, 95, 99)}

    def as_json(self) -> dict[str, Any]:
        """The keys that scripts may rely on."""
        total = self.total
        low, high = wilson95(total.success, total.judged)
        return {
            "episodes": total.episodes,
            "judged": total.judged,
            "success": total.success,
            "rate": total.success / total.judged if total.judged else None,
            "wilson95": [round(low, 4), round(high, 4)],
            "decisions": self.decisions,
            "invalid_commands": self.invalid_commands,
            "refused_commands": self.refused_commands,
            "budget_misses": self.hard_misses + len(self.p95_misses),
            "decision_ms": self.quantiles("decision_ms"),
            "by_scenario": {
                name: {"episodes": tally.episodes, "success": tally.success, "credit": _rounded(tally.mean_credit)}
                for name, tally in self.by_scenario.items()
            },
            "credit": _rounded(total.mean_credit),
            "damage": {"fallen": total.fallen, "bumps": total.bumps},
        }


def summarize(episodes: Iterable[Episode]) -> Summary:
    """The figures of a run. Budgets are judged over all of it: where scenarios differ, the widest p95 counts."""
    summary = Summary()
    for episode in episodes:
        tally = summary.by_scenario.setdefault(episode.header.scenario, Tally())
        tally.episodes += 1
        if episode.verdict is not None and episode.verdict.success is not None:
            tally.judged += 1
            tally.success += episode.verdict.success
            tally.credit += episode.verdict.credit or 0.0
        if episode.verdict is not None:
            tally.fallen += len(episode.verdict.fallen)
            tally.bumps += episode.verdict.bumps
        _widen(summary.budgets, scenario_of(episode))
        for step in episode.steps:
            summary.decisions += step.decision is not None
            if step.command is not None and not step.command.allowed:
                summary.refused_commands += 1
                summary.invalid_commands += step.command.check in ("size", "json", "schema")
            if step.budget is not None:
                summary.hard_misses += len(step.budget.missed)
                for stage, time_ms in step.budget.stage_ms.items():
                    summary.stage_ms.setdefault(stage, []).append(time_ms)
    for stage, budget in summary.budgets.items():
        times = summary.stage_ms.get(stage, [])
        if budget.p95 is not None and len(times) >= FEWEST_FOR_P95 and quantile(times, 0.95) > budget.p95:
            summary.p95_misses[stage] = (quantile(times, 0.95), budget.p95)
    return summary


def scenario_of(episode: Episode) -> Scenario:
    """The scenario and codebook that an episode file carries."""
    return parse_scenario(
        episode.scenario_text, f"{episode.path}:scenario.yaml", episode.codebook_text, episode.header.seed
    )


def task_at(episode: Episode, scenario: Scenario, step: int) -> str:
    """The task in words as it was at a step of an episode of that scenario: another one after the event `retask`."""
    if any(event.scripted and event.what == RETASK and event.step <= step for event in episode.events):
        return scenario.changed().wording(episode.header.seed)
    return episode.header.task


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _widen(budgets: dict[str, Budget], scenario: Scenario) -> None:
    for stage, budget in scenario.spec.budgets.items():
        have = budgets.get(stage)
        if have is None or (have.p95 or 0) < (budget.p95 or 0):
            budgets[stage] = budget
