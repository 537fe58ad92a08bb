"""The keys and values of the tokens that a model has read: kept in place, rolled back by forgetting a length."""

import torch
from torch import Tensor

_BLOCK = 512


class KVCache:
    """Room for the keys and values of one sequence, in all layers.

    Nothing is copied as tokens are added, but for a doubling of the room now and then. `length` is how many tokens are
    kept.
    """

    def __init__(self, layers: int, kv_heads: int, head_size: int, *, dtype: torch.dtype, device: torch.device) -> None:
        self.length = 0
        self._shape = (layers, 2, kv_heads, head_size)
        self._store = torch.empty((layers, 2, kv_heads, _BLOCK, head_size), dtype=dtype, device=device)

    @property
    def capacity(self) -> int:
        """How many tokens fit before the room is doubled."""
        return self._store.shape[3]

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
        self.length += tokens

    def truncate(self, length: int) -> None:
        """Forget every token from a place on."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot roll back to {length} tokens: {self.length} are kept")
        self.length = length
