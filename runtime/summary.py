"""What a run came to: success, decisions, misses and times, from the episode files alone."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from codeword.codebook import Codebook
from codeword.codebook.budgets import Budget

from .episode import RETASK
from .outcome import Outcome, outcome_of
from .recording import RecordedEpisode
from .scenario import Scenario, parse_scenario
from .statistics import quantile, wilson95

FEWEST_FOR_P95 = 20
"""A p95 over fewer decisions says nothing and is not judged."""


@dataclass
class Tally:
    """What one scenario came to; `judged` leaves out episodes without a goal, and counts those that broke.

    `credit` is summed over those judged; `fallen` counts blocks off the table, `bumps` contacts of the arm above the
    limit, `broken` the episodes that came to no end, `undone` those without a goal in which it was not said after some
    command that all is done, or in which the declared effects of one did not show.
    """

    episodes: int = 0
    judged: int = 0
    success: int = 0
    credit: float = 0.0
    fallen: int = 0
    bumps: int = 0
    broken: int = 0
    undone: int = 0
    decisions: int = 0
    decision_ms: "array[float]" = field(default_factory=lambda: array("d"), repr=False)

    @property
    def mean_credit(self) -> float | None:
        """The mean share of the goal that was reached; None where nothing was judged."""
        return self.credit / self.judged if self.judged else None

    def add(self, outcome: Outcome) -> None:
        """Count one more episode."""
        row = outcome.row
        self.episodes += 1
        self.judged += row.success is not None
        self.success += bool(row.success)
        self.credit += row.credit or 0.0
        self.fallen += row.fallen_blocks or 0
        self.bumps += row.bumps or 0
        self.broken += bool(row.error)
        self.undone += row.success is None and (row.ended != "done" or not row.commands or bool(row.unshown))
        self.decisions += row.decisions
        self.decision_ms.extend(outcome.stage_ms.get("decision_ms", ()))


@dataclass
class Summary:
    """Figures over a run, to which one episode after the other is added."""

    by_scenario: dict[str, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)
    invalid_commands: int = 0
    refused_commands: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    cached_decisions: int = 0
    planned_decisions: int = 0
    fallback_decisions: int = 0
    poisoned_entries: int = 0
    stage_ms: dict[str, "array[float]"] = field(default_factory=dict, repr=False)
    budgets: dict[str, Budget] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one more episode."""
        row = outcome.row
        for tally in (self.total, self.by_scenario.setdefault(row.scenario, Tally())):
            tally.add(outcome)
        self.invalid_commands += row.invalid_commands
        self.refused_commands += row.refused_commands
        self.misses.update(outcome.misses)
        self.cached_decisions += row.cached_decisions
        self.planned_decisions += row.planned_decisions
        self.fallback_decisions += row.fallback_decisions
        self.poisoned_entries += row.poisoned_entries
        for stage, times in outcome.stage_ms.items():
            self.stage_ms.setdefault(stage, array("d")).extend(times)
        for stage, budget in outcome.budgets.items():
            have = self.budgets.get(stage)
            if have is None or (have.p95 or 0) < (budget.p95 or 0):
                self.budgets[stage] = budget

    @property
    def decisions(self) -> int:
        """How many decisions were made."""
        return self.total.decisions

    @property
    def hard_misses(self) -> int:
        """How often a hard limit was missed."""
        return self.misses.total()

    @property
    def p95_misses(self) -> dict[str, tuple[float, float]]:
        """Each stage whose p95 was over its budget, with figure and budget [ms].

        Judged over the whole run: where scenarios differ, the widest p95 counts.
        """
        found = {}
        for stage, budget in self.budgets.items():
            times = self.stage_ms.get(stage, array("d"))
            if budget.p95 is not None and len(times) >= FEWEST_FOR_P95 and quantile(times, 0.95) > budget.p95:
                found[stage] = (quantile(times, 0.95), budget.p95)
        return found

    @property
    def ok(self) -> bool:
        """Whether every judged goal was reached within its budgets, no episode broke, and of those without a goal each
        was said to be done after some command.
        """
        total = self.total
        reached = total.success == total.judged and not total.broken and not total.undone
        return reached and not self.p95_misses and not self.hard_misses

    def quantiles(self, stage: str) -> dict[str, float | None]:
        """p50, p95 and p99 of a stage [ms]; None where nothing was timed."""
        times = self.stage_ms.get(stage, array("d"))
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
            "cached_decisions": self.cached_decisions,
            "planned_decisions": self.planned_decisions,
            "fallback_decisions": self.fallback_decisions,
            "poisoned_entries": self.poisoned_entries,
            "budget_misses": self.hard_misses + len(self.p95_misses),
            "budget_misses_by": {
                stage: {"hard": self.misses[stage], "p95": stage in self.p95_misses}
                for stage in sorted(self.misses.keys() | self.p95_misses.keys())
            },
            "decision_ms": self.quantiles("decision_ms"),
            "by_scenario": {
                name: {"episodes": tally.episodes, "success": tally.success, "credit": _rounded(tally.mean_credit)}
                for name, tally in self.by_scenario.items()
            },
            "credit": _rounded(total.mean_credit),
            "broken": total.broken,
            "damage": {"fallen": total.fallen, "bumps": total.bumps},
        }


def add_up(outcomes: Iterable[Outcome]) -> Summary:
    """The figures of a run, from what was kept of its episodes."""
    summary = Summary()
    for outcome in outcomes:
        summary.add(outcome)
    return summary


def summarize(episodes: Iterable[RecordedEpisode]) -> Summary:
    """The figures of a run, from its episode files alone; of which only one need be held at a time."""
    return add_up(outcome_of(episode, scenario_of(episode)) for episode in episodes)


def scenario_of(episode: RecordedEpisode, codebook: Codebook | None = None) -> Scenario:
    """The scenario and codebook that an episode file carries, or that scenario with another codebook."""
    text = episode.codebook_text if codebook is None else codebook.text
    return parse_scenario(episode.scenario_text, f"{episode.path}:scenario.yaml", text, episode.header.seed)


def task_at(episode: RecordedEpisode, scenario: Scenario, step: int) -> str:
    """The task in words as it was at a step of an episode of that scenario: another one after the event `retask`."""
    if any(event.scripted and event.what == RETASK and event.step <= step for event in episode.events):
        return scenario.changed().wording(episode.header.seed)
    return episode.header.task


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
