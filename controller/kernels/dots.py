"""Dot products of bytes, by what each kind of processor has for them.

A dot is of unsigned codes with signed activations. Where there is an instruction for four products of bytes it adds to
sums of 32 bits. Elsewhere `pmaddubsw` adds up pairs of products in 16 bits, which hold those of a whole group where
codes have 4 bits (8 · 2 · 15 · 127 < 2¹⁵), and sums are widened once a group; codes of 8 bits are two digits of 4. Sums
of integers are exact, so all of them give the same bits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .llvm import I8, I16, I32, LANES, Builder, Value, call, const
from .processor import PROCESSOR

Multiply = Callable[[Builder, Value, Value, Value], Value]


@dataclass(frozen=True)
class Dots:
    """A way to multiply: `multiply` adds to each of so many 32-bit lanes the products of four bytes with four others.

    `widen`: sums are of 16 bits, two in a lane, and this makes them ones of 32. `signed`: codes are signed bytes as
    well, so that those of 8 bits must be moved down by 128. `indexed`: one of four lanes is multiplied with all of
    another register. `tile`: how many rows of numbers share a load of codes, so that their sums stay in registers;
    `register` is what inline assembly calls a register of the kind, where LLVM must be kept from rearranging them,
    every `hold` times four inputs.
    """

    name: str
    multiply: Multiply
    lanes: int
    tile: int
    widen: Callable[[Builder, Value], Value] | None = None
    register: str = ""
    hold: int = 1
    signed: bool = False
    indexed: bool = False

    @property
    def sums_type(self) -> ir.VectorType:
        """What is added up in."""
        return ir.VectorType(I32, self.lanes) if self.widen is None else ir.VectorType(I16, 2 * self.lanes)


def _plain(b: Builder, sums: Value, codes: Value, numbers: Value) -> Value:
    """The same arithmetic spelt out, for any processor."""
    upper = const(codes.type, 24)
    for byte in range(4):
        up = const(codes.type, 24 - 8 * byte)
        sums = b.add(sums, b.mul(b.lshr(b.shl(codes, up), upper), b.ashr(b.shl(numbers, up), upper)))
    return sums


def _fours(name: str, instruction: str, lanes: int, tile: int, **more: Any) -> Dots:
    """An instruction that adds four products of bytes to each lane."""
    bytes_type = ir.VectorType(I8, 4 * lanes)

    def multiply(b: Builder, sums: Value, codes: Value, numbers: Value) -> Value:
        return call(b, instruction, sums.type, sums, b.bitcast(codes, bytes_type), b.bitcast(numbers, bytes_type))

    return Dots(name, multiply, lanes, tile, **more)


def _pairs(name: str, pairs: str, widening: str, lanes: int, tile: int, **more: Any) -> Dots:
    """An instruction for pairs of products of bytes, and one that adds up pairs of words."""
    bytes_type, words_type = ir.VectorType(I8, 4 * lanes), ir.VectorType(I16, 2 * lanes)

    def multiply(b: Builder, sums: Value, codes: Value, numbers: Value) -> Value:
        found = call(b, pairs, words_type, b.bitcast(codes, bytes_type), b.bitcast(numbers, bytes_type))
        return b.add(sums, found)

    def widen(b: Builder, sums: Value) -> Value:
        return call(b, widening, ir.VectorType(I32, lanes), sums, const(words_type, 1))

    return Dots(name, multiply, lanes, tile, widen, **more)


_NEON: dict[str, Any] = {"register": "w", "hold": 2, "indexed": True}
_SSE = ("llvm.x86.ssse3.pmadd.ub.sw.128", "llvm.x86.sse2.pmadd.wd")
_AVX2 = ("llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx2.pmadd.wd")
_AVX512 = ("llvm.x86.avx512.pmaddubs.w.512", "llvm.x86.avx512.pmaddw.d.512")

BY_FEATURE = {
    "avx512vnni": _fours("avx512-vnni", "llvm.x86.avx512.vpdpbusd.512", 16, 4),
    "avxvnni": _fours("avx-vnni", "llvm.x86.avx512.vpdpbusd.256", 8, 4, register="x"),
    "avx512bw": _pairs("avx512", *_AVX512, 16, 4),
    "avx2": _pairs("avx2", *_AVX2, 8, 4, register="x"),
    "ssse3": _pairs("ssse3", *_SSE, 4, 2, register="x"),
    "i8mm": _fours("neon-usdot", "llvm.aarch64.neon.usdot.v4i32.v16i8", 4, 4, **_NEON),
    "dotprod": _fours("neon-sdot", "llvm.aarch64.neon.sdot.v4i32.v16i8", 4, 4, signed=True, **_NEON),
}
"""Ways to multiply by the feature (in LLVM's words) that each needs, the best first."""

PLAIN = Dots("plain", _plain, LANES, 1)


def dots_for(features: Iterable[str]) -> Dots:
    """The best that a processor with some features can do."""
    has = frozenset(features)
    return next((dots for feature, dots in BY_FEATURE.items() if feature in has), PLAIN)


DOTS = dots_for(PROCESSOR.features)


def in_order(b: Builder, values: list[Value], register: str) -> list[Value]:
    """The same values, everything that they come from computed before anything that needs them.

    LLVM would else compute one row after the other and keep in memory what they share. An empty piece of assembly that
    may do anything to the registers tells it not to.
    """
    if not register:
        return values
    outputs = ",".join(f"={register}" for _ in values)
    inputs = ",".join(str(number) for number in range(len(values)))
    kinds = [value.type for value in values]
    returns = kinds[0] if len(kinds) == 1 else ir.LiteralStructType(kinds)
    assembly = ir.InlineAsm(ir.FunctionType(returns, kinds), "", f"{outputs},{inputs}", side_effect=True)
    done = b.call(assembly, values)
    return [done] if len(kinds) == 1 else [b.extract_value(done, number) for number in range(len(kinds))]
