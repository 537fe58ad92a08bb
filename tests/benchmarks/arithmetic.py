"""How far products and passes are from what the processor can multiply at most, measured beside it on one thread."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numpy.typing import NDArray

from codeword.controller.kernels import passes
from codeword.controller.kernels.blocks import GROUP, LANES
from codeword.controller.kernels.dots import DOTS
from codeword.controller.kernels.llvm import I32, Builder, Value, const, load, loop, store
from codeword.controller.kernels.operations import SCALES, operation
from codeword.controller.model import Part
from codeword.controller.packed_model import PackedModel
from codeword.controller.registry import LocalModel
from codeword.runtime.machine import machine

ROWS = (1, 8, 32, 96)
_SIDE = 4
_TURNS = 200_000
_MATRICES = (passes.QUERY, passes.KEY, passes.VALUE, passes.OUT, passes.GATE, passes.UP, passes.DOWN)


def _write_peak(b: Builder, numbers: Value, turns: Value, out: Value, *_: Value) -> None:
    """Sums of dot products of what is in registers, each of another pair of them, so many turns."""
    lanes = ir.VectorType(I32, DOTS.lanes)
    codes = [load(b, numbers, lanes, 64 * place) for place in range(_SIDE)]
    others = [load(b, numbers, lanes, 64 * (_SIDE + place)) for place in range(_SIDE)]

    def turn(_: Value, kept: list[Value]) -> list[Value]:
        sums, changing = kept[: _SIDE**2], kept[_SIDE**2 :]
        new = [DOTS.multiply(b, sums[at], codes[at // _SIDE], changing[at % _SIDE]) for at in range(_SIDE**2)]
        return [*new, *(b.add(each, const(lanes, 1)) for each in changing)]

    for place, sum_ in enumerate(loop(b, turns, [*[const(DOTS.sums_type, 0)] * _SIDE**2, *others], turn)):
        store(b, sum_, out, 64 * place)


_peak = operation(_write_peak)


@njit(nogil=True)
def _run_peak(numbers: Any, turns: int, out: Any) -> None:
    _peak(numbers.ctypes.data, turns, out.ctypes.data, 0, 0, 0, 0, 0)


@njit(nogil=True)
def _run_products(layers: Any, columns: Any, outputs: Any, inputs: Any, rows: int, numbers: Any, scales: Any,
                  out: Any) -> None:  # fmt: skip
    """All products of a pass of so many rows, and nothing between them."""
    for number in range(layers.shape[0]):
        for at in range(columns.shape[0]):
            kind, groups = layers[number, passes.KIND + columns[at]], inputs[at] // GROUP
            step = groups * passes._RECORDS[kind]
            for block in range(outputs[at] // LANES):
                passes._multiply(kind, layers[number, columns[at]] + block * step, groups, numbers.ctypes.data,
                                 numbers.shape[1], scales.ctypes.data, 4 * scales.shape[1], rows, out.ctypes.data,
                                 4 * LANES)  # fmt: skip


def bench_arithmetic(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """The quickest of n times, of the thread's own processor time [ms]."""
    packed = PackedModel(model, threads=1)
    shape, inner = packed.shape, packed._inner
    queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    outputs = np.array((queries, keys, keys, shape.hidden, inner, inner, shape.hidden), np.int64)
    inputs = np.array((shape.hidden, shape.hidden, shape.hidden, queries, shape.hidden, shape.hidden, inner), np.int64)
    products = int((outputs * inputs).sum()) * shape.layers
    room = np.random.default_rng(0).integers(0, 100, 64 * 2 * _SIDE, np.uint8)
    sums = np.zeros(64 * (_SIDE**2 + _SIDE), np.uint8)
    limit = _SIDE**2 * _TURNS * 4 * DOTS.lanes / _quickest_ms(lambda: _run_peak(room, _TURNS, sums), n, advance)
    rows = [_row(packed, products, limit, outputs, inputs, count, n, advance) for count in ROWS]
    return {"machine": machine(), "model": model.name, "dots": DOTS.name, "n": n,
            "limit_per_s": round(limit * 1e3 / 1e9, 1), "products_of_a_token": products, "rows": rows}  # fmt: skip


def measurements(n: int) -> int:
    """How often something is timed."""
    return n * (1 + 2 * len(ROWS))


def _row(
    packed: PackedModel, products: int, limit: float, outputs: NDArray[np.int64], inputs: NDArray[np.int64],
    count: int, n: int, advance: Callable[[], None],
) -> dict[str, Any]:  # fmt: skip
    widest = int(inputs.max())
    numbers = np.zeros((count, widest), np.int8)
    scales, out = np.zeros((count, widest // GROUP * SCALES // 4), np.float32), np.zeros((count, LANES), np.float32)
    columns = np.array(_MATRICES, np.int64)
    tokens = list(range(10, 10 + count))
    alone = _quickest_ms(
        lambda: _run_products(packed._layers, columns, outputs, inputs, count, numbers, scales, out), n, advance
    )
    whole = _quickest_ms(lambda: packed.read([Part(packed.new_cache(), tokens)]), n, advance)
    best = count * products / limit
    return {
        "tokens": count, "limit_ms": round(best, 2),
        "products_ms": round(alone, 2), "products_times_limit": round(alone / best, 2),
        "pass_ms": round(whole, 2), "pass_times_limit": round(whole / best, 2),
    }  # fmt: skip


def _quickest_ms(run: Callable[[], object], n: int, advance: Callable[[], None]) -> float:
    run()
    found = []
    for _ in range(n):
        began = time.process_time()
        run()
        found.append((time.process_time() - began) * 1e3)
        advance()
    return min(found)
