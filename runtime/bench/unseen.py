"""Lessons that nobody was taught with, and how many answers to them are right."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codeword.controller.engine import Engine
from codeword.controller.teaching.lessons import Lesson, lessons
from codeword.controller.teaching.mixes import split_mix
from codeword.controller.teaching.sequences import CHECK_SEED
from codeword.runtime.statistics import wilson95

from .machine import machine

_PER_BOOK = 6
"""Decisions under each codebook."""


def unseen_groups(split: str) -> Iterator[Sequence[Lesson]]:
    """Lessons of a split without end, those under one codebook together, always the same."""
    return lessons(CHECK_SEED, split_mix(split), per_book=_PER_BOOK)


def share(right: Sequence[bool]) -> dict[str, Any]:
    """How many answers of so many are right: columns of a row."""
    low, high = wilson95(sum(right), len(right))
    of_all = round(100 * sum(right) / len(right), 1)
    return {"n": len(right), "right_%": of_all, "95%": f"{100 * low:.1f} to {100 * high:.1f}"}


def by_form(right: Sequence[bool], asked: Sequence[Lesson]) -> dict[str, str]:
    """How many are right of the answers that are goals, told a goal, or neither: columns of a row."""
    found: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for fine, lesson in zip(right, asked, strict=True):
        form = "goal" if lesson.act == "goal" else "mixed" if "\nTo do: " in lesson.prompt.observation else "direct"
        found[form] += fine
        every[form] += 1
    return {form: f"{found[form]} of {every[form]}" for form in ("goal", "mixed", "direct")}


def figures(engine: Engine, split: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was found, by whom, and where."""
    return {
        "machine": machine(),
        "model": engine.model.name,
        "adapter": engine.adapter.name,
        "split": split,
        "rows": list(rows),
    }
