"""A graph of plans with the odds that the words of their task give them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codeword.codebook.choice_graph import Node

from .plan_prior import PlanPrior

Bias = Callable[[Sequence[int], Sequence[Sequence[int]]], tuple[float, Sequence[float]]]
"""What logits are multiplied with behind some tokens, and what is added to that of each of the runs of tokens that may
follow [runs]."""


@dataclass(frozen=True, eq=False, repr=False)
class Weighted(Node):
    """A graph whose texts have a prior. What is left of it by `beginning` and `without` has the same."""

    prior: PlanPrior

    @staticmethod
    def of(graph: Node, prior: PlanPrior | None) -> Node:
        """A graph with a prior, where there is one."""
        return graph if prior is None else Weighted(graph.edges, prior)

    def beginning(self, text: str) -> Node:
        return Weighted(super().beginning(text).edges, self.prior)

    def without(self, text: str) -> Node:
        return Weighted(super().without(text).edges, self.prior)


def prior_of(graph: Node) -> PlanPrior | None:
    """The prior of a graph, where it has one."""
    return graph.prior if isinstance(graph, Weighted) else None


def bias_of(graph: Node, decode: Callable[[list[int]], str]) -> Bias | None:
    """What the prior of a graph says of tokens; None where it has none."""
    prior = prior_of(graph)
    if prior is None:
        return None

    def bias(before: Sequence[int], runs: Sequence[Sequence[int]]) -> tuple[float, Sequence[float]]:
        return prior.weigh(decode(list(before)), [decode(list(run)) for run in runs])

    return bias
