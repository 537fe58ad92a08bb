"""Quantized matrices, and how they lie in memory: records of 16 outputs by 32 inputs, in the order of reading.

A weight is scale · code + minimum, its code an unsigned integer of 4 or 8 bits, scale and minimum shared by 32 inputs
of one output. What GGUF files hold (Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K) is just such a sum: nothing is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANES = 16
GROUP = 32

OUTPUTS = "outputs"
"""The entry of a weights file's metadata that says how many outputs each quantized matrix has: JSON, by name."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Halves = NDArray[np.float16]


@dataclass(frozen=True)
class Blocks:
    """A matrix [outputs, inputs]: codes of so many bits, and scales and minima [outputs, inputs / 32].

    Scales are float16, or float32 where float16 would round them.
    """

    bits: int
    codes: Bytes
    scales: NDArray[np.floating]
    minima: NDArray[np.floating]

    @property
    def kind(self) -> str:
        """The name of this way to hold a matrix, as in `passes.KINDS`."""
        return f"q{self.bits}{'w' if self.scales.dtype == np.float32 else ''}"

    def floats(self) -> Floats:
        """The weights as float32."""
        scales, minima = (np.repeat(a.astype(np.float32), GROUP, -1) for a in (self.scales, self.minima))
        return scales * self.codes.astype(np.float32) + minima

    def rows(self, order: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> "Blocks":
        """The same matrix with its rows in another order."""
        parts = [np.ascontiguousarray(order(a)) for a in (self.codes, self.scales, self.minima)]
        return Blocks(self.bits, parts[0].astype(np.uint8), parts[1], parts[2])

    def records(self) -> Bytes:
        """The matrix as it is read: [outputs / 16, inputs / 32, bytes of a record], filled up with zeros."""
        outputs, inputs = self.codes.shape
        short = -outputs % LANES
        codes = np.pad(self.codes, ((0, short), (0, 0)))
        scales, minima = (np.pad(a, ((0, short), (0, 0))) for a in (self.scales, self.minima))
        blocks, groups = (outputs + short) // LANES, inputs // GROUP
        quads = codes.reshape(blocks, LANES, groups, GROUP // 4, 4).transpose(0, 2, 3, 1, 4)
        if self.bits == 4:
            quads = (quads[:, :, 0::2] | (quads[:, :, 1::2] << 4)).astype(np.uint8)
        sides = [
            np.ascontiguousarray(a.reshape(blocks, LANES, groups).transpose(0, 2, 1)).view(np.uint8)
            for a in (scales, minima)
        ]
        return np.ascontiguousarray(np.concatenate([quads.reshape(blocks, groups, -1), *sides], axis=-1))


def from_records(records: Bytes, kind: str, outputs: int) -> Blocks:
    """The matrix that some records hold."""
    bits, wide = int(kind[1]), kind.endswith("w")
    blocks, groups, _ = records.shape
    codes, sides = _split(records, bits, wide)
    quads = codes.reshape(blocks, groups, -1, LANES, 4)
    if bits == 4:
        quads = np.stack((quads & 15, quads >> 4), axis=3).reshape(blocks, groups, GROUP // 4, LANES, 4)
    whole = quads.transpose(0, 3, 1, 2, 4).reshape(blocks * LANES, groups * GROUP)[:outputs]
    scales, minima = (
        side.transpose(0, 2, 1).reshape(blocks * LANES, groups)[:outputs] for side in (sides[:, :, 0], sides[:, :, 1])
    )
    return Blocks(bits, np.ascontiguousarray(whole), np.ascontiguousarray(scales), np.ascontiguousarray(minima))


def rows_of(records: Bytes, kind: str, rows: NDArray[np.integer]) -> Floats:
    """Some rows of a matrix as float32 [len(rows), inputs], without unpacking the others."""
    bits, wide = int(kind[1]), kind.endswith("w")
    blocks, lanes = rows // LANES, rows % LANES
    codes, sides = _split(records[blocks], bits, wide)
    groups = records.shape[1]
    quads = codes.reshape(len(rows), groups, -1, LANES, 4)[np.arange(len(rows)), :, :, lanes]
    if bits == 4:
        quads = np.stack((quads & 15, quads >> 4), axis=3).reshape(len(rows), groups, GROUP // 4, 4)
    side = sides[np.arange(len(rows)), :, :, lanes].astype(np.float32)
    scaled = side[:, :, 0, None] * quads.reshape(len(rows), groups, GROUP).astype(np.float32) + side[:, :, 1, None]
    result: Floats = scaled.reshape(len(rows), groups * GROUP)
    return result


def _split(records: Bytes, bits: int, wide: bool) -> tuple[Bytes, NDArray[np.floating]]:
    """Codes, and scales and minima [..., 2, 16], of records."""
    code_bytes = LANES * GROUP * bits // 8
    sides: NDArray[Any] = np.ascontiguousarray(records[..., code_bytes:]).view(np.float32 if wide else np.float16)
    return records[..., :code_bytes], sides.reshape(*records.shape[:-1], 2, LANES)


def from_gguf(data: Bytes, kind: str) -> Blocks | None:
    """The matrix that a tensor of a GGUF file holds, exactly; None where it is no such sum (Q6_K, floats, …).

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


def _q4_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 18)
    scales = _halves(blocks[..., :2])
    return _of_blocks(4, _nibbles(blocks[..., 2:]), scales, scales * np.float16(-8))


def _q4_1(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 20)
    return _of_blocks(4, _nibbles(blocks[..., 4:]), _halves(blocks[..., :2]), _halves(blocks[..., 2:4]))


def _q5_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 22)
    scales = _halves(blocks[..., :2])
    codes = _nibbles(blocks[..., 6:]) | (_fifth_bits(blocks[..., 2:6]) << 4)
    return _of_blocks(8, codes, scales, scales * np.float16(-16))


def _q5_1(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 24)
    codes = _nibbles(blocks[..., 8:]) | (_fifth_bits(blocks[..., 4:8]) << 4)
    return _of_blocks(8, codes, _halves(blocks[..., :2]), _halves(blocks[..., 2:4]))


def _q8_0(data: Bytes) -> Blocks:
    blocks = data.reshape(len(data), -1, 34)
    scales = _halves(blocks[..., :2])
    codes = (blocks[..., 2:] ^ 128).astype(np.uint8)
    return _of_blocks(8, codes, scales, scales * np.float16(-128))


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


_GGUF: dict[str, Callable[[Bytes], Blocks]] = {
    "Q4_0": _q4_0, "Q4_1": _q4_1, "Q5_0": _q5_0, "Q5_1": _q5_1, "Q8_0": _q8_0, "Q4_K": _q4_k, "Q5_K": _q5_k,
}  # fmt: skip
