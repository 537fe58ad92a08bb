"""Quantized matrices, and how they lie in memory: records of 16 outputs by 32 inputs, in the order of reading.

A weight is scale · code + minimum, its code an unsigned integer of 4 or 8 bits, scale and minimum shared by 32 inputs
of one output, or by 16.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LANES = 16
GROUP = 32

OUTPUTS = "outputs"
"""The entry of a weights file's metadata that says how many outputs each quantized matrix has: JSON, by name."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Kind(NamedTuple):
    """A way to hold a matrix: bits of a code, whether scales are float32 (else float16), how many a group has."""

    bits: int
    wide: bool
    parts: int = 1

    @property
    def code_bytes(self) -> int:
        """Bytes of a record that are codes."""
        return LANES * GROUP * self.bits // 8

    @property
    def side_bytes(self) -> int:
        """Bytes of a record that are scales; as many are minima."""
        return LANES * self.parts * (4 if self.wide else 2)

    @property
    def record_bytes(self) -> int:
        """Bytes of a whole record."""
        return self.code_bytes + 2 * self.side_bytes


KINDS = {
    "q4": Kind(4, wide=False), "q4w": Kind(4, wide=True), "q8": Kind(8, wide=False), "q8w": Kind(8, wide=True),
    "q8s": Kind(8, wide=True, parts=2),
}  # fmt: skip
"""Every way to hold a matrix, by the name that is the last part of its tensor's in a file."""


@dataclass(frozen=True)
class Blocks:
    """A matrix [outputs, inputs]: codes of so many bits, and scales and minima [outputs, inputs / 32 or inputs / 16].

    Scales are float16, or float32 where float16 would round them, and always where there is one for 16 inputs.
    """

    bits: int
    codes: Bytes
    scales: NDArray[np.floating]
    minima: NDArray[np.floating]

    @property
    def kind(self) -> str:
        """The name of this way to hold a matrix, one of KINDS."""
        parts = self.scales.shape[1] * GROUP // self.codes.shape[1]
        wanted = Kind(self.bits, self.scales.dtype == np.float32, parts)
        return next(name for name, kind in KINDS.items() if kind == wanted)

    def floats(self) -> Floats:
        """The weights as float32."""
        each = self.codes.shape[1] // self.scales.shape[1]
        scales, minima = (np.repeat(a.astype(np.float32), each, -1) for a in (self.scales, self.minima))
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
            np.ascontiguousarray(a.reshape(blocks, LANES, groups, -1).transpose(0, 2, 3, 1).reshape(blocks, groups, -1))
            for a in (scales, minima)
        ]
        sides = [side.view(np.uint8) for side in sides]
        return np.ascontiguousarray(np.concatenate([quads.reshape(blocks, groups, -1), *sides], axis=-1))


def from_records(records: Bytes, name: str, outputs: int) -> Blocks:
    """The matrix that some records of a kind hold."""
    kind = KINDS[name]
    blocks, groups, _ = records.shape
    codes, sides = _split(records, kind)
    quads = codes.reshape(blocks, groups, -1, LANES, 4)
    if kind.bits == 4:
        quads = np.stack((quads & 15, quads >> 4), axis=3).reshape(blocks, groups, GROUP // 4, LANES, 4)
    whole = quads.transpose(0, 3, 1, 2, 4).reshape(blocks * LANES, groups * GROUP)[:outputs]
    scales, minima = (
        sides[:, :, side].transpose(0, 3, 1, 2).reshape(blocks * LANES, groups * kind.parts)[:outputs]
        for side in (0, 1)
    )
    return Blocks(kind.bits, np.ascontiguousarray(whole), np.ascontiguousarray(scales), np.ascontiguousarray(minima))


def rows_of(records: Bytes, name: str, rows: NDArray[np.integer]) -> Floats:
    """Some rows of a matrix as float32 [len(rows), inputs], without unpacking the others."""
    kind = KINDS[name]
    blocks, lanes = rows // LANES, rows % LANES
    codes, sides = _split(records[blocks], kind)
    groups, every = records.shape[1], np.arange(len(rows))
    quads = codes.reshape(len(rows), groups, -1, LANES, 4)[every, :, :, lanes]
    if kind.bits == 4:
        quads = np.stack((quads & 15, quads >> 4), axis=3).reshape(len(rows), groups, GROUP // 4, 4)
    side = sides[every, ..., lanes].astype(np.float32)[..., None]
    numbers = quads.reshape(len(rows), groups, kind.parts, GROUP // kind.parts).astype(np.float32)
    scaled: Floats = (side[:, :, 0] * numbers + side[:, :, 1]).reshape(len(rows), groups * GROUP)
    return scaled


def _split(records: Bytes, kind: Kind) -> tuple[Bytes, NDArray[np.floating]]:
    """Codes, and scales and minima [..., 2, parts, 16], of records."""
    packed = np.ascontiguousarray(records[..., kind.code_bytes :])
    sides: NDArray[Any] = packed.view(np.float32 if kind.wide else np.float16)
    return records[..., : kind.code_bytes], sides.reshape(*records.shape[:-1], 2, kind.parts, LANES)
