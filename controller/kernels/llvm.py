"""Short words for what LLVM offers: sixteen numbers side by side, loaded, multiplied, rounded and stored.

Where the processor has an instruction for a dot product of bfloats (AVX-512 BF16) that one is used; elsewhere the same
arithmetic is spelt out and LLVM does what it can. Dot products of integers are in `dots`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from .processor import PROCESSOR

LANES = 16
"""Numbers side by side: how many output rows, keys or columns one operation works on."""

Value = Any
Builder = Any


class _BFloat(ir.types.Type):
    """LLVM's bfloat, which llvmlite does not name."""

    def _to_string(self) -> str:
        return "bfloat"


I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
F16, F32 = ir.HalfType(), ir.FloatType()
INTS, FLOATS = ir.VectorType(I32, LANES), ir.VectorType(F32, LANES)
HALVES, SHORTS = ir.VectorType(F16, LANES), ir.VectorType(I16, LANES)
BYTES_16 = ir.VectorType(I8, LANES)
BFLOATS = ir.VectorType(_BFloat(), 2 * LANES)


HAS_BFLOAT_DOTS = "avx512bf16" in PROCESSOR.features

FLOAT_TILE = 24 if "avx512f" in PROCESSOR.features else 4
"""Sixteen sums of float32 each: so many at once stay in registers."""


def const(kind: Any, value: float) -> Value:
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [value] * kind.count)
    return ir.Constant(kind, value)


def call(b: Builder, name: str, returns: Any, *args: Value) -> Value:
    known = b.module.globals.get(name)
    return b.call(known or ir.Function(b.module, ir.FunctionType(returns, [a.type for a in args]), name), args)


def add(b: Builder, address: Value, offset: "int | Value") -> Value:
    return b.add(address, const(I64, offset) if isinstance(offset, int) else offset)


def times(b: Builder, value: Value, factor: int) -> Value:
    return b.mul(value, const(I64, factor))


def load(b: Builder, address: Value, kind: Any, offset: "int | Value" = 0) -> Value:
    return b.load(b.inttoptr(add(b, address, offset), kind.as_pointer()), align=1)


def store(b: Builder, value: Value, address: Value, offset: "int | Value" = 0) -> None:
    b.store(value, b.inttoptr(add(b, address, offset), value.type.as_pointer()), align=1)


def splat(b: Builder, value: Value, lanes: int = LANES) -> Value:
    kind = ir.VectorType(value.type, lanes)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), value, const(I32, 0))
    return b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), const(ir.VectorType(I32, lanes), 0))


def joined(b: Builder, pieces: Sequence[Value]) -> Value:
    """One vector of several, 1, 2, 4 or so of them."""
    while len(pieces) > 1:
        lanes = list(range(2 * pieces[0].type.count))
        places = ir.Constant(ir.VectorType(I32, len(lanes)), lanes)
        pieces = [b.shuffle_vector(*pieces[at : at + 2], places) for at in range(0, len(pieces), 2)]
    return pieces[0]


def fma(b: Builder, x: Value, y: Value, z: Value) -> Value:
    return call(b, "llvm.fma.v16f32", FLOATS, x, y, z)


def loop(
    b: Builder, count: Value, carried: Sequence[Value], body: Callable[[Value, list[Value]], list[Value]]
) -> list[Value]:
    """A loop that runs at least once, with what is carried from turn to turn kept in registers."""
    before, head, out = b.block, b.append_basic_block("head"), b.append_basic_block("out")
    b.branch(head)
    b.position_at_end(head)
    index = b.phi(I64)
    index.add_incoming(const(I64, 0), before)
    kept = [b.phi(value.type) for value in carried]
    for phi, value in zip(kept, carried, strict=True):
        phi.add_incoming(value, before)
    new = body(index, kept)
    following = b.add(index, const(I64, 1))
    index.add_incoming(following, b.block)
    for phi, value in zip(kept, new, strict=True):
        phi.add_incoming(value, b.block)
    b.cbranch(b.icmp_signed("<", following, count), head, out)
    b.position_at_end(out)
    return new


def dot_bfloats(b: Builder, sums: Value, left: Value, right: Value, native: bool) -> Value:
    """Each lane: its sum and the products of two bfloats with two others; all come as 32-bit lanes."""
    if native:
        name = "llvm.x86.avx512bf16.dpbf16ps.512"
        return call(b, name, FLOATS, sums, b.bitcast(left, BFLOATS), b.bitcast(right, BFLOATS))
    shift, upper = const(INTS, 16), const(INTS, -65536)
    sums = fma(b, b.bitcast(b.shl(left, shift), FLOATS), b.bitcast(b.shl(right, shift), FLOATS), sums)
    return fma(b, b.bitcast(b.and_(left, upper), FLOATS), b.bitcast(b.and_(right, upper), FLOATS), sums)


def to_bfloat(b: Builder, floats: Value) -> Value:
    """The bits of the nearest bfloats, ties to even, in the low halves of 32-bit lanes."""
    bits = b.bitcast(floats, INTS)
    even = b.and_(b.lshr(bits, const(INTS, 16)), const(INTS, 1))
    return b.lshr(b.add(b.add(bits, const(INTS, 0x7FFF)), even), const(INTS, 16))


def exp(b: Builder, x: Value) -> Value:
    """e to the x within 2 units in the last place (Cephes' expf: range reduction and a polynomial of degree 5)."""
    x = call(b, "llvm.maxnum.v16f32", FLOATS, x, const(FLOATS, -87.0))
    x = call(b, "llvm.minnum.v16f32", FLOATS, x, const(FLOATS, 88.0))
    powers = call(b, "llvm.rint.v16f32", FLOATS, b.fmul(x, const(FLOATS, 1.4426950216293335)))
    rest = fma(b, powers, const(FLOATS, -0.693359375), x)
    rest = fma(b, powers, const(FLOATS, 0.00021219444170128554), rest)
    sum_ = const(FLOATS, 0.00019875691214110702)
    for factor in (
        0.0013981999363750219, 0.008333452045917511, 0.04166579619050026, 0.1666666567325592, 0.5
    ):  # fmt: skip
        sum_ = fma(b, sum_, rest, const(FLOATS, factor))
    result = b.fadd(fma(b, sum_, b.fmul(rest, rest), rest), const(FLOATS, 1.0))
    exponents = b.shl(b.add(b.fptosi(powers, INTS), const(INTS, 127)), const(INTS, 23))
    return b.fmul(result, b.bitcast(exponents, FLOATS))
