"""A decision, side by side: ours, ours without one technique, and what others would use, over whole episodes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from codeword.codebook.action_prompt import ActionPrompt
from codeword.controller.registry import LocalModel
from codeword.controller.store import Progress
from codeword.controller.tokens import Tokens
from codeword.runtime.machine import machine, versions
from codeword.runtime.quantization_texts import Situation
from codeword.runtime.scenario import Scenario, find_scenarios, load_scenario
from codeword.runtime.statistics import quantile

from .contest import TRIALS, Contest
from .courses import course
from .questions import canonical, offered, question_of
from .side import Answer, Question
from .sides import OURS, AbsentError, SideSpec, find_side

SUITES = ("workbench", "tabletop")
"""The suites whose episodes are decided: first the one that the figures at the top are about."""


@dataclass(frozen=True)
class Row:
    """One side over n decisions: times in ms; passes and tokens as means of a decision; memory of its process in MB.

    `setting` is the quickest of those tried. `legal` counts commands that were legal, `agree` those that were ours.
    """

    name: str
    setting: str
    n: int
    p50_ms: float
    p95_ms: float
    passes: float
    tokens_forced: float
    tokens_chosen: float
    rss_mb: float
    legal: int
    agree: int


def suite(name: str) -> tuple[Scenario, ...]:
    """The scenarios of a shipped suite."""
    return tuple(load_scenario(path) for path in find_scenarios((name,)))


def find_sides(names: Sequence[str], model: LocalModel, progress: Progress) -> tuple[list[SideSpec], dict[str, str]]:
    """The sides of some names that can be had here, and why the others cannot."""
    specs: list[SideSpec] = []
    left_out: dict[str, str] = {}
    for name in names:
        try:
            specs.append(find_side(name, model, progress))
        except AbsentError as problem:
            left_out[name] = str(problem)
    return specs, left_out


def decisions(specs: Sequence[SideSpec], n: int, suites: Sequence[str] = SUITES) -> int:
    """How often `advance` is called: for every decision measured, and every one made to find a setting."""
    of_suites = sum(_share(n, name, suites) for name in suites)
    return of_suites * len(specs) + sum(TRIALS * len(s.settings) for s in specs if len(s.settings) > 1)


def _share(n: int, name: str, suites: Sequence[str]) -> int:
    """How many of n decisions are made in a suite: those beside the first are told with fewer."""
    return n if name == suites[0] else max(min(n, 20), n // 4)


def bench_decision(
    model: LocalModel, specs: Sequence[SideSpec], n: int, advance: Callable[[], None], suites: Sequence[str] = SUITES
) -> dict[str, Any]:
    """n decisions by each side in the first suite, a quarter in others, the sides in turns; the first is at the top.

    Raises SideError where our own side cannot run.
    """
    tokens = Tokens(model.folder)
    trials = [question_of(each, offered(each), tokens) for each in _situations(suite(suites[0]), TRIALS, seed=1)]
    with Contest(specs, trials, advance) as contest:
        found = {name: _compare(contest, suite(name), _share(n, name, suites), tokens, advance) for name in suites}
    return {
        "machine": machine() | {"versions": versions()},
        "model": model.name,
        **found.pop(suites[0]),
        **found,
        "tried_ms": contest.tried_ms,
        "left_out": contest.left_out,
    }


def _compare(
    contest: Contest, scenarios: Sequence[Scenario], n: int, tokens: Tokens, advance: Callable[[], None]
) -> dict[str, Any]:
    """Rows and ratios of n decisions over some scenarios."""
    asked: list[ActionPrompt] = []

    def questions() -> Iterator[Question]:
        for situation in _situations(scenarios, n + 1, seed=0):
            asked.append(offered(situation))
            yield question_of(situation, asked[-1], tokens)

    answers = contest.decide(questions(), advance)
    rows = [_row(contest, name, asked[1:], answers) for name in answers]
    return {
        "prompt_tokens": round(quantile([answer.prompt_tokens for answer in answers[OURS]], 0.5)),
        "skills": len(scenarios[0].codebook.skills),
        "rows": [asdict(row) for row in rows],
        "ratios": {row.name: round(row.p50_ms / rows[0].p50_ms, 2) for row in rows[1:]},
    }


def _situations(scenarios: Sequence[Scenario], n: int, seed: int) -> Iterator[Situation]:
    return (turn.situation for turn in islice(course(scenarios, seed), n))


def _row(contest: Contest, name: str, asked: Sequence[ActionPrompt], answers: dict[str, list[Answer]]) -> Row:
    made = answers[name]
    times = [answer.total_ms for answer in made]
    said = [canonical(given, answer.text) for given, answer in zip(asked, made, strict=True)]
    ours = [canonical(given, answer.text) for given, answer in zip(asked, answers[OURS], strict=True)]

    def mean(values: Sequence[int]) -> float:
        return round(sum(values) / len(values), 2)

    return Row(
        name=name,
        setting=contest.setting[name],
        n=len(made),
        p50_ms=round(quantile(times, 0.5), 1),
        p95_ms=round(quantile(times, 0.95), 1),
        passes=mean([answer.passes for answer in made]),
        tokens_forced=mean([answer.tokens_forced for answer in made]),
        tokens_chosen=mean([answer.tokens_chosen for answer in made]),
        rss_mb=round(contest.rss_mb(name)),
        legal=sum(text is not None for text in said),
        agree=sum(text is not None and text == own for text, own in zip(said, ours, strict=True)),
    )
