"""A matrix of codes times rows of integers, in the instructions that the processor has."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .blocks import GROUP, Kind
from .dots import DOTS, Dots, in_order
from .llvm import (
    F32,
    FLOATS,
    HALVES,
    I8,
    I16,
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
from .operations import HALF_SUMS, PLANES, SCALES, WHOLE_SUM, operation


def matmul(rows: int, kind: Kind, dots: Dots = DOTS) -> Any:
    """The operation that `writing_matmul` writes."""
    return operation(writing_matmul(rows, kind, dots))


def writing_matmul(rows: int, kind: Kind, dots: Dots) -> Callable[..., None]:
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
                add(b, add(b, numbers, times(b, number_step, row)), times(b, group, PLANES)) for row in range(rows)
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

    return write


def _totals(b: Builder, kind: Kind, dots: Dots, record: Value, rows: list[Value], part: int) -> list[Value]:
    """codes · numbers of a part of a group, for each row: as words, or by planes of bytes, the upper times 128.

    No sum is beyond 32 · 255 · 2¹⁴ < 2³¹.
    """
    quads = range(GROUP // 4 // kind.parts * part, GROUP // 4 // kind.parts * (part + 1))
    zero = const(ir.VectorType(I32, dots.lanes), 0)
    pieces = LANES // dots.lanes
    streams = [(row, plane) for row in rows for plane in range(1 if dots.words else 2)]
    sums: list[Value] = []
    for start in range(0, len(streams), dots.tile):
        tile = streams[start : start + dots.tile]
        kept = [zero] * (pieces * len(tile))
        for quad in quads:
            for half in range(2 if dots.words else 1):
                codes = [_codes(b, kind, dots, record, quad, half, piece) for piece in range(pieces)]
                for number, (row, plane) in enumerate(tile):
                    numbers = _numbers(b, dots, row, plane, quad, half)
                    for piece, each in enumerate(codes, start=number * pieces):
                        kept[piece] = dots.multiply(b, kept[piece], each, numbers)
                if len(tile) > 1 and (quad + half + 1) % dots.hold == 0:
                    kept = in_order(b, kept, dots.register)
        sums += [joined(b, kept[at : at + pieces]) for at in range(0, len(kept), pieces)]
    if dots.words:
        return sums
    result = [b.add(b.shl(upper, const(INTS, 7)), lower) for upper, lower in zip(sums[0::2], sums[1::2], strict=True)]
    if dots.signed and kind.bits == 8:
        result = [b.add(sum_, _moved_back(b, dots, row, quads)) for sum_, row in zip(result, rows, strict=True)]
    return result


def _codes(b: Builder, kind: Kind, dots: Dots, record: Value, quad: int, half: int, piece: int) -> Value:
    """Codes of some outputs for four inputs, a byte each; or for two of them, a word each.

    A word of a record holds a code of 8 bits at each end, or four of 4 bits, so that what is unpacked by shifts belongs
    to every other input: WORD_ORDER is that of the numbers.
    """
    lanes = ir.VectorType(I32, dots.lanes)
    held = load(b, record, lanes, 64 * (quad * kind.bits // 8) + 4 * dots.lanes * piece)
    units = ir.VectorType(I16, 2 * dots.lanes) if dots.words else ir.VectorType(I8, 4 * dots.lanes)
    size = units.element.width
    codes = b.bitcast(held, units)
    shift = 8 * half + (4 * (quad % 2) if kind.bits == 4 else 0)
    if shift:
        codes = b.lshr(codes, const(units, shift))
    if shift + kind.bits < size:
        codes = b.and_(codes, const(units, (1 << kind.bits) - 1))
    if dots.signed and kind.bits == 8:
        codes = b.xor(codes, const(units, 128))  # 128 less, as signed bytes
    return b.bitcast(codes, lanes)


def _numbers(b: Builder, dots: Dots, row: Value, plane: int, quad: int, half: int) -> Value:
    """The numbers of a row that belong to some codes, in every lane."""
    at = 8 * quad + 4 * half if dots.words else GROUP * plane + 4 * quad
    if not dots.indexed:
        return splat(b, load(b, row, I32, at), dots.lanes)
    four = load(b, row, ir.VectorType(I32, 4), at - at % 16)
    return b.shuffle_vector(four, four, const(ir.VectorType(I32, dots.lanes), at % 16 // 4))


def _moved_back(b: Builder, dots: Dots, row: Value, quads: range) -> Value:
    """128 times the sum of a row's numbers: what codes that were moved down by 128 lack."""
    lanes, by_quad = ir.VectorType(I32, dots.lanes), []
    for piece in range(LANES // dots.lanes):
        numbers = load(b, row, lanes, 4 * dots.lanes * piece)
        by_quad.append(dots.multiply(b, const(lanes, 0), const(lanes, 0x01010101), numbers))
    factors = [by if quad in quads else 0 for by in (1 << 14, 1 << 7) for quad in range(GROUP // 4)]
    scaled = b.mul(joined(b, by_quad), ir.Constant(INTS, factors))
    return splat(b, call(b, "llvm.vector.reduce.add.v16i32", I32, scaled))
