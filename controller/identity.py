"""What the key of a decision says of the engine that makes it."""

from dataclasses import dataclass

from codeword.codebook.choice_graph import Node

from .decision import decision_key
from .digest import graph_digest
from .sampling import GREEDY, Sampling
from .tokens import PromptTokens


@dataclass(frozen=True)
class Identity:
    """All that an engine's decisions depend on beside the question.

    `policy` is added to the sampling's name, `sampling` is how tokens are picked where a question does not say.
    """

    weights: str
    adapter: str
    profile: str
    policy: str
    sampling: Sampling = GREEDY

    def key(self, tokens: PromptTokens, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision: 64 hex digits."""
        return decision_key(
            {
                "prompt": tokens.all,
                "legal": graph_digest(graph),
                "weights": self.weights,
                "adapter": self.adapter,
                "profile": self.profile,
                "policy": f"{(sampling or self.sampling).name}{self.policy}",
            }
        )
