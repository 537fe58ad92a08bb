"""Measures contenders on public sets: a row for each contender and set."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from codeword.codebook.errors import InputError
from codeword.controller import Controller, RandomController
from codeword.controller.decider_config import policy_for
from codeword.controller.open_backend import fetch_model
from codeword.controller.plan_controller import GivenPlan
from codeword.controller.store import Progress, silent
from codeword.controller.sureness import SURE
from codeword.runtime.evaluation.contenders import Contender
from codeword.runtime.run import Controllers
from codeword.runtime.statistics import wilson95
from codeword.runtime.trial import try_task

from .items import Item, Score, Written
from .sets import SETS

Writing = Callable[[Item], Written]


@dataclass(frozen=True)
class Tried:
    """An item as it was tried."""

    item: Item
    written: Written
    score: Score

    @property
    def is_sure(self) -> bool:
        """Whether it would be carried out with the floor under sureness that is usual."""
        sureness = self.written.sureness
        return self.written.acts and (sureness is None or sureness >= SURE)


@dataclass(frozen=True)
class SetRow:
    """What a contender reached on a set."""

    contender: Contender
    name: str
    tried: Sequence[Tried]

    @property
    def n(self) -> int:
        return len(self.tried)

    @property
    def right(self) -> int:
        return sum(one.score.right for one in self.tried)

    @property
    def wilson95(self) -> tuple[float, float]:
        return wilson95(self.right, self.n)

    @property
    def sureness(self) -> float | None:
        """The mean over what tells how sure it is, 0 to 1; None where nothing does."""
        told = [one.written.sureness for one in self.tried]
        known = [sureness for sureness in told if sureness is not None]
        return math.fsum(known) / len(known) if known else None

    @property
    def carried_out(self) -> int:
        """How many would be carried out with the usual floor under sureness."""
        return sum(one.is_sure for one in self.tried)

    @property
    def carried_out_wrong(self) -> int:
        """How many of those that would be carried out are wrong."""
        return sum(one.is_sure and not one.score.right for one in self.tried)

    @property
    def f1(self) -> float | None:
        """Of conditions, all items together, 0 to 1; None where items are right or wrong as a whole."""
        found = sum(one.score.found for one in self.tried)
        wrong = sum(one.score.spurious + one.score.missed for one in self.tried)
        return 2 * found / (2 * found + wrong) if found + wrong else None

    def as_json(self) -> dict[str, Any]:
        """The keys that scripts may rely on."""
        return {
            "controller": self.contender.name,
            "policy": self.contender.policy,
            "split": self.name,
            "n": self.n,
            "success": self.right,
            "rate": self.right / self.n if self.n else None,
            "wilson95": [round(bound, 4) for bound in self.wilson95],
            "f1": self.f1,
            "sureness": self.sureness,
            "floor": SURE,
            "carried_out": self.carried_out,
            "carried_out_wrong": self.carried_out_wrong,
            "items": [_item_json(one) for one in self.tried],
        }


def _item_json(tried: Tried) -> dict[str, Any]:
    return {
        "item": tried.item.name,
        "codebook": tried.item.codebook.name,
        "task": tried.item.task,
        "plan": tried.written.plan.text,
        "sureness": tried.written.sureness,
        "right": tried.score.right,
    }


def pairs(contenders: Sequence[Contender], names: Sequence[str]) -> list[tuple[Contender, str]]:
    """Who is measured on which set: whoever writes one command at a time only where one is asked for.

    Raises InputError where nobody is left.
    """
    found = [(who, name) for who in contenders for name in names if who.policy != "direct" or SETS[name].one_command]
    if not found:
        fit = ", ".join(name for name, one in SETS.items() if one.one_command)
        raise InputError(f"--policy direct writes one command, and these sets ask for more; expected {fit}")
    return found


def measure(
    asked: Sequence[tuple[Contender, str]],
    items: Mapping[str, Sequence[Item]],
    seed: int,
    advance: Callable[[], None] = lambda: None,
    progress: Progress = silent,
) -> list[SetRow]:
    """Try every contender on the items of the sets that it is asked for; a model is loaded once.

    Raises InputError or ModelError, before anything is tried, for a model, adapter or policy that cannot be had.
    """
    for who in dict.fromkeys(who for who, _ in asked):
        found = fetch_model(who.who, progress)
        if found is not None:
            policy_for(found[1], who.who.policy)
    rows = []
    for who in dict.fromkeys(who for who, _ in asked):
        writing = _writing(who, seed, progress)
        for name in (name for one, name in asked if one == who):
            tried = []
            for item in items[name]:
                tried.append(_try(item, writing))
                advance()
            rows.append(SetRow(who, name, tried))
    return rows


def _try(item: Item, writing: Writing) -> Tried:
    written = writing(item)
    return Tried(item, written, item.answer.score(written, item.codebook, item.observation))


def _writing(contender: Contender, seed: int, progress: Progress) -> Writing:
    """Has a contender write. The expert says the set's own answer, as far as the codebook has words for it."""
    if contender.who.controller == "expert":
        return _answered
    if contender.who.controller == "random":
        return lambda item: _carried_out(item, RandomController(item.codebook, seed))
    # However unsure a model is, what it writes is carried out, so that any floor can be judged afterwards.
    return partial(_modelled, Controllers(replace(contender.who, sure=0.0), progress), seed)


def _answered(item: Item) -> Written:
    plan = item.answer.plan(item.codebook, item.observation)
    if item.answer.of_plan:
        return Written(plan, None, not plan.cannot)
    return _carried_out(item, GivenPlan(item.codebook, plan))


def _modelled(controllers: Controllers, seed: int, item: Item) -> Written:
    if item.answer.of_plan:
        plan, sureness = controllers.asked_for_plan(item.codebook, item.task, item.observation)
        return Written(plan, sureness, not plan.cannot)
    model = controllers.model_for(item.codebook, seed)
    assert model is not None
    return _carried_out(item, model)


def _carried_out(item: Item, controller: Controller) -> Written:
    return Written.of(try_task(item.codebook, controller, item.task, item.observation))
