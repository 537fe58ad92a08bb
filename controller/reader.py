"""Reading a sequence in passes, and keeping what was read for the next sequence that begins alike.

Passes always end at the same places, whatever is kept already: a pass of another length would round differently, and
a decision must not depend on what was decided before.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from .decision import DecisionCancelled
from .forward import Forward

PASS_TOKENS = 128
"""The most tokens read in one pass; between passes a decision can be given up."""

Cancelled = Callable[[], bool]

_Pass = tuple[int, ...]


def passes_of(*segments: Sequence[int]) -> list[_Pass]:
    """The passes in which some segments are read: none reaches over the end of its segment."""
    return [
        tuple(segment[start : start + PASS_TOKENS])
        for segment in segments
        for start in range(0, len(segment), PASS_TOKENS)
    ]


class Reader:
    """A model and the one sequence that it has read so far. `passes` counts the runs of the model."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self._cache = forward.new_cache()
        self._read: list[_Pass] = []
        self.passes = 0

    @property
    def length(self) -> int:
        """How many tokens are kept."""
        return self._cache.length

    def forget(self) -> None:
        """Keep nothing of what was read."""
        self._read.clear()
        self._cache.truncate(0)

    def rewind(self, passes: Sequence[_Pass]) -> int:
        """Keep the passes that a sequence shares with the one read, forget the rest; gives how many passes are kept."""
        kept = 0
        while kept < min(len(passes), len(self._read)) and passes[kept] == self._read[kept]:
            kept += 1
        del self._read[kept:]
        self._cache.truncate(sum(len(tokens) for tokens in self._read))
        return kept

    def read(self, passes: Sequence[_Pass], cancelled: Cancelled) -> None:
        """Read passes behind what was read. Raises DecisionCancelled where `cancelled()` holds between two."""
        for tokens in passes:
            self._run(tokens, (), None, cancelled)

    def score(self, tokens: _Pass, rows: Tensor, cancelled: Cancelled) -> Tensor:
        """Read one pass and give the logits of some tokens [len(rows)] to come next, in float32."""
        return self._run(tokens, (-1,), rows, cancelled)[0]

    def _run(self, tokens: _Pass, positions: Sequence[int], rows: Tensor | None, cancelled: Cancelled) -> Tensor:
        if cancelled():
            raise DecisionCancelled("the decision was given up before it was made")
        logits = self._forward(tokens, self._cache, positions=positions, rows=rows)
        self._read.append(tokens)
        self.passes += 1
        return logits
