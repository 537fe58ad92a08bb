"""How many tasks of the corpus a model does rightly, by their kind, and how many it does that are to be refused."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from codeword.controller.backend import Backend
from codeword.controller.controller import model_controller
from codeword.controller.teaching.corpus_reader import KINDS, Task, read_entry
from codeword.controller.teaching.plan_lessons import books_of
from codeword.runtime.statistics import wilson95
from codeword.runtime.trial import Trial, try_task

from .reliability import reliability

FLOORS = (0.0, 0.3, 0.6, 0.7, 0.9)
"""The floors under a model's sureness of which it is said what they trade."""


def evaluate_authored(backend: Backend, split: str, n: int, seed: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Try n tasks of a split's domains, drawn by seed, each in one of its wordings, in the scene that stands beside it.

    A task is done rightly where what is carried out comes to the same as a plan that is right; one that is to be
    refused, where nothing is carried out. Carried out is what the model is sure enough of, and whose numbers are those
    of the task. How far sureness is to be trusted is told of the plans as they were written, whether or not they are
    carried out: one that is to be refused is right where it says so.
    """
    tried: list[tuple[Task, Trial]] = []
    for task, words, make in _drawn(backend, books_of(split), n, seed):
        tried.append((task, make(words)))
        advance()
    asked = [(task, one) for task, one in tried if task.kind != "refusal"]
    refused = [(task, one) for task, one in tried if task.kind == "refusal"]
    return {
        "split": split,
        "n": len(tried),
        "rows": [_kind(kind, [one for task, one in tried if task.kind == kind]) for kind in KINDS],
        "floors": [_floor(floor, [one for _, one in asked], [one for _, one in refused]) for floor in FLOORS],
        "reliability": reliability(_answers(tried)),
    }


def _drawn(
    backend: Backend, books: Sequence[Path], n: int, seed: int
) -> Iterator[tuple[Task, str, Callable[[str], Trial]]]:
    """Tasks in the order of their codebooks, so that each codebook is read once."""
    rng = random.Random(seed)
    counts = dict.fromkeys(sorted(rng.sample(range(len(books)), min(len(books), max(1, n // 4)))), 0)
    for number in range(n):
        counts[list(counts)[number % len(counts)]] += 1
    for at, some in counts.items():
        entry = read_entry(books[at])
        for task in rng.sample(entry.tasks, min(some, len(entry.tasks))):
            controller = model_controller(backend, entry.codebook, policy="plan", sure=0.0)

            def make(words: str, task: Task = task, book: Any = entry.codebook, who: Any = controller) -> Trial:
                return try_task(book, who, words, task.observation, task.plans)

            yield task, rng.choice(task.say), make


def _sure(one: Trial) -> float:
    return 1.0 if one.decision.sureness is None else one.decision.sureness


def _answers(tried: Iterable[tuple[Task, Trial]]) -> list[tuple[float, bool]]:
    """How sure the model was of each plan, where it tells, and whether that plan is right; one with other numbers than
    the task's is not.
    """
    return [
        (one.decision.sureness, bool(one.plan.cannot) if task.kind == "refusal" else one.right is True)
        for task, one in tried
        if one.decision.sureness is not None
    ]


def _kind(kind: str, tried: list[Trial]) -> dict[str, Any]:
    right = sum(not one.carried_out if kind == "refusal" else one.right is True for one in tried)
    return {"kind": kind, "n": len(tried), "right": right, "wilson95": wilson95(right, len(tried)) if tried else None}


def _floor(floor: float, asked: list[Trial], refused: list[Trial]) -> dict[str, Any]:
    done = [one for one in asked if one.carried_out and _sure(one) >= floor]
    return {
        "floor": floor,
        "asked": len(asked), "carried_out": len(done), "of_these_wrong": sum(one.right is not True for one in done),
        "to_refuse": len(refused), "done_all_the_same": sum(one.carried_out and _sure(one) >= floor for one in refused),
    }  # fmt: skip
