"""Decisions of situations nearly the same, found by embedding: ever only guesses for the engine to read ahead.

The embedding is the mean of the model's own token embeddings of task and observation, so that no other model is needed
and none runs: looking up a few hundred rows and adding them.
"""

import numpy as np

from codeword.codebook.choice_graph import Node
from codeword.controller.model import Floats

from .renaming import Renaming

MOST_KEPT = 1024
"""So many situations are remembered; then the oldest make room."""


def direction(embeddings: Floats) -> Floats:
    """The mean of embeddings [n, hidden], made a unit vector [hidden]; zeros where there are none."""
    if not len(embeddings):
        return np.zeros(embeddings.shape[1], np.float32)
    mean: Floats = embeddings.mean(axis=0, dtype=np.float32)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


class Near:
    """What was decided in the last situations of one codebook and policy, each with where it lies."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._directions: Floats | None = None
        self._decided: list[tuple[str, str]] = []
        self._next = 0

    def __len__(self) -> int:
        return len(self._decided)

    def guess(self, at: Floats, names: Renaming, graph: Node) -> str | None:
        """What was decided in the nearest situation: as it is where that is legal, else in the words of this one where
        that is, else None. `at` [hidden] is a unit vector.
        """
        if self._directions is None:
            return None
        nearest = int(np.argmax(self._directions[: len(self._decided)] @ at))
        text, bare = self._decided[nearest]
        return next((said for said in (text, names.back(bare)) if graph.accepts(said)), None)

    def learn(self, at: Floats, names: Renaming, text: str) -> None:
        """That text was decided in a situation."""
        if self._directions is None:
            self._directions = np.zeros((self._most, len(at)), np.float32)
        entry = (text, names.away(text))
        if len(self._decided) < self._most:
            self._decided.append(entry)
        else:
            self._decided[self._next] = entry
        self._directions[self._next] = at
        self._next = (self._next + 1) % self._most
