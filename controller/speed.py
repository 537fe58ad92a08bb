"""How quick a model is on this machine: the time of passes of given lengths behind a prefix."""

import statistics
import time
from collections.abc import Sequence

from .model import Model, Part

_TOKENS_AT_ONCE = 128


def pass_ms(model: Model, lengths: Sequence[int], *, prefix: int = 900, repeats: int = 5) -> dict[int, float]:
    """The median time [ms] of a pass of each length behind so many tokens, or as many as the model can read."""
    prefix = max(0, min(prefix, model.shape.max_tokens - max(lengths)))
    cache = model.new_cache()
    for first in range(0, prefix, _TOKENS_AT_ONCE):
        model.read([Part(cache, _tokens(min(_TOKENS_AT_ONCE, prefix - first)))])
    result = {}
    for length in lengths:
        times = []
        for turn in range(repeats + 1):
            began = time.perf_counter()
            model.read([Part(cache, _tokens(length), (-1,))])
            if turn:  # the first of each length makes room for itself
                times.append((time.perf_counter() - began) * 1000)
            cache.truncate(prefix)
        result[length] = statistics.median(times)
    return result


def _tokens(count: int) -> list[int]:
    """Tokens that any vocabulary has."""
    return [100 + number % 100 for number in range(count)]
