"""Writes the page: what was gathered of the episodes, put into the template."""

import base64
import hashlib
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from codeword.codebook.budgets import Budget
from codeword.codebook.errors import InputError
from codeword.runtime.episode import RETASK
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.records import Header
from codeword.runtime.statistics import quantile, wilson95
from codeword.runtime.summary import FEWEST_FOR_P95, Summary, Tally, scenario_of, task_at

from .film import MOST_FRAMES, FilmFrame, film, thumbnails
from .rules import IN_SHORT, Remark, remarks
from .turns import Teller, Turn, short
from .way import Ahead, way
from .wrong import KINDS, Wrong, first_wrong

MOST_PICTURED = 24
"""So many episodes have film strips, failures first."""

OUTCOMES = ("missed", "unfinished", "not judged", "reached")
"""In the order in which episodes are told."""


@dataclass(frozen=True)
class EpisodeRow:
    """What a report keeps of an episode; `packed` are its decisions: JSON, deflated, in base64."""

    name: str
    suite: str
    scenario: str
    seed: int
    task: str
    outcome: str
    reason: str
    open: tuple[str, ...]
    credit: float | None
    decisions: int
    simulated_s: float
    fallen: tuple[str, ...]
    bumps: int
    wrong: Wrong | None
    remarks: tuple[Remark, ...]
    packed: str
    frames: tuple[FilmFrame, ...] = ()
    thumbnails: tuple[str, ...] = ()


@dataclass
class ReportRows:
    """What a report needs of all episodes, taken up one by one.

    `systems` are the codebooks' parts of prompts, each told once for all; `parts_ms` the times of the stages inside
    decisions, `figures` what each cost the model.
    """

    rows: list[EpisodeRow] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    parts_ms: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, list[float]] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)

    def add(self, episode: RecordedEpisode) -> None:
        """Take up an episode; its pictures only where not enough are kept already."""
        header, verdict = episode.header, episode.verdict
        if not any(_who(header) == _who(other) for other in self.headers):
            self.headers.append(header)
        scenario = scenario_of(episode)
        teller = Teller(scenario.codebook)
        turns = [teller.turn(step, task_at(episode, scenario, number)) for number, step in enumerate(episode.steps)]
        ahead = way(episode, scenario)
        last = scenario.changed() if any(event.what == RETASK for event in episode.events) else scenario
        wrong = first_wrong(episode, ahead, bool(last.spec.cannot))
        said = remarks(episode, last, ahead)
        success = verdict.success if verdict is not None else None
        outcome = (
            "unfinished" if verdict is None else "not judged" if success is None else "reached" if success else "missed"
        )
        row = EpisodeRow(
            name=episode.path.stem,
            suite=header.suite,
            scenario=header.scenario,
            seed=header.seed,
            task=header.task,
            outcome=outcome,
            reason=verdict.reason if verdict is not None else "the episode file ends before the episode does",
            open=verdict.open if verdict is not None and not success else (),
            credit=verdict.credit if verdict is not None else None,
            decisions=len(episode.steps),
            simulated_s=verdict.simulated_s if verdict is not None else 0.0,
            fallen=verdict.fallen if verdict is not None else (),
            bumps=verdict.bumps if verdict is not None else 0,
            wrong=wrong,
            remarks=tuple(remark for remark in said if wrong is None or remark.step != wrong.step),
            packed=self._packed(episode, turns, ahead, wrong),
        )
        if sum(bool(other.frames) and other.outcome == outcome for other in self.rows) < MOST_PICTURED:
            strip = tuple(film(episode, wrong.step if wrong is not None else None))
            row = replace(row, frames=strip, thumbnails=thumbnails(episode))
        self.rows.append(row)
        self._count(turns)

    def ordered(self) -> list[EpisodeRow]:
        """Failures first, else in the order run; only the first so many with their pictures."""
        ordered = sorted(self.rows, key=lambda row: OUTCOMES.index(row.outcome))
        return [
            row if place < MOST_PICTURED else replace(row, frames=(), thumbnails=())
            for place, row in enumerate(ordered)
        ]

    def _packed(
        self, episode: RecordedEpisode, turns: Sequence[Turn], ahead: Sequence[Ahead | None], wrong: Wrong | None
    ) -> str:
        told = []
        for turn in turns:
            if turn.system not in self.systems:
                self.systems.append(turn.system)
            data = turn.model_dump(mode="json", exclude_defaults=True)
            told.append({**data, "system": self.systems.index(turn.system)})
        data = {
            "turns": told,
            "read": bool(episode.header.model),
            "left": [found.left if found is not None else None for found in ahead],
            "best": [short(found.command) if found is not None else "" for found in ahead],
            "wrong": [wrong.step + 1, wrong.text] if wrong is not None else None,
            "events": [[event.step + 1, round(event.time_s, 2), event.what] for event in episode.events],
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(zlib.compress(text.encode(), 9)).decode()

    def _count(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.figures:
                for name, time_ms in turn.parts_ms.items():
                    self.parts_ms.setdefault(name, []).append(time_ms)
                for name, figure in turn.figures.items():
                    self.figures.setdefault(name, []).append(figure)


def _who(header: Header) -> tuple[str, ...]:
    deciding = header.controller, header.model, header.adapter, header.profile, header.policy
    return *deciding, header.codebook_hash


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


_WITHIN = ("grammar_ms", "first_token_ms", "token_ms")
"""Stages that are parts of a decision."""

_PARTS = ("legal", "tokenize", "grammar", "prefill", "decode")
_FIGURES = {
    "first_token_ms": "time to the first choice [ms]",
    "token_ms": "time per token after it [ms]",
    "passes": "passes of the model",
    "prompt_tokens": "tokens of prompt",
    "tokens_cached": "of them kept from before",
    "tokens_forced": "tokens forced",
    "tokens_chosen": "tokens chosen",
    "tokens_guessed": "tokens guessed",
    "tokens_accepted": "of them right",
    "kv_mb": "keys and values [MB]",
}


@dataclass(frozen=True)
class Rate:
    """A line of the table of results."""

    name: str
    tally: Tally

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval [percent]."""
        low, high = wilson95(self.tally.success, self.tally.judged)
        return 100 * low, 100 * high


def write_report(path: Path, episodes: Iterable[RecordedEpisode], summary: Summary) -> bool:
    """Write the page of a run, of whose episodes never more than one is held; False where there is none.

    Raises InputError where it cannot be written.
    """
    gathered = ReportRows()
    for episode in episodes:
        gathered.add(episode)
    if not gathered.rows:
        return False
    text = environment().get_template("report.html").render(**_figures(summary, gathered))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem
    return True


def environment() -> Environment:
    """Templates of pages: all that is put into them is escaped, and only scripts that they bring along may run."""
    loader = PackageLoader("codeword.runtime", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def source(name: str) -> Markup:
        return Markup(loader.get_source(made, name)[0])

    def fingerprint(*names: str) -> str:
        digest = hashlib.sha256("".join(loader.get_source(made, name)[0] for name in names).encode()).digest()
        return f"sha256-{base64.b64encode(digest).decode()}"

    made.globals |= {"source": source, "fingerprint": fingerprint}
    made.filters["ms"] = told_ms
    return made


def _figures(summary: Summary, gathered: ReportRows) -> dict[str, Any]:
    """All that the template asks for."""
    rows = gathered.ordered()
    told = ("observe_ms", "decision_ms", "validate_ms", *(stage for stage in summary.budgets if stage not in _WITHIN))
    stages = {name: list(summary.stage_ms[name]) for name in dict.fromkeys(told) if summary.stage_ms.get(name)}
    parts = {name: gathered.parts_ms[name] for name in _PARTS if name in gathered.parts_ms}
    axis = axis_of(stages | parts, summary.budgets)
    strips = []
    for name, times in stages.items():
        strips.append(strip(name, "", times, summary.budgets.get(name), axis))
        if name == "decision_ms":
            strips += [strip(part, name, times, None, axis) for part, times in parts.items()]
            strips += [
                strip(part, name, list(summary.stage_ms[part]), summary.budgets[part], axis)
                for part in _WITHIN
                if part in summary.budgets and summary.stage_ms.get(part)
            ]
    wrongs = Counter(row.wrong.kind for row in rows if row.wrong is not None)
    return {
        "version": metadata.version("codeword"),
        "summary": summary,
        "total": Rate("all", summary.total),
        "suites": _suites(summary, gathered),
        "fewest": FEWEST_FOR_P95,
        "axis": axis,
        "strips": strips,
        "engine": [
            (_FIGURES[name], quantile(values, 0.5), quantile(values, 0.95)) for name, values in gathered.figures.items()
        ],
        "headers": gathered.headers,
        "systems": gathered.systems,
        "rows": rows,
        "pictured": sum(bool(row.frames) for row in rows),
        "most_pictured": MOST_PICTURED,
        "most_frames": MOST_FRAMES,
        "kinds": KINDS,
        "rules": IN_SHORT,
        "wrongs": wrongs.most_common(),
    }


def _suites(summary: Summary, gathered: ReportRows) -> list[tuple[Rate, list[Rate]]]:
    """What was reached in each suite, and in each of its scenarios, in the order run."""
    suite_of = {row.scenario: row.suite for row in gathered.rows}
    found: dict[str, list[Rate]] = {}
    for name, tally in summary.by_scenario.items():
        found.setdefault(suite_of.get(name, ""), []).append(Rate(name, tally))
    return [(Rate(suite, _sum(rates)), rates) for suite, rates in found.items()]


def _sum(rates: Iterable[Rate]) -> Tally:
    """What several scenarios came to together, as far as the table tells it."""
    whole = Tally()
    for rate in rates:
        for name in ("episodes", "judged", "success", "credit", "fallen", "bumps"):
            setattr(whole, name, getattr(whole, name) + getattr(rate.tally, name))
    return whole
