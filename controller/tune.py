"""Which profile and how many threads are quickest on this machine: measured for a typical decision, then kept."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .model import Model, Part
from .processor import usable_cpus
from .profiles import Tuned, available, keep_tuned, load_model
from .registry import LocalModel
from .store import Progress, silent

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


LENGTHS = (1, 8, 32, 128)
"""Run lengths [tokens] that are measured."""

PREFIX_TOKENS = 900
_TYPICAL_RUNS = (48, 4, 4)
"""The runs of a typical decision: what is new of the observation, then forced words behind two choices."""

_MOST_THREADS_EACH = 8
"""Up to so many cores every count of threads is tried, of more only powers of two and all."""


@dataclass(frozen=True)
class Timing:
    """A profile with some threads: times [ms] of a run of each length, and of a typical decision; size of weights."""

    profile: str
    threads: int
    pass_ms: dict[int, float]
    decision_ms: float
    weights_mb: float


def thread_counts(cores: int) -> list[int]:
    """The counts of threads that are tried on so many cores."""
    if cores <= _MOST_THREADS_EACH:
        return list(range(1, cores + 1))
    return sorted({2**power for power in range(cores.bit_length()) if 2**power <= cores} | {cores})


def measure(
    model: LocalModel, *, device: str = "cpu", threads: Sequence[int] | None = None, prefix: int = PREFIX_TOKENS,
    progress: Progress = silent,
) -> list[Timing]:  # fmt: skip
    """Time every available profile with each count of threads, the quickest first. Keeps nothing."""
    counts = threads or (thread_counts(len(usable_cpus())) if device == "cpu" else [1])
    tries = [(profile.name, count) for profile in available(model, device) for count in counts]
    timings = []
    for done, (name, count) in enumerate(tries):
        progress("measuring profiles", done, len(tries))
        loaded = load_model(model, name, device=device, threads=count)
        times = pass_ms(loaded, sorted({*LENGTHS, *_TYPICAL_RUNS}), prefix=prefix)
        decision = sum(times[length] for length in _TYPICAL_RUNS)
        shown = {length: times[length] for length in LENGTHS}
        timings.append(Timing(name, count, shown, decision, loaded.weight_bytes / 1e6))
    progress("measuring profiles", len(tries), len(tries))
    return sorted(timings, key=lambda timing: timing.decision_ms)


def tune(
    model: LocalModel, *, device: str = "cpu", progress: Progress = silent,
    timed: Callable[..., list[Timing]] = measure,
) -> list[Timing]:  # fmt: skip
    """Measure, and use the quickest from now on where a profile is not asked for by name."""
    timings = timed(model, device=device, progress=progress)
    keep_tuned(model, device, Tuned(timings[0].profile, timings[0].threads))
    return timings
