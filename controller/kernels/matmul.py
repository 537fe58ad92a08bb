"""A matrix of codes times rows of integers, in the instructions that the processor has."""

from typing import Any

from llvmlite import ir

from .blocks import GROUP, Kind
from .dots import DOTS, Dots, in_order
from .llvm import (
    F32,
    FLOATS,
    HALVES,
    I8,
    I32,
    INTS,
    LANES,
    Builder,
    Value,
    add,
    call,
    const,
    fma,
    joined,
    load,
    loop,
    splat,
    store,
    times,
)
from .operations import HALF_SUMS, SCALES, WHOLE_SUM, operation


def matmul(rows: int, kind: Kind, dots: Dots = DOTS) -> Any:
    """out[row, 0:16] = Σ over groups of scale · (codes · numbers) + minimum · sum, for 16 outputs and so many rows.

    Arguments: weight records, how many groups, numbers, bytes from row to row of them, scales, bytes from row to row
    of them, out, bytes from row to row of it. A record holds a group's codes for 16 outputs, then 16 scales for each
    part of the group, then the minima likewise, as float16, or float32 if the kind is wide.
    """

    def floats(b: Builder, record: Value, side: int, part: int) -> Value:
        offset = kind.code_bytes + side * kind.side_bytes + part * kind.side_bytes // kind.parts
        return load(b, record, FLOATS, offset) if kind.wide else b.fpext(load(b, record, HALVES, offset), FLOATS)

    def write(b: Builder, weights: Value, groups: Value, numbers: Value, number_step: Value, scales: Value,
              scale_step: Value, out: Value, out_step: Value) -> None:  # fmt: skip
        def body(group: Value, sums: list[Value]) -> list[Value]:
            record = add(b, weights, times(b, group, kind.record_bytes))
            places = [
                add(b, add(b, numbers, times(b, number_step, row)), times(b, group, GROUP)) for row in range(rows)
            ]
            found = [_totals(b, kind, dots, record, places, part) for part in range(kind.parts)]
            sides = [[floats(b, record, side, part) for side in range(2)] for part in range(kind.parts)]
            new = []
            for row, sum_ in enumerate(sums):
                scaled = add(b, add(b, scales, times(b, scale_step, row)), times(b, group, SCALES))
                for part, (scale, minimum) in enumerate(sides):
                    whole = b.sitofp(found[part][row], FLOATS)
                    sum_ = fma(b, whole, b.fmul(scale, splat(b, load(b, scaled, F32))), sum_)
                    place = WHOLE_SUM if kind.parts == 1 else HALF_SUMS + 4 * part
                    sum_ = fma(b, minimum, splat(b, load(b, scaled, F32, place)), sum_)
                new.append(sum_)
            return new

        for row, sum_ in enumerate(loop(b, groups, [const(FLOATS, 0.0)] * rows, body)):
            store(b, sum_, out, times(b, out_step, row))

    return operation(write)


def _totals(b: Builder, kind: Kind, dots: Dots, record: Value, rows: list[Value], part: int) -> list[Value]:
    """codes · numbers of a part of a group, for each row.

    No sum is beyond 32 · 255 · 127 < 2³¹.
    """
    quads = range(GROUP // 4 // kind.parts * part, GROUP // 4 // kind.parts * (part + 1))
    if dots.widen is not None and kind.bits == 8:
        low, high = (_sums(b, kind, dots, record, rows, quads, digit) for digit in range(2))
        return [b.add(b.shl(upper, const(INTS, 4)), lower) for upper, lower in zip(high, low, strict=True)]
    sums = _sums(b, kind, dots, record, rows, quads)
    if dots.signed and kind.bits == 8:
        return [b.add(sum_, _moved_back(b, dots, row, quads)) for sum_, row in zip(sums, rows, strict=True)]
    return sums


def _sums(
    b: Builder, kind: Kind, dots: Dots, record: Value, rows: list[Value], quads: range, digit: int | None = None
) -> list[Value]:
    """codes · numbers of some quads for each row, or of one digit (of 4 bits) of the codes."""
    zero, pieces = const(dots.sums_type, 0), LANES // dots.lanes
    sums: list[Value] = []
    for start in range(0, len(rows), dots.tile):
        tile = rows[start : start + dots.tile]
        kept = [zero] * (pieces * len(tile))
        for quad in quads:
            codes = [_codes(b, kind, dots, record, quad, piece, digit) for piece in range(pieces)]
            for number, row in enumerate(tile):
                numbers = _numbers(b, dots, row, quad)
                for piece, each in enumerate(codes, start=number * pieces):
                    kept[piece] = dots.multiply(b, kept[piece], each, numbers)
            if len(tile) > 1 and (quad + 1) % dots.hold == 0:
                kept = in_order(b, kept, dots.register)
        if dots.widen is not None:
            kept = [dots.widen(b, each) for each in kept]
        sums += [joined(b, kept[at : at + pieces]) for at in range(0, len(kept), pieces)]
    return sums


def _codes(b: Builder, kind: Kind, dots: Dots, record: Value, quad: int, piece: int, digit: int | None) -> Value:
    """Codes of some outputs for four inputs, a byte each; a byte of a record holds one of 8 bits, or two of 4."""
    held = load(b, record, ir.VectorType(I32, dots.lanes), 64 * (quad * kind.bits // 8) + 4 * dots.lanes * piece)
    codes = b.bitcast(held, units := ir.VectorType(I8, 4 * dots.lanes))
    digit = quad % 2 if kind.bits == 4 else digit
    if digit is not None:
        codes = b.and_(b.lshr(codes, const(units, 4)) if digit else codes, const(units, 15))
    elif dots.signed:
        codes = b.xor(codes, const(units, 128))  # 128 less, as signed bytes
    return b.bitcast(codes, held.type)


def _numbers(b: Builder, dots: Dots, row: Value, quad: int) -> Value:
    """The four numbers of a row that belong to some codes, in every lane."""
    at = 4 * quad
    if not dots.indexed:
        return splat(b, load(b, row, I32, at), dots.lanes)
    four = load(b, row, ir.VectorType(I32, 4), at - at % 16)
    return b.shuffle_vector(four, four, const(ir.VectorType(I32, dots.lanes), at % 16 // 4))


def _moved_back(b: Builder, dots: Dots, row: Value, quads: range) -> Value:
    """128 times the sum of a row's numbers: what codes that were moved down by 128 lack."""
    lanes, by_quad = ir.VectorType(I32, dots.lanes), []
    for at in range(0, GROUP, 4 * dots.lanes):
        by_quad.append(dots.multiply(b, const(lanes, 0), const(lanes, 0x01010101), load(b, row, lanes, at)))
    factors = ir.Constant(ir.VectorType(I32, GROUP // 4), [128 * (quad in quads) for quad in range(GROUP // 4)])
    scaled = b.mul(joined(b, by_quad), factors)
    return splat(b, call(b, "llvm.vector.reduce.add.v8i32", I32, scaled))
