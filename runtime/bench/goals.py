"""Goals as they are written word by word, and what is taken where others are looked at as well."""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.goal_writer import goal_score
from codeword.controller.likeliest import best
from codeword.controller.teaching.lessons import Lesson, lessons
from codeword.controller.teaching.mixes import split_mix
from codeword.controller.teaching.sequences import CHECK_SEED
from codeword.runtime.statistics import quantile, wilson95

from .machine import machine
from .taught import PER_BOOK

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


def bench_goals(engine: Engine, split: str, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """So many goals that nobody was taught with, taken in every way; what a way costs is all that it decides."""
    right: dict[str, list[bool]] = {name: [] for name in WAYS}
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    for lesson in islice(_asked(split), n):
        for name, way in WAYS.items():
            engine.settle()
            began = time.perf_counter()
            taken = way(engine, lesson, engine.decide(lesson.prompt, lesson.graph))
            took[name].append(1e3 * (time.perf_counter() - began))
            right[name].append(taken.text in lesson.right)
        advance()
    return {
        "machine": machine(),
        "model": engine.model.name,
        "adapter": engine.adapter.name,
        "split": split,
        "rows": [_row(name, right[name], took[name]) for name in WAYS],
    }


def _row(name: str, right: list[bool], took: list[float]) -> dict[str, Any]:
    low, high = wilson95(sum(right), len(right))
    return {
        "taken": name,
        "n": len(right),
        "right_%": round(100 * sum(right) / len(right), 1),
        "95%": f"{100 * low:.1f} to {100 * high:.1f}",
        "ms_p50": round(quantile(took, 0.5)),
        "ms_p95": round(quantile(took, 0.95)),
    }


def _asked(split: str) -> Iterator[Lesson]:
    groups = lessons(CHECK_SEED, split_mix(split), per_book=PER_BOOK)
    return (lesson for group in groups for lesson in group if lesson.act == "goal")
