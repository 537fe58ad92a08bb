"""One HTML page of a run, with nothing outside it, made from the episode files alone."""

import base64
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import nsmallest
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from codeword.codebook.errors import InputError
from codeword.codebook.offer import offer

from .recording import Episode
from .records import Header
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


def write_report(path: Path, episodes: Iterable[Episode], summary: Summary) -> bool:
    """Write the page of a run, of whose episodes only those that are told are held at once; False where there is none.

    Raises InputError where it cannot be written.
    """
    seen = _Seen()
    told = nsmallest(MOST_PICTURED, seen.passing(episodes), key=lambda one: bool(one.verdict and one.verdict.success))
    if seen.header is None:
        return False
    environment = Environment(
        loader=PackageLoader("codeword.runtime", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("report.html").render(
        version=metadata.version("codeword"),
        summary=summary,
        total=summary.total,
        interval=wilson95(summary.total.success, summary.total.judged),
        wilson95=wilson95,
        fewest=FEWEST_FOR_P95,
        stages=[(stage, summary.quantiles(stage), summary.budgets.get(stage)) for stage in sorted(summary.stage_ms)],
        engine=seen.engine(),
        header=seen.header,
        episodes=[(episode, _turns(episode), _film(episode)) for episode in told],
        left_out=seen.count - len(told),
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem
    return True


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


@dataclass
class _Seen:
    """What the page says of all episodes, gathered as they pass; `header` is the first one's."""

    header: Header | None = None
    count: int = 0
    figures: dict[str, "array[float]"] = field(default_factory=lambda: {name: array("d") for name in _FIGURES})

    def passing(self, episodes: Iterable[Episode]) -> Iterator[Episode]:
        for episode in episodes:
            self.header = self.header or episode.header
            self.count += 1
            for step in episode.steps:
                if step.decision is not None and step.decision.passes:
                    for name, key in _FIGURES.items():
                        self.figures[name].append(float(getattr(step.decision, key)))
            yield episode

    def engine(self) -> list[tuple[str, float, float]]:
        """What the language model's decisions cost: name, p50, p95; empty where none was made by one."""
        return [(name, quantile(costs, 0.5), quantile(costs, 0.95)) for name, costs in self.figures.items() if costs]


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
