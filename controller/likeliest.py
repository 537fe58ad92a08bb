"""Whole texts, the likeliest first: the ways that were not gone into at a choice, best first.

A decision takes the likeliest word at every choice; what it began with may be followed by nothing that is likely, so
that another text is likelier as a whole. What a way is worth at most is known before it is gone: the probability of
what it begins with, since none exceeds one (best-first search with an admissible bound, as in A*). So what cannot be
better is never decided. Only options that a decision tells of are ways: the likeliest few of each choice.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence

from codeword.codebook.choices import Node

from .decision import Choice, Decision

MOST = 8
"""So many others are looked at that may be better than the first."""


def best(
    decide: Callable[[Node], Decision],
    graph: Node,
    first: Decision,
    score: Callable[[Decision], float],
    most: int = MOST,
) -> Decision:
    """The best of a decision and of so many others of its graph, where it tells how likely it is and what else was.

    A score may be no higher than the decision's `logprob`, so that nothing is looked at that cannot be better.
    """
    if first.logprob is None:
        return first
    others = Likeliest(decide, graph, first)
    found, highest = first, score(first)
    for _ in range(most):
        if others.bound <= highest:
            break
        other = others.next()
        if (reached := score(other)) > highest:
            found, highest = other, reached
    return found


class Likeliest:
    """What else can be written than a decision, one text after the other; each is decided within the graph of those
    that begin as it does.
    """

    def __init__(self, decide: Callable[[Node], Decision], graph: Node, first: Decision) -> None:
        self._decide, self._graph = decide, graph
        self._ways: list[tuple[float, int, str, tuple[Choice, ...]]] = []
        self._number = 0
        self._branch((), first.choices, 0.0)

    @property
    def bound(self) -> float:
        """No text that was not written yet is likelier: the natural logarithm of a probability; -inf at the end."""
        return -self._ways[0][0] if self._ways else -math.inf

    def next(self) -> Decision:
        """The likeliest text within the likeliest of the ways left, its `logprob` and `choices` those of all of it.

        Raises IndexError where there is none, and what deciding raises.
        """
        cost, _, begins, before = heapq.heappop(self._ways)
        made = self._decide(self._graph.beginning(begins))
        self._branch(before, made.choices, -cost)
        logprob = -math.inf if made.logprob is None else made.logprob - cost
        return made.model_copy(update={"logprob": logprob, "choices": (*before, *made.choices)})

    def _branch(self, before: Sequence[Choice], choices: Iterable[Choice], so_far: float) -> None:
        """Remember every way not gone into at choices that come after what was chosen before."""
        done = list(before)
        for choice in choices:
            odds = {option.text: option.probability for option in reversed(choice.options)}
            for option, probability in reversed(odds.items()):
                if option != choice.taken and probability > 0:
                    self._number += 1  # of equals the one that was seen first
                    turned = choice.model_copy(update={"taken": option})
                    way = (-(so_far + math.log(probability)), self._number, choice.after + option, (*done, turned))
                    heapq.heappush(self._ways, way)
            done.append(choice)
            so_far += math.log(odds[choice.taken])
