"""The keys and values of the tokens that a model has read: kept in place, rolled back by forgetting a length."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
