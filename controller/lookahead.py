"""Lookahead: while a command is carried out, the next decision is predicted and made already.

An answer serves only where exactly the same is asked afterwards; all else is thrown away. It is computed in a thread of
its own, by one of the model's threads, and given up within a layer of the model as soon as it is in the way.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from codeword.codebook.choice_graph import Node
from codeword.codebook.command import Command
from codeword.codebook.command_codec import read_command
from codeword.codebook.observation import Observation
from codeword.codebook.prompt import Prompt
from codeword.codebook.skills import Codebook
from codeword.codebook.transition import predict

from .backend import Backend
from .decision import Decision, DecisionCancelled, Stopwatch, decision_key
from .digest import graph_digest
from .engine import Cancelled
from .sampling import Sampling
from .speculation_hint import NO_HINT, Hint

MOST_STEPS = 3
"""So many commands are decided ahead at most."""

_MOST_SKIPPED = 7
_POLL_S = 0.001
_TURNS_S = 0.0005
"""So long one thread may keep the interpreter while others wait. Whoever simulates physics beside this thread hardly
ever lets go of it, and with Python's own 5 ms nothing would be decided ahead at all."""


@dataclass(frozen=True)
class Question:
    """What an engine is asked: all that its answer depends on, but for the engine; `hint` is told with it."""

    prompt: Prompt
    graph: Node
    sampling: Sampling
    hint: Hint = NO_HINT
    left_out: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers of the same engine."""
        return decision_key({"prompt": self.prompt, "legal": graph_digest(self.graph), "policy": self.sampling.name})

    def put_to(self, engine: Backend, cancelled: Cancelled) -> Decision:
        """The engine's answer. Raises DecisionCancelled."""
        return engine.decide(self.prompt, self.graph, cancelled, hint=self.hint, sampling=self.sampling)


@runtime_checkable
class LooksAhead(Protocol):
    """A controller that can decide ahead while a command is carried out."""

    def look_ahead(self, task: str, observation: Observation, command: Command) -> None:
        """A command that was decided on this observation has begun: decide what comes after it. Returns at once."""

    def catch_up(self, longest_s: float) -> None:
        """Wait, but only so long, until what comes next is decided, if that is under way."""

    def rest(self) -> None:
        """Give up what is being decided ahead, before anybody else uses the engine."""


Asking = Callable[[Observation], Question | None]
"""What would be asked about an observation; None where it is not known yet."""


class Lookahead:
    """An engine, and what it was asked ahead. While there is one, the engine is asked through it alone."""

    def __init__(self, engine: Backend) -> None:
        self.engine = engine
        self._thread: ThreadPoolExecutor | None = None
        self._work: Future[None] | None = None
        self._unwanted = threading.Event()
        self._answers: dict[str, Decision] = {}
        self._busy_with = ""
        self._came_true = False
        self._made = self._served = 0
        self._trusted = False
        self._misses = self._skip = 0

    def answer(self, question: Question, cancelled: Cancelled) -> Decision:
        """The answer to a question: what was decided ahead where that was predicted, else decided now.

        Raises DecisionCancelled.
        """
        clock = Stopwatch()
        found = self._foreseen(question, cancelled)
        self._came_true = found is not None
        self._served += self._came_true
        if self._work is not None:
            self._trusted = self._came_true
            self._misses = 0 if self._came_true else self._misses + 1
            self._skip = min(_MOST_SKIPPED, 2**self._misses - 1)
        if found is None:
            self.rest()
            return question.put_to(self.engine, cancelled)
        clock.lap("lookup")
        stages = clock.stage_ms()
        told = {"path": "lookahead" if found.path == "decoded" else found.path, "stage_ms": stages}
        free = dict.fromkeys(("passes", "tokens_guessed", "tokens_accepted"), 0)
        return found.model_copy(update={**told, **free, "first_token_ms": stages["total"], "token_ms": 0.0})

    def look_ahead(
        self, asking: Asking, codebook: Codebook, observation: Observation, command: Command, steps: int = MOST_STEPS
    ) -> None:
        """Begin to decide what comes after a command that is being carried out, and after that, so many steps.

        Where the last answer was predicted, what was decided further ahead is kept, and goes on. Where it was not, one
        command is let pass, and more each time that this happens running.
        """
        if self._skip:
            self._skip -= 1
            self.rest()
            return
        if not self._came_true:
            self.rest()
        elif self._work is not None:
            if not self._work.done():
                return
            self._work.result()
        self._came_true = False
        self._made = self._served = 0
        self._unwanted.clear()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._work = self._thread.submit(self._decide_ahead, asking, codebook, observation, command, steps)

    def catch_up(self, longest_s: float) -> None:
        """Wait until the next decision is made, or so long, or until nothing more is decided ahead; only where what was
        predicted the last time came true.
        """
        until = time.monotonic() + longest_s
        while self._trusted and self._work is not None and self._made <= self._served and not self._work.done():
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            self.engine.use_threads(None)
            wait_for([self._work], timeout=min(left_s, _POLL_S))

    def rest(self) -> None:
        """Give up what is being decided ahead, and forget what was. Raises what went wrong there."""
        self._answers = {}
        if self._work is None:
            return
        self._unwanted.set()
        self.engine.halt(True)
        wait_for([self._work])
        self.engine.halt(False)
        work, self._work = self._work, None
        self._answers = {}
        work.result()

    def close(self) -> None:
        """Rest, and let go of the thread."""
        try:
            self.rest()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
                self._thread = None

    def _foreseen(self, question: Question, cancelled: Cancelled) -> Decision | None:
        if self._work is None:
            return None
        # Without a question it is about to find one, which may be this.
        while question.key not in self._answers and self._busy_with in (question.key, "") and not self._work.done():
            self.engine.use_threads(None)  # now it is waited for
            if cancelled():
                self.rest()
                raise DecisionCancelled("the decision was given up before it was made")
            wait_for([self._work], timeout=_POLL_S)
        return self._answers.pop(question.key, None)

    def _decide_ahead(
        self, asking: Asking, codebook: Codebook, observation: Observation, command: Command, steps: int
    ) -> None:
        before_s = sys.getswitchinterval()
        sys.setswitchinterval(_TURNS_S)
        try:
            for _ in range(steps):
                predicted = predict(codebook, observation, command)
                question = None if predicted is None else asking(predicted)
                if predicted is None or question is None or self._unwanted.is_set():
                    return
                made = self._answers.get(question.key)
                if made is None:
                    self.engine.use_threads(1)  # the others are for whatever carries out the command
                    self._busy_with = question.key
                    made = question.put_to(self.engine, self._unwanted.is_set)
                    self._answers[question.key] = made
                    self._busy_with = ""
                self._made += 1
                observation, command = predicted, read_command(codebook, made.text)
        except DecisionCancelled:
            return
        finally:
            sys.setswitchinterval(before_s)
            self._busy_with = ""
            self.engine.use_threads(None)
