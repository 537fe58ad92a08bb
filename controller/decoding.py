"""Decoding one command: our automaton and the grammar check step together, and what was chosen from what is kept."""

import math
import random
import re
from collections.abc import Callable

import numpy as np

from .automaton import Automaton, State
from .decision import TOP, Choice, Option
from .grammar_check import Matcher
from .model import Floats
from .prior.weighted import Bias
from .sampling import GREEDY, Sampling

_WORD = re.compile(r"\W*[\w.+-]*")


class Decoding:
    """A command as it comes about: our automaton and the grammar check, going the same way."""

    def __init__(
        self,
        automaton: Automaton,
        matcher: Matcher,
        sampling: Sampling = GREEDY,
        rng: random.Random | None = None,
        bias: Bias | None = None,
    ) -> None:
        self.tokens: list[int] = []
        self.logprob = 0.0
        self._made: list[tuple[int, State, int, list[float]]] = []
        self.state = automaton.start
        self._matcher = matcher
        self.automaton = automaton
        self._sampling = sampling
        self._rng = rng or random.Random(0)
        self._bias = bias
        self.run = self._force([])

    @property
    def choices_made(self) -> int:
        """How many tokens were chosen so far."""
        return len(self._made)

    @property
    def at_end(self) -> bool:
        """Whether the command is complete."""
        return self.state.is_end

    @property
    def allowed(self) -> list[int]:
        """The tokens to choose from, by rising id."""
        return list(self.state.next)

    def choose(self, logits: Floats) -> int:
        """Take one of the allowed tokens, and all that it forces; gives the token.

        `logits` [len(allowed)] are those of the allowed tokens in their order.
        """
        allowed = self.allowed
        self._matcher.expect(allowed)
        wide = logits.astype(np.float64)
        if self._bias is not None:
            trust, added = self._bias(self.tokens, [self._run(self.state, token) for token in allowed])
            wide = trust * wide + np.asarray(added)
        wide -= wide.max()
        logprobs: list[float] = (wide - np.log(np.exp(wide).sum())).tolist()
        taken = self._sampling.pick(logprobs, self._rng)
        self.logprob += logprobs[taken]
        self._made.append((len(self.tokens), self.state, taken, logprobs))
        self.state = self.state.next[allowed[taken]]
        self.run = self._force([allowed[taken]])
        return allowed[taken]

    def finish(self) -> None:
        """Ask the grammar check whether the command may end here."""
        self._matcher.expect_end()

    def _force(self, run: list[int]) -> tuple[int, ...]:
        forced, self.state = self.automaton.forced_run(self.state)
        run = run + forced
        self._matcher.follow(run)
        self.tokens += run
        return tuple(run)

    def _run(self, state: State, token: int) -> list[int]:
        """A token that may come next, and all that it forces."""
        return [token, *self.automaton.forced_run(state.next[token])[0]]

    def choices(self, decode: Callable[[list[int]], str]) -> tuple[Choice, ...]:
        """Every choice made, its options as words: a token and what it forces, up to the end of the word."""
        return tuple(self._choice(decode, *made) for made in self._made)

    def _choice(
        self, decode: Callable[[list[int]], str], at: int, state: State, best: int, logprobs: list[float]
    ) -> Choice:
        tokens = list(state.next)

        def word(number: int) -> str:
            text = decode(self._run(state, tokens[number]))
            match = _WORD.match(text)
            return match[0] if match and match[0] else text

        likeliest = sorted(range(len(tokens)), key=lambda number: -logprobs[number])[:TOP]
        options = tuple(Option(text=word(number), probability=math.exp(logprobs[number])) for number in likeliest)
        return Choice(after=decode(self.tokens[:at]), options=options, taken=word(best))
