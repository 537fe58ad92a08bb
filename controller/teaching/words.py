"""Learns what words tell of the skill that is asked for, and counts how often they tell the right one."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.task_plan import Do
from codeword.controller.prior.words import FEATURES, OF_NONE, Features, WordWeights, features

from .corpus_reader import Task
from .plan_lessons import books_of, read_once

_STEPS, _BATCH, _RATE, _DECAY = 600, 512, 2e-2, 1e-4
KINDS = ("single", "number", "refusal")
"""Kinds of task of which one skill is asked for, or none."""


@dataclass(frozen=True)
class Wording:
    """A wording: its features, and the number of the skill that is right; behind the last one where none is."""

    kind: str
    features: Features
    right: int


def sayings(split: str, advance: Callable[[], None]) -> list[Wording]:
    """Every wording of a split's tasks for which one command alone is right, or a refusal. Advances with each file."""
    found = []
    for path in books_of(split):
        entry = read_once(path)
        for task in entry.tasks:
            skill = _skill(task)
            if task.kind not in KINDS or skill is None:
                continue
            for text in task.say:
                told = features(entry.codebook, text, task.observation)
                found.append(Wording(task.kind, told, told.names.index(skill) if skill else len(told.names)))
        advance()
    return found


def _skill(task: Task) -> str | None:
    """The skill that a task asks for, empty where it is to be refused; None where that is not one alone."""
    if task.kind == "refusal":
        return ""
    single = [plan.items[0] for plan in task.plans if len(plan.items) == 1]
    asked = {item.command.skill for item in single if isinstance(item, Do)}
    return asked.pop() if len(asked) == 1 else None


def learn_weights(some: Sequence[Wording], seed: int = 0) -> WordWeights:
    """The weights by which the right skill, or none, is likeliest: logistic regression over the skills of a codebook
    (conditional logit, McFadden 1974), by Adam, with a little weight decay.
    """
    rng = random.Random(seed)
    weight = torch.zeros(len(FEATURES), requires_grad=True)
    of_none = torch.zeros(len(OF_NONE), requires_grad=True)
    adam = torch.optim.Adam([weight, of_none], _RATE)
    rows, open_, none, right = _stacked(some)
    for _ in range(_STEPS):
        drawn = torch.tensor([rng.randrange(len(some)) for _ in range(min(_BATCH, len(some)))])
        scores = _scores(rows[drawn], open_[drawn], none[drawn], weight, of_none)
        loss = F.cross_entropy(scores, right[drawn]) + _DECAY * weight.square().sum()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return WordWeights(tuple(weight.tolist()), tuple(of_none.tolist()))


def count_right(weights: WordWeights, some: Sequence[Wording]) -> dict[str, dict[str, int]]:
    """By kind: how many wordings there are, for how many the likeliest of skills and none is right, and for how many
    the likeliest skill is.
    """
    rows, open_, none, right = _stacked(some)
    scores = _scores(rows, open_, none, torch.tensor(weights.features), torch.tensor(weights.of_none))
    told, among = scores.argmax(1) == right, scores[:, :-1].argmax(1) == right
    counts: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        mine = torch.tensor([one.kind == kind for one in some], dtype=torch.bool)
        counts[kind] = {
            "n": int(mine.sum()), "right": int((told & mine).sum()), "right_skill": int((among & mine).sum()),
        }  # fmt: skip
    return counts


def _stacked(some: Sequence[Wording]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """FEATURES [wordings, most skills, features], 0 or minus infinity where there is a skill or none, OF_NONE
    [wordings, features], and what is right.
    """
    most = max(len(one.features.rows) for one in some)
    rows = torch.zeros(len(some), most, len(FEATURES))
    open_ = torch.full((len(some), most), float("-inf"))
    for number, one in enumerate(some):
        rows[number, : len(one.features.rows)] = torch.tensor(one.features.rows)
        open_[number, : len(one.features.rows)] = 0.0
    none = torch.tensor([one.features.of_none for one in some])
    right = [most if one.right == len(one.features.rows) else one.right for one in some]
    return rows, open_, none, torch.tensor(right)


def _scores(rows: Tensor, open_: Tensor, none: Tensor, weight: Tensor, of_none: Tensor) -> Tensor:
    """Scores of every skill and, last, of none [wordings, most skills + 1]."""
    return torch.cat((rows @ weight + open_, (none @ of_none)[:, None]), 1)
