"""A token is taken by probability and seed alone, out of as many as were asked for."""

import itertools
import math
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeword.codebook.errors import ModelError
from codeword.controller.sampling import GREEDY, Sampling

PROBABILITIES = (0.1, 0.4, 0.05, 0.3, 0.15)
LOGPROBS = [math.log(share) for share in PROBABILITIES]
DRAWS = 4000


def frequencies(sampling: Sampling) -> list[float]:
    """How often each place is taken, over many decisions."""
    counts = Counter(sampling.pick(LOGPROBS, sampling.rng(str(number))) for number in range(DRAWS))
    return [counts[place] / DRAWS for place in range(len(LOGPROBS))]


def test_greedy_takes_the_likeliest_and_of_equals_the_first() -> None:
    assert GREEDY.pick(LOGPROBS, random.Random(0)) == 1
    assert GREEDY.pick([-3.0, -1.0, -1.0, -1.0], random.Random(0)) == 1


@pytest.mark.parametrize(
    ("sampling", "weights"),
    [
        (Sampling(1.0), PROBABILITIES),
        (Sampling(0.5), [share**2 for share in PROBABILITIES]),
        (Sampling(2.0), [share**0.5 for share in PROBABILITIES]),
        (Sampling(1.0, top_k=2), (0, 0.4, 0, 0.3, 0)),
        (Sampling(1.0, top_k=9), PROBABILITIES),
        (Sampling(1.0, top_p=0.75), (0, 0.4, 0, 0.3, 0.15)),
        (Sampling(1.0, top_p=0.39), (0, 1, 0, 0, 0)),
        (Sampling(1.0, top_k=3, top_p=0.8), (0, 0.4, 0, 0.3, 0)),
        (Sampling(1e-320), (0, 1, 0, 0, 0)),
        (Sampling(1e308), (1, 1, 1, 1, 1)),
    ],
)
def test_places_are_taken_as_often_as_they_are_likely(sampling: Sampling, weights: tuple[float, ...]) -> None:
    expected = [weight / sum(weights) for weight in weights]
    assert frequencies(sampling) == pytest.approx(expected, abs=0.03)
    for found, share in zip(frequencies(sampling), expected, strict=True):
        assert (found > 0) == (share > 0)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-30, 0), min_size=1, max_size=9),
    st.floats(0, 3),
    st.integers(0, 5),
    st.floats(0.01, 1),
    st.integers(0, 99),
)
def test_only_the_likeliest_few_are_drawn_from(
    logits: list[float], temperature: float, top_k: int, top_p: float, seed: int
) -> None:
    whole = math.log(sum(map(math.exp, logits)))
    logprobs = [logit - whole for logit in logits]
    sampling = Sampling(temperature, top_k, top_p, seed)
    taken = sampling.pick(logprobs, sampling.rng("here"))
    likelier = sum(other > logprobs[taken] for other in logprobs)
    assert likelier < (top_k or len(logprobs))
    assert temperature or not likelier


@pytest.mark.parametrize("seed", range(5))
def test_one_of_one_is_greedy(seed: int) -> None:
    for sampling in (Sampling(1.5, top_k=1, seed=seed), Sampling(1.5, top_p=1e-9, seed=seed)):
        assert sampling.pick(LOGPROBS, sampling.rng("a")) == 1


def test_the_lot_depends_on_seed_and_context_alone() -> None:
    def drawn(seed: int, key: str) -> list[int]:
        sampling = Sampling(1.0, seed=seed)
        rng = sampling.rng(key)
        return [sampling.pick(LOGPROBS, rng) for _ in range(20)]

    assert drawn(1, "a") == drawn(1, "a")
    assert len({tuple(drawn(seed, key)) for seed in (1, 2) for key in ("a", "b")}) == 4


def test_every_setting_is_in_the_name() -> None:
    settings_ = [
        Sampling(temperature, top_k, top_p, seed)
        for temperature, top_k, top_p, seed in itertools.product(
            (0.5, 0.1234567, 0.12345671), (0, 3), (1.0, 0.9, 0.9000000001), (0, 1)
        )
    ]
    assert len({one.name for one in settings_}) == len(settings_)
    assert Sampling(1, top_p=1).name == Sampling(1.0, top_p=1.0).name
    assert {Sampling(0.0, seed=3).name, Sampling(0.0, top_k=2).name, GREEDY.name} == {"greedy"}


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"temperature": -0.1}, "temperature must be finite and at least 0, got -0.1"),
        ({"temperature": math.inf}, "temperature must be finite and at least 0, got inf"),
        ({"temperature": math.nan}, "temperature must be finite and at least 0, got nan"),
        ({"top_k": -1}, "top_k must be at least 0 (0: all), got -1"),
        ({"top_p": 0.0}, "top_p must be above 0 and at most 1, got 0.0"),
        ({"top_p": 1.1}, "top_p must be above 0 and at most 1, got 1.1"),
        ({"top_p": math.nan}, "top_p must be above 0 and at most 1, got nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as refused:
        Sampling(**given_)
    assert str(refused.value) == message
