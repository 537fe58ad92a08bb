"""How often a learner's next command is right, choice by choice among what is legal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from .layout import lay_out
from .learner import Learner
from .sequences import Group


@dataclass(frozen=True)
class Check:
    """What a check found: the share `right` of `n` decisions; right ones and all, by kind and by what is due (`act`,
    `done`, `cannot`).
    """

    n: int
    right: float
    by_kind: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    by_act: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@torch.no_grad()
def wrong_in(learner: Learner, group: Group) -> set[int]:
    """Which of a group's decisions are wrong, by number. A decision is right where at every choice on the way to its
    command the likeliest of the allowed tokens leads to a right command."""
    row = lay_out([group], learner.device)
    logits = learner.logits(row)
    fine = row.right.gather(1, logits.argmax(1, keepdim=True))[:, 0]
    return set(row.decision[~fine].tolist())


def check(learner: Learner, groups: Sequence[Group]) -> Check:
    """Check with some groups."""
    kinds: dict[str, list[int]] = {}
    acts: dict[str, list[int]] = {}
    for group in groups:
        wrong = wrong_in(learner, group)
        for number, branch in enumerate(group.branches):
            for table, key in ((kinds, branch.kind), (acts, branch.act)):
                counts = table.setdefault(key, [0, 0])
                counts[0] += number not in wrong
                counts[1] += 1
    n = sum(total for _, total in acts.values())
    right = sum(fine for fine, _ in acts.values())
    return Check(
        n,
        right / max(1, n),
        {k: (a, b) for k, (a, b) in sorted(kinds.items())},
        {k: (a, b) for k, (a, b) in sorted(acts.items())},
    )
