"""One sequence as it is read, pass by pass, and the command chosen behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .automaton import Automaton, State
from .decision import Stopwatch
from .decoding import Decoding
from .model import Floats, Model, Part
from .prefix_cache import Cut, PrefixCache

# Speculative decoding of a guessed command: it is read in one pass with the tokens that are certain. As far as the
# model agrees with it, its tokens are read already; the others are forgotten again.


@dataclass
class Speculation:
    """Tokens in a row, and the choices met on the way, by how many of the tokens come before: 0 is the next choice."""

    tokens: list[int] = field(default_factory=list)
    choices: dict[int, State] = field(default_factory=dict)


def guess(automaton: Automaton, state: State, tokens: Sequence[int], most_tokens: int) -> Speculation:
    """What a guessed command goes on with, as far as it is legal and another choice stands behind it, up to so many
    tokens.
    """
    speculation, left = Speculation([], {0: state}), list(tokens)
    while left and left[0] in state.next:
        run, state = automaton.forced_run(state.next[left[0]])
        if state.is_end or len(speculation.tokens) + 1 + len(run) > most_tokens:
            break
        speculation.tokens += (left[0], *run)
        speculation.choices[len(speculation.tokens)] = state
        left = left[1 + len(run) :]
    return speculation


MOST_TOKENS = 256
"""The most tokens of one sequence that an exact model reads in one pass; between passes a decision can be given up."""


class ReadSequence:
    """A sequence that is read behind what is kept of it; with a `decoding`, until that is at its end."""

    def __init__(
        self,
        model: Model,
        prefix_cache: PrefixCache,
        tokens: Sequence[int],
        cuts: Cut,
        stable: int,
        *,
        decoding: Decoding | None = None,
        clock: Stopwatch | None = None,
        guessed: Sequence[int] = (),
        forced_runs: bool = True,
        kv_cache: bool = True,
        legal_rows: bool = True,
        exact: bool = False,
    ) -> None:
        """Take the best beginning that is kept; `stable` is how many tokens others are likely to share,
        `guessed` are the tokens of a command that is expected.

        Unless `exact`, passes end at `cuts`.
        """
        self._model, self._prefix_cache, self._decoding = model, prefix_cache, decoding
        self._clock = clock or Stopwatch()
        self._guessed, self._forced_runs, self._kv_cache, self._exact = guessed, forced_runs, kv_cache, exact
        self._legal_rows = legal_rows
        self._certain = list(tokens)
        self._cuts = cuts
        self._speculation = Speculation()
        self._chunk = 0
        self.prefix = prefix_cache.take(tokens, cuts, stable)
        if not kv_cache:
            self.prefix.rewind(0)
        self.cached = self.prefix.cache.length
        self.passes = self.tokens_guessed = self.tokens_accepted = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is something left to read."""
        if self._decoding is not None:
            return not self._decoding.at_end
        return len(self.prefix.tokens) < len(self._certain)

    @property
    def written(self) -> int:
        """How many tokens of the command there are, those that leave no choice among them."""
        return len(self._decoding.tokens) if self._decoding is not None else 0

    def part(self) -> Part:
        """What the next pass reads."""
        if not self._kv_cache:
            self.prefix.rewind(0)
        start = len(self.prefix.tokens)
        end = self._end(start)
        chunk = self._certain[start:end]
        self._chunk, self._speculation = len(chunk), Speculation()
        if self._decoding is None or end < len(self._certain):
            return Part(self.prefix.cache, chunk)
        speculation = self._speculation = self._ahead(self._decoding, self._model.shape.max_tokens - end)
        return Part(
            self.prefix.cache, chunk + speculation.tokens, [len(chunk) - 1 + place for place in speculation.choices]
        )

    def take(self, states: Floats) -> None:
        """The pass was carried out: `states` are those wanted."""
        self.passes += 1
        start = len(self.prefix.tokens)
        self.prefix.note(self._certain[start : start + self._chunk])
        if self._decoding is None or not self._speculation.choices:
            return
        self._clock.lap("prefill")
        accepted = 0
        for accepted, state in zip(self._speculation.choices, states, strict=True):
            token = self._decoding.choose(self._logits(state, self._decoding.allowed))
            if self._decoding.at_end or self._speculation.tokens[accepted : accepted + 1] != [token]:
                break
        self._keep(accepted)
        if not self._decoding.at_end:
            run = list(self._decoding.run)
            self._cuts = () if self._forced_runs else tuple(len(self._certain) + n + 1 for n in range(len(run)))
            self._certain += run

    def _logits(self, state: Floats, allowed: Sequence[int]) -> Floats:
        if self._legal_rows:
            return self._model.logits(state, allowed)
        chosen: Floats = self._model.logits(state)[allowed]
        return chosen

    def close(self) -> None:
        """Let go of the sequence, for others to go on from."""
        self._prefix_cache.give_back(self.prefix)

    def _end(self, start: int) -> int:
        """Where a pass that begins there ends."""
        whole = len(self._certain)
        if self._decoding is not None and not self._kv_cache:
            return whole
        if self._exact and self._forced_runs:
            return start + -(-(whole - start) // -(-(whole - start) // MOST_TOKENS))
        return next((cut for cut in self._cuts if cut > start), whole)

    def _ahead(self, decoding: Decoding, room: int) -> Speculation:
        """What is read together with the last certain tokens, where the model reads only so many more."""
        written = len(decoding.tokens)
        if list(self._guessed[:written]) != decoding.tokens:
            return Speculation([], {0: decoding.state})
        return guess(decoding.automaton, decoding.state, self._guessed[written:], room)

    def _keep(self, accepted: int) -> None:
        """Keep so many of the speculated tokens."""
        tokens = self._speculation.tokens[:accepted]
        self.tokens_guessed += len(self._speculation.tokens)
        self.tokens_accepted += accepted
        self.prefix.cache.truncate(len(self.prefix.tokens) + accepted)
        self._certain += tokens
        if tokens:
            self.prefix.note(tokens)
