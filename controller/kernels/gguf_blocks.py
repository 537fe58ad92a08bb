"""What the tensors of a GGUF file hold, as matrices of codes, scales and minima: the same values to the bit.

The layouts are those of ggml-quants.h in llama.cpp (MIT).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .blocks import Blocks, Bytes

Halves = NDArray[np.float16]


def from_gguf(data: Bytes, kind: str) -> Blocks | None:
    """The matrix that a tensor of a GGUF file holds, exactly; None where it is no such sum (floats, Q3_K, …).

    `data` [outputs, bytes of a row] as gguf's reader gives it.
    """
    read = _GGUF.get(kind)
    return None if read is None else read(data)


def _halves(data: Bytes) -> NDArray[np.float16]:
    return np.ascontiguousarray(data).view(np.float16)[..., 0]


def _nibbles(data: Bytes) -> Bytes:
    """32 codes out of 16 bytes: the lower halves, then the upper ones."""
    return np.concatenate((data & 15, data >> 4), axis=-1)


def _fifth_bits(data: Bytes) -> Bytes:
    """The fifth bits of 32 codes, out of 4 bytes."""
    return np.unpackbits(data, axis=-1, bitorder="little")


def _of_blocks(bits: int, codes: NDArray[np.integer], scales: Halves, minima: Halves) -> Blocks:
    return Blocks(bits, codes.reshape(len(codes), -1).astype(np.uint8), scales, minima)


def _centred(bits: int, codes: NDArray[np.integer], scales: Halves, zero: int) -> Blocks:
    """scale · (code − zero). Where a float16 cannot hold that minimum, both are held as float32."""
    with np.errstate(over="ignore"):
        minima = scales * np.float16(-zero)
    if np.isfinite(minima).all():
        return _of_blocks(bits, codes, scales, minima)
    wide = scales.astype(np.float32)
    return Blocks(bits, codes.reshape(len(codes), -1).astype(np.uint8), wide, wide * np.float32(-zero))


def _q4_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 18)
    scales = _halves(blocks[..., :2])
    return _centred(4, _nibbles(blocks[..., 2:]), scales, 8)


def _q4_1(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 20)
    return _of_blocks(4, _nibbles(blocks[..., 4:]), _halves(blocks[..., :2]), _halves(blocks[..., 2:4]))


def _q5_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 22)
    scales = _halves(blocks[..., :2])
    codes = _nibbles(blocks[..., 6:]) | (_fifth_bits(blocks[..., 2:6]) << 4)
    return _centred(8, codes, scales, 16)


def _q5_1(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 24)
    codes = _nibbles(blocks[..., 8:]) | (_fifth_bits(blocks[..., 4:8]) << 4)
    return _of_blocks(8, codes, _halves(blocks[..., :2]), _halves(blocks[..., 2:4]))


def _q8_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 34)
    scales = _halves(blocks[..., :2])
    codes = (blocks[..., 2:] ^ 128).astype(np.uint8)
    return _centred(8, codes, scales, 128)


def _q4_k(data: Bytes) -> Blocks:
    return _super_blocks(data, 144, fifth=False)


def _q5_k(data: Bytes) -> Blocks:
    return _super_blocks(data, 176, fifth=True)


def _super_blocks(data: Bytes, size: int, *, fifth: bool) -> Blocks:
    """Blocks of 256 with two float16 and eight pairs of six-bit scales and minima."""
    blocks = data.reshape(len(data), -1, size)
    scale, minimum = (_halves(blocks[..., at : at + 2]).astype(np.float32)[..., None] for at in (0, 2))
    packed = blocks[..., 4:16]
    low, high, mixed = packed[..., :4], packed[..., 4:8], packed[..., 8:]
    scales = np.concatenate((low & 63, (mixed & 15) | ((low >> 6) << 4)), axis=-1)
    minima = np.concatenate((high & 63, (mixed >> 4) | ((high >> 6) << 4)), axis=-1)
    nibbles = blocks[..., -128:].reshape(*blocks.shape[:2], 4, 32)
    codes = np.stack((nibbles & 15, nibbles >> 4), axis=3).reshape(*blocks.shape[:2], 8, 32)
    if fifth:
        bits = np.unpackbits(blocks[..., 16:48], axis=-1, bitorder="little").reshape(*blocks.shape[:2], 32, 8)
        codes = codes | (bits.transpose(0, 1, 3, 2) << 4)
    rows = len(data)
    return Blocks(
        8 if fifth else 4,
        codes.reshape(rows, -1).astype(np.uint8),
        (scale * scales).reshape(rows, -1),
        (-minimum * minima).reshape(rows, -1),
    )


def _q6_k(data: Bytes) -> Blocks:
    """Blocks of 256 with a float16 and sixteen signed scales of eight bits; a weight is scale · (code − 32)."""
    blocks = data.reshape(len(data), -1, 210)
    low = blocks[..., :128].reshape(*blocks.shape[:2], 2, 64)
    high = blocks[..., 128:192].reshape(*blocks.shape[:2], 2, 32)
    nibbles = np.stack((low & 15, low >> 4), axis=3).reshape(*blocks.shape[:2], 8, 32)
    pairs = np.stack([(high >> shift) & 3 for shift in (0, 2, 4, 6)], axis=3).reshape(*blocks.shape[:2], 8, 32)
    # Products of 18 bits, and of 24 with a code: float32 rounds none of them.
    steps = np.ascontiguousarray(blocks[..., 192:208]).view(np.int8).astype(np.float32)
    scales = (_halves(blocks[..., 208:]).astype(np.float32)[..., None] * steps).reshape(len(data), -1)
    return Blocks(8, (nibbles | (pairs << 4)).reshape(len(data), -1).astype(np.uint8), scales, scales * np.float32(-32))


_GGUF: dict[str, Callable[[Bytes], Blocks]] = {
    "Q4_0": _q4_0, "Q4_1": _q4_1, "Q5_0": _q5_0, "Q5_1": _q5_1, "Q8_0": _q8_0, "Q4_K": _q4_k, "Q5_K": _q5_k,
    "Q6_K": _q6_k,
}  # fmt: skip
