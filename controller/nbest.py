"""N-best decoding: whole texts, the likeliest first: the ways that were not gone into at a choice, best first.

A decision takes the likeliest word at every choice; what it began with may be followed by nothing that is likely, so
that another text is likelier as a whole. What a way is worth at most is known before it is gone: the probability of
what it begins with, since none exceeds one (best-first search with an admissible bound, as in A*). So what cannot be
better is never decided. Only options that a decision tells of are ways: the likeliest few of each choice.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from codeword.codebook.choice_graph import Node

from .decision import Choice, Decision


class Untaken(NamedTuple):
    """Texts that were not gone into: those that begin with `begins`, but not as any of `but` does. What they begin with
    has the probability exp(-cost); `number` puts equals in the order in which they were seen.
    """

    cost: float
    number: int
    begins: str
    but: tuple[str, ...]
    before: tuple[Choice, ...]


class NBest:
    """What else can be written than a decision, one text after the other; each is decided within the graph of those
    that begin as it does.

    A choice tells of its options by words, and one word may begin another ("block", "blocks"): those that begin as the
    longer one are then its texts alone.
    """

    def __init__(self, decide: Callable[[Node], Decision], graph: Node, first: Decision) -> None:
        self._decide, self._graph = decide, graph
        self._ways: list[Untaken] = []
        self._number = 0
        self._branch((), first.choices, 0.0)

    @property
    def bound(self) -> float:
        """No text that was not written yet is likelier: the natural logarithm of a probability; -inf at the end."""
        return -self._ways[0].cost if self._ways else -math.inf

    def next(self) -> Decision | None:
        """The likeliest text within the likeliest of the ways left, its `logprob` and `choices` those of all of it;
        None where that way leads to no text of its own.

        Raises IndexError where no way is left, and what deciding raises.
        """
        way = heapq.heappop(self._ways)
        among = self._graph.beginning(way.begins)
        for other in way.but:
            among = among.without(other)
        if not among.edges:
            return None
        made = self._decide(among)
        self._branch(way.before, made.choices, -way.cost)
        logprob = -math.inf if made.logprob is None else made.logprob - way.cost
        return made.model_copy(update={"logprob": logprob, "choices": (*way.before, *made.choices)})

    def _branch(self, before: Sequence[Choice], choices: Iterable[Choice], so_far: float) -> None:
        """Remember every way not gone into at choices that come after what was chosen before."""
        done = list(before)
        for choice in choices:
            odds = {option.text: option.probability for option in reversed(choice.options)}
            for option, probability in reversed(odds.items()):
                if option != choice.taken and probability > 0:
                    self._number += 1
                    turned = choice.model_copy(update={"taken": option})
                    longer = tuple(choice.after + text for text in odds if text != option and text.startswith(option))
                    cost = -(so_far + math.log(probability))
                    way = Untaken(cost, self._number, choice.after + option, longer, (*done, turned))
                    heapq.heappush(self._ways, way)
            done.append(choice)
            so_far += math.log(odds[choice.taken])
