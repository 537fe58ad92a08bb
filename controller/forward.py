"""The model itself: a lean forward pass for Llama- and Qwen2-shaped models over a cache that is kept in place.

embedding → layers × [ norm → QKV → RoPE → attention → out,  norm → gate · up → down ] → norm → head
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from codeword.codebook.errors import ModelError

from .kv import KVCache
from .linear import Linear, packs
from .registry import LocalModel
from .shape import Shape, read_shape
from .weights import Weights

_FEW = 16
"""Up to so many tokens the fused attention kernel is the faster one on a CPU; above, two plain matrix products are."""


class _Layer:
    """One layer's weights, those that are read together joined: Q, K and V; gate and up."""

    def __init__(self, weights: Weights, number: int) -> None:
        at = f"model.layers.{number}."
        self.input_norm = weights.take(at + "input_layernorm.weight")
        self.post_norm = weights.take(at + "post_attention_layernorm.weight")
        self.qkv = Linear(*weights.joined([at + f"self_attn.{name}_proj" for name in "qkv"]))
        self.out = Linear(*weights.joined([at + "self_attn.o_proj"]))
        self.gate_up = Linear(*weights.joined([at + f"mlp.{name}_proj" for name in ("gate", "up")]))
        self.down = Linear(*weights.joined([at + "mlp.down_proj"]))


class Forward:
    """A model in memory. Not safe to use from several threads at once; caches are the caller's."""

    def __init__(self, model: LocalModel, *, dtype: torch.dtype = torch.bfloat16, device: str = "cpu") -> None:
        """Load the weights. Raises ModelError where they do not fit the config, or are damaged."""
        self.dtype, self.device = dtype, torch.device(device)
        self.shape: Shape = read_shape(model.config, str(model.folder))
        with Weights(model.weights, dtype=dtype, device=self.device) as weights:
            self.embedding = weights.take("model.embed_tokens.weight")
            self.head = self.embedding if self.shape.tied else weights.take("lm_head.weight")
            self._norm = weights.take("model.norm.weight")
            self._layers = [_Layer(weights, number) for number in range(self.shape.layers)]
            frequencies = self.shape.inverse_frequencies
            factors = weights.take_if_there("model.rope_factors")
            self._frequencies = (frequencies if factors is None else frequencies / factors.cpu().float()).to(
                self.device
            )
            weights.expect_all_taken(ignore=("lm_head.weight",) if self.shape.tied else ())
        self._check_sizes(model)
        self._turns = self._rope_table(1024)

    @property
    def profile(self) -> str:
        """How weights are held and which kernels run: what the last bits of every number depend on."""
        kernels = "packed" if packs(self.dtype, self.device) else "plain"
        return f"{self.device.type}-{str(self.dtype).removeprefix('torch.')}-{kernels}"

    def new_cache(self) -> KVCache:
        """An empty cache of the right sizes."""
        shape = self.shape
        return KVCache(shape.layers, shape.kv_heads, shape.head_size, dtype=self.dtype, device=self.device)

    @torch.inference_mode()
    def __call__(
        self,
        tokens: Sequence[int],
        cache: KVCache,
        *,
        positions: Sequence[int] = (-1,),
        rows: Tensor | None = None,
    ) -> Tensor:
        """Read tokens behind those in the cache, all in one pass, and add them to it.

        Returns float32 logits [len(positions), vocabulary], or [len(positions), len(rows)] where only some tokens'
        are wanted; `positions` count within `tokens`, negative ones from the end. Raises ModelError where the sequence
        would become longer than the model can read.
        """
        count, past = len(tokens), cache.length
        if past + count > self.shape.max_tokens:
            raise ModelError(
                f"the prompt is too long: {past + count} tokens, and the model reads {self.shape.max_tokens}"
            )
        cache.reserve(past + count)
        hidden = F.embedding(torch.tensor(tokens, dtype=torch.long, device=self.device), self.embedding)
        cosine, sine = self._rope(past, count)
        attend = self._attention(past, count)
        for number, layer in enumerate(self._layers):
            mixed = self._attend(layer, number, self._rms(hidden, layer.input_norm), cosine, sine, cache, attend)
            hidden = hidden + mixed
            gate, up = layer.gate_up(self._rms(hidden, layer.post_norm)).chunk(2, dim=-1)
            hidden = hidden + layer.down(F.silu(gate) * up)
        cache.advance(count)
        if not positions:
            return hidden.new_empty((0, 0), dtype=torch.float32)
        wanted = self._rms(hidden[list(positions)], self._norm)
        if rows is None:
            return F.linear(wanted, self.head).float()
        return F.linear(wanted.float(), self.head[rows].float())

    def _attend(
        self,
        layer: _Layer,
        number: int,
        hidden: Tensor,
        cosine: Tensor,
        sine: Tensor,
        cache: KVCache,
        attend: "Callable[[Tensor, Tensor, Tensor], Tensor]",
    ) -> Tensor:
        """Attention's contribution to the hidden state [tokens, hidden]."""
        shape, count = self.shape, hidden.shape[0]
        joined = layer.qkv(hidden).view(count, -1, shape.head_size).transpose(0, 1)
        turned, values = joined[: shape.heads + shape.kv_heads], joined[shape.heads + shape.kv_heads :]
        first, second = turned.chunk(2, dim=-1)
        turned = turned * cosine + torch.cat((-second, first), dim=-1) * sine
        queries, keys = turned[: shape.heads], turned[shape.heads :]
        keys, values = cache.write(number, keys, values)
        # Heads that share keys become more rows of one head, so that keys and values need not be repeated.
        mixed = attend(queries.reshape(shape.kv_heads, -1, shape.head_size), keys, values)
        mixed = mixed.view(shape.heads, count, shape.head_size).transpose(0, 1).reshape(count, -1)
        return layer.out(mixed)

    def _attention(self, past: int, count: int) -> "Callable[[Tensor, Tensor, Tensor], Tensor]":
        """How a pass of so many tokens attends: queries [kv_heads, group × tokens, size] over all keys and values."""
        group = self.shape.heads // self.shape.kv_heads
        scale = self.shape.head_size**-0.5
        mask: Tensor | None = None
        if count > 1:
            future = torch.ones((count, past + count), dtype=torch.bool, device=self.device).triu(past + 1)
            mask = torch.zeros((count, past + count), dtype=self.dtype, device=self.device)
            mask = mask.masked_fill_(future, float("-inf")).repeat(group, 1)

        def fused(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=mask)[0]

        def plain(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            assert mask is not None
            scores = torch.baddbmm(mask, queries, keys.transpose(1, 2), alpha=scale)
            return torch.bmm(scores.softmax(-1), values)

        return plain if count > _FEW and self.device.type == "cpu" else fused

    def _rms(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(hidden, (hidden.shape[-1],), weight, self.shape.epsilon)

    def _rope(self, past: int, count: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines for the positions of a pass, each [tokens, head_size]."""
        if past + count > self._turns.shape[1]:
            self._turns = self._rope_table(max(past + count, 2 * self._turns.shape[1]))
        turns = self._turns[:, past : past + count]
        return turns[0], turns[1]

    def _rope_table(self, length: int) -> Tensor:
        angles = torch.outer(torch.arange(length, device=self.device).float(), self._frequencies)
        angles = torch.cat((angles, angles), dim=-1)
        return torch.stack((angles.cos(), angles.sin())).to(self.dtype)

    def _check_sizes(self, model: LocalModel) -> None:
        shape = self.shape
        width = (shape.heads + 2 * shape.kv_heads) * shape.head_size
        for layer in self._layers:
            if (layer.qkv.outputs, layer.qkv.inputs, layer.out.outputs) != (width, shape.hidden, shape.hidden):
                raise ModelError(f"{model.folder}: the weights do not have the sizes that config.json says")
