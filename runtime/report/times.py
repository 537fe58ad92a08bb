"""Times of a run as small pictures: how often a stage took how long, on one logarithmic axis, beside its budget."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeword.codebook.budgets import Budget
from codeword.runtime.statistics import quantile

_BINS = 60
_SHORTEST_MS = 0.01


@dataclass(frozen=True)
class Axis:
    """From 10 ** low to 10 ** high milliseconds."""

    low: int
    high: int

    def at(self, time_ms: float) -> float:
        """Where a time stands, in percent of the width."""
        place = (math.log10(max(time_ms, _SHORTEST_MS)) - self.low) / (self.high - self.low)
        return round(100 * min(max(place, 0.0), 1.0), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Each power of ten: where it stands, and how it is called."""
        powers = range(self.low, self.high + 1)
        return [
            (self.at(10.0**power), f"{10**power / 1000:g} s" if power > 2 else f"{10.0**power:g} ms")
            for power in powers
        ]


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram, in percent of width and height."""

    x: float
    width: float
    height: float


@dataclass(frozen=True)
class Strip:
    """The times of one stage; `within` names the stage that it is a part of, `over` counts those above the p95
    budget.
    """

    name: str
    within: str
    count: int
    p50: float
    p95: float
    p99: float
    worst: float
    budget: Budget
    over: int
    bars: tuple[Bar, ...]

    def missed(self, fewest: int) -> bool:
        """Whether the p95 is over its budget, and there are enough times to say so."""
        return self.budget.p95 is not None and self.count >= fewest and self.p95 > self.budget.p95


def axis_of(stages: Mapping[str, Sequence[float]], budgets: Mapping[str, Budget]) -> Axis:
    """An axis that holds all times and budgets."""
    limits = [limit for budget in budgets.values() for limit in (budget.p95, budget.hard) if limit is not None]
    times = [max(time_ms, _SHORTEST_MS) for times in stages.values() for time_ms in times]
    known = [*times, *limits] or [1.0]
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    return Axis(low, max(high, low + 1))


def strip(name: str, within: str, times: Sequence[float], budget: Budget | None, axis: Axis) -> Strip:
    """The picture of one stage. There has to be at least one time."""
    counts = [0] * _BINS
    for time_ms in times:
        counts[min(int(axis.at(time_ms) / 100 * _BINS), _BINS - 1)] += 1
    most, width = max(counts), 100 / _BINS
    limit = budget.p95 if budget is not None and budget.p95 is not None else math.inf
    p50, p95, p99 = (quantile(times, q) for q in (0.5, 0.95, 0.99))
    return Strip(
        name=name.removesuffix("_ms"),
        within=within,
        count=len(times),
        p50=p50,
        p95=p95,
        p99=p99,
        worst=max(times),
        budget=budget or Budget(),
        over=sum(time_ms > limit for time_ms in times),
        bars=tuple(
            Bar(round(index * width, 2), round(width * 0.86, 2), round(100 * count / most, 1))
            for index, count in enumerate(counts)
            if count
        ),
    )


def told_ms(time_ms: float) -> str:
    """A time with as many digits as matter."""
    if time_ms >= 10_000:
        return f"{time_ms / 1000:.1f} s"
    return f"{time_ms:,.0f} ms" if time_ms >= 100 else f"{time_ms:.1f} ms" if time_ms >= 1 else f"{time_ms:.2f} ms"
