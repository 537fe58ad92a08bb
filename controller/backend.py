"""What makes decisions for controllers: the engine, a cache before it, or a model elsewhere."""

from typing import Protocol

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt

from .adapter import Adapter
from .decision import Decision
from .engine import Cancelled, never
from .sampling import Sampling
from .speculation_hint import NO_HINT, Hint


class Backend(Protocol):
    """Turns a prompt and a graph of legal texts into one of these texts."""

    @property
    def adapter(self) -> Adapter:
        """What was taught to the model beside its weights."""

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision, without making it: 64 hex digits, in a few milliseconds at most."""

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """The text that is picked. `hint` changes nothing but the time that it takes.

        Raises DecisionCancelled soon after `cancelled()` holds, ModelError where the prompt cannot be read.
        """

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Read a system text ahead of the first decision that uses it. Raises DecisionCancelled."""

    def settle(self) -> None:
        """Keep of what was read only what it began with: what decisions cost does not depend on those before."""

    def halt(self, on: bool) -> None:
        """Have the decision under way end with DecisionCancelled, and all that follow until this is taken back, where
        asking `cancelled` takes long. From any thread."""

    def use_threads(self, most: int | None) -> None:
        """Decide with so many threads at most, None for all; it changes no decision. From any thread."""
