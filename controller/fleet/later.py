"""A model that is loaded only when it is first asked: the one to fall back on, beside an engine that serves many."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from codeword.codebook.choices import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.adapter import Adapter
from codeword.controller.backend import Backend
from codeword.controller.decision import Decision, DecisionCancelled, Stopwatch
from codeword.controller.engine import Cancelled, never
from codeword.controller.hint import NO_HINT, Hint
from codeword.controller.sampling import Sampling

_POLL_S = 0.003


class Later:
    """A backend that takes no memory until it is needed. The first decision waits until it is loaded; given up
    meanwhile, the loading goes on, and the next finds it done.
    """

    def __init__(self, load: Callable[[], Backend], adapter: Adapter) -> None:
        """`adapter` is that of the backend that `load` gives."""
        self.adapter = adapter
        self._load = load
        self._loading: Future[Backend] | None = None
        self._system = ""
        self._threads: int | None = None
        self._halted = False

    @property
    def loaded(self) -> Backend | None:
        """The backend, where it is loaded."""
        return self._loading.result() if self._loading is not None and self._loading.done() else None

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision; for that the backend is loaded."""
        return self._needed(never).key_of(prompt, graph, sampling)

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Read a system text, now or as soon as the backend is loaded. Raises DecisionCancelled."""
        self._system = system
        if (backend := self.loaded) is not None:
            backend.warm(system, cancelled)

    def settle(self) -> None:
        """Keep of what was read only what it began with."""
        if (backend := self.loaded) is not None:
            backend.settle()

    def halt(self, on: bool) -> None:
        """See `backend.Backend`."""
        self._halted = on
        if (backend := self.loaded) is not None:
            backend.halt(on)

    def use_threads(self, most: int | None) -> None:
        """See `backend.Backend`."""
        self._threads = most
        if (backend := self.loaded) is not None:
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
        """What the backend decides; the stage `load` is how long it was waited for. Raises what the backend does, and
        what loading it raises.
        """
        clock = Stopwatch()
        backend = self._needed(cancelled)
        clock.lap("load")
        made = backend.decide(prompt, graph, cancelled, hint=hint, sampling=sampling)
        load_ms = clock.stage_ms()["load"]
        if load_ms < 1.0:
            return made
        stages = {"load": load_ms, **made.stage_ms, "total": clock.stage_ms()["total"]}
        return made.model_copy(update={"stage_ms": stages, "first_token_ms": made.first_token_ms + load_ms})

    def _needed(self, cancelled: Cancelled) -> Backend:
        if self._loading is None:
            beside = ThreadPoolExecutor(1, thread_name_prefix="load")
            self._loading = beside.submit(self._begin)
            beside.shutdown(wait=False)
        while not self._loading.done():
            if self._halted or cancelled():
                raise DecisionCancelled("the decision was given up while the local model was loaded")
            wait_for([self._loading], timeout=_POLL_S)
        return self._loading.result()

    def _begin(self) -> Backend:
        backend = self._load()
        if self._system:
            backend.warm(self._system)
        backend.use_threads(self._threads)
        return backend
