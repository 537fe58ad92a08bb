"""Keys and values as bfloat, laid out for sixteen slots at a time; kept in place, rolled back by a length."""

import numpy as np
from numpy.typing import NDArray

from .kernels.blocks import LANES

_ROOM = 512

Bits = NDArray[np.uint16]


class PackedCache:
    """Room for the keys and values of one sequence, in all layers.

    Nothing is copied as tokens are added, but for a doubling of the room now and then. Keys lie as [layer, head, block
    of 16 slots, pair of columns, slot, 2], values as [layer, head, pair of slots, column, 2]: the bits of bfloats.
    """

    def __init__(self, layers: int, heads: int, head_size: int) -> None:
        self._layers, self._heads, self._size = layers, heads, head_size
        self._length = 0
        self.keys, self.values = self._new(_ROOM)

    @property
    def length(self) -> int:
        """How many tokens are kept."""
        return self._length

    @property
    def capacity(self) -> int:
        """How many tokens fit before the room is doubled."""
        return int(self.keys.shape[2]) * LANES

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, room for more included."""
        return self.keys.nbytes + self.values.nbytes

    def reserve(self, tokens: int) -> None:
        """Have room for so many tokens in all."""
        capacity = self.capacity
        if tokens <= capacity:
            return
        while capacity < tokens:
            capacity *= 2
        keys, values = self._new(capacity)
        keys[:, :, : self.keys.shape[2]] = self.keys
        values[:, :, : self.values.shape[2]] = self.values
        self.keys, self.values = keys, values

    def advance(self, tokens: int) -> None:
        """Count tokens that a pass has written."""
        self._length += tokens

    def truncate(self, length: int) -> None:
        """Forget every token from a place on."""
        if not 0 <= length <= self._length:
            raise ValueError(f"cannot roll back to {length} tokens: {self._length} are kept")
        self._length = length

    def dump(self) -> dict[str, NDArray[np.generic]]:
        """All that is kept, as arrays."""
        blocks = -(-self._length // LANES)
        return {"keys": self.keys[:, :, :blocks].copy(), "values": self.values[:, :, : blocks * LANES // 2].copy()}

    def load(self, arrays: dict[str, NDArray[np.generic]], length: int) -> None:
        """Take what `dump` gave, in place of what is kept."""
        blocks = -(-length // LANES)
        expected = {
            "keys": (*self.keys.shape[:2], blocks, *self.keys.shape[3:]),
            "values": (*self.values.shape[:2], blocks * LANES // 2, *self.values.shape[3:]),
        }
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(array.dtype != np.uint16 for array in arrays.values()):
            raise ValueError(f"arrays of {found} are not those of {length} tokens")
        self._length = 0
        self.reserve(length)
        self.keys[:, :, :blocks] = arrays["keys"]
        self.values[:, :, : blocks * LANES // 2] = arrays["values"]
        self._length = length

    def _new(self, capacity: int) -> tuple[Bits, Bits]:
        keys = np.zeros((self._layers, self._heads, capacity // LANES, self._size // 2, LANES, 2), np.uint16)
        values = np.zeros((self._layers, self._heads, capacity // 2, self._size, 2), np.uint16)
        return keys, values
