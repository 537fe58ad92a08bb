"""One sequence as it is read, pass by pass, and the command chosen behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from .decision import Stopwatch
from .draft import ROOT, Draft, guess, nothing, tree
from .model import Floats, Model, Part
from .tracks import Cut, Tracks
from .walk import Walk

MOST_TOKENS = 256
"""The most tokens of one sequence that an exact model reads in one pass; between passes a decision can be given up."""


@dataclass(frozen=True)
class Ahead:
    """What may be read before it is chosen: the tokens of a guessed command, or so many tokens of all that may come."""

    guessed: Sequence[int] = ()
    tree_tokens: int = 0


class Run:
    """A sequence that is read behind what is kept of it; with a `walk`, until that is at its end."""

    def __init__(
        self,
        model: Model,
        tracks: Tracks,
        tokens: Sequence[int],
        cuts: Cut,
        stable: int,
        *,
        walk: Walk | None = None,
        clock: Stopwatch | None = None,
        ahead: Ahead = Ahead(),
        forced_runs: bool = True,
        kv_cache: bool = True,
        legal_rows: bool = True,
        exact: bool = False,
    ) -> None:
        """Take the best beginning that is kept; `stable` is how many tokens others are likely to share.

        Unless `exact`, passes end at `cuts`.
        """
        self._model, self._tracks, self._walk, self._clock = model, tracks, walk, clock or Stopwatch()
        self._ahead, self._forced_runs, self._kv_cache, self._exact = ahead, forced_runs, kv_cache, exact
        self._legal_rows = legal_rows
        self._certain = list(tokens)
        self._cuts = cuts
        self._draft = Draft()
        self._chunk = 0
        self.track = tracks.take(tokens, cuts, stable)
        if not kv_cache:
            self.track.rewind(0)
        self.cached = self.track.cache.length
        self.passes = self.tokens_guessed = self.tokens_accepted = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is something left to read."""
        if self._walk is not None:
            return not self._walk.at_end
        return len(self.track.tokens) < len(self._certain)

    @property
    def written(self) -> int:
        """How many tokens of the command there are, those that leave no choice among them."""
        return len(self._walk.tokens) if self._walk is not None else 0

    def part(self) -> Part:
        """What the next pass reads."""
        if not self._kv_cache:
            self.track.rewind(0)
        start = len(self.track.tokens)
        end = self._end(start)
        chunk = self._certain[start:end]
        self._chunk, self._draft = len(chunk), Draft()
        if self._walk is None or end < len(self._certain):
            return Part(self.track.cache, chunk)
        draft = self._draft = self._plan(self._walk, self._model.shape.max_tokens - end)
        wanted = [len(chunk) + place for place in draft.choices]
        tokens = chunk + draft.tokens
        if draft.is_chain:
            return Part(self.track.cache, tokens, wanted)
        return Part(self.track.cache, tokens, wanted, draft.visible(len(chunk)), draft.depths(len(chunk)))

    def take(self, states: Floats) -> None:
        """The pass was carried out: `states` are those wanted."""
        self.passes += 1
        start = len(self.track.tokens)
        self.track.note(self._certain[start : start + self._chunk])
        if self._walk is None or not self._draft.choices:
            return
        self._clock.lap("prefill")
        draft, place = self._draft, ROOT
        of_place = dict(zip(draft.choices, states, strict=True))
        while True:
            token = self._walk.choose(self._logits(of_place[place], self._walk.allowed))
            behind = None if self._walk.at_end else draft.follow(place, token)
            if behind is None:
                break
            place = behind
        self._keep(draft.path(place))
        if not self._walk.at_end:
            run = list(self._walk.run)
            self._cuts = () if self._forced_runs else tuple(len(self._certain) + n + 1 for n in range(len(run)))
            self._certain += run

    def _logits(self, state: Floats, allowed: Sequence[int]) -> Floats:
        if self._legal_rows:
            return self._model.logits(state, allowed)
        chosen: Floats = self._model.logits(state)[allowed]
        return chosen

    def close(self) -> None:
        """Let go of the sequence, for others to go on from."""
        self._tracks.give_back(self.track)

    def _end(self, start: int) -> int:
        """Where a pass that begins there ends."""
        whole = len(self._certain)
        if self._walk is not None and not self._kv_cache:
            return whole
        if self._exact and self._forced_runs:
            return start + -(-(whole - start) // -(-(whole - start) // MOST_TOKENS))
        return next((cut for cut in self._cuts if cut > start), whole)

    def _plan(self, walk: Walk, room: int) -> Draft:
        """What is read together with the last certain tokens, where the model reads only so many more."""
        if self._ahead.tree_tokens:
            return tree(walk.automaton, walk.state, min(self._ahead.tree_tokens, room))
        written = walk.tokens
        if list(self._ahead.guessed[: len(written)]) == written and len(self._ahead.guessed) > len(written):
            return guess(walk.automaton, walk.state, self._ahead.guessed[len(written) :], room)
        return nothing(walk.state)

    def _keep(self, accepted: Sequence[int]) -> None:
        """Of the draft keep what was chosen."""
        draft, start = self._draft, len(self.track.tokens)
        self.tokens_guessed += len(draft.tokens)
        self.tokens_accepted += len(accepted)
        # Behind a branch that was not chosen a token's keys stood in another order than alone, and its last bits may be
        # others: an exact model reads such again, so that no later decision depends on what was read beside them.
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], enumerate(accepted)))
        if kept < len(accepted) and not self._model.exact:
            kept = len(accepted)
            self.track.cache.keep(start, accepted)
        else:
            self.track.cache.truncate(start + kept)
        tokens = [draft.tokens[place] for place in accepted]
        self._certain += tokens
        if kept:
            self.track.note(tokens[:kept])
