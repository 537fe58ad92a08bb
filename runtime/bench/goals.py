"""Answers as they are written word by word, and what is taken where others are looked at as well."""

import time
from collections.abc import Callable, Mapping
from itertools import islice
from statistics import fmean
from typing import Any

from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.goal_writer import goal_score
from codeword.controller.likeliest import best
from codeword.controller.teaching.lessons import Lesson
from codeword.runtime.statistics import quantile

from .unseen import figures, share, unseen

Way = Callable[[Engine, Lesson, Decision], Decision]


def _as_written(_: Engine, __: Lesson, first: Decision) -> Decision:
    return first


def _likeliest(engine: Engine, lesson: Lesson, first: Decision) -> Decision:
    def score(made: Decision) -> float:
        assert made.logprob is not None
        return made.logprob

    return best(lambda among: engine.decide(lesson.prompt, among), lesson.graph, first, score)


def _doubted(engine: Engine, lesson: Lesson, first: Decision) -> Decision:
    score = goal_score(lesson.book.codebook, lesson.task, lesson.observation)
    return best(lambda among: engine.decide(lesson.prompt, among), lesson.graph, first, score)


WAYS: Mapping[str, Way] = {
    "word by word": _as_written,
    "likeliest as a whole": _likeliest,
    "likeliest, doubts counted": _doubted,
}


def bench_goals(
    engine: Engine, split: str, n: int, advance: Callable[[], None], *, commands: bool = False
) -> dict[str, Any]:
    """So many goals that nobody was taught with, taken in every way; what a way costs is all that it decides, once the
    codebook is read. With `commands` so many commands, against which there are no doubts.
    """
    ways = {name: way for name, way in WAYS.items() if not (commands and way is _doubted)}
    right: dict[str, list[bool]] = {name: [] for name in ways}
    took: dict[str, list[float]] = {name: [] for name in ways}
    asked = (lesson for lesson in unseen(split) if (lesson.act == "goal") != commands)
    for lesson in islice(asked, n):
        engine.warm(lesson.prompt.system)
        for name, way in ways.items():
            engine.settle()
            began = time.perf_counter()
            taken = way(engine, lesson, engine.decide(lesson.prompt, lesson.graph))
            took[name].append(1e3 * (time.perf_counter() - began))
            right[name].append(taken.text in lesson.right)
        advance()
    return figures(engine, split, [_row(name, right[name], took[name]) for name in ways])


def _row(name: str, right: list[bool], took: list[float]) -> dict[str, Any]:
    times = {"ms_mean": round(fmean(took)), "ms_p50": round(quantile(took, 0.5)), "ms_p95": round(quantile(took, 0.95))}
    return {"taken": name, **share(right), **times}
