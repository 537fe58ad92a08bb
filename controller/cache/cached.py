"""A cache before a backend: what was decided before under the very same key is served again, and checked again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.adapter import Adapter
from codeword.controller.backend import Backend
from codeword.controller.decision import Decision, DecisionCancelled, Note, Stopwatch, decision_key
from codeword.controller.engine import Cancelled, never
from codeword.controller.model import Floats
from codeword.controller.sampling import Sampling
from codeword.controller.speculation_hint import NO_HINT, About, Hint

from .entries import MOST_CHARACTERS, SCHEMA, CacheEntry, PoisonedError, Store, read, written
from .near import Near, Renaming, renaming


class Cached:
    """A backend that remembers. A decision that it serves from the store has the path `cache`, no passes, and else the
    same essence as the one that was made.

    What comes from the store is trusted no more than any other text: it must be an entry of that key and legal now.
    One that is not is dropped and noted as poisoned, and the decision is made. Where a hint tells the situation, what
    was decided in the same one under other words is given to the backend as a guess, and never served; where nothing
    was, and `direction_of` tells where prompts lie, what was decided in the nearest situation is; and commands of
    skills that its codebook does not have kept are decided again each time.
    """

    def __init__(self, backend: Backend, store: Store, direction_of: Callable[[Prompt], Floats] | None = None) -> None:
        self._backend, self._store = backend, store
        self._direction_of = direction_of
        self._near: tuple[tuple[str, str], Near] = ("", ""), Near()

    @property
    def adapter(self) -> Adapter:
        """What was taught to the model beside its weights."""
        return self._backend.adapter

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision, without making it."""
        return self._backend.key_of(prompt, graph, sampling)

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Read a system text ahead of the first decision that uses it. Raises DecisionCancelled."""
        self._backend.warm(system, cancelled)

    def settle(self) -> None:
        """Keep of what was read only what it began with."""
        self._backend.settle()

    def halt(self, on: bool) -> None:
        """See `backend.Backend`."""
        self._backend.halt(on)

    def use_threads(self, most: int | None) -> None:
        """See `backend.Backend`."""
        self._backend.use_threads(most)

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """What was decided before under this key, or what the backend decides now. Raises what the backend does."""
        clock = Stopwatch()
        key = self.key_of(prompt, graph, sampling)
        clock.lap("key")
        entry, notes = self._lookup(key, graph, hint.about)
        clock.lap("lookup")
        if entry is not None:
            return Decision(
                **{name: getattr(entry, name) for name in CacheEntry.model_fields},
                stage_ms=clock.stage_ms(),
                path="cache",
                notes=(*notes, *self._store.take_notes()),
            )
        alike, at = None if hint.about is None else _Alike.of(hint.about, prompt.system), None
        if alike is not None:
            guess = self._guess(alike, graph)
            if self._direction_of is not None:
                at = self._direction_of(prompt)
                guess = guess or self._near_of(alike).guess(at, alike.names, graph)
            hint = replace(hint, guess=guess or hint.guess)
            clock.lap("guess")
        try:
            made = self._backend.decide(prompt, graph, cancelled, hint=hint, sampling=sampling)
        except DecisionCancelled as given_up:
            given_up.notes = (*notes, *self._store.take_notes(), *given_up.notes)
            raise
        if not _is_never_kept(made.text, hint.about):
            self._store.put(made.key, written(made))
            if alike is not None:
                self._store.put(alike.key, alike.names.away(made.text))
                if at is not None:
                    self._near_of(alike).learn(at, alike.names, made.text)
        told = (*notes, *self._store.take_notes(), *made.notes)
        return made.model_copy(update={"stage_ms": {**made.stage_ms, **clock.stage_ms()}, "notes": told})

    def _lookup(self, key: str, graph: Node, about: About | None) -> tuple[CacheEntry | None, tuple[Note, ...]]:
        value = self._store.get(key)
        if value is None:
            return None, ()
        try:
            entry = read(value, key, graph)
        except PoisonedError as problem:
            self._store.drop(key)
            return None, (Note(kind="poisoned", text=f"poisoned cache entry {key[:12]} not served: {problem}"),)
        return (None if _is_never_kept(entry.text, about) else entry), ()

    def _near_of(self, alike: "_Alike") -> Near:
        """What is remembered of the codebook that is told, of commands, goals or plans: that of the last one only."""
        if self._near[0] != alike.of_what:
            self._near = alike.of_what, Near()
        return self._near[1]

    def _guess(self, alike: "_Alike", graph: Node) -> str | None:
        """What was decided in a situation alike, in the words of this one, where that is legal."""
        text = self._store.get(alike.key)
        if text is None or len(text) > MOST_CHARACTERS:
            return None
        guess = alike.names.back(text)
        return guess if graph.accepts(guess) else None


@dataclass(frozen=True)
class _Alike:
    """A situation up to a renaming: its words, the key for what was decided in one alike, and what it is one of."""

    names: Renaming
    key: str
    of_what: tuple[str, str]

    @classmethod
    def of(cls, about: About, system: str) -> Self:
        names = renaming(about.codebook, about.task, about.observation)
        key = decision_key({"alike": names.key, "asks": about.asks, "system": system, "schema": SCHEMA})
        return cls(names, key, (system, about.asks))


def _is_never_kept(text: str, about: About | None) -> bool:
    """Whether a command, or one of a plan's, is of a skill that the codebook has decided afresh each time."""
    skills = () if about is None else about.codebook.skills.values()
    return any(not skill.cached and f'{{"skill":"{skill.name}"' in text for skill in skills)
