"""What quantization costs and gains: every profile, and 4 bits made again, against the same values in float32."""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, get_args

from codeword.codebook.action_prompt import stable_text
from codeword.controller.decision import Decision
from codeword.controller.engine import Engine
from codeword.controller.profiles import available, load_model
from codeword.controller.quantize import Method, quantize
from codeword.controller.registry import LocalModel
from codeword.controller.sampling import Sampling
from codeword.controller.store import Progress
from codeword.controller.tune import pass_ms
from codeword.runtime.machine import machine
from codeword.runtime.quantization_texts import (
    HELD_OUT,
    Situation,
    calibration_texts,
    held_out_texts,
    situations,
    suite,
)
from codeword.runtime.statistics import quantile, wilson95
from tests.benchmarks.perplexity import perplexity
from tests.benchmarks.rescale import write_rescaled

from .validity import decide

REFERENCE = "fp32"
DECISIONS = 500
"""Decisions on each side unless told otherwise: about ten minutes on two cores."""

_PREFIX_TOKENS, _PREFILL_TOKENS, _DECODE_TOKENS = 900, 512, 24

Choice = tuple[int, tuple[float, ...]]
"""Which of the allowed tokens was taken, and the log-probability of each of them."""


@dataclass(frozen=True)
class Watching(Sampling):
    """Takes the likeliest token, and notes what there was to choose from."""

    seen: list[Choice] = field(default_factory=list, compare=False)

    def pick(self, logprobs: Sequence[float], rng: Random) -> int:
        """See `Sampling`."""
        taken = super().pick(logprobs, rng)
        self.seen.append((taken, tuple(logprobs)))
        return taken


@dataclass
class Side:
    """One model under comparison, and what it decided."""

    name: str
    engine: Engine
    watching: Watching
    decisions: list[Decision] = field(default_factory=list)
    choices: list[list[Choice]] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, model: LocalModel, profile: str) -> "Side":
        """A side, warmed up."""
        watching = Watching()
        return cls(name, Engine(model, profile=profile, sampling=watching), watching)

    def decide(self, situation: Situation) -> None:
        """Decide, and note how."""
        self.watching.seen.clear()
        self.decisions.append(decide(self.engine, situation))
        self.choices.append(list(self.watching.seen))


@dataclass(frozen=True)
class Parting:
    """How two models' choices in one decision compare, up to the first one that differs.

    `divergences` are the Kullback-Leibler divergences [nat] from the reference, of each choice in the same context;
    `margin` is how much likelier [nat] the reference held its own option there, None where none differs.
    """

    divergences: list[float]
    margin: float | None


def parting(reference: Sequence[Choice], other: Sequence[Choice]) -> Parting:
    """Compare the choices of a decision."""
    divergences: list[float] = []
    for (taken, expected), (chosen, found) in zip(reference, other, strict=False):
        divergences.append(sum(math.exp(p) * (p - q) for p, q in zip(expected, found, strict=True)))
        if taken != chosen:
            return Parting(divergences, expected[taken] - expected[chosen])
    return Parting(divergences, None)


def bench_quantization(
    model: LocalModel, n: int, advance: Callable[[], None], progress: Progress, *, requantize: bool = True
) -> dict[str, Any]:
    """n decisions by each side, in turns. With `requantize` the model is also moved off its grid and quantized again."""
    given = list(islice(_situations(), n))
    with tempfile.TemporaryDirectory() as work:
        models = {profile.name: (model, profile.name) for profile in available(model)}
        if requantize:
            models |= {name: (made, "packed") for name, made in _requantized(model, Path(work), progress).items()}
        rows: list[dict[str, Any]] = []
        texts = held_out_texts()
        for name, (one, profile) in models.items():
            progress("measuring", len(rows), len(models))
            # All profiles of a model share its values, and so their perplexity.
            predicted = perplexity(one, texts) if name == REFERENCE or one is not model else None
            rows.append({"name": name, **_speed(one, profile), "perplexity": predicted and round(predicted, 4)})
        progress("measuring", len(rows), len(models))
        sides = [Side.of(name, *which) for name, which in models.items()]
    for side in sides:
        for text in dict.fromkeys(stable_text(situation.codebook) for situation in given):
            side.engine.warm(text)
    for situation in given:
        for side in sides:
            side.decide(situation)
            advance()
    reference = next(side for side in sides if side.name == REFERENCE)
    return {
        "machine": machine(),
        "model": model.name,
        "reference": REFERENCE,
        "held_out": HELD_OUT,
        "rows": [row | _compared(side, reference) for row, side in zip(rows, sides, strict=True)],
    }


def sides_of(model: LocalModel, *, requantize: bool = True) -> int:
    """How many sides decide in every situation."""
    return len(available(model)) + (len(get_args(Method)) if requantize else 0)


def _situations() -> Iterator[Situation]:
    """Situations of two codebooks in turn."""
    both = [situations(suite(name), seed=2000) for name in ("tabletop", HELD_OUT)]
    while True:
        yield from (next(one) for one in both)


def _requantized(model: LocalModel, work: Path, progress: Progress) -> dict[str, LocalModel]:
    """The model off its grid, and then with 4 bits again by each method."""
    (work / "floats").mkdir()
    floats = write_rescaled(model, work / "floats")
    texts = calibration_texts(held_out=HELD_OUT)
    methods: tuple[Method, ...] = get_args(Method)
    made: dict[str, LocalModel] = {}
    for method in methods:

        def told(stage: str, done: int, total: int, method: str = method) -> None:
            progress(f"{stage} ({method})", done, total)

        made[f"4 bits again, {method}"] = quantize(floats, work / method, method=method, texts=texts, progress=told)
    return made


def _speed(model: LocalModel, profile: str) -> dict[str, float]:
    """The size of a model's weights [MB], and how many tokens per second it reads: many at once, and one by one."""
    loaded = load_model(model, profile)
    prefill = pass_ms(loaded, (_PREFILL_TOKENS,), prefix=0, repeats=3)[_PREFILL_TOKENS]
    decode = pass_ms(loaded, (1,), prefix=_PREFIX_TOKENS, repeats=_DECODE_TOKENS)[1]
    return {
        "weights_mb": round(loaded.weight_bytes / 1e6, 1),
        "prefill_tokens_per_s": round(_PREFILL_TOKENS / prefill * 1000),
        "decode_tokens_per_s": round(1000 / decode, 1),
    }


def _compared(side: Side, reference: Side) -> dict[str, Any]:
    """What a side decided, beside the reference: times in ms, log-probabilities in nat."""
    times = [decision.stage_ms["total"] for decision in side.decisions]
    partings = [parting(*pair) for pair in zip(reference.choices, side.choices, strict=True)]
    pairs = list(zip(reference.decisions, side.decisions, strict=True))
    weighed = [(its.logprob, ours.logprob) for its, ours in pairs if its.text == ours.text]
    differences = [abs(ours - its) for its, ours in weighed if ours is not None and its is not None]
    divergences = [value for one in partings for value in one.divergences]
    disagreements = [
        {"decision": number, "reference": its.text, "other": ours.text, "margin": round(one.margin, 4)}
        for number, ((its, ours), one) in enumerate(zip(pairs, partings, strict=True))
        if one.margin is not None
    ]
    agree = len(pairs) - len(disagreements)
    return {
        "n": len(pairs),
        "p50_ms": round(quantile(times, 0.5), 1),
        "p95_ms": round(quantile(times, 0.95), 1),
        "agree": agree,
        "agreement": round(agree / len(pairs), 4),
        "agreement_wilson95": [round(bound, 4) for bound in wilson95(agree, len(pairs))],
        "logprob_difference_mean": round(sum(differences) / max(1, len(differences)), 5),
        "logprob_difference_max": round(max(differences, default=0.0), 5),
        "kl_mean": round(sum(divergences) / max(1, len(divergences)), 6),
        "choices": len(divergences),
        "disagreements": disagreements,
    }
