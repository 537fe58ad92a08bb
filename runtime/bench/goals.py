"""Answers as they are written word by word, and what is taken where others are looked at as well."""

import time
from collections.abc import Callable, Mapping
from itertools import islice
from statistics import fmean
from typing import Any

from codeword.codebook.choices import Node
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.likeliest import best
from codeword.controller.teaching.lessons import Lesson
from codeword.runtime.statistics import quantile

from .unseen import figures, share, unseen

Score = Callable[[Decision], float]


def _likely(made: Decision) -> float:
    assert made.logprob is not None
    return made.logprob


WAYS: Mapping[str, Score | None] = {"word by word": None, "likeliest as a whole": _likely}
"""How answers are taken: as they are written, or those that are best by a score."""


def bench_goals(
    engine: Engine, split: str, n: int, advance: Callable[[], None], *, commands: bool = False
) -> dict[str, Any]:
    """So many goals that nobody was taught with, taken in every way; what a way costs is all that it decides, once the
    codebook is read. With `commands` so many commands.
    """
    found = {name: _Found(way) for name, way in WAYS.items()}
    asked = (lesson for lesson in unseen(split) if (lesson.act == "goal") != commands)
    for lesson in islice(asked, n):
        engine.warm(lesson.prompt.system)
        for way in found.values():
            engine.settle()
            way.take(engine, lesson)
        advance()
    return figures(engine, split, [{"taken": name, **what.row()} for name, what in found.items()])


class _Found:
    """What one way came to."""

    def __init__(self, scored: Score | None) -> None:
        self._scored = scored
        self._right: list[bool] = []
        self._more: list[int] = []
        self._took_ms: list[float] = []

    def take(self, engine: Engine, lesson: Lesson) -> None:
        """Answer a lesson this way."""
        more = 0

        def decide(among: Node) -> Decision:
            nonlocal more
            more += 1
            return engine.decide(lesson.prompt, among)

        began = time.perf_counter()
        taken = engine.decide(lesson.prompt, lesson.graph)
        if self._scored is not None:
            taken = best(decide, lesson.graph, taken, self._scored)
        self._took_ms.append(1e3 * (time.perf_counter() - began))
        self._right.append(taken.text in lesson.right)
        self._more.append(more)

    def row(self) -> dict[str, Any]:
        """`alone_%`: in so many nothing else was looked at; `others_mean`: so much else was, in the mean."""
        return {
            **share(self._right),
            "alone_%": round(100 * self._more.count(0) / len(self._more)),
            "others_mean": round(fmean(self._more), 2),
            "ms_mean": round(fmean(self._took_ms)),
            "ms_p50": round(quantile(self._took_ms, 0.5)),
            "ms_p95": round(quantile(self._took_ms, 0.95)),
        }
