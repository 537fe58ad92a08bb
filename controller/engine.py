"""The decoder: from a prompt and a graph of legal texts to the text that the model holds likeliest, choice by choice.

What leaves no choice is never generated: it is read together with the choice before it, in one pass.
"""

from concurrent.futures import ThreadPoolExecutor

import torch

from codeword.codebook.choices import Node
from codeword.codebook.errors import ModelError, did_you_mean
from codeword.codebook.prompt import Prompt

from .adapter import NONE, Adapter
from .automaton import Automaton
from .decision import Decision, Stopwatch, decision_key, graph_digest
from .forward import Forward
from .hold import Hold
from .reader import Cancelled, Reader, passes_of
from .registry import LocalModel
from .tokens import PromptTokens, Tokens
from .walk import Walk

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
DEVICES = ("cpu", "cuda")

POLICY = "greedy/1"
"""Raised whenever the same context would give another decision."""


def never() -> bool:
    """A decision that nobody gives up."""
    return False


class Engine:
    """A model that decides. Keeps what it read of the last prompt; not safe to use from several threads at once."""

    def __init__(
        self,
        model: LocalModel,
        *,
        dtype: str = "bfloat16",
        device: str = "cpu",
        threads: int | None = None,
        prefix_cache: bool = True,
        adapter: Adapter = NONE,
    ) -> None:
        """Load a model. `threads` is for the whole process. Raises ModelError where it cannot be used."""
        if dtype not in DTYPES:
            raise ModelError(f"there is no dtype '{dtype}' to compute in{did_you_mean(dtype, list(DTYPES))}")
        if device.partition(":")[0] not in DEVICES:
            raise ModelError(f"there is no device '{device}' to compute on{did_you_mean(device, list(DEVICES))}")
        if device != "cpu" and not torch.cuda.is_available():
            raise ModelError(f"device '{device}' is not there: this machine has no GPU that torch can use; take 'cpu'")
        if threads is not None:
            torch.set_num_threads(threads)
        self.model = model
        self.tokens = Tokens(model.folder)
        self.adapter = adapter
        self._prefix_cache = prefix_cache
        with ThreadPoolExecutor(1) as beside:
            hold = beside.submit(Hold, self.tokens.json, self.tokens.end_token)
            self._forward = Forward(model, dtype=DTYPES[dtype], device=device)
            self._hold = hold.result()
        self._reader = Reader(self._forward)

    @property
    def profile(self) -> str:
        """How the weights are held and which kernels run."""
        return self._forward.profile

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Read a system text ahead of the first decision that uses it."""
        passes = passes_of(self.tokens.prompt(Prompt(system, "", "")).system)
        self._reader.read(passes[self._reader.rewind(passes) :], cancelled)

    def decide(self, prompt: Prompt, graph: Node, cancelled: Cancelled = never) -> Decision:
        """The text of the graph that the model picks, greedily. `cancelled` is asked before every pass.

        Raises DecisionCancelled where it holds, ModelError where the prompt is longer than the model reads.
        """
        clock = Stopwatch()
        tokens = self.tokens.prompt(prompt)
        clock.lap("tokenize")
        key = self._key(tokens, graph)
        walk = Walk(Automaton(graph, self.tokens.encode), self._hold.matcher(graph))
        clock.lap("grammar")
        cached, passes_before = 0, self._reader.passes
        if not walk.at_end:
            if not self._prefix_cache:
                self._reader.forget()
            *ahead, last = passes_of(tokens.system, tokens.task, tokens.observation + walk.run)
            kept = self._reader.rewind(ahead)
            cached = self._reader.length
            self._reader.read(ahead[kept:], cancelled)
            self._step(walk, last, cancelled)
        clock.lap("prefill")
        while not walk.at_end:
            self._step(walk, walk.run, cancelled)
        walk.finish()
        clock.lap("decode")
        return Decision(
            text=self.tokens.decode(walk.tokens),
            logprob=walk.logprob,
            choices=walk.choices(self.tokens.decode),
            stage_ms=clock.stage_ms(),
            prompt_tokens=len(tokens.all),
            tokens_cached=cached,
            tokens_forced=len(walk.tokens) - walk.choices_made,
            tokens_chosen=walk.choices_made,
            passes=self._reader.passes - passes_before,
            path="decoded",
            key=key,
        )

    def _step(self, walk: Walk, unread: tuple[int, ...], cancelled: Cancelled) -> None:
        """Read what was not read yet, and choose."""
        rows = torch.tensor(walk.allowed, dtype=torch.long, device=self._forward.device)
        walk.choose(self._reader.score(unread, rows, cancelled).cpu())

    def _key(self, tokens: PromptTokens, graph: Node) -> str:
        return decision_key(
            {
                "prompt": tokens.all,
                "legal": graph_digest(graph),
                "weights": self.model.weights_sha256,
                "adapter": self.adapter.name,
                "profile": self.profile,
                "policy": POLICY,
            }
        )
