"""The prefix cache: sequences that were read, kept for the next that begins alike, as codebook and task do.

A model that is exact keeps any common beginning. With another, a pass of another length would round differently, so
passes always end at the same places and only whole passes are kept: a decision must not depend on what came before it.
"""

from collections.abc import Sequence
from itertools import takewhile

from .model import Cache, Model
from .prefixes import Prefixes

PASS_TOKENS = 128
"""The most tokens read in one pass; between passes a decision can be given up."""

Cut = tuple[int, ...]


def cuts_of(*segments: Sequence[int]) -> Cut:
    """The lengths at which passes end when some segments are read one after the other: none reaches over a segment."""
    cuts: list[int] = []
    start = 0
    for segment in segments:
        cuts += [start + end for end in range(PASS_TOKENS, len(segment), PASS_TOKENS)]
        start += len(segment)
        if segment:
            cuts.append(start)
    return tuple(cuts)


class CachedPrefix:
    """One sequence that was read. `stable` is the length of its first segment, which others are likely to share."""

    def __init__(self, cache: Cache, stable: int) -> None:
        self.cache = cache
        self.tokens: list[int] = []
        self.cuts: Cut = ()
        self.stable = stable
        self.stored = False

    def shared(self, tokens: Sequence[int], cuts: Cut, *, exact: bool) -> int:
        """How many tokens can be kept for another sequence: its last one is always left to be read."""
        pairs = zip(self.tokens, tokens[: len(tokens) - 1], strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        if exact:
            return alike
        agreed = takewhile(lambda pair: pair[0] == pair[1], zip(self.cuts, cuts, strict=False))
        return max((cut for cut, _ in agreed if cut <= alike), default=0)

    def rewind(self, length: int) -> None:
        """Forget what was read from a place on."""
        self.cache.truncate(length)
        del self.tokens[length:]
        self.cuts = tuple(cut for cut in self.cuts if cut <= length)

    def note(self, tokens: Sequence[int]) -> None:
        """Tokens were read in one pass."""
        self.tokens += tokens
        self.cuts = (*self.cuts, len(self.tokens))


class PrefixCache:
    """The sequences that are kept, within a limit of memory: the one longest unused goes first."""

    def __init__(self, model: Model, prefixes: Prefixes | None, *, exact: bool, most_bytes: int = 1 << 29) -> None:
        self._model, self._prefixes, self._exact, self._most_bytes = model, prefixes, exact, most_bytes
        self._idle: list[CachedPrefix] = []
        self._busy: list[CachedPrefix] = []

    @property
    def size_bytes(self) -> int:
        """The memory that all kept sequences take."""
        return sum(prefix.cache.size_bytes for prefix in self._idle)

    def forget(self) -> None:
        """Keep nothing in memory."""
        self._idle.clear()

    def settle(self) -> None:
        """Of every sequence keep its first segment alone, in memory of its own: as if no more had ever been read."""
        for prefix in self._idle:
            prefix.rewind(min(prefix.stable, len(prefix.tokens)))
            cache = self._model.new_cache()
            cache.load(prefix.cache.dump(), prefix.cache.length)
            prefix.cache = cache

    def holds(self, tokens: Sequence[int], cuts: Cut) -> bool:
        """Whether a sequence is kept to its end."""
        longer = (*tokens, -1)  # of the one asked for, the last token would be left to be read
        kept = self._idle + self._busy
        return any(prefix.shared(longer, cuts, exact=self._exact) == len(tokens) for prefix in kept)

    def take(self, tokens: Sequence[int], cuts: Cut, stable: int) -> CachedPrefix:
        """The best beginning for a sequence, rewound to what they share; it is the caller's until given back."""
        shared = {id(prefix): prefix.shared(tokens, cuts, exact=self._exact) for prefix in self._idle + self._busy}
        fitting = [prefix for prefix in self._idle if shared[id(prefix)] >= prefix.stable]
        prefix = max(fitting, key=lambda one: shared[id(one)], default=None)
        if prefix is not None:
            self._idle.remove(prefix)
            prefix.rewind(shared[id(prefix)])
            prefix.stable = stable
        else:
            prefix = self._new(tokens, cuts, stable, max(self._busy, key=lambda one: shared[id(one)], default=None))
        self._busy.append(prefix)
        return prefix

    def _new(self, tokens: Sequence[int], cuts: Cut, stable: int, like: CachedPrefix | None) -> CachedPrefix:
        """Another sequence, with what can be had of its beginning from one in use, or from disk."""
        prefix = CachedPrefix(self._model.new_cache(), stable)
        if like is not None and like.shared(tokens, cuts, exact=self._exact) >= stable:
            prefix.cache.load(like.cache.dump(), like.cache.length)
            prefix.tokens, prefix.cuts, prefix.stored = list(like.tokens), like.cuts, like.stored
            prefix.rewind(prefix.shared(tokens, cuts, exact=self._exact))
        elif self._prefixes is not None and self._prefixes.load(tokens[:stable], prefix.cache):
            prefix.tokens, prefix.stored = list(tokens[:stable]), True
            prefix.cuts = tuple(cut for cut in cuts if cut <= stable)
            prefix.rewind(prefix.shared(tokens, cuts, exact=self._exact))
        return prefix

    def give_back(self, prefix: CachedPrefix) -> None:
        """Keep a sequence for later."""
        self._busy.remove(prefix)
        self._idle.append(prefix)
        while len(self._idle) > 1 and self.size_bytes > self._most_bytes:
            del self._idle[0]

    def store(self, prefix: CachedPrefix) -> None:
        """Keep a sequence's first segment on disk, so that a new process need not read it."""
        if self._prefixes is None or prefix.stored or len(prefix.tokens) < prefix.stable:
            return
        prefix.stored = True
        copy = self._model.new_cache()
        copy.load(prefix.cache.dump(), prefix.cache.length)
        copy.truncate(prefix.stable)
        self._prefixes.save(prefix.tokens[: prefix.stable], copy)
