"""A model computed by torch: a lean forward pass for Llama- and Qwen2-shaped models over a cache that is kept in place.

embedding → layers × [ norm → QKV → RoPE → attention → out,  norm → gate · up → down ] → norm → head
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from codeword.codebook.errors import ModelError

from .decision import DecisionCancelled
from .linear import Linear, Linear8, packs
from .model import NUMERICS, Floats, Part
from .processor import signature
from .registry import LocalModel
from .shape import Shape, read_shape
from .weights import Weights

_BLOCK = 512


class KVCache:
    """Room for the keys and values of one sequence, in all layers.

    Nothing is copied as tokens are added, but for a doubling of the room now and then. The room may be made while a
    model reads, in torch's inference mode; so all that changes it later is done in that mode too.
    """

    def __init__(self, layers: int, kv_heads: int, head_size: int, *, dtype: torch.dtype, device: torch.device) -> None:
        self._length = 0
        self._shape = (layers, 2, kv_heads, head_size)
        self._store = torch.empty((layers, 2, kv_heads, _BLOCK, head_size), dtype=dtype, device=device)

    @property
    def length(self) -> int:
        """How many tokens are kept."""
        return self._length

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, room for more included."""
        return self._store.nbytes

    @property
    def capacity(self) -> int:
        """How many tokens fit before the room is doubled."""
        return self._store.shape[3]

    @torch.inference_mode()
    def reserve(self, tokens: int) -> None:
        """Have room for so many tokens in all."""
        capacity = self.capacity
        if tokens <= capacity:
            return
        while capacity < tokens:
            capacity *= 2
        layers, pair, kv_heads, head_size = self._shape
        store = self._store.new_empty((layers, pair, kv_heads, capacity, head_size))
        store[:, :, :, : self.length] = self._store[:, :, :, : self.length]
        self._store = store

    @torch.inference_mode()
    def write(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put keys and values [kv_heads, tokens, head_size] behind those kept; give all of them, as views.

        `length` stays as it is until `advance`, since every layer writes at the same place.
        """
        end = self.length + keys.shape[1]
        kept = self._store[layer]
        kept[0, :, self.length : end] = keys
        kept[1, :, self.length : end] = values
        return kept[0, :, :end], kept[1, :, :end]

    def advance(self, tokens: int) -> None:
        """Count tokens that all layers have written."""
        self._length += tokens

    def truncate(self, length: int) -> None:
        """Forget every token from a place on."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot roll back to {length} tokens: {self.length} are kept")
        self._length = length

    def dump(self) -> dict[str, NDArray[np.generic]]:
        """All that is kept, as the bytes of one array."""
        kept = self._store[:, :, :, : self._length].contiguous().cpu()
        return {"store": kept.view(torch.uint8).numpy().copy()}

    @torch.inference_mode()
    def load(self, arrays: dict[str, NDArray[np.generic]], length: int) -> None:
        """Take what `dump` gave, in place of what is kept."""
        layers, pair, kv_heads, head_size = self._shape
        expected = (layers, pair, kv_heads, length, head_size * self._store.element_size())
        found = {name: array.shape for name, array in arrays.items()}
        if found != {"store": expected} or arrays["store"].dtype != np.uint8:
            raise ValueError(f"arrays of {found} are not those of {length} tokens")
        self._length = 0
        self.reserve(length)
        if length:  # torch does not view nothing as another type
            self._store[:, :, :, :length] = torch.from_numpy(arrays["store"]).view(self._store.dtype)
        self._length = length


_FEW = 16
"""Up to so many tokens the fused attention kernel is the faster one on a CPU; above, two plain matrix products are."""

_Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


class _Layer:
    """One layer's weights, those that are read together joined: Q, K and V; gate and up."""

    def __init__(self, weights: Weights, number: int, linear: "type[Linear | Linear8]") -> None:
        at = f"model.layers.{number}."
        self.input_norm = weights.take(at + "input_layernorm.weight").float()
        self.post_norm = weights.take(at + "post_attention_layernorm.weight").float()
        self.qkv = linear(*weights.joined([at + f"self_attn.{name}_proj" for name in "qkv"]))
        self.out = linear(*weights.joined([at + "self_attn.o_proj"]))
        self.gate_up = linear(*weights.joined([at + f"mlp.{name}_proj" for name in ("gate", "up")]))
        self.down = linear(*weights.joined([at + "mlp.down_proj"]))

    def spared_bytes(self, number_bytes: int) -> int:
        """How much less memory the matrices take than with so many bytes for each number."""
        every = (self.qkv, self.out, self.gate_up, self.down)
        return sum(one.outputs * one.inputs * number_bytes - one.size_bytes for one in every)


class TorchModel:
    """A model in memory, its weights expanded to floating point. See `model.Model`."""

    exact = False

    def __init__(
        self,
        model: LocalModel,
        *,
        dtype: torch.dtype = torch.bfloat16,
        device: str = "cpu",
        threads: int | None = None,
        eight_bit: bool = False,
    ) -> None:
        """Load the weights. `threads` is for the whole process; `eight_bit` multiplies layers as 8-bit floats.

        Raises ModelError where the weights do not fit the config, or are damaged.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self.dtype, self.device, self._eight_bit = dtype, torch.device(device), eight_bit
        self.shape: Shape = read_shape(model.config, str(model.folder))
        with Weights(model.weights, dtype=dtype, device=self.device) as weights:
            self.embedding = weights.take("model.embed_tokens.weight")
            self.head = self.embedding if self.shape.tied else weights.take("lm_head.weight")
            self._norm = weights.take("model.norm.weight").float()
            self._layers = [
                _Layer(weights, number, Linear8 if eight_bit else Linear) for number in range(self.shape.layers)
            ]
            frequencies = torch.from_numpy(self.shape.inverse_frequencies)
            factors = weights.take_if_there("model.rope_factors")
            self._frequencies = (frequencies if factors is None else frequencies / factors.cpu().float()).to(
                self.device
            )
            weights.expect_all_taken(ignore=("lm_head.weight",) if self.shape.tied else ())
            spared = sum(layer.spared_bytes(dtype.itemsize) for layer in self._layers)
            self.weight_bytes = weights.size_bytes - spared
        self._check_sizes(model)
        self._turns = self._rope_table(1024)
        self._halted = False

    @property
    def profile(self) -> str:
        """How weights are held and which kernels run: what the last bits of every number depend on."""
        dtype = "float8" if self._eight_bit else str(self.dtype).removeprefix("torch.")
        if self.device.type != "cpu":
            return f"{self.device.type}-{dtype}-{torch.cuda.get_device_name(self.device)}/{NUMERICS}"
        kernels = "packed" if packs(self.dtype, self.device) else "plain"
        # What torch calls its capability does not tell apart what its libraries do (AMX and AVX-512 are one to it).
        capability = f"{torch.backends.cpu.get_cpu_capability()}-{signature()}"
        return f"cpu-{dtype}-{kernels}-{capability}-{torch.get_num_threads()}-torch{torch.__version__}/{NUMERICS}"

    def new_cache(self) -> KVCache:
        """An empty cache of the right sizes."""
        shape = self.shape
        return KVCache(shape.layers, shape.kv_heads, shape.head_size, dtype=self.dtype, device=self.device)

    def halt(self, on: bool) -> None:
        """See `model.Model`."""
        self._halted = on

    def use_threads(self, most: int | None) -> None:
        """See `model.Model`: torch's threads are the process's own, and what they add up to depends on them."""

    @torch.inference_mode()
    def read(self, parts: Sequence[Part]) -> list[Floats]:
        """Read all parts in one pass. See `model.Model`."""
        for part in parts:
            part.check(self.shape)
        caches = [_own(part) for part in parts]
        tokens = [token for part in parts for token in part.tokens]
        positions = [
            cache.length + depth for part, cache in zip(parts, caches, strict=True) for depth in range(len(part.tokens))
        ]
        # The sum over the layers is kept in float32: rounding it to 16 bits after every layer costs the most agreement.
        hidden = F.embedding(torch.tensor(tokens, dtype=torch.long, device=self.device), self.embedding).float()
        cosine, sine = self._rope(positions)
        for part, cache in zip(parts, caches, strict=True):
            cache.reserve(cache.length + len(part.tokens))
        attends = [self._attention(part, cache.length) for part, cache in zip(parts, caches, strict=True)]
        for number, layer in enumerate(self._layers):
            if self._halted:
                raise DecisionCancelled("the decision was given up in the middle of a pass")
            normed = self._rms(hidden, layer.input_norm)
            hidden = hidden + self._attend(layer, number, normed, cosine, sine, parts, caches, attends)
            gate, up = layer.gate_up(self._rms(hidden, layer.post_norm)).chunk(2, dim=-1)
            hidden = hidden + layer.down(F.silu(gate) * up)
        result, first = [], 0
        for part, cache in zip(parts, caches, strict=True):
            cache.advance(len(part.tokens))
            places = [first + place % len(part.tokens) for place in part.wanted]
            normed = F.rms_norm(hidden[places], (self.shape.hidden,), self._norm, self.shape.epsilon)
            result.append(normed.cpu().numpy())
            first += len(part.tokens)
        return result

    @torch.inference_mode()
    def embeddings(self, tokens: Sequence[int]) -> Floats:
        """What stands for each token. See `model.Model`."""
        rows = F.embedding(torch.tensor(tokens, dtype=torch.long, device=self.device), self.embedding)
        found: Floats = rows.float().cpu().numpy()
        return found

    def logits(self, hidden: Floats, rows: Sequence[int] | None = None) -> Floats:
        """Logits of some tokens after one hidden state. See `model.Model`."""
        state = torch.from_numpy(np.ascontiguousarray(hidden)).to(self.device)
        if rows is None:
            return F.linear(state.to(self.dtype), self.head).float().cpu().numpy()
        chosen = self.head[torch.tensor(rows, dtype=torch.long, device=self.device)].float()
        return F.linear(state, chosen).cpu().numpy()

    def _attend(
        self,
        layer: _Layer,
        number: int,
        hidden: Tensor,
        cosine: Tensor,
        sine: Tensor,
        parts: Sequence[Part],
        caches: Sequence[KVCache],
        attends: Sequence[_Attend],
    ) -> Tensor:
        """Attention's contribution to the hidden state [tokens, hidden]."""
        shape, count = self.shape, hidden.shape[0]
        joined = layer.qkv(hidden).view(count, -1, shape.head_size).transpose(0, 1)
        turned, values = joined[: shape.heads + shape.kv_heads], joined[shape.heads + shape.kv_heads :]
        first, second = turned.chunk(2, dim=-1)
        turned = (turned * cosine + torch.cat((-second, first), dim=-1) * sine).to(self.dtype)
        queries, keys = turned[: shape.heads], turned[shape.heads :]
        mixed, begin = [], 0
        for part, cache, attend in zip(parts, caches, attends, strict=True):
            own = slice(begin, begin + len(part.tokens))
            begin = own.stop
            all_keys, all_values = cache.write(number, keys[:, own], values[:, own])
            # Heads that share keys become more rows of one head, so that keys and values need not be repeated.
            asked = queries[:, own].reshape(shape.kv_heads, -1, shape.head_size)
            answer = attend(asked, all_keys, all_values).view(shape.heads, len(part.tokens), shape.head_size)
            mixed.append(answer.transpose(0, 1).reshape(len(part.tokens), -1))
        return layer.out(mixed[0] if len(mixed) == 1 else torch.cat(mixed))

    def _attention(self, part: Part, past: int) -> _Attend:
        """How a part attends: queries [kv_heads, group × tokens, size] over all keys and values of its cache."""
        count = len(part.tokens)
        group = self.shape.heads // self.shape.kv_heads
        scale = self.shape.head_size**-0.5
        mask: Tensor | None = None
        if count > 1:
            hidden = torch.ones((count, past + count), dtype=torch.bool, device=self.device).triu(past + 1)
            mask = torch.zeros((count, past + count), dtype=self.dtype, device=self.device)
            mask = mask.masked_fill_(hidden, float("-inf")).repeat(group, 1)

        def fused(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=mask)[0]

        def plain(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            assert mask is not None
            scores = torch.baddbmm(mask, queries, keys.transpose(1, 2), alpha=scale)
            return torch.bmm(scores.softmax(-1), values)

        return plain if count > _FEW and self.device.type == "cpu" else fused

    def _rms(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(hidden, (hidden.shape[-1],), weight, self.shape.epsilon).to(self.dtype)

    def _rope(self, positions: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Cosines and sines for the positions of a pass, each [tokens, head_size]."""
        most = max(positions)
        if most >= self._turns.shape[1]:
            self._turns = self._rope_table(max(most + 1, 2 * self._turns.shape[1]))
        turns = self._turns[:, torch.tensor(positions, dtype=torch.long, device=self.device)]
        return turns[0], turns[1]

    def _rope_table(self, length: int) -> Tensor:
        angles = torch.outer(torch.arange(length, device=self.device).float(), self._frequencies)
        angles = torch.cat((angles, angles), dim=-1)
        return torch.stack((angles.cos(), angles.sin()))

    def _check_sizes(self, model: LocalModel) -> None:
        shape = self.shape
        width = (shape.heads + 2 * shape.kv_heads) * shape.head_size
        for layer in self._layers:
            if (layer.qkv.outputs, layer.qkv.inputs, layer.out.outputs) != (width, shape.hidden, shape.hidden):
                raise ModelError(f"{model.folder}: the weights do not have the sizes that config.json says")


def _own(part: Part) -> KVCache:
    assert isinstance(part.cache, KVCache)
    return part.cache
