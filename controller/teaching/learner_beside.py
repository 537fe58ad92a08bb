"""A second learner in a process of its own: it reads its share of a step's lessons while the first reads the rest.

Two processes of one thread each are quicker than one of two, whose threads wait for each other at every small step.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor

from codeword.codebook.errors import CodewordError, ModelError
from codeword.controller.registry import LocalModel

from .learner import AdapterShape, Learner
from .sequences import Group


@dataclass(frozen=True)
class _Share:
    """What a step asks of another learner: groups, and how many answers there are in all groups of the step."""

    groups: Sequence[Group]
    size: int


class LearnerBeside:
    """Another process that computes gradients of the same numbers, which it shares with a learner's."""

    def __init__(self, learner: Learner, threads: int) -> None:
        """Start it; the learner's numbers move into memory that both see. CPU alone."""
        self._learner = learner
        for one in learner.trained:
            one.data = one.data.share_memory_()  # type: ignore[no-untyped-call]
        self._found = [torch.zeros_like(one.data) for one in learner.trained]
        for place in self._found:
            place.share_memory_()  # type: ignore[no-untyped-call]
        context = torch.multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        numbers = [one.data for one in learner.trained]
        told = (there, learner.base, learner.shape, learner.dtype, threads, numbers, self._found)
        self._process = context.Process(target=_work, args=told, daemon=True, name="learner")
        self._process.start()
        there.close()

    def begin(self, groups: Sequence[Group], size: int) -> None:
        """Let it read some groups; `size` is by how much a loss is divided. Raises ModelError where it died."""
        try:
            self._here.send(_Share(groups, size))
        except OSError:
            self._died()

    def finish(self) -> tuple[float, int]:
        """Wait for its loss and how many tokens it read; its gradients are added to the learner's.

        Raises ModelError where it died, and CodewordError where it could not.
        """
        try:
            found = self._here.recv()
        except (EOFError, OSError):
            self._died()
        if isinstance(found, CodewordError):
            raise found
        for exact, other in zip(self._learner.exact, self._found, strict=True):
            exact.grad = other.float() if exact.grad is None else exact.grad.add_(other)
        loss, tokens = found
        return loss, tokens

    def close(self) -> None:
        """End it."""
        self._here.close()
        self._process.terminate()
        self._process.join()

    def _died(self) -> None:
        self._process.join()
        raise ModelError(f"the other process that learns died (exit {self._process.exitcode})") from None


def _work(
    orders: Connection,
    base: LocalModel,
    shape: AdapterShape,
    dtype: torch.dtype,
    threads: int,
    numbers: Sequence[Tensor],
    found: Sequence[Tensor],
) -> None:
    """Gradients for one order after the other, until nobody listens any more."""
    torch.set_num_threads(threads)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        answer: Any
        learner = None
        while True:
            share = orders.recv()
            try:
                learner = learner or _of_the_same_numbers(base, shape, dtype, numbers)
                answer = _learned(learner, share, found)
            except CodewordError as problem:
                answer = problem
            orders.send(answer)


def _of_the_same_numbers(
    base: LocalModel, shape: AdapterShape, dtype: torch.dtype, numbers: Sequence[Tensor]
) -> Learner:
    learner = Learner(base, shape, dtype=dtype, device="cpu", seed=0)
    for one, shared in zip(learner.trained, numbers, strict=True):
        one.data = shared
    return learner


def _learned(learner: Learner, share: _Share, found: Sequence[Tensor]) -> tuple[float, int]:
    """The loss of some groups and their tokens; the gradients go where both processes see them."""
    loss, tokens = learner.learn(share.groups, share.size)
    for one, place in zip(learner.trained, found, strict=True):
        place.zero_() if one.grad is None else place.copy_(one.grad)
        one.grad = None
    return loss, tokens
