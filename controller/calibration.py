"""What a model's matrices are fed with when it reads given prompts: the activations that quantization aims at.

A plain float32 forward pass, layer by layer, in which each matrix may be replaced once its inputs are known, so that
all that comes later sees the replacement.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.prompt import Prompt

from .shape import Shape
from .tokens import Tokens
from .weights import Weights

_TAILS = 12
"""Prompts of one codebook that are read side by side, so that their common beginning is read once."""

Replace = Callable[[tuple[str, ...], list[Tensor]], None]
"""Called with the names of some matrices of the layer and what they are fed with [tokens, inputs]."""


@dataclass(frozen=True)
class Text:
    """A prompt, and the answer that follows it."""

    prompt: Prompt
    answer: str


@dataclass(frozen=True)
class Sample:
    """Tokens [n] with their positions; `seen` [n, n] says which others each one attends to."""

    tokens: Tensor
    positions: Tensor
    seen: Tensor


def samples_of(texts: Sequence[Text], tokens: Tokens) -> list[Sample]:
    """Texts as samples: a system text once, then what follows it in each of several texts, unseen by one another."""
    tails: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for text in texts:
        prompt = tokens.prompt(text.prompt)
        tails.setdefault(prompt.system, []).append(prompt.task + prompt.observation + tokens.encode(text.answer))
    return [
        _sample(system, several[first : first + _TAILS])
        for system, several in tails.items()
        for first in range(0, len(several), _TAILS)
    ]


def digest(samples: Sequence[Sample]) -> str:
    """A SHA-256 over the tokens of some samples."""
    return hashlib.sha256(json.dumps([sample.tokens.tolist() for sample in samples]).encode()).hexdigest()


def _sample(system: tuple[int, ...], tails: Sequence[tuple[int, ...]]) -> Sample:
    tokens, positions, owners = list(system), list(range(len(system))), [-1] * len(system)
    for number, tail in enumerate(tails):
        tokens += tail
        positions += range(len(system), len(system) + len(tail))
        owners += [number] * len(tail)
    owner = torch.tensor(owners)
    seen = ((owner[None] == -1) | (owner[:, None] == owner[None])).tril()
    return Sample(torch.tensor(tokens), torch.tensor(positions), seen)


class SampleReading:
    """Samples on their way through a model."""

    def __init__(self, shape: Shape, weights: Weights, samples: Sequence[Sample], embedding: Tensor) -> None:
        self._shape, self._samples = shape, samples
        frequencies = torch.from_numpy(shape.inverse_frequencies)
        factors = weights.take_if_there("model.rope_factors")
        self._frequencies = frequencies if factors is None else frequencies / factors
        self.states = [F.embedding(sample.tokens, embedding) for sample in samples]
        """Where the samples are [tokens, hidden]."""

    def layer(self, parts: dict[str, Tensor], replace: Replace) -> None:
        """Go through a layer with these tensors, by their names within it; `replace` may change them on the way."""
        normed = [self._norm(state, parts["input_layernorm.weight"]) for state in self.states]
        replace(tuple(f"self_attn.{letter}_proj" for letter in "qkv"), normed)
        mixed = [self._attend(parts, x, sample) for x, sample in zip(normed, self._samples, strict=True)]
        replace(("self_attn.o_proj",), mixed)
        out = parts["self_attn.o_proj.weight"]
        self.states = [state + x @ out.t() for state, x in zip(self.states, mixed, strict=True)]
        normed = [self._norm(state, parts["post_attention_layernorm.weight"]) for state in self.states]
        replace(("mlp.gate_proj", "mlp.up_proj"), normed)
        gate, up = parts["mlp.gate_proj.weight"], parts["mlp.up_proj.weight"]
        inner = [F.silu(x @ gate.t()) * (x @ up.t()) for x in normed]
        replace(("mlp.down_proj",), inner)
        down = parts["mlp.down_proj.weight"]
        self.states = [state + x @ down.t() for state, x in zip(self.states, inner, strict=True)]

    def _norm(self, state: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(state, (self._shape.hidden,), weight, self._shape.epsilon)

    def _attend(self, parts: dict[str, Tensor], x: Tensor, sample: Sample) -> Tensor:
        """What a layer's heads have gathered [tokens, heads × head_size]."""
        shape = self._shape
        angles = torch.outer(sample.positions.float(), self._frequencies).repeat(1, 2)
        cosine, sine = angles.cos(), angles.sin()

        def heads(letter: str) -> Tensor:
            name = f"self_attn.{letter}_proj"
            whole = F.linear(x, parts[name + ".weight"], parts.get(name + ".bias"))
            return whole.view(len(x), -1, shape.head_size).transpose(0, 1)

        def turned(letter: str) -> Tensor:
            these = heads(letter)
            first, second = these.chunk(2, dim=-1)
            return these * cosine + torch.cat((-second, first), dim=-1) * sine

        mixed = F.scaled_dot_product_attention(
            turned("q")[None], turned("k")[None], heads("v")[None], attn_mask=sample.seen, enable_gqa=True
        )
        return mixed[0].transpose(0, 1).flatten(1)
