"""Learns what it says of a plan how well it covers the words of its task (see `prior.coverage`)."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from codeword.controller.prior.coverage import FEATURES, redistribute

_DECAY, _STEPS = 0.5, 200
_FOLDS = 8


@dataclass(frozen=True)
class Thought:
    """The plans that were thought of for one task of a codebook: the natural logarithm of each one's weight, FEATURES
    of each, None of what is no plan of commands alone, how many commands it has, and whether it is right.
    """

    codebook: str
    weights: tuple[float, ...]
    features: tuple[tuple[float, ...] | None, ...]
    sizes: tuple[int, ...]
    right: tuple[bool, ...]


def learn_coverage(some: Sequence[Thought]) -> tuple[float, ...]:
    """The weights by which right plans of commands are likeliest among those thought of that have as many: conditional
    logit with the model's own weights as offset, by L-BFGS, with weight decay. Where all or none are right, they say
    nothing.
    """
    groups = [group for one in some for group in _groups(one)]
    telling = [group for group in groups if group[2].any() and not group[2].all()]
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
    """The number of the plan that comes first once plans have shared their weight by their features."""
    shared = redistribute([math.exp(weight) for weight in one.weights], one.features, one.sizes, weights)
    return max(range(len(shared)), key=lambda number: shared[number])


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


def _groups(one: Thought) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of the plans of commands of each size: their weights, features, and whether each is right."""
    for size in set(one.sizes):
        rows = [
            (weight, row, right)
            for weight, row, number, right in zip(one.weights, one.features, one.sizes, one.right, strict=True)
            if row is not None and number == size
        ]
        if rows:
            weights, features, right = zip(*rows, strict=True)
            yield torch.tensor(weights), torch.tensor(features), torch.tensor(right, dtype=torch.bool)
