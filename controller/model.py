"""What a decoder asks of a language model, however its weights are held: to read sequences, and logits after them.

`exact` says that a token's numbers never depend on how a sequence is cut into passes, or on what else is read in them;
then any common beginning of two sequences can be kept, and guesses verified, without changing a bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codeword.codebook.errors import ModelError

from .shape import Shape

Floats = NDArray[np.float32]


NUMERICS = 2
"""Raised whenever a profile's numbers change in their last bits; part of every profile's name."""


class Cache(Protocol):
    """The keys and values of the tokens of one sequence that a model has read. `length` is how many are kept."""

    @property
    def length(self) -> int: ...

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, room for more included."""

    def truncate(self, length: int) -> None:
        """Forget every token from a place on. Raises ValueError where fewer are kept."""

    def dump(self) -> dict[str, NDArray[np.generic]]:
        """All that is kept, as arrays."""

    def load(self, arrays: dict[str, NDArray[np.generic]], length: int) -> None:
        """Take what `dump` gave, in place of what is kept. Raises ValueError where it is of another size."""


@dataclass(frozen=True)
class Part:
    """Tokens to read behind those in a cache; of those at the places `wanted` the hidden state is asked for."""

    cache: Cache
    tokens: Sequence[int]
    wanted: Sequence[int] = ()

    def check(self, shape: Shape) -> None:
        """Raises ModelError where the sequence would become longer than the model can read."""
        length = self.cache.length + len(self.tokens)
        check_length(length, shape)


def check_length(length: int, shape: Shape) -> None:
    """Raises ModelError where so many tokens are more than a model can read."""
    if length > shape.max_tokens:
        raise ModelError(f"the prompt is too long: {length} tokens, and the model reads {shape.max_tokens}")


class Model(Protocol):
    """A model in memory. Not safe to use from several threads at once."""

    @property
    def shape(self) -> Shape: ...

    @property
    def profile(self) -> str:
        """How weights are held and which kernels run: what the last bits of every number depend on."""

    @property
    def exact(self) -> bool: ...

    @property
    def weight_bytes(self) -> int:
        """The memory that the weights take."""

    def new_cache(self) -> Cache:
        """An empty cache of the right sizes."""

    def read(self, parts: Sequence[Part]) -> list[Floats]:
        """Read all parts in one pass, and add them to their caches.

        Gives for each part the normed hidden states of its wanted tokens [wanted, hidden]. Raises ModelError where a
        sequence becomes too long, DecisionCancelled where it is halted: then the caches hold what they held before.
        """

    def halt(self, on: bool) -> None:
        """Have the pass under way, and all that follow, end as soon as may be, until this is taken back. From any
        thread."""

    def use_threads(self, most: int | None) -> None:
        """Carry out the next passes with so many threads at most, None for all, where the model has threads of its own.
        It changes no number of a model that is exact, and nothing at all of another."""

    def embeddings(self, tokens: Sequence[int]) -> Floats:
        """What stands for each token before anything is computed [len(tokens), hidden]."""

    def logits(self, hidden: Floats, rows: Sequence[int] | None = None) -> Floats:
        """Logits [len(rows)] of some tokens, or of the whole vocabulary, after one hidden state [hidden]."""
