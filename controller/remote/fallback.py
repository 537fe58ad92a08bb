"""What happens when a model elsewhere does not answer: the local model decides, or the robot holds."""

import random
import time

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.adapter import Adapter
from codeword.controller.backend import Backend
from codeword.controller.decision import Decision, DecisionCancelled, Note
from codeword.controller.engine import Cancelled, never
from codeword.controller.sampling import Sampling
from codeword.controller.speculation_hint import NO_HINT, Hint

from .address import RemoteError

FIRST_REST_S, LONGEST_REST_S = 1.0, 30.0


class Fallback:
    """A backend elsewhere, and one here for when it does not answer; with none here the robot holds.

    A decision made here has the path `fallback` and a note that says why. While nobody answers there, it is not asked
    for a while, and that while grows, so that not every decision waits for it; when it answers again a note says so.
    """

    def __init__(self, name: str, there: Backend, here: Backend | None) -> None:
        """`name` is the one elsewhere, for people."""
        self._name, self._there, self._here = name, there, here
        self._rest_s, self._rests_until = 0.0, 0.0

    @property
    def adapter(self) -> Adapter:
        """What was taught to the model here, which policies are bound by; else to the one there."""
        return (self._here or self._there).adapter

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision made there, without making it."""
        return self._there.key_of(prompt, graph, sampling)

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Have the model here read a system text. Raises DecisionCancelled."""
        self._there.warm(system, cancelled)
        if self._here is not None:
            self._here.warm(system, cancelled)

    def settle(self) -> None:
        """Keep of what was read only what it began with."""
        self._there.settle()
        if self._here is not None:
            self._here.settle()

    def halt(self, on: bool) -> None:
        """See `backend.Backend`."""
        for backend in filter(None, (self._there, self._here)):
            backend.halt(on)

    def use_threads(self, most: int | None) -> None:
        """See `backend.Backend`."""
        for backend in filter(None, (self._there, self._here)):
            backend.use_threads(most)

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """The decision made there, or else here. Raises DecisionCancelled, also where the robot is to hold."""
        if time.monotonic() < self._rests_until:
            return self._decide_here(prompt, graph, cancelled, hint, sampling, ())
        try:
            made = self._there.decide(prompt, graph, cancelled, hint=hint, sampling=sampling)
        except RemoteError as problem:
            then = "the robot holds" if self._here is None else "the local model decides"
            told = Note(kind="fallback", text=f"{self._name} gives no command ({problem}); {then}")
            self._rest(problem)
            return self._decide_here(prompt, graph, cancelled, hint, sampling, (told,))
        if self._rest_s:
            self._rest_s = 0.0
            again = Note(kind="remote", text=f"{self._name} answers again")
            made = made.model_copy(update={"notes": (*made.notes, again)})
        return made

    def _rest(self, problem: RemoteError) -> None:
        """After silence, let some time pass before it is asked again; one that waits in place needs no other."""
        if not problem.gone:
            return
        self._rest_s = min(LONGEST_REST_S, 2 * self._rest_s or FIRST_REST_S)
        if self._here is not None:
            self._rests_until = time.monotonic() + self._rest_s * random.uniform(0.5, 1.0)

    def _decide_here(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled,
        hint: Hint,
        sampling: Sampling | None,
        notes: tuple[Note, ...],
    ) -> Decision:
        if self._here is None:
            raise DecisionCancelled("the model elsewhere gives no command, and the robot holds", notes)
        try:
            made = self._here.decide(prompt, graph, cancelled, hint=hint, sampling=sampling)
        except DecisionCancelled as given_up:
            given_up.notes = (*notes, *given_up.notes)
            raise
        return made.model_copy(update={"path": "fallback", "notes": (*notes, *made.notes)})
