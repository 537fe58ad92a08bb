"""Learns what it says of a plan how well it covers the words of its task (see `prior.coverage`)."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from codeword.controller.prior.coverage import FEATURES

_DECAY, _STEPS = 0.5, 200
_FOLDS = 8


@dataclass(frozen=True)
class Thought:
    """The plans that were thought of for one task of a codebook: the natural logarithm of each one's weight, FEATURES
    of each, None of what is no plan of commands alone, and whether it is right.
    """

    codebook: str
    kind: str
    weights: tuple[float, ...]
    features: tuple[tuple[float, ...] | None, ...]
    right: tuple[bool, ...]


def learn_coverage(some: Sequence[Thought]) -> tuple[float, ...]:
    """The weights by which right plans of commands are likeliest among those thought of: conditional logit with the
    model's own weights as offset, by L-BFGS, with weight decay. Tasks of which all or none are right say nothing.
    """
    telling = [one for one in map(_tensors, some) if one[2].any() and not one[2].all()]
    found = torch.zeros(len(FEATURES), requires_grad=True)
    lbfgs = torch.optim.LBFGS([found], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def step() -> float:
        lbfgs.zero_grad()
        loss = _DECAY * found.square().sum()
        for weights, features, right in telling:
            scores = weights + features @ found
            loss = loss + torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    lbfgs.step(step)  # type: ignore[no-untyped-call]
    return tuple(found.tolist())


def count_right(weights: Sequence[float], some: Sequence[Thought]) -> int:
    """Of how many tasks the likeliest plan is right."""
    return sum(one.right[_likeliest(weights, one)] for one in some)


def _likeliest(weights: Sequence[float], one: Thought) -> int:
    """The number of the plan that comes first once plans of commands have shared their weight by their features."""
    plain = [math.exp(weight) for weight in one.weights]
    raised = {
        number: plain[number] * math.exp(sum(w * x for w, x in zip(weights, row, strict=True)))
        for number, row in enumerate(one.features)
        if row is not None
    }
    whole = sum(plain[number] for number in raised) / (sum(raised.values()) or 1.0)
    return max(range(len(plain)), key=lambda number: raised[number] * whole if number in raised else plain[number])


def count_kept_aside(some: Sequence[Thought], seed: int = 0) -> int:
    """Of how many tasks the likeliest plan is right by weights learned from other codebooks (cross-validation)."""
    books = sorted({one.codebook for one in some})
    random.Random(seed).shuffle(books)
    right = 0
    for fold in range(_FOLDS):
        aside = set(books[fold::_FOLDS])
        weights = learn_coverage([one for one in some if one.codebook not in aside])
        right += count_right(weights, [one for one in some if one.codebook in aside])
    return right


def _tensors(one: Thought) -> tuple[Tensor, Tensor, Tensor]:
    """Of the plans of commands: their weights, features, and whether each is right."""
    rows = [(w, row, right) for w, row, right in zip(one.weights, one.features, one.right, strict=True) if row]
    weights, features, right = zip(*rows, strict=True) if rows else ((), (), ())
    return torch.tensor(weights), torch.tensor(features), torch.tensor(right, dtype=torch.bool)
