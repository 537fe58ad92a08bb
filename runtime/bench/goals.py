"""Answers as they are written word by word, and what is taken where others are looked at as well."""

import time
from collections.abc import Callable, Mapping
from itertools import islice
from statistics import fmean
from typing import Any

from codeword.codebook.choices import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.goal_writer import goal_score
from codeword.controller.likeliest import best
from codeword.controller.teaching.lessons import Lesson
from codeword.runtime.statistics import quantile

from .unseen import figures, share, unseen

Decide = Callable[[Prompt, Node], Decision]
Way = Callable[[Decide, Lesson, Decision], Decision]


def _as_written(_: Decide, __: Lesson, first: Decision) -> Decision:
    return first


def _likeliest(decide: Decide, lesson: Lesson, first: Decision) -> Decision:
    def score(made: Decision) -> float:
        assert made.logprob is not None
        return made.logprob

    return best(lambda among: decide(lesson.prompt, among), lesson.graph, first, score)


def _doubted(decide: Decide, lesson: Lesson, first: Decision) -> Decision:
    score = goal_score(lesson.book.codebook, lesson.task, lesson.observation)
    return best(lambda among: decide(lesson.prompt, among), lesson.graph, first, score)


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
    found = {name: _Found() for name in ways}
    asked = (lesson for lesson in unseen(split) if (lesson.act == "goal") != commands)
    for lesson in islice(asked, n):
        engine.warm(lesson.prompt.system)
        for name, way in ways.items():
            engine.settle()
            found[name].take(engine, way, lesson)
        advance()
    return figures(engine, split, [{"taken": name, **what.row()} for name, what in found.items()])


class _Found:
    """What one way came to."""

    def __init__(self) -> None:
        self._right: list[bool] = []
        self._more: list[int] = []
        self._took_ms: list[float] = []

    def take(self, engine: Engine, way: Way, lesson: Lesson) -> None:
        """Answer a lesson this way."""
        decided = 0

        def decide(prompt: Prompt, graph: Node) -> Decision:
            nonlocal decided
            decided += 1
            return engine.decide(prompt, graph)

        began = time.perf_counter()
        taken = way(decide, lesson, decide(lesson.prompt, lesson.graph))
        self._took_ms.append(1e3 * (time.perf_counter() - began))
        self._right.append(taken.text in lesson.right)
        self._more.append(decided - 1)

    def row(self) -> dict[str, Any]:
        """`alone_%`: in so many nothing else was looked at; `others_mean`: so much else was, in the mean."""
        times = {
            "mean": fmean(self._took_ms),
            "p50": quantile(self._took_ms, 0.5),
            "p95": quantile(self._took_ms, 0.95),
        }
        return {
            **share(self._right),
            "alone_%": round(100 * self._more.count(0) / len(self._more)),
            "others_mean": round(fmean(self._more), 2),
            **{f"ms_{name}": round(value) for name, value in times.items()},
        }
