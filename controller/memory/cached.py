"""A cache before a backend: what was decided before under the very same key is served again, and checked again."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from codeword.codebook.choices import Node
from codeword.codebook.command import Command
from codeword.codebook.observation import Observation
from codeword.codebook.prompt import Prompt
from codeword.codebook.skills import Codebook
from codeword.controller.adapter import Adapter
from codeword.controller.backend import Backend
from codeword.controller.decision import Decision, DecisionCancelled, Note, Stopwatch, decision_key
from codeword.controller.engine import Cancelled, never
from codeword.controller.foresight import Foreseeing
from codeword.controller.model import Floats
from codeword.controller.sampling import Sampling

from .entries import MOST_CHARACTERS, SCHEMA, Entry, PoisonedError, Store, read, written
from .near import Near
from .renaming import Renaming, renaming

if TYPE_CHECKING:
    from codeword.controller.controller import Controller


class Cached:
    """A backend that remembers. A decision that it serves from the store has the path `cache`, no passes, and else the
    same essence as the one that was made.

    What comes from the store is trusted no more than any other text: it must be an entry of that key and legal now.
    One that is not is dropped and noted as poisoned, and the decision is made. Where `alike` names the situation up to
    a renaming, what was decided under other words is given to the backend as a guess, and never served; where nothing
    was, and `direction_of` tells where prompts lie, what was decided in the nearest situation is.
    """

    def __init__(
        self,
        backend: Backend,
        store: Store,
        never_kept: Collection[str] = (),
        direction_of: Callable[[Prompt], Floats] | None = None,
    ) -> None:
        """`never_kept` are the skills whose commands are decided anew each time."""
        self._backend, self._store = backend, store
        self._direction_of = direction_of
        self._near: tuple[str, Near] = "", Near()
        self.never_kept = never_kept
        self.alike: Callable[[], Renaming] | None = None

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
        guess: str | None = None,
        sampling: Sampling | None = None,
    ) -> Decision:
        """What was decided before under this key, or what the backend decides now. Raises what the backend does."""
        clock = Stopwatch()
        key = self.key_of(prompt, graph, sampling)
        clock.lap("key")
        entry, notes = self._lookup(key, graph)
        clock.lap("lookup")
        if entry is not None:
            return Decision(
                **{name: getattr(entry, name) for name in Entry.model_fields},
                stage_ms=clock.stage_ms(),
                path="cache",
                notes=(*notes, *self._store.take_notes()),
            )
        alike, at = self._alike(prompt), None
        if alike is not None:
            renamed = self._guess(*alike, graph)
            if self._direction_of is not None:
                at = self._direction_of(prompt)
                renamed = renamed or self._near_of(prompt).guess(at, alike[0], graph)
            guess = renamed or guess
            clock.lap("guess")
        try:
            made = self._backend.decide(prompt, graph, cancelled, guess=guess, sampling=sampling)
        except DecisionCancelled as given_up:
            given_up.notes = (*notes, *self._store.take_notes(), *given_up.notes)
            raise
        if not self._is_never_kept(made.text):
            self._store.put(made.key, written(made))
            if alike is not None:
                self._store.put(alike[1], alike[0].away(made.text))
                if at is not None:
                    self._near_of(prompt).learn(at, alike[0], made.text)
        told = (*notes, *self._store.take_notes(), *made.notes)
        return made.model_copy(update={"stage_ms": {**made.stage_ms, **clock.stage_ms()}, "notes": told})

    def _lookup(self, key: str, graph: Node) -> tuple[Entry | None, tuple[Note, ...]]:
        value = self._store.get(key)
        if value is None:
            return None, ()
        try:
            entry = read(value, key, graph)
        except PoisonedError as problem:
            self._store.drop(key)
            return None, (Note(kind="poisoned", text=f"poisoned cache entry {key[:12]} not served: {problem}"),)
        return (None if self._is_never_kept(entry.text) else entry), ()

    def _alike(self, prompt: Prompt) -> tuple[Renaming, str] | None:
        """The renaming of the situation, and the key for what was decided in one alike."""
        if self.alike is None:
            return None
        found = self.alike()
        return found, decision_key({"alike": found.key, "system": prompt.system, "schema": SCHEMA})

    def _near_of(self, prompt: Prompt) -> Near:
        """What is remembered of the codebook that a prompt tells: that of the last one only."""
        if self._near[0] != prompt.system:
            self._near = prompt.system, Near()
        return self._near[1]

    def _guess(self, found: Renaming, key: str, graph: Node) -> str | None:
        """What was decided in a situation alike, in the words of this one, where that is legal."""
        text = self._store.get(key)
        if text is None or len(text) > MOST_CHARACTERS:
            return None
        guess = found.back(text)
        return guess if graph.accepts(guess) else None

    def _is_never_kept(self, text: str) -> bool:
        return any(text.startswith(f'{{"skill":"{skill}"') for skill in self.never_kept)


class Remembering:
    """A controller with caches behind it: tells them which skills the codebook in force never has kept."""

    def __init__(self, controller: "Controller", caches: Sequence[Cached], codebook: Codebook) -> None:
        self._controller, self._caches = controller, caches
        self._heed(codebook)

    def decide(self, task: str, observation: Observation, cancelled: Cancelled = never) -> Decision:
        """The next command. Raises DecisionCancelled."""
        for cached in self._caches:
            cached.alike = partial(renaming, self._codebook, task, observation)
        return self._controller.decide(task, observation, cancelled)

    def use(self, codebook: Codebook) -> None:
        """Decide by this codebook from now on."""
        self._heed(codebook)
        self._controller.use(codebook)

    def look_ahead(self, task: str, observation: Observation, command: Command) -> None:
        """A command has begun: decide what comes after it, where the controller can."""
        if isinstance(self._controller, Foreseeing):
            self._controller.look_ahead(task, observation, command)

    def catch_up(self, longest_s: float) -> None:
        """Wait, but only so long, until what comes next is decided."""
        if isinstance(self._controller, Foreseeing):
            self._controller.catch_up(longest_s)

    def rest(self) -> None:
        """Give up what is being decided ahead."""
        if isinstance(self._controller, Foreseeing):
            self._controller.rest()

    def _heed(self, codebook: Codebook) -> None:
        self._codebook = codebook
        for cached in self._caches:
            cached.never_kept = tuple(skill.name for skill in codebook.skills.values() if not skill.cached)
