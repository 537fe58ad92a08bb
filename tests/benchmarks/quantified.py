"""Tasks about all things of a kind, or all but one, made of the corpus' tasks about one thing, and how many are done."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from codeword.codebook import Codebook, Observation
from codeword.codebook.arguments import EntityArgument
from codeword.codebook.command_codec import make_command
from codeword.codebook.plan_trace import same_outcome, trace
from codeword.codebook.task_plan import MOST_ITEMS, Do, TaskPlan
from codeword.controller import plan_controller, plan_writer
from codeword.controller.backend import Backend
from codeword.controller.controller import model_controller
from codeword.controller.teaching.domains import AUTHORED, VALIDATION
from codeword.controller.teaching.plan_lessons import books_of, read_once
from codeword.runtime.statistics import wilson95
from codeword.runtime.trial import Trial, try_task

FORMS = {
    "all": ("every {kind}", "all the {kinds}", "all {kinds}", "each {kind}", "every single {kind}"),
    "all but one": ("every {kind} except the {other}", "all {kinds} but the {other}", "all the {kinds} apart from the {other}"),
    "one and not another": ("the {thing}, not the {other}", "the {thing} instead of the {other}", "the {thing} rather than the {other}"),
}  # fmt: skip


@dataclass(frozen=True)
class Quantified:
    """A task, and the plan that is right for it."""

    form: str
    codebook: Codebook
    task: str
    observation: Observation
    right: TaskPlan


def quantified(n: int, seed: int) -> list[Quantified]:
    """At most n tasks of the domains that are not taught, drawn by seed, codebook by codebook."""
    rng = random.Random(seed)
    found = [one for split in (AUTHORED, VALIDATION) for path in books_of(split) for one in _of_book(rng, path)]
    return [found[at] for at in sorted(rng.sample(range(len(found)), min(n, len(found))))]


def _of_book(rng: random.Random, path: Any) -> Iterator[Quantified]:
    entry = read_once(path)
    for task in entry.tasks:
        if len(task.plans) != 1 or len(task.plans[0].items) != 1:
            continue
        (item,) = task.plans[0].items
        if not isinstance(item, Do) or item.times > 1:
            continue
        arguments = entry.codebook.skills[item.command.skill].args
        names = [name for name, argument in arguments.items() if isinstance(argument, EntityArgument)]
        if len(names) != 1:
            continue
        thing = str(item.command.args[names[0]])
        kind = next((one.kind for one in task.observation.entities if one.id == thing), "")
        others = [one.id for one in task.observation.entities if one.kind == kind and one.id != thing]
        if not 1 <= len(others) < MOST_ITEMS or kind[-1] in "fsyh":
            continue
        for words in task.say:
            said = f"the {thing.replace('_', ' ')}"
            if re.search(rf"\b{said}\b(?!')", words) and kind.split("_")[-1] not in words.replace(said, "").lower():
                for form in FORMS:
                    yield from _made(
                        rng, form, entry.codebook, task.observation, words, item, names[0], thing, kind, others
                    )


def _made(
    rng: random.Random, form: str, codebook: Codebook, seen: Observation, words: str, item: Do, name: str, thing: str,
    kind: str, others: list[str],
) -> Iterator[Quantified]:  # fmt: skip
    other = rng.choice(others)
    mine = [one.id for one in seen.entities if one.kind == kind]
    things = {"all": mine, "all but one": [one for one in mine if one != other], "one and not another": [thing]}[form]
    items = [Do(make_command(codebook, item.command.skill, dict(item.command.args) | {name: one})) for one in things]
    right = TaskPlan(tuple(items))
    if trace(codebook, right, seen).failure or (form == "all but one" and len(things) < 2):
        return
    told = kind.replace("_", " ")
    for way in FORMS[form]:
        said = way.format(kind=told, kinds=f"{told}s", thing=thing.replace("_", " "), other=other.replace("_", " "))
        yield Quantified(form, codebook, words.replace(f"the {thing.replace('_', ' ')}", said), seen, right)


def bench_quantified(
    backend: Backend, tasks: list[Quantified], sure: float, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """How many of the tasks are done, and how many wrongly, by form: as a model reads them, and with what code does of
    them.
    """
    rows = []
    for way in ("as the model reads it", "spelled out and checked"):
        tried: list[tuple[Quantified, Trial]] = []
        with _unread() if way == "as the model reads it" else nullcontext():
            for one in tasks:
                controller = model_controller(backend, one.codebook, policy="plan", sure=sure)
                tried.append((one, try_task(one.codebook, controller, one.task, one.observation, (one.right,))))
                advance()
        for form in FORMS:
            mine = [(one, trial) for one, trial in tried if one.form == form]
            right = sum(_is_right(one, trial) for one, trial in mine)
            moved = sum(trial.carried_out and bool(trial.trace.commands) for _, trial in mine)
            low, high = wilson95(right, len(mine)) if mine else (0.0, 1.0)
            rows.append({
                "way": way, "form": form, "n": len(mine), "right": right, "wilson95": f"{low:.0%}–{high:.0%}",
                "wrongly moved": moved - right,
            })  # fmt: skip
    return rows


def _is_right(one: Quantified, trial: Trial) -> bool:
    """Whether the same commands are carried out, in any order, or come to the same."""
    if not trial.carried_out:
        return False
    wanted = trace(one.codebook, one.right, one.observation)
    alike = Counter(command.text for command in trial.trace.commands) == Counter(c.text for c in wanted.commands)
    return alike or same_outcome(one.codebook, one.right, trial.plan, one.observation)


@contextmanager
def _unread() -> Iterator[None]:
    """Nothing is made of quantifiers."""
    with (
        patch.object(plan_writer, "check_quantified", lambda *_: ""),
        patch.object(plan_writer, "spread", lambda _, __, ___, plan: plan),
        patch.object(plan_controller, "check_quantified", lambda *_: ""),
    ):
        yield
