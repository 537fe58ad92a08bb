"""Which of the legal tokens is taken: the likeliest, or one drawn at random from the likeliest few."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from codeword.codebook.errors import ModelError


@dataclass(frozen=True)
class Sampling:
    """How a token is picked. A temperature of 0 takes the likeliest, of equals the one with the lowest id.

    Else probabilities are sharpened by the temperature; only the `top_k` likeliest (0: all) that together hold at least
    `top_p` of the probability are drawn from. The draw depends on `seed` and the decision's context alone.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ModelError(f"temperature must be finite and at least 0, got {self.temperature}")
        if self.top_k < 0:
            raise ModelError(f"top_k must be at least 0 (0: all), got {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ModelError(f"top_p must be above 0 and at most 1, got {self.top_p}")

    @property
    def name(self) -> str:
        """The policy as part of a decision's key."""
        if not self.temperature:
            return "greedy"
        return f"t{float(self.temperature)!r}-k{self.top_k}-p{float(self.top_p)!r}-s{self.seed}"

    def rng(self, key: str) -> random.Random:
        """The source of chance for the decision of a key."""
        return random.Random(f"{self.seed} {key}")

    def pick(self, logprobs: Sequence[float], rng: random.Random) -> int:
        """The place of the token taken among some, whose log-probabilities add up to one."""
        order = sorted(range(len(logprobs)), key=lambda place: -logprobs[place])
        if not self.temperature:
            return order[0]
        if self.top_k:
            order = order[: self.top_k]
        top = logprobs[order[0]]
        weights = [math.exp((logprobs[place] - top) / self.temperature) for place in order]
        whole, kept, share = sum(weights), 0, 0.0
        while kept < len(weights) and share < self.top_p * whole:
            share += weights[kept]
            kept += 1
        return rng.choices(order[:kept], weights[:kept])[0]


GREEDY = Sampling()
