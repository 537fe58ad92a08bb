"""Decoding the slow, plain way: transformers' model in float32, everything read again for every choice.

It shares the automaton and the rule of selection with our decoder, and nothing else: no cache, no forced runs, no tree,
no guess, no kernel of ours. What it says is what ours must say.
"""

import math
from dataclasses import dataclass
from typing import Any

from codeword.codebook.choice_graph import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.automaton import Automaton
from codeword.controller.registry import LocalModel
from codeword.controller.tokens import Tokens


@dataclass(frozen=True)
class PlainDecision:
    """A command, the logarithm of its probability among the legal ones, and the smallest lead of a choice made."""

    text: str
    logprob: float
    margin: float


class PlainDecoder:
    """transformers' own model with a model's dequantized weights."""

    def __init__(self, model: LocalModel) -> None:
        """Load it; takes some seconds and four bytes a weight."""
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        from codeword.controller.weights import Weights

        self.tokens = Tokens(model.folder)
        config = AutoConfig.for_model(**model.config)
        with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
            state = {name: weights.take(name) for name in weights.names}
        with torch.device("meta"):
            self._model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        self._model.load_state_dict(state, strict=False, assign=True)
        self._model.tie_weights()
        rotary = self._model.model.rotary_emb
        self._model.model.rotary_emb = type(rotary)(config=config)
        self._model.eval()

    def decide(self, prompt: Prompt, graph: Node) -> PlainDecision:
        """The likeliest token at every choice; of equals the one with the lowest id."""
        import torch

        automaton = Automaton(graph, self.tokens.encode)
        read, state = list(self.tokens.prompt(prompt).all), automaton.start
        written: list[int] = []
        logprob, margin = 0.0, math.inf
        while not state.is_end:
            allowed = list(state.next)
            token = allowed[0]
            if len(allowed) > 1:
                with torch.inference_mode():
                    logits = self._model(torch.tensor([read + written]), use_cache=False, logits_to_keep=1).logits
                shares = logits[0, -1, allowed].double().log_softmax(0)
                ranked = sorted(shares.tolist(), reverse=True)
                token = allowed[int(shares.argmax())]
                logprob += ranked[0]
                margin = min(margin, ranked[0] - ranked[1])
            written.append(token)
            state = state.next[token]
        return PlainDecision(self.tokens.decode(written), logprob, margin)
