"""How alike words are in meaning, by vectors of them: "flip" is more like "turn" than like "wash".

The vectors are the input embeddings of the default model (SmolLM2-135M, Apache-2.0) of common English words, along
their principal components without the first ones, which tell how common a word is (all-but-the-top, Mu and Viswanath
2018), as small whole numbers. `python -m tests.benchmarks vectors --write FILE` makes them.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FLOOR = 0.11
"""Cosines below this tell nothing: words drawn by chance may be as alike (the command tells how many are)."""
_SAME = 0.95
"""Words as alike as this are one in two forms, and count by their stems."""

_EMPTY = frozenset({
    "the", "and", "for", "with", "you", "your", "please", "could", "can", "would", "then", "not", "are", "was", "this",
    "that", "there", "from", "into", "onto", "its", "has", "have", "had", "will", "just", "now", "some", "any", "get",
    "let", "too", "all", "one", "two",
})  # fmt: skip


@cache
def _table() -> tuple[dict[str, int], NDArray[np.int8]]:
    """The words that there are vectors of, by their rows, and these [words, dimensions], of any length."""
    with np.load(Path(__file__).parent / "vectors.npz") as file:
        words, rows = bytes(file["words"]).decode("ascii").split(), file["rows"]
    return {word: row for row, word in enumerate(words)}, rows


def _vectors(words: Iterable[str]) -> Floats:
    """The vectors of some words that have one [words, dimensions], each of length 1."""
    rows, table = _table()
    found = table[[rows[word] for word in words]].astype(np.float32)
    result: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return result


def known(words: Iterable[str]) -> tuple[str, ...]:
    """Those of some words, in small letters, that have a vector and say something, each once."""
    rows, _ = _table()
    return tuple(dict.fromkeys(word for word in words if word in rows and word not in _EMPTY))


class Likeness:
    """How alike a text is to each of some lists of words."""

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        mine = [known(words) for words in lists]
        self._sizes = [len(words) for words in mine]
        self._vectors = _vectors(word for words in mine for word in words)

    def of(self, words: Iterable[str]) -> list[float]:
        """For each list, the sum over some words of how far the likest word of the list is above FLOOR; a word that is
        in the list counts nothing.
        """
        said = known(words)
        if not said or not len(self._vectors):
            return [0.0] * len(self._sizes)
        likeness = _vectors(said) @ self._vectors.T
        likeness[likeness > _SAME] = 0.0
        sums, at = [], 0
        for size in self._sizes:
            best = likeness[:, at : at + size].max(1) if size else np.zeros(1, np.float32)
            sums.append(float(np.maximum(best - FLOOR, 0.0).sum()))
            at += size
        return sums
