"""How slow may a model be? Success against the time that a decision takes, while things move on."""

import html
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codeword.runtime.machine import machine
from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import read_episode
from codeword.runtime.run import Controllers, Plan, run_one
from codeword.runtime.scenario import Scenario
from codeword.runtime.scenario_spec import Clock, Latency
from codeword.runtime.statistics import quantile, wilson95


@dataclass(frozen=True)
class Point:
    """What was reached of n episodes where each decision took so long [ms]; `given` or as long as it really took."""

    latency_ms: float
    given: bool
    n: int
    success: int
    rate: float
    wilson95: tuple[float, float]


def bench_latency(
    controllers: Controllers,
    scenarios: Sequence[Scenario],
    latencies_ms: Sequence[float],
    seeds: int,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Every scenario with so many seeds by the clock `live`, and by each latency. Physics says what was reached."""
    with TemporaryDirectory() as folder:
        clocks: list[Clock] = ["live", *(Latency(latency_ms=latency_ms) for latency_ms in latencies_ms)]
        plan = Plan(tuple(scenarios), range(seeds), "sim", Path(folder), film=False)
        points = [_point(replace(plan, clock=clock), controllers, advance) for clock in clocks]
    return {
        "machine": machine(),
        "controller": controllers.who.controller,
        "model": controllers.loaded.model or controllers.who.controller,
        "adapter": controllers.loaded.adapter,
        "scenarios": [scenario.name for scenario in scenarios],
        "rows": [asdict(point) for point in points],
    }


def _point(plan: Plan, controllers: Controllers, advance: Callable[[], None]) -> Point:
    reached, taken_ms = 0, []
    for task in plan.tasks:
        scenario = plan.drawn(plan.scenarios[task.scenario], task.seed)
        episode = read_episode(run_one(plan, controllers, task).path, pictures=False)
        outcome = outcome_of(episode, scenario)
        reached += bool(outcome.row.success)
        taken_ms += [step.budget.passed_s * 1000 for step in episode.steps if step.budget is not None]
        advance()
    low, high = wilson95(reached, len(plan))
    given = isinstance(plan.clock, Latency)
    latency_ms = round(quantile(taken_ms, 0.5), 1)
    return Point(latency_ms, given, len(plan), reached, reached / len(plan), (round(low, 4), round(high, 4)))


_WIDTH, _HEIGHT, _LEFT, _TOP = 720, 320, 64, 56


def draw_latency(figures: dict[str, Any]) -> str:
    """An SVG file with nothing outside it: the rate with its 95% interval over the latency."""
    given = sorted((row for row in figures["rows"] if row["given"]), key=lambda row: float(row["latency_ms"]))
    real = [row for row in figures["rows"] if not row["given"]]
    most_ms = max([1.0, *(row["latency_ms"] for row in figures["rows"])])

    def x(latency_ms: float) -> float:
        return _LEFT + float(latency_ms / most_ms) * _WIDTH

    def y(rate: float) -> float:
        return _TOP + (1 - rate) * _HEIGHT

    title = f"goals reached over the time that a decision takes: {figures['model']}, {', '.join(figures['scenarios'])}"
    parts = [f'<text x="{_LEFT}" y="26" font-size="15">{html.escape(title)}</text>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y(share)}" y2="{y(share)}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(share) + 4}" text-anchor="end">{share:.0%}</text>')
        at = x(share * most_ms)
        label = f"{share * most_ms / 1000:g} s"
        parts.append(f'<text x="{at:.1f}" y="{_TOP + _HEIGHT + 22}" text-anchor="middle">{label}</text>')
    band = [(row["latency_ms"], row["wilson95"][1]) for row in given]
    band += [(row["latency_ms"], row["wilson95"][0]) for row in reversed(given)]
    parts.append(f'<polygon fill="#1f77b4" opacity="0.15" points="{_points(band, x, y)}"/>')
    line = [(row["latency_ms"], row["rate"]) for row in given]
    parts.append(f'<polyline fill="none" stroke="#1f77b4" stroke-width="2" points="{_points(line, x, y)}"/>')
    parts += [f'<circle cx="{x(ms):.1f}" cy="{y(rate):.1f}" r="4" fill="#1f77b4"/>' for ms, rate in line]
    for row in real:
        at, up = x(row["latency_ms"]), y(row["rate"])
        parts.append(f'<circle cx="{at:.1f}" cy="{up:.1f}" r="6" fill="#d62728"/>')
        told = f"as it is: {row['latency_ms']:g} ms, {row['success']} of {row['n']}"
        parts.append(f'<text x="{at + 10:.1f}" y="{up + 40:.1f}" fill="#d62728">{told}</text>')
    size = f"0 0 {_LEFT + _WIDTH + 40} {_TOP + _HEIGHT + 44}"
    back = '<rect width="100%" height="100%" fill="white"/>'
    style = 'font-family="sans-serif" font-size="13"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {style}>{back}{"".join(parts)}</svg>\n'


def _points(pairs: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    return " ".join(f"{x(ms):.1f},{y(rate):.1f}" for ms, rate in pairs)
