"""Writes the page: what was gathered of the episodes, put into the template."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from codeword.codebook.errors import InputError
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.statistics import quantile, wilson95
from codeword.runtime.summary import FEWEST_FOR_P95, Summary, Tally

from .film import MOST_FRAMES
from .rows import MOST_PICTURED, ReportRows
from .rules import IN_SHORT
from .times import axis_of, strip, told_ms
from .wrong import KINDS

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
