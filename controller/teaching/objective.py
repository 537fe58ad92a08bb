"""What a step of training makes smaller: minus the log-probability of what is right, or a preference for it over what
was written and is wrong.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.errors import InputError

from .layout import Layout, lay_out
from .learner import Learner, right_loss
from .sequences import Branch, Group


class Objective(Protocol):
    """How groups are laid out, and what is made smaller of a row: the `loss` [1] is summed, over so many as `size`
    counts."""

    def lay_out(self, groups: Sequence[Group], device: torch.device) -> Layout:
        """A row of some groups."""

    def size(self, row: Layout) -> int:
        """Of how many the loss is a mean."""

    def loss(self, learner: Learner, row: Layout) -> Tensor:
        """The loss, summed [1]."""


class Likelihood:
    """Of every token of a command that one of the right ones comes next."""

    def lay_out(self, groups: Sequence[Group], device: torch.device) -> Layout:
        return lay_out(groups, device)

    def size(self, row: Layout) -> int:
        return len(row.asked)

    def loss(self, learner: Learner, row: Layout) -> Tensor:
        return learner.loss(row)


class Preference:
    """Direct preference optimization (Rafailov et al. 2023, equation 7): what is right is to become likelier against
    what was written and is wrong than it was to the learner as it is now, in log-odds by 1 / `beta`.

    Decisions where nothing wrong was written teach nothing.
    """

    def __init__(self, learner: Learner, beta: float = 0.1) -> None:
        self.beta = beta
        self._before = [exact.detach().clone() for exact in learner.exact]

    def lay_out(self, groups: Sequence[Group], device: torch.device) -> Layout:
        """Every decision twice, right and wrong. Raises InputError where nothing wrong was written in any."""
        found = [Group(group.prefix, tuple(pairs_of(group))) for group in groups]
        if not any(group.branches for group in found):
            raise InputError(
                "lessons where nothing wrong was written teach no preference; make them with: "
                "codeword lessons --played-by ADAPTER"
            )
        return lay_out([group for group in found if group.branches], device)

    def size(self, row: Layout) -> int:
        return row.decisions // 2

    def loss(self, learner: Learner, row: Layout) -> Tensor:
        with torch.no_grad():
            for trained, before in zip(learner.trained, self._before, strict=True):
                trained.copy_(before)
            margins = self._margins(learner, row)
            learner.publish()
        return -F.logsigmoid(self.beta * (self._margins(learner, row) - margins)).sum()

    def _margins(self, learner: Learner, row: Layout) -> Tensor:
        """By how much the right answer's log-probability is above the wrong one's [decisions / 2]."""
        losses = right_loss(learner.logits(row), row.right)
        answers = torch.zeros(row.decisions, device=losses.device).index_add(0, row.decision.to(losses.device), losses)
        return answers[1::2] - answers[::2]


def pairs_of(group: Group) -> Sequence[Branch]:
    """What is right and what was wrong, in turns, of each decision that has both."""
    return [
        one
        for branch in group.branches
        if branch.refused
        for one in (branch, replace(branch, command=branch.refused, choices=()))
    ]
