"""Dot products of integers, by what each kind of processor has for them.

A dot is of unsigned codes with activations of 15 bits. Where there is an instruction for four products of bytes, an
activation is two bytes in planes of their own, and each plane is multiplied. Elsewhere it is one word of 16 bits:
`pmaddwd` takes half as many at once as `pmaddubsw`, but once instead of for two planes, needs no step from 16 to 32
bits, and takes codes of 8 bits, whose pairs overflow in `pmaddubsw` (2 · 255 · 127). Sums of integers are exact, so
all of them give the same bits.
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
    """A way to multiply: `multiply` adds to each of so many 32-bit lanes the products of the numbers in two others.

    `words`: two pairs of 16-bit words are multiplied, else four of bytes. `signed`: codes are signed bytes as well, so
    that those of 8 bits must be moved down by 128. `indexed`: one of four lanes is multiplied with all of another
    register. `tile`: how many rows of numbers (of each plane) share a load of codes, so that their sums stay in
    registers; `register` is what inline assembly calls a register of the kind, where LLVM must be kept from
    rearranging them, every `hold` times four inputs.
    """

    name: str
    multiply: Multiply
    lanes: int
    words: bool
    tile: int
    register: str = ""
    hold: int = 1
    signed: bool = False
    indexed: bool = False


def _instruction(name: str, kind: ir.Type, lanes: int, *, adds: bool) -> Multiply:
    """An instruction for so many 32-bit lanes, which takes numbers of a kind; whether it adds to sums by itself."""
    sums_type, numbers_type = ir.VectorType(I32, lanes), ir.VectorType(kind, lanes * I32.width // kind.width)

    def multiply(b: Builder, sums: Value, codes: Value, numbers: Value) -> Value:
        factors = [b.bitcast(value, numbers_type) for value in (codes, numbers)]
        if adds:
            return call(b, name, sums_type, sums, *factors)
        return b.add(sums, call(b, name, sums_type, *factors))

    return multiply


def _plain(b: Builder, sums: Value, codes: Value, numbers: Value) -> Value:
    """The same arithmetic spelt out, for any processor."""
    half, lower = const(codes.type, 16), const(codes.type, 0xFFFF)
    first = b.mul(b.and_(codes, lower), b.ashr(b.shl(numbers, half), half))
    second = b.mul(b.lshr(codes, half), b.ashr(numbers, half))
    return b.add(b.add(sums, first), second)


def _bytes(name: str, instruction: str, lanes: int, tile: int, **more: Any) -> Dots:
    return Dots(name, _instruction(instruction, I8, lanes, adds=True), lanes, False, tile, **more)


def _words(name: str, instruction: str, lanes: int, tile: int, **more: Any) -> Dots:
    return Dots(name, _instruction(instruction, I16, lanes, adds=False), lanes, True, tile, **more)


_NEON: dict[str, Any] = {"register": "w", "hold": 2, "indexed": True}

BY_FEATURE = {
    "avx512vnni": _bytes("avx512-vnni", "llvm.x86.avx512.vpdpbusd.512", 16, 2),
    "avxvnni": _bytes("avx-vnni", "llvm.x86.avx512.vpdpbusd.256", 8, 4, register="x"),
    "avx512bw": _words("avx512", "llvm.x86.avx512.pmaddw.d.512", 16, 4),
    "avx2": _words("avx2", "llvm.x86.avx2.pmadd.wd", 8, 4, register="x"),
    "sse2": _words("sse2", "llvm.x86.sse2.pmadd.wd", 4, 2, register="x"),
    "i8mm": _bytes("neon-usdot", "llvm.aarch64.neon.usdot.v4i32.v16i8", 4, 4, **_NEON),
    "dotprod": _bytes("neon-sdot", "llvm.aarch64.neon.sdot.v4i32.v16i8", 4, 4, signed=True, **_NEON),
}
"""Ways to multiply by the feature (in LLVM's words) that each needs, the best first."""

PLAIN = Dots("plain", _plain, LANES, True, 1)


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
