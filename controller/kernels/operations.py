"""The vector operations that a transformer is built from, as functions that jitted code calls with plain addresses.

Every operation treats each row by itself and adds up in a fixed order, so that a token's numbers never depend on what
else is read in the same pass: reading at once, piece by piece or again gives the same bits.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .blocks import GROUP, Kind
from .llvm import (
    BYTES,
    BYTES_16,
    F32,
    FLOATS,
    HALVES,
    HAS_BFLOAT_DOTS,
    HAS_BYTE_DOTS,
    I8,
    I16,
    I32,
    I64,
    INTS,
    LANES,
    SHORTS,
    Builder,
    Value,
    add,
    call,
    const,
    dot_bfloats,
    dot_bytes,
    exp,
    fma,
    load,
    loop,
    splat,
    store,
    times,
    to_bfloat,
)  # fmt: skip

MOST = 127 * 128
"""The greatest activation as an integer: 15 bits with sign, an upper byte times 128 and a lower one."""

PLANES = 2 * GROUP
"""Bytes that a group of activations takes: the upper bytes, then the lower ones."""

SCALES = 16
"""Bytes that come with a group of activations, four float32: its scale, and times that scale the sum of its numbers,
of the first half of them and of the second."""

SLOT_PAIRS = 4
"""Bytes of two bfloats that are multiplied together."""

_WHOLE_SUM, _HALF_SUMS = 4, 8
_ARGUMENTS = 8


def _operation(write: Callable[..., None]) -> Any:
    """A function of eight addresses or counts (the last ones 0 where fewer are needed); `write` emits what it does."""

    def generate(context: Any, builder: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        write(builder, *args)
        return context.get_dummy_value()

    def operation(typingctx: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:  # noqa: ARG001
        return types.void(*[types.intp] * _ARGUMENTS), generate

    return intrinsic(operation)


def matmul(rows: int, kind: Kind, native: bool = HAS_BYTE_DOTS) -> Any:
    """out[row, 0:16] = Σ over groups of scale · (codes · numbers) + minimum · sum, for 16 outputs and so many rows.

    Arguments: weight records, how many groups, numbers, bytes from row to row of them, scales, bytes from row to row
    of them, out, bytes from row to row of it. A record holds a group's codes for 16 outputs, then 16 scales for each
    part of the group, then the minima likewise, as float16, or float32 if the kind is wide.
    """
    nibble, shift = const(BYTES, 15), const(INTS, 4)

    def unpacked(b: Builder, record: Value) -> list[Value]:
        if kind.bits == 8:
            return [load(b, record, BYTES, 64 * number) for number in range(8)]
        result: list[Value] = []
        for number in range(4):
            both = load(b, record, BYTES, 64 * number)
            upper = b.bitcast(b.lshr(b.bitcast(both, INTS), shift), BYTES)
            result += [b.and_(both, nibble), b.and_(upper, nibble)]
        return result

    def floats(b: Builder, record: Value, first: int, part: int) -> Value:
        offset = first + part * kind.side_bytes // kind.parts
        return load(b, record, FLOATS, offset) if kind.wide else b.fpext(load(b, record, HALVES, offset), FLOATS)

    def write(b: Builder, weights: Value, groups: Value, numbers: Value, number_step: Value, scales: Value,
              scale_step: Value, out: Value, out_step: Value) -> None:  # fmt: skip
        def body(group: Value, sums: list[Value]) -> list[Value]:
            record = add(b, weights, times(b, group, kind.record_bytes))
            quads = unpacked(b, record)
            count = len(quads) // kind.parts
            sides = [
                [floats(b, record, kind.code_bytes + side * kind.side_bytes, part) for side in range(2)]
                for part in range(kind.parts)
            ]
            new = []
            for row, sum_ in enumerate(sums):
                at = add(b, add(b, numbers, times(b, number_step, row)), times(b, group, PLANES))
                scaled = add(b, add(b, scales, times(b, scale_step, row)), times(b, group, SCALES))
                for part, (scale, minimum) in enumerate(sides):
                    total = const(INTS, 0)
                    for plane in range(2):
                        dots = const(INTS, 0)
                        for number in range(count * part, count * part + count):
                            four = splat(b, load(b, at, I32, GROUP * plane + 4 * number))
                            dots = dot_bytes(b, dots, quads[number], four, native)
                        total = dots if plane == 0 else b.add(b.shl(total, const(INTS, 7)), dots)
                    sum_ = fma(b, b.sitofp(total, FLOATS), b.fmul(scale, splat(b, load(b, scaled, F32))), sum_)
                    place = _WHOLE_SUM if kind.parts == 1 else _HALF_SUMS + 4 * part
                    sum_ = fma(b, minimum, splat(b, load(b, scaled, F32, place)), sum_)
                new.append(sum_)
            return new

        for row, sum_ in enumerate(loop(b, groups, [const(FLOATS, 0.0)] * rows, body)):
            store(b, sum_, out, times(b, out_step, row))

    return _operation(write)


def key_scores(rows: int, native: bool = HAS_BFLOAT_DOTS) -> Any:
    """scores[row, 0:16] of so many queries with 16 keys.

    Arguments: queries (bfloat), bytes from query to query, keys of 16 slots ([pairs][16 slots][2] bfloat), how many
    pairs a head has, scores (float32), bytes from row to row of them.
    """

    def write(b: Builder, queries: Value, query_step: Value, keys: Value, pairs: Value, scores: Value,
              score_step: Value, _: Value, __: Value) -> None:  # fmt: skip
        def body(pair: Value, sums: list[Value]) -> list[Value]:
            block = load(b, keys, INTS, times(b, pair, LANES * SLOT_PAIRS))
            new = []
            for row, sum_ in enumerate(sums):
                at = add(b, queries, times(b, query_step, row))
                two = splat(b, load(b, at, I32, times(b, pair, SLOT_PAIRS)))
                new.append(dot_bfloats(b, sum_, block, two, native))
            return new

        for row, sum_ in enumerate(loop(b, pairs, [const(FLOATS, 0.0)] * rows, body)):
            store(b, sum_, scores, times(b, score_step, row))

    return _operation(write)


def _softmax(b: Builder, scores: Value, blocks: Value, scale: Value, shares: Value, inverse: Value, *_: Value) -> None:
    by = splat(b, b.bitcast(b.trunc(scale, I32), F32))

    def most(block: Value, kept: list[Value]) -> list[Value]:
        part = load(b, scores, FLOATS, times(b, block, 4 * LANES))
        return [call(b, "llvm.maxnum.v16f32", FLOATS, kept[0], part)]

    (tops,) = loop(b, blocks, [const(FLOATS, float("-inf"))], most)
    top = splat(b, call(b, "llvm.vector.reduce.fmax.v16f32", F32, tops))

    def share(block: Value, kept: list[Value]) -> list[Value]:
        part = load(b, scores, FLOATS, times(b, block, 4 * LANES))
        seen = b.fcmp_ordered(">", part, const(FLOATS, float("-inf")))
        raised = exp(b, b.fmul(b.fsub(part, top), by))
        bits = to_bfloat(b, b.select(seen, raised, const(FLOATS, 0.0)))
        store(b, b.trunc(bits, SHORTS), shares, times(b, block, 2 * LANES))
        return [b.fadd(kept[0], b.bitcast(b.shl(bits, const(INTS, 16)), FLOATS))]

    (sums,) = loop(b, blocks, [const(FLOATS, 0.0)], share)
    # Added by halves, in an order that is written down here and not left to the compiler.
    width = LANES
    while width > 1:
        width //= 2
        left = b.shuffle_vector(sums, sums, ir.Constant(ir.VectorType(I32, width), list(range(width))))
        right = b.shuffle_vector(sums, sums, ir.Constant(ir.VectorType(I32, width), list(range(width, 2 * width))))
        sums = b.fadd(left, right)
    total = b.extract_element(sums, const(I32, 0))
    store(b, b.fdiv(const(F32, 1.0), total), inverse)


softmax = _operation(_softmax)
"""shares = e^(scale · (scores − greatest)), as bfloat, and 1 over their sum.

Arguments: scores (float32, −inf where not to be seen), blocks of 16 of them, scale (the bits of a float32), shares,
where the inverse sum goes (float32).
"""


def value_sums(rows: int, native: bool = HAS_BFLOAT_DOTS) -> Any:
    """out[row, 0:32] = inverse[row] · Σ over slots of shares[row] · values, for 32 columns of a head.

    Arguments: shares (bfloat), bytes from row to row, values ([pairs of slots][columns][2] bfloat), bytes from pair to
    pair, how many pairs, out (float32), bytes from row to row of it, inverse sums.
    """

    def write(b: Builder, shares: Value, share_step: Value, values: Value, value_step: Value, pairs: Value,
              out: Value, out_step: Value, inverse: Value) -> None:  # fmt: skip
        def body(pair: Value, sums: list[Value]) -> list[Value]:
            at = add(b, values, b.mul(pair, value_step))
            blocks = [load(b, at, INTS, LANES * SLOT_PAIRS * part) for part in range(2)]
            new = []
            for row in range(rows):
                place = add(b, shares, times(b, share_step, row))
                two = splat(b, load(b, place, I32, times(b, pair, SLOT_PAIRS)))
                new += [dot_bfloats(b, sums[2 * row + part], blocks[part], two, native) for part in range(2)]
            return new

        sums = loop(b, pairs, [const(FLOATS, 0.0)] * (2 * rows), body)
        for row in range(rows):
            by = splat(b, load(b, inverse, F32, 4 * row))
            for part in range(2):
                at = add(b, out, times(b, out_step, row))
                store(b, b.fmul(sums[2 * row + part], by), at, 4 * LANES * part)

    return _operation(write)


def _write_numbers(b: Builder, parts: list[Value], numbers: Value, scales: Value) -> None:
    """A group of floats as integers of 15 bits in two planes of bytes, its scale, and its scaled sums."""
    absolute = [call(b, "llvm.fabs.v16f32", FLOATS, part) for part in parts]
    both = call(b, "llvm.maxnum.v16f32", FLOATS, *absolute)
    most = call(b, "llvm.vector.reduce.fmax.v16f32", F32, both)
    most = call(b, "llvm.maxnum.f32", F32, most, const(F32, 2.0**-60))
    scale = b.fdiv(most, const(F32, float(MOST)))
    inverse = splat(b, b.fdiv(const(F32, float(MOST)), most))
    sums = []
    for place, part in enumerate(parts):
        whole = b.fptosi(call(b, "llvm.rint.v16f32", FLOATS, b.fmul(part, inverse)), INTS)
        sums.append(call(b, "llvm.vector.reduce.add.v16i32", I32, whole))
        low = b.sub(b.and_(b.add(whole, const(INTS, 64)), const(INTS, 127)), const(INTS, 64))
        high = b.ashr(b.sub(whole, low), const(INTS, 7))
        store(b, b.trunc(high, BYTES_16), numbers, LANES * place)
        store(b, b.trunc(low, BYTES_16), numbers, GROUP + LANES * place)
    store(b, scale, scales)
    store(b, b.fmul(scale, b.sitofp(b.add(*sums), F32)), scales, _WHOLE_SUM)
    for place, half in enumerate(sums):
        store(b, b.fmul(scale, b.sitofp(half, F32)), scales, _HALF_SUMS + 4 * place)


def _quantize(b: Builder, floats: Value, groups: Value, numbers: Value, scales: Value, *_: Value) -> None:
    def body(group: Value, _: list[Value]) -> list[Value]:
        at = times(b, group, 4 * GROUP)
        parts = [load(b, add(b, floats, at), FLOATS, 4 * LANES * part) for part in range(2)]
        _write_numbers(b, parts, add(b, numbers, times(b, group, PLANES)), add(b, scales, times(b, group, SCALES)))
        return []

    loop(b, groups, [], body)


quantize = _operation(_quantize)
"""Groups of 32 float32 as integers. Arguments: floats, how many groups, numbers, scales."""


def _swiglu(b: Builder, gates: Value, ups: Value, numbers: Value, scales: Value, *_: Value) -> None:
    parts = []
    for part in range(2):
        gate, up = load(b, gates, FLOATS, 4 * LANES * part), load(b, ups, FLOATS, 4 * LANES * part)
        below = b.fadd(const(FLOATS, 1.0), exp(b, b.fneg(gate)))
        parts.append(b.fmul(b.fdiv(gate, below), up))
    _write_numbers(b, parts, numbers, scales)


swiglu = _operation(_swiglu)
"""A group of gate / (1 + e^−gate) · up, as integers. Arguments: gates, ups (32 float32 each), numbers, scales."""


def _normalize(b: Builder, floats: Value, blocks: Value, weights: Value, epsilon: Value, out: Value, size: Value,
               *_: Value) -> None:  # fmt: skip
    def squares(block: Value, kept: list[Value]) -> list[Value]:
        part = load(b, floats, FLOATS, times(b, block, 4 * LANES))
        return [fma(b, part, part, kept[0])]

    (sums,) = loop(b, blocks, [const(FLOATS, 0.0)], squares)
    total = const(F32, 0.0)
    for lane in range(LANES):
        total = b.fadd(total, b.extract_element(sums, const(I32, lane)))
    mean = b.fdiv(total, b.sitofp(size, F32))
    root = call(b, "llvm.sqrt.f32", F32, b.fadd(mean, b.bitcast(b.trunc(epsilon, I32), F32)))
    by = splat(b, b.fdiv(const(F32, 1.0), root))

    def scaled(block: Value, _: list[Value]) -> list[Value]:
        at = times(b, block, 4 * LANES)
        store(b, b.fmul(b.fmul(load(b, floats, FLOATS, at), by), load(b, weights, FLOATS, at)), out, at)
        return []

    loop(b, blocks, [], scaled)


normalize = _operation(_normalize)
"""Root-mean-square norm of a row. Arguments: floats, blocks of 16 of them, weights, epsilon (the bits of a float32),
out, how many floats."""


def _yield(b: Builder, *_: Value) -> None:
    call(b, "sched_yield", I32)


give_way = _operation(_yield)
"""Let another thread have the processor for a moment. The arguments mean nothing."""


@intrinsic
def fetch_add(typingctx: Any, address: Any, amount: Any) -> Any:  # noqa: ARG001
    """Add to an integer that several threads share; gives what it was before."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return b.atomic_rmw("add", b.inttoptr(args[0], I64.as_pointer()), args[1], "seq_cst")

    return types.intp(types.intp, types.intp), generate


@intrinsic
def fetch(typingctx: Any, address: Any) -> Any:  # noqa: ARG001
    """An integer that several threads share, as it is now."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return b.load_atomic(b.inttoptr(args[0], I64.as_pointer()), "seq_cst", 8)

    return types.intp(types.intp), generate


@intrinsic
def store_16(typingctx: Any, address: Any, value: Any) -> Any:  # noqa: ARG001
    """Write the low 16 bits of an integer."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        store(b, b.trunc(args[1], I16), args[0])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), generate


@intrinsic
def load_8(typingctx: Any, address: Any) -> Any:  # noqa: ARG001
    """A byte."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return b.zext(load(b, args[0], I8), I64)

    return types.intp(types.intp), generate


@intrinsic
def load_float(typingctx: Any, address: Any) -> Any:  # noqa: ARG001
    """A float32."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return load(b, args[0], F32)

    return types.float32(types.intp), generate
