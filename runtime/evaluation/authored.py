"""How many tasks of the corpus a model does rightly, by their kind, and how many it does that are to be refused."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from codeword.codebook import Codebook
from codeword.codebook.examples import Example
from codeword.controller.backend import Backend
from codeword.controller.controller import model_controller
from codeword.controller.sureness import SURE
from codeword.controller.teaching.corpus_reader import KINDS, Task, read_entry
from codeword.runtime.statistics import wilson95
from codeword.runtime.trial import Trial, try_task

from .reliability import reliability

FLOORS = (0.0, 0.3, SURE, 0.7, 0.9)
"""The floors under a model's sureness of which it is said what they trade."""


def evaluate_authored(
    backend: Backend,
    books: Sequence[Path],
    n: int,
    seed: int,
    advance: Callable[[], None],
    *,
    examples: int = 0,
    tell: bool = True,
) -> dict[str, Any]:
    """Try n tasks of codebooks that have their tasks beside them, drawn by seed, each in one of its wordings, in the
    scene that stands beside it; fewer where there are fewer. So many `examples` go into every codebook, tasks of one
    command, and half of what is tried are these in other words; without `tell` the same is tried and they are left out.

    A task is done rightly where what is carried out comes to the same as a plan that is right; one that is to be
    refused, where nothing is carried out. Carried out is what the model is sure enough of, and whose numbers are those
    of the task; plans are counted together as in a run with the usual floor. How far sureness is to be trusted is told
    of the plans as they were written, whether or not they are carried out: one that is to be refused is right where it
    says so.
    """
    tried: list[tuple[Task, Trial]] = []
    missed: list[dict[str, Any]] = []
    for path, task, words, make in _drawn(backend, books, n, seed, examples, tell=tell):
        tried.append((task, make(words)))
        if not _is_right(*tried[-1]):
            missed.append(_missed(path, *tried[-1]))
        advance()
    asked = [(task, one) for task, one in tried if task.kind != "refusal"]
    refused = [(task, one) for task, one in tried if task.kind == "refusal"]
    return {
        "n": len(tried),
        "rows": [_kind(kind, [_is_right(*one) for one in tried if one[0].kind == kind]) for kind in KINDS],
        "floors": [_floor(floor, [one for _, one in asked], [one for _, one in refused]) for floor in FLOORS],
        "reliability": reliability(_answers(tried)),
        "missed": missed,
    }


def _drawn(
    backend: Backend, books: Sequence[Path], n: int, seed: int, examples: int = 0, *, tell: bool = True
) -> Iterator[tuple[Path, Task, str, Callable[[str], Trial]]]:
    """Tasks in the order of their codebooks, so that each codebook is read once."""
    rng = random.Random(seed)
    counts = dict.fromkeys(sorted(rng.sample(range(len(books)), min(len(books), max(1, n // 4)))), 0)
    for number in range(n):
        counts[list(counts)[number % len(counts)]] += 1
    for at, some in counts.items():
        entry = read_entry(books[at])
        told = _told(rng, entry.tasks, examples) if examples else []
        added = tuple(Example(entry.tasks[number].say[0], entry.tasks[number].plans[0]) for number in told)
        book = replace(entry.codebook, examples=entry.codebook.examples + added) if tell else entry.codebook
        controller = model_controller(backend, book, policy="plan", sure=0.0)
        for number in _asked(rng, len(entry.tasks), told, some):
            task = entry.tasks[number]

            def make(words: str, task: Task = task, book: Codebook = book, who: Any = controller) -> Trial:
                return try_task(book, who, words, task.observation, task.plans)

            yield books[at], task, rng.choice(task.say[1:] if number in told else task.say), make


def _told(rng: random.Random, tasks: Sequence[Task], most: int) -> list[int]:
    """The numbers of some tasks that can be examples: of one command, that can be said in other words too."""
    fit = [number for number, task in enumerate(tasks) if task.kind in ("single", "number") and len(task.say) > 1]
    return rng.sample(fit, min(most, len(fit)))


def _asked(rng: random.Random, tasks: int, told: Sequence[int], most: int) -> list[int]:
    """The numbers of the tasks that are tried: without examples any, with them half of those that are told."""
    if not told:
        return rng.sample(range(tasks), min(most, tasks))
    others = [number for number in range(tasks) if number not in told]
    again = rng.sample(told, min(most // 2, len(told)))
    return [*again, *rng.sample(others, min(most - len(again), len(others)))]


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


def _is_right(task: Task, one: Trial) -> bool:
    return not one.carried_out if task.kind == "refusal" else one.right is True


def _missed(path: Path, task: Task, one: Trial) -> dict[str, Any]:
    """A task that was not done rightly, with the plan that was written, what came of it, and what would be right."""
    return {
        "codebook": f"{path.parent.name}/{path.stem}", "kind": task.kind, "task": one.task, "plan": one.plan.told,
        "sureness": one.decision.sureness, "carried_out": one.carried_out,
        "notes": [note.text for note in one.decision.notes],
        "right": [plan.told for plan in task.plans] or list(task.cannot),
    }  # fmt: skip


def _kind(kind: str, tried: Sequence[bool]) -> dict[str, Any]:
    n, right = len(tried), sum(tried)
    return {"kind": kind, "n": n, "right": right, "wilson95": wilson95(right, n) if n else None}


def _floor(floor: float, asked: list[Trial], refused: list[Trial]) -> dict[str, Any]:
    done = [one for one in asked if one.carried_out and _sure(one) >= floor]
    return {
        "floor": floor,
        "asked": len(asked), "carried_out": len(done), "of_these_wrong": sum(one.right is not True for one in done),
        "to_refuse": len(refused), "done_all_the_same": sum(one.carried_out and _sure(one) >= floor for one in refused),
    }  # fmt: skip
