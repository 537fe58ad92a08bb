"""How sure a model is of what it wrote: the probability of all that it may write that comes to the same.

Texts that say the same in other words share their probability: facts in another order, and all of a class in place of
each of its members. Only what was looked at counts, so that it is a lower bound.
"""

import math
from collections.abc import Iterable

from codeword.codebook.facts import Fact
from codeword.codebook.goals import Goal, read_goal
from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook
from codeword.codebook.wanted import Wanted, settled

from .decision import Decision

SURE = 0.6
"""What is written less surely is not carried out: the robot holds and says so. What floors trade is told by
`codeword evaluate --split validation`."""

HELD = 2.0
"""By so much, as the natural logarithm of odds, a goal that holds already when it is written is less likely to be what
was meant than the model says. Chosen on lessons that nobody was taught with."""

Meaning = tuple[str, frozenset[Fact], frozenset[Fact]]
"""Why a task cannot be done, the facts that are to hold, and those that are not."""


def meaning(codebook: Codebook, wish: Goal, observation: Observation) -> Meaning:
    """What a goal comes to here, the same for all that say it in other words."""
    wanted = Wanted(codebook, settled(codebook, wish, observation))
    return wish.cannot, frozenset(wanted.facts(observation)), frozenset(wish.denied)


def sureness(codebook: Codebook, wish: Goal, observation: Observation, looked: Iterable[Decision]) -> float | None:
    """How sure a model is of a goal, 0 to 1: the summed probability of those of its decisions that mean it, each text
    once. None where it does not tell how likely any of them is.
    """
    wanted, told = meaning(codebook, wish, observation), {made.text: made.logprob for made in looked}
    same = [
        math.exp(logprob)
        for text, logprob in told.items()
        if logprob is not None and meaning(codebook, read_goal(text), observation) == wanted
    ]
    return min(1.0, math.fsum(same)) if same or any(logprob is not None for logprob in told.values()) else None


def needed(sure: float, *, holds: bool) -> float:
    """How sure of a goal a model has to be, 0 to 1, to be asked for `sure`: surer of one that `holds` already.

    >>> needed(0.5, holds=False), round(needed(0.5, holds=True), 2)
    (0.5, 0.88)
    """
    if not holds or sure in (0.0, 1.0):
        return sure
    odds = sure / (1 - sure) * math.exp(HELD)
    return odds / (1 + odds)
