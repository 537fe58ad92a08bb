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
from .statistics import quantile, wilson95
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
        engine=_engine(episodes),
        header=episodes[0].header,
        episodes=[(episode, _turns(episode), _film(episode)) for episode in told],
        left_out=len(episodes) - len(told),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem


_FIGURES = {
    "time to the first choice [ms]": "first_token_ms",
    "time per token after it [ms]": "token_ms",
    "passes of the model": "passes",
    "tokens of prompt": "prompt_tokens",
    "of them kept from before": "tokens_cached",
    "tokens forced": "tokens_forced",
    "tokens chosen": "tokens_chosen",
    "tokens guessed": "tokens_guessed",
    "of them right": "tokens_accepted",
    "keys and values [MB]": "kv_mb",
}


def _engine(episodes: Sequence[Episode]) -> list[tuple[str, float, float]]:
    """What the language model's decisions cost: name, p50, p95; empty where none was made by one."""
    made = [step.decision for episode in episodes for step in episode.steps if step.decision and step.decision.passes]
    if not made:
        return []
    columns = {name: [float(getattr(decision, key)) for decision in made] for name, key in _FIGURES.items()}
    return [(name, quantile(values, 0.5), quantile(values, 0.95)) for name, values in columns.items()]


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
