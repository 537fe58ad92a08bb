"""The vector operations that a transformer is built from, as functions that jitted code calls with plain addresses.

Every operation treats each row by itself and adds up in a fixed order, so that a token's numbers never depend on what
else is read in the same pass: reading at once, piece by piece or again gives the same bits.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .blocks import GROUP
from .llvm import (
    BYTES_16,
    F32,
    FLOAT_TILE,
    FLOATS,
    HAS_BFLOAT_DOTS,
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
    exp,
    fma,
    load,
    loop,
    splat,
    store,
    times,
    to_bfloat,
)  # fmt: skip

MOST = 127
"""The greatest activation as an integer: a byte with sign."""

SCALES = 16
"""Bytes that come with a group of activations, four float32: its scale, and times that scale the sum of its numbers,
of the first half of them and of the second."""

SLOT_PAIRS = 4
"""Bytes of two bfloats that are multiplied together."""

WHOLE_SUM, HALF_SUMS = 4, 8
"""Where those sums lie."""

_ARGUMENTS = 8


def operation(write: Callable[..., None]) -> Any:
    """A function of eight addresses or counts (the last ones 0 where fewer are needed); `write` emits what it does."""

    def generate(context: Any, builder: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        write(builder, *args)
        return context.get_dummy_value()

    def typed(typingctx: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:  # noqa: ARG001
        return types.void(*[types.intp] * _ARGUMENTS), generate

    found = intrinsic(typed)
    found.write = write  # for those who compile it for another processor
    return found


def key_scores(rows: int, native: bool = HAS_BFLOAT_DOTS, tile: int = FLOAT_TILE) -> Any:
    """scores[row, 0:16] of so many queries with 16 keys, `tile` of them at once.

    Arguments: queries (bfloat), bytes from query to query, keys of 16 slots ([pairs][16 slots][2] bfloat), how many
    pairs a head has, scores (float32), bytes from row to row of them.
    """

    def write(b: Builder, queries: Value, query_step: Value, keys: Value, pairs: Value, scores: Value,
              score_step: Value, _: Value, __: Value) -> None:  # fmt: skip
        places = [(add(b, queries, times(b, query_step, row)), keys) for row in range(rows)]
        for row, sum_ in enumerate(_bfloat_sums(b, places, const(I64, LANES * SLOT_PAIRS), pairs, native, tile)):
            store(b, sum_, scores, times(b, score_step, row))

    return operation(write)


def _bfloat_sums(
    b: Builder, places: list[tuple[Value, Value]], step: Value, pairs: Value, native: bool, tile: int
) -> list[Value]:
    """Σ over pairs of bfloats of a row · those in 16 columns of a matrix, `step` bytes from pair to pair.

    For each row and columns, which are told by where they begin; `tile` of them at once.
    """
    done: list[Value] = []
    for start in range(0, len(places), tile):
        rows = places[start : start + tile]

        def body(pair: Value, sums: list[Value], rows: list[tuple[Value, Value]] = rows) -> list[Value]:
            new = []
            for sum_, (row, columns) in zip(sums, rows, strict=True):
                block = load(b, columns, INTS, b.mul(pair, step))
                two = splat(b, load(b, row, I32, times(b, pair, SLOT_PAIRS)))
                new.append(dot_bfloats(b, sum_, block, two, native))
            return new

        done += loop(b, pairs, [const(FLOATS, 0.0)] * len(rows), body)
    return done


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


softmax = operation(_softmax)
"""shares = e^(scale · (scores − greatest)), as bfloat, and 1 over their sum.

Arguments: scores (float32, −inf where not to be seen), blocks of 16 of them, scale (the bits of a float32), shares,
where the inverse sum goes (float32).
"""


def value_sums(rows: int, native: bool = HAS_BFLOAT_DOTS, tile: int = FLOAT_TILE) -> Any:
    """out[row, 0:32] = inverse[row] · Σ over slots of shares[row] · values, for 32 columns of a head, `tile` rows of 16
    columns at once.

    Arguments: shares (bfloat), bytes from row to row, values ([pairs of slots][columns][2] bfloat), bytes from pair to
    pair, how many pairs, out (float32), bytes from row to row of it, inverse sums.
    """

    def write(b: Builder, shares: Value, share_step: Value, values: Value, value_step: Value, pairs: Value,
              out: Value, out_step: Value, inverse: Value) -> None:  # fmt: skip
        columns = [add(b, values, LANES * SLOT_PAIRS * part) for part in range(2)]
        rows_at = [add(b, shares, times(b, share_step, row)) for row in range(rows)]
        places = [(row, part) for part in columns for row in rows_at]
        for number, sum_ in enumerate(_bfloat_sums(b, places, value_step, pairs, native, tile)):
            part, row = divmod(number, rows)
            by = splat(b, load(b, inverse, F32, 4 * row))
            store(b, b.fmul(sum_, by), add(b, out, times(b, out_step, row)), 4 * LANES * part)

    return operation(write)


def _write_numbers(b: Builder, parts: list[Value], numbers: Value, scales: Value) -> None:
    """A group of floats as signed bytes, its scale, and its scaled sums."""
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
        store(b, b.trunc(whole, BYTES_16), numbers, LANES * place)
    store(b, scale, scales)
    store(b, b.fmul(scale, b.sitofp(b.add(*sums), F32)), scales, WHOLE_SUM)
    for place, half in enumerate(sums):
        store(b, b.fmul(scale, b.sitofp(half, F32)), scales, HALF_SUMS + 4 * place)


def _quantize(b: Builder, floats: Value, groups: Value, numbers: Value, scales: Value, *_: Value) -> None:
    def body(group: Value, _: list[Value]) -> list[Value]:
        at = times(b, group, 4 * GROUP)
        parts = [load(b, add(b, floats, at), FLOATS, 4 * LANES * part) for part in range(2)]
        _write_numbers(b, parts, add(b, numbers, times(b, group, GROUP)), add(b, scales, times(b, group, SCALES)))
        return []

    loop(b, groups, [], body)


quantize = operation(_quantize)
"""Groups of 32 float32 as signed bytes. Arguments: floats, how many groups, numbers, scales."""


def _swiglu(b: Builder, gates: Value, ups: Value, numbers: Value, scales: Value, *_: Value) -> None:
    parts = []
    for part in range(2):
        gate, up = load(b, gates, FLOATS, 4 * LANES * part), load(b, ups, FLOATS, 4 * LANES * part)
        below = b.fadd(const(FLOATS, 1.0), exp(b, b.fneg(gate)))
        parts.append(b.fmul(b.fdiv(gate, below), up))
    _write_numbers(b, parts, numbers, scales)


swiglu = operation(_swiglu)
"""A group of gate / (1 + e^−gate) · up, as signed bytes. Arguments: gates, ups (32 float32 each), numbers, scales."""


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


normalize = operation(_normalize)
"""Root-mean-square norm of a row. Arguments: floats, blocks of 16 of them, weights, epsilon (the bits of a float32),
out, how many floats."""


def _yield(b: Builder, *_: Value) -> None:
    call(b, "sched_yield", I32)


give_way = operation(_yield)
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
def load_float(typingctx: Any, address: Any) -> Any:  # noqa: ARG001
    """A float32."""

    def generate(context: Any, b: Builder, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return load(b, args[0], F32)

    return types.float32(types.intp), generate
