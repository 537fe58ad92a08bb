"""One HTML page of a run, with nothing outside it, made from the episode files alone."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from codeword.codebook.errors import InputError
from codeword.codebook.offer import offer

from .recording import Episode
from .statistics import wilson95
from .summary import FEWEST_FOR_P95, Summary, scenario_of, task_at

MOST_PICTURED = 24
"""Episodes told in full, failures first; the rest are rows of the table alone, so that the page stays readable."""


@dataclass(frozen=True)
class _Turn:
    number: int
    time_s: float
    prompt: str
    legal: int
    left_out: dict[str, str]
    step: Any


def write_report(path: Path, episodes: Sequence[Episode], summary: Summary) -> None:
    """Write the page of a run. Raises InputError where it cannot be written."""
    environment = Environment(
        loader=PackageLoader("codeword.runtime", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    worst_first = sorted(episodes, key=lambda episode: bool(episode.verdict and episode.verdict.success))
    told = worst_first[:MOST_PICTURED]
    page = environment.get_template("report.html").render(
        version=metadata.version("codeword"),
        summary=summary,
        total=summary.total,
        interval=wilson95(summary.total.success, summary.total.judged),
        wilson95=wilson95,
        fewest=FEWEST_FOR_P95,
        stages=[(stage, summary.quantiles(stage), summary.budgets.get(stage)) for stage in sorted(summary.stage_ms)],
        header=episodes[0].header,
        episodes=[(episode, _turns(episode), _film(episode)) for episode in told],
        left_out=len(episodes) - len(told),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem


def _turns(episode: Episode) -> list[_Turn]:
    scenario = scenario_of(episode)
    codebook = scenario.codebook
    turns = []
    for number, step in enumerate(episode.steps, 1):
        offered = offer(codebook, task_at(episode, scenario, number - 1), step.observation)
        text = f"{offered.prompt.task}\n{offered.prompt.observation}"
        left_out = dict(offered.legal.left_out)
        turns.append(_Turn(number, step.observation.time_s, text, offered.legal.count, left_out, step))
    return turns


def _film(episode: Episode) -> list[tuple[float, str]]:
    return [(time_s, base64.b64encode(jpeg).decode()) for time_s, jpeg in episode.pictures]
