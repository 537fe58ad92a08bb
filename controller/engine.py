"""The decoder: from a prompt and a graph of legal texts to the text that the model holds likeliest, choice by choice.

What leaves no choice is never generated: it is read together with the choice before it, in one pass. Several decisions
can be made side by side, each pass serving all of them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import CONTRACT, Prompt

from .adapter import NONE, Adapter
from .automaton import Automaton
from .cache.near import direction
from .deadlines import Deadlines
from .decision import Decision, DecisionCancelled, Stopwatch, decision_key
from .decoding import Decoding
from .digest import graph_digest
from .grammar_check import DisagreementError, GrammarCheck
from .merge import with_adapter
from .model import Floats, check_length
from .prefix_cache import PrefixCache, cuts_of
from .prefixes import Prefixes
from .prior.weighted import bias_of
from .profiles import AUTO, Tuned, choose, load_model
from .registry import LocalModel
from .sampling import GREEDY, Sampling
from .sequence import ReadSequence
from .speculation_hint import NO_HINT, Hint
from .store import Progress, silent
from .tokens import PromptTokens, Tokens


@dataclass(frozen=True)
class Identity:
    """All that an engine's decisions depend on beside the question.

    `policy` is added to the sampling's name, `sampling` is how tokens are picked where a question does not say.
    """

    weights: str
    adapter: str
    profile: str
    policy: str
    sampling: Sampling = GREEDY

    def key(self, tokens: PromptTokens, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision: 64 hex digits."""
        return decision_key(
            {
                "prompt": tokens.all,
                "legal": graph_digest(graph),
                "weights": self.weights,
                "adapter": self.adapter,
                "profile": self.profile,
                "policy": f"{(sampling or self.sampling).name}{self.policy}",
            }
        )


POLICY = 2
"""Raised whenever the same context would give another decision."""

BAD_GRAPH = (DisagreementError, ValueError)
"""Raised where a graph of choices is not what it must be: cut where tokens are, no text the beginning of another."""

Cancelled = Callable[[], bool]


def never() -> bool:
    """A decision that nobody gives up."""
    return False


@dataclass(frozen=True)
class Techniques:
    """What makes a decision quick. Each can be switched off, to be measured or doubted.

    None changes a decision, but that `legal_rows` rounds in other places: it is part of its key.

    `prefix_cache`: what was read of the last prompts is kept. `disk_cache`: codebooks are kept on disk too.
    `forced_runs`: what leaves no choice is read with the choice before it; else token by token. `guesses`: a command
    that is expected is read ahead. `kv_cache`: keys and values are kept; else every token is read after reading all
    before it again. `legal_rows`: only the legal tokens' logits are computed.

    With a model that is not exact, some of them would change the last bits of a decision, and are left out unless
    `loose` allows that.
    """

    prefix_cache: bool = True
    disk_cache: bool = True
    forced_runs: bool = True
    guesses: bool = True
    kv_cache: bool = True
    legal_rows: bool = True
    loose: bool = False

    def without(self, name: str) -> "Techniques":
        """All but one. Raises ValueError where there is none of that name."""
        if name not in {field.name for field in fields(self)}:
            raise ValueError(f"there is no technique '{name}'")
        return replace(self, **{name: False})


@dataclass(frozen=True)
class Request:
    """A decision to be made: a prompt, what is legal, where there is one the text that is expected, and, where it is
    not the engine's own, how tokens are picked.
    """

    prompt: Prompt
    graph: Node
    guess: str | None = None
    sampling: Sampling | None = None


class Engine:
    """A model that decides. Keeps what it read of the last prompts; not safe to use from several threads at once."""

    def __init__(
        self,
        model: LocalModel,
        *,
        profile: str = AUTO,
        device: str = "cpu",
        threads: int | None = None,
        techniques: Techniques = Techniques(),
        sampling: Sampling = GREEDY,
        adapter: Adapter = NONE,
        progress: Progress = silent,
    ) -> None:
        """Load a model. Raises ModelError where it cannot be used."""
        self.model = model
        best = choose(model, device) if profile == AUTO else Tuned(profile)
        self.held = best.profile
        self.adapter = adapter
        self.sampling = sampling
        self.techniques = techniques
        self._rounding = "" if techniques.legal_rows else " all rows"
        self.tokens = Tokens(model.folder)
        with ThreadPoolExecutor(1) as beside:
            grammar_check = beside.submit(GrammarCheck, self.tokens.json, self.tokens.end_token)
            merged = with_adapter(model, adapter, progress)
            self._model = load_model(
                merged, self.held, device=device, threads=threads or best.threads, progress=progress
            )
            self._grammar_check = grammar_check.result()
        config = json.dumps(model.config, sort_keys=True)
        self._weights = f"{model.weights_sha256} {hashlib.sha256(config.encode()).hexdigest()}"
        identity = f"{self._weights} {merged.weights_sha256} {self.profile} {CONTRACT}"
        on_disk = techniques.disk_cache and techniques.prefix_cache and techniques.kv_cache
        self._exact = self._model.exact or techniques.loose
        self._prefix_cache = PrefixCache(self._model, Prefixes(identity) if on_disk else None, exact=self._exact)

    @property
    def profile(self) -> str:
        """How the weights are held and which kernels run."""
        return self._model.profile

    @property
    def weight_bytes(self) -> int:
        """The memory that the weights take."""
        return self._model.weight_bytes

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Read a system text ahead of the first decision that uses it. Raises DecisionCancelled."""
        reading = self.begin_reading(system)
        if reading is None:
            return
        try:
            self._carry_out([reading], cancelled)
        finally:
            self.drop(reading)

    def settle(self) -> None:
        """Keep of what was read only what it began with: what decisions cost does not depend on those before."""
        self._prefix_cache.settle()

    def forget(self) -> None:
        """Keep nothing in memory of what was read."""
        self._prefix_cache.forget()

    def halt(self, on: bool) -> None:
        """Have the decision under way end with DecisionCancelled, and all that follow until this is taken back. From
        any thread."""
        self._model.halt(on)

    def use_threads(self, most: int | None) -> None:
        """Decide with so many of the model's threads at most, None for all; it changes no decision. From any thread."""
        self._model.use_threads(most)

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """The text of the graph that the model picks. `cancelled` is asked before every pass.

        Raises DecisionCancelled where it holds, ModelError where the prompt is longer than the model reads.
        """
        return self.decide_many([Request(prompt, graph, hint.guess, sampling)], cancelled)[0]

    @property
    def exact(self) -> bool:
        """Whether a decision made side by side with others is, to the bit, what it would be alone."""
        return self._model.exact

    @property
    def identity(self) -> Identity:
        """What the key of a decision says of this engine."""
        return Identity(self._weights, self.adapter.identity, self.profile, f"{self._rounding}/{POLICY}", self.sampling)

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision, without making it."""
        return self.identity.key(self.tokens.prompt(prompt), graph, sampling)

    def direction_of(self, prompt: Prompt) -> Floats:
        """Where task and observation of a prompt lie, to be compared: a unit vector [hidden], in about half a
        millisecond, because the model is not run.
        """
        tokens = self.tokens.prompt(prompt)
        return direction(self._model.embeddings(tokens.task + tokens.observation))

    def decide_many(self, requests: Sequence[Request], cancelled: Cancelled = never) -> list[Decision]:
        """Several decisions made side by side: each what it would be alone, where the model is exact."""
        if len(requests) > 1 and self.techniques.prefix_cache:
            for system in dict.fromkeys(request.prompt.system for request in requests):
                self.warm(system, cancelled)
        made: list[Making] = []
        try:
            for request in requests:
                made.append(self.begin(request))
            with cancelled.guarding(self.halt) if isinstance(cancelled, Deadlines) else nullcontext():
                self._carry_out(made, cancelled)
            return [self.end(making) for making in made]
        finally:
            for making in made:
                self.drop(making)

    def begin_reading(self, system: str) -> "Reading | None":
        """Begin to read a system text; None where it is read already. Whoever begins must `drop` it in the end."""
        tokens = self.tokens.prompt(Prompt(system, "", "")).system
        cuts = cuts_of(tokens)
        if self._prefix_cache.holds(tokens, cuts):
            return None
        return Reading(ReadSequence(self._model, self._prefix_cache, tokens, cuts, len(tokens)))

    def go_on(self, under_way: Sequence["Reading"]) -> None:
        """One pass for all of these, each of which must still go on.

        Raises ModelError where a sequence becomes longer than the model reads, DecisionCancelled where it is halted;
        then none has gone on. What else goes wrong with one of them ends that one, and is raised by `end`.
        """
        hidden = self._model.read([one.sequence.part() for one in under_way])
        for one, states in zip(under_way, hidden, strict=True):
            try:
                one.sequence.take(states)
            except BAD_GRAPH as problem:  # those beside it are not to suffer from it
                one.problem = problem

    def drop(self, one: "Reading") -> None:
        """Let go of one that was begun, come to its end or not; what it has read is kept for others. Idempotent."""
        if one.closed:
            return
        one.closed = True
        use = self.techniques
        if use.prefix_cache and use.kv_cache and not one.sequence.goes_on and one.problem is None:
            self._prefix_cache.store(one.sequence.prefix)
        one.sequence.close()
        if not use.prefix_cache:
            self._prefix_cache.forget()

    def begin(self, request: Request) -> "Making":
        """Begin a decision, to be carried on by `go_on` as long as it goes on, then taken by `end`; whoever begins must
        `drop` it in the end. Raises ModelError where the prompt cannot be read.
        """
        clock = Stopwatch()
        tokens = self.tokens.prompt(request.prompt)
        clock.lap("tokenize")
        sampling = request.sampling or self.sampling
        key = self.identity.key(tokens, request.graph, sampling)
        matcher = self._grammar_check.matcher(request.graph)
        automaton, bias = Automaton(request.graph, self.tokens.encode), bias_of(request.graph, self.tokens.decode)
        decoding = Decoding(automaton, matcher, sampling, sampling.rng(key), bias)
        clock.lap("grammar")
        use = self.techniques
        guessed = self.tokens.encode(request.guess) if request.guess and use.guesses and self._exact else ()
        last = tokens.observation + decoding.run
        cuts = cuts_of(tokens.system, tokens.task, last)
        certain = tokens.system + tokens.task + last
        check_length(len(certain), self._model.shape)  # now, and not after minutes of reading
        if not use.forced_runs:
            cuts = (*cuts[:-1], *range(len(certain) - len(decoding.run), len(certain) + 1))
        sequence = ReadSequence(
            self._model, self._prefix_cache, certain, cuts, len(tokens.system), decoding=decoding, clock=clock,
            guessed=guessed, forced_runs=use.forced_runs, kv_cache=use.kv_cache,
            legal_rows=use.legal_rows,
            exact=self._exact,
        )  # fmt: skip
        return Making(sequence, tokens, key, decoding, clock)

    def end(self, making: "Making") -> Decision:
        """The decision that was made. The making is still to be dropped. Raises one of
        BAD_GRAPH where the graph can be walked in more than one way.
        """
        if making.problem is not None:
            raise making.problem
        tokens, decoding, clock, sequence = making.tokens, making.decoding, making.clock, making.sequence
        decoding.finish()
        clock.lap("prefill")  # where there was nothing to choose, and so nothing to read
        clock.lap("decode")
        stages = clock.stage_ms()
        first_ms = stages["tokenize"] + stages["grammar"] + stages["prefill"]
        levels = {"task": len(tokens.system), "observation": len(tokens.system + tokens.task)}
        level = "none" if not sequence.cached else "codebook"
        for name, length in levels.items():
            level = name if sequence.cached > length else level
        return Decision(
            text=self.tokens.decode(decoding.tokens),
            logprob=decoding.logprob,
            choices=decoding.choices(self.tokens.decode),
            stage_ms=stages,
            first_token_ms=first_ms,
            token_ms=(stages["total"] - first_ms) / max(1, len(decoding.tokens) - 1),
            prompt_tokens=len(tokens.all),
            tokens_cached=sequence.cached,
            cache_level=level,
            tokens_forced=len(decoding.tokens) - decoding.choices_made,
            tokens_chosen=decoding.choices_made,
            tokens_guessed=sequence.tokens_guessed,
            tokens_accepted=sequence.tokens_accepted,
            passes=sequence.passes,
            kv_mb=round(sequence.prefix.cache.size_bytes / 1e6, 1),
            path="decoded",
            key=making.key,
        )

    def _carry_out(self, under_way: Sequence["Reading"], cancelled: Cancelled) -> None:
        """Pass after pass, each for all that still go on."""
        while going := [one for one in under_way if one.goes_on]:
            if cancelled():
                raise DecisionCancelled("the decision was given up before it was made")
            before = [one.written for one in going]
            self.go_on(going)
            for one, written in zip(going, before, strict=True):
                if isinstance(cancelled, Deadlines) and one.written > written:
                    cancelled.wrote(one.written - written)


@dataclass
class Reading:
    """A text that is being read, pass by pass."""

    sequence: ReadSequence
    closed: bool = field(default=False, init=False)
    problem: Exception | None = field(default=None, init=False)

    @property
    def goes_on(self) -> bool:
        """Whether there is something left to read."""
        return self.problem is None and self.sequence.goes_on

    @property
    def written(self) -> int:
        """How many tokens of a command there are by now."""
        return self.sequence.written


@dataclass
class Making(Reading):
    """A decision under way."""

    tokens: PromptTokens
    key: str
    decoding: Decoding
    clock: Stopwatch
