"""However a sequence is read, the same command comes of it: with a model whose numbers tell what each token follows."""

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codeword.codebook.errors import ModelError
from codeword.controller.automaton import Automaton
from codeword.controller.decoding import Decoding
from codeword.controller.grammar_check import Matcher
from codeword.controller.model import Floats, Model, Part
from codeword.controller.prefix_cache import PrefixCache, cuts_of
from codeword.controller.sequence import ReadSequence
from codeword.controller.shape import Shape
from tests.controller.test_automaton import random_graph, spelt

LENGTHS = st.sampled_from([1, 2, 5, 100, 128, 129, 255, 256, 257, 300, 600])


@dataclass
class PathCache:
    """The tokens themselves instead of their keys and values."""

    tokens: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.tokens)

    @property
    def size_bytes(self) -> int:
        return len(self.tokens)

    def truncate(self, length: int) -> None:
        assert 0 <= length <= len(self.tokens)
        del self.tokens[length:]


class PathModel:
    """A model whose hidden state after a token is a digest of all the tokens that it follows."""

    def __init__(self, max_tokens: int = 1 << 20, *, exact: bool = True) -> None:
        self.exact = exact
        self.shape = Shape(1, 32, 1, 1, 32, 1e-5, max_tokens, True, np.zeros(16, np.float32))
        self.lengths: list[int] = []

    def new_cache(self) -> PathCache:
        return PathCache()

    def read(self, parts: Sequence[Part]) -> list[Floats]:
        states = []
        for part in parts:
            part.check(self.shape)
            cache = part.cache
            assert isinstance(cache, PathCache)
            kept, count = list(cache.tokens), len(part.tokens)
            paths = [[*kept, *part.tokens[: place + 1]] for place in range(count)]
            states.append(np.array([[digest(paths[place])] for place in part.wanted], np.float32))
            cache.tokens += part.tokens
            self.lengths.append(count)
        return states

    def logits(self, hidden: Floats, rows: Sequence[int] | None = None) -> Floats:
        assert rows is not None
        return np.array([digest([int(hidden[0]), row]) / (1 << 20) for row in rows], np.float32)


class NoHold:
    """A grammar check that allows everything."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


def digest(numbers: Sequence[int]) -> int:
    """Below 2²⁴, so that float32 holds it."""
    return zlib.crc32(repr(list(numbers)).encode()) >> 8


def plain(model: PathModel, automaton: Automaton, prompt: Sequence[int]) -> tuple[list[int], float]:
    """The command and its log-probability, choice by choice with nothing clever."""
    written, state, logprob = [], automaton.start, 0.0
    while not state.is_end:
        allowed = list(state.next)
        token = allowed[0]
        if len(allowed) > 1:
            hidden = np.array([digest([*prompt, *written])], np.float32)
            logits = model.logits(hidden, allowed).astype(np.float64)
            best = int(logits.argmax())
            token = allowed[best]
            logprob += float(logits[best] - np.log(np.exp(logits).sum()))
        written.append(token)
        state = state.next[token]
    return written, logprob


class Desk:
    """Runs over one model, one after the other."""

    def __init__(self, model: PathModel, *, exact: bool = True) -> None:
        self.model, self.exact = model, exact
        self.prefix_cache = PrefixCache(cast(Model, model), None, exact=exact)

    def begin(
        self, automaton: Automaton, prompt: Sequence[int], guess: Sequence[int], *, forced_runs: bool, kv_cache: bool
    ) -> tuple[ReadSequence, Decoding]:
        decoding = Decoding(automaton, cast(Matcher, NoHold()))
        certain = (*prompt, *decoding.run)
        cuts = cuts_of(certain[:1], certain[1:])
        if not forced_runs:
            cuts = (*cuts[:-1], *range(len(prompt), len(certain) + 1))
        run = ReadSequence(
            cast(Model, self.model), self.prefix_cache, certain, cuts, 1, decoding=decoding, guessed=guess, forced_runs=forced_runs,
            kv_cache=kv_cache, exact=self.exact,
        )  # fmt: skip
        return run, decoding

    def finish(self, *runs: ReadSequence) -> None:
        while going := [run for run in runs if run.goes_on]:
            for run, states in zip(going, self.model.read([run.part() for run in going]), strict=True):
                run.take(states)
                cache = run.prefix.cache
                assert isinstance(cache, PathCache)
                assert cache.tokens == run.prefix.tokens
        for run in runs:
            run.close()

    def decide(
        self, automaton: Automaton, prompt: Sequence[int], guess: Sequence[int] = (), *, forced_runs: bool = True,
        kv_cache: bool = True,
    ) -> tuple[list[int], float, ReadSequence]:  # fmt: skip
        run, decoding = self.begin(automaton, prompt, guess, forced_runs=forced_runs, kv_cache=kv_cache)
        self.finish(run)
        assert run.prefix.tokens == [*prompt, *decoding.tokens][: len(run.prefix.tokens)]
        return decoding.tokens, decoding.logprob, run


def letters(text: str) -> tuple[int, ...]:
    """A tokenizer of pieces of up to three letters, the longest ones first."""
    return tuple(zlib.crc32(text[at : at + 3].encode()) >> 8 for at in range(0, len(text), 3))


def automaton(seed: int) -> Automaton:
    return Automaton(random_graph(random.Random(seed)), letters)


def prompt_of(length: int) -> list[int]:
    return [1 + number % 50 for number in range(length)]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    length=LENGTHS,
    guessed=st.sampled_from(["", "right", "wrong", "of another", "cut off", "nonsense"]),
    forced_runs=st.booleans(),
    kv_cache=st.booleans(),
    exact=st.booleans(),
)
@example(1, 256, "right", True, True, True)
def test_no_technique_changes_a_decision(
    seed: int, length: int, guessed: str, forced_runs: bool, kv_cache: bool, exact: bool
) -> None:
    rng, made, prompt = random.Random(seed), automaton(seed), prompt_of(length)
    model = PathModel(exact=exact)
    expected = plain(model, made, prompt)
    texts = spelt(made.start)
    guess: Sequence[int] = {
        "": (),
        "right": expected[0],
        "wrong": rng.choice(texts),
        "of another": rng.choice(spelt(automaton(seed + 1).start)),
        "cut off": expected[0][: rng.randint(0, len(expected[0]))],
        "nonsense": (7, 7, 7),
    }[guessed]
    desk = Desk(model, exact=exact)
    for _ in range(2):
        tokens, logprob, run = desk.decide(made, prompt, guess, forced_runs=forced_runs, kv_cache=kv_cache)
        assert tokens == expected[0]
        assert logprob == pytest.approx(expected[1], abs=1e-9)
        assert run.tokens_accepted <= run.tokens_guessed


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), lengths=st.lists(LENGTHS, min_size=2, max_size=4))
def test_runs_side_by_side_decide_like_each_alone(seed: int, lengths: list[int]) -> None:
    model = PathModel()
    desk = Desk(model)
    automata = [automaton(seed + number) for number in range(len(lengths))]
    begun = [
        desk.begin(made, prompt_of(length), (), forced_runs=True, kv_cache=True)
        for made, length in zip(automata, lengths, strict=True)
    ]
    desk.finish(*(run for run, _ in begun))
    for (_, decoding), made, length in zip(begun, automata, lengths, strict=True):
        assert decoding.tokens == plain(model, made, prompt_of(length))[0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), length=LENGTHS, guesses=st.booleans())
def test_what_is_read_ahead_never_makes_a_prompt_too_long(seed: int, length: int, guesses: bool) -> None:
    made, prompt = automaton(seed), prompt_of(length)
    tokens, _ = plain(PathModel(), made, prompt)
    _, _, run = Desk(PathModel()).decide(made, prompt)
    needed = len(run.prefix.tokens)
    guess = max(spelt(made.start), key=len) if guesses else ()
    found, _, _ = Desk(PathModel(needed)).decide(made, prompt, guess)
    assert found == tokens


def test_a_command_that_does_not_fit_is_refused() -> None:
    made, prompt = automaton(3), prompt_of(40)
    _, _, run = Desk(PathModel()).decide(made, prompt)
    needed = len(run.prefix.tokens)
    with pytest.raises(ModelError, match=f"the prompt is too long: {needed} tokens, and the model reads {needed - 1}"):
        Desk(PathModel(needed - 1)).decide(made, prompt)


def test_a_right_guess_saves_passes_and_a_wrong_one_costs_only_tokens() -> None:
    made, prompt = automaton(5), prompt_of(40)
    expected, _, plainly = Desk(PathModel()).decide(made, prompt)
    _, _, right = Desk(PathModel()).decide(made, prompt, expected)
    assert plainly.passes > right.passes == 1
    assert right.tokens_accepted == right.tokens_guessed > 0
    wrongly = [text for text in spelt(made.start) if text[len(made.forced_run(made.start)[0])] != expected[len(made.forced_run(made.start)[0])]]  # fmt: skip
    _, _, wrong = Desk(PathModel()).decide(made, prompt, max(wrongly, key=len))
    assert (wrong.passes, wrong.tokens_accepted) == (plainly.passes, 0)


@pytest.mark.parametrize(("length", "passes"), [(40, [40]), (256, [256]), (257, [129, 128]), (600, [200, 200, 200])])
def test_long_prompts_are_cut_into_even_passes(length: int, passes: list[int]) -> None:
    model = PathModel()
    desk = Desk(model)
    run = ReadSequence(cast(Model, model), desk.prefix_cache, prompt_of(length), (), 1, exact=True)
    desk.finish(run)
    assert model.lengths == passes
