"""One pass of a Llama- or Qwen2-shaped model over some tokens, carried out by several threads together.

Every thread runs `run_pass`; they share out the work piece by piece through counters, and wait for one another where
one stage needs all of the last. Which thread does a piece changes nothing about its numbers.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .blocks import GROUP, KINDS
from .matmul import matmul
from .operations import (
    SCALES,
    SLOT_PAIRS,
    fetch,
    fetch_add,
    give_way,
    key_scores,
    load_float,
    normalize,
    quantize,
    softmax,
    store_16,
    swiglu,
    value_sums,
)  # fmt: skip
from .processor import PROCESSOR, Processor

Array = NDArray[Any]

KIND_NUMBERS = {name: number for number, name in enumerate(KINDS)}

# Columns of the table of layers: where things lie (addresses), then how each is held (numbers of KINDS).
(NORM_1, QUERY, KEY, VALUE, OUT, NORM_2, GATE, UP, DOWN, QUERY_BIAS, KEY_BIAS, VALUE_BIAS, KIND) = range(13)
LAYER_COLUMNS = 2 * KIND

# Columns of the table of parts: sequences that are read in the same pass.
(FIRST_ROW, ROWS, PAST, KEYS_AT, VALUES_AT, CAPACITY) = range(6)
PART_COLUMNS = 6

# Sizes. EPSILON and SCORE_SCALE are the bits of float32 numbers.
(HIDDEN, HEADS, KV_HEADS, HEAD_SIZE, INNER, EPSILON, SCORE_SCALE) = range(7)
SIZES = 7

LANES = 16
QUERIES_AT_ONCE = 12
_ROWS_AT_ONCE = 4
_STAGES = 8
_COUNTER = 8
_SPINS = 400
_MANY_ROWS = 24

_RECORDS = np.array([kind.record_bytes for kind in KINDS.values()], dtype=np.int64)

_q4_8, _q4_4, _q4_2, _q4_1 = (matmul(rows, KINDS["q4"]) for rows in (8, 4, 2, 1))
_q4w_8, _q4w_1 = (matmul(rows, KINDS["q4w"]) for rows in (8, 1))
_q8_8, _q8_4, _q8_2, _q8_1 = (matmul(rows, KINDS["q8"]) for rows in (8, 4, 2, 1))
_q8w_8, _q8w_1 = (matmul(rows, KINDS["q8w"]) for rows in (8, 1))
_q8s_8, _q8s_1 = (matmul(rows, KINDS["q8s"]) for rows in (8, 1))
_scores_12, _scores_4, _scores_1 = (key_scores(rows) for rows in (12, 4, 1))
_values_12, _values_4, _values_1 = (value_sums(rows) for rows in (12, 4, 1))


def sync_slots(layers: int) -> int:
    """How many shared integers the threads of a pass need, all zero at its beginning."""
    return 1 + layers * _STAGES


@njit(nogil=True)
def _wait(sync: int, barrier: int, threads: int) -> int:
    """Go on when all threads have come here; gives the number of the next such place."""
    if threads > 1:
        fetch_add(sync, 1)
        spins = 0
        while fetch(sync) < (barrier + 1) * threads:
            spins += 1
            if spins > _SPINS:
                give_way(0, 0, 0, 0, 0, 0, 0, 0)
    return barrier + 1


@njit(nogil=True)
def _chunk(pieces: int, rows: int, threads: int) -> int:
    """How many pieces of a stage a thread takes at once: one where a piece is much work, so that none waits long."""
    return 1 if rows >= _MANY_ROWS else max(1, pieces // (threads * 6))


@njit(nogil=True)
def _multiply(kind: int, weights: int, groups: int, numbers: int, number_step: int, scales: int, scale_step: int,
              rows: int, out: int, out_step: int) -> None:  # fmt: skip
    """out[rows, 0:16] = 16 rows of a matrix times each row of numbers."""
    row = 0
    while row < rows:
        n = numbers + row * number_step
        s = scales + row * scale_step
        o = out + row * out_step
        left = rows - row
        if kind == 0:
            if left >= 8:
                _q4_8(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 8
            elif left >= 4:
                _q4_4(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 4
            elif left >= 2:
                _q4_2(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 2
            else:
                _q4_1(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 1
        elif kind == 2:
            if left >= 8:
                _q8_8(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 8
            elif left >= 4:
                _q8_4(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 4
            elif left >= 2:
                _q8_2(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 2
            else:
                _q8_1(weights, groups, n, number_step, s, scale_step, o, out_step)
                row += 1
        elif left >= 8:
            if kind == 1:
                _q4w_8(weights, groups, n, number_step, s, scale_step, o, out_step)
            elif kind == 3:
                _q8w_8(weights, groups, n, number_step, s, scale_step, o, out_step)
            else:
                _q8s_8(weights, groups, n, number_step, s, scale_step, o, out_step)
            row += 8
        else:
            if kind == 1:
                _q4w_1(weights, groups, n, number_step, s, scale_step, o, out_step)
            elif kind == 3:
                _q8w_1(weights, groups, n, number_step, s, scale_step, o, out_step)
            else:
                _q8s_1(weights, groups, n, number_step, s, scale_step, o, out_step)
            row += 1


@njit(nogil=True)
def _add_matrix(kind: int, weights: int, outputs: int, groups: int, numbers: int, number_step: int, scales: int,
                scale_step: int, state: Array, scratch: Array, counter: int, threads: int) -> None:  # fmt: skip
    """state += a matrix times numbers, block by block."""
    rows = state.shape[0]
    blocks = outputs // LANES
    chunk = _chunk(blocks, rows, threads)
    out = np.intp(scratch.ctypes.data)
    record = _RECORDS[kind]
    while True:
        first = fetch_add(counter, chunk)
        if first >= blocks:
            return
        for block in range(first, min(first + chunk, blocks)):
            _multiply(kind, weights + block * groups * record, groups, numbers, number_step, scales, scale_step, rows,
                      out, LANES * 4)  # fmt: skip
            for row in range(rows):
                for lane in range(LANES):
                    state[row, block * LANES + lane] += scratch[row * LANES + lane]


@njit(nogil=True)
def _normalize_rows(state: Array, weights: int, epsilon: int, numbers: int, number_step: int, scales: int,
                    scale_step: int, scratch: Array, counter: int) -> None:  # fmt: skip
    """The norm of every row, as integers."""
    rows, hidden = state.shape
    at, out = np.intp(state.ctypes.data), np.intp(scratch.ctypes.data)
    while True:
        first = fetch_add(counter, _ROWS_AT_ONCE)
        if first >= rows:
            return
        for row in range(first, min(first + _ROWS_AT_ONCE, rows)):
            normalize(at + row * hidden * 4, hidden // LANES, weights, epsilon, out, hidden, 0, 0)
            quantize(out, hidden // GROUP, numbers + row * number_step, scales + row * scale_step, 0, 0, 0, 0)


@njit(nogil=True)
def _turn(projected: Array, bits: Array, row: int, column: int, size: int, position: int,
          cosines: Array, sines: Array) -> None:  # fmt: skip
    """RoPE on one head of one row, in place, and rounded to bfloat: the upper halves of `bits`."""
    half = size // 2
    for pair in range(half):
        first, second = projected[row, column + pair], projected[row, column + half + pair]
        cosine, sine = cosines[position, pair], sines[position, pair]
        projected[row, column + pair] = first * cosine - second * sine
        projected[row, column + half + pair] = second * cosine + first * sine
    _round(bits, row, column, size)


@njit(nogil=True)
def _round(bits: Array, row: int, column: int, size: int) -> None:
    """Float32 numbers to the nearest bfloats, ties to even: left in the upper halves."""
    for number in range(column, column + size):
        whole = bits[row, number]
        bits[row, number] = whole + np.uint32(0x7FFF) + ((whole >> np.uint32(16)) & np.uint32(1))


@njit(nogil=True)
def _add_bias(projected: Array, row: int, column: int, size: int, bias: int) -> None:
    if bias != 0:
        for number in range(size):
            projected[row, column + number] += load_float(bias + 4 * number)


@njit(nogil=True)
def _place_row(layer: Array, number: int, sizes: Array, part: Array, row: int, projected: Array,
               bits: Array, queries: Array, position: int, cosines: Array, sines: Array) -> None:  # fmt: skip
    """Turn a row's queries and keys, put the queries in their place, and keys and values into the cache."""
    heads, kv_heads, size = sizes[HEADS], sizes[KV_HEADS], sizes[HEAD_SIZE]
    group = heads // kv_heads
    keys_from, values_from = heads * size, (heads + kv_heads) * size
    _add_bias(projected, row, 0, heads * size, layer[QUERY_BIAS])
    _add_bias(projected, row, keys_from, kv_heads * size, layer[KEY_BIAS])
    _add_bias(projected, row, values_from, kv_heads * size, layer[VALUE_BIAS])
    for head in range(heads):
        _turn(projected, bits, row, head * size, size, position, cosines, sines)
        target = queries[head // group, row * group + head % group]
        for column in range(size):
            target[column] = np.uint16(bits[row, head * size + column] >> np.uint32(16))
    slot = part[PAST] + row - part[FIRST_ROW]
    # Keys: [layer][head][block of 16 slots][pair of columns][slot][2]. Values: [layer][head][pair of slots][column][2].
    head_bytes = part[CAPACITY] * size * 2
    for head in range(kv_heads):
        _turn(projected, bits, row, keys_from + head * size, size, position, cosines, sines)
        _round(bits, row, values_from + head * size, size)
        offset = (number * kv_heads + head) * head_bytes
        key = part[KEYS_AT] + offset + (slot // LANES) * size * LANES * 2 + (slot % LANES) * SLOT_PAIRS
        value = part[VALUES_AT] + offset + (slot // 2) * size * SLOT_PAIRS + (slot % 2) * 2
        for column in range(size):
            place = key + (column // 2) * LANES * SLOT_PAIRS + (column % 2) * 2
            store_16(place, np.intp(bits[row, keys_from + head * size + column] >> np.uint32(16)))
            store_16(
                value + column * SLOT_PAIRS, np.intp(bits[row, values_from + head * size + column] >> np.uint32(16))
            )


@njit(nogil=True)
def _attend(number: int, sizes: Array, part: Array, head: int, first: int, count: int, queries: Array,
            scores: Array, shares: Array, inverse: Array, mixed: Array, numbers: int,
            number_step: int, scales: int, scale_step: int) -> None:  # fmt: skip
    """Attention for so many queries of one key head; `first` counts queries of that head within the part."""
    heads, kv_heads, size = sizes[HEADS], sizes[KV_HEADS], sizes[HEAD_SIZE]
    group = heads // kv_heads
    last_row = (first + count - 1) // group
    slots = part[PAST] + last_row + 1
    blocks = (slots + LANES - 1) // LANES
    offset = (number * kv_heads + head) * part[CAPACITY] * size * 2
    query = np.intp(queries[head, part[FIRST_ROW] * group + first :].ctypes.data)
    query_step, score_step, share_step = size * 2, scores.shape[1] * 4, shares.shape[1] * 2
    score_at, share_at = np.intp(scores.ctypes.data), np.intp(shares.ctypes.data)
    for block in range(blocks):
        keys = part[KEYS_AT] + offset + block * LANES * size * 2
        out = score_at + block * LANES * 4
        done = 0
        while done < count:
            q, o = query + done * query_step, out + done * score_step
            if count - done >= 12:
                _scores_12(q, query_step, keys, size // 2, o, score_step, 0, 0)
                done += 12
            elif count - done >= 4:
                _scores_4(q, query_step, keys, size // 2, o, score_step, 0, 0)
                done += 4
            else:
                _scores_1(q, query_step, keys, size // 2, o, score_step, 0, 0)
                done += 1
    for index in range(count):
        row = (first + index) // group
        for slot in range(part[PAST] + row + 1, blocks * LANES):
            scores[index, slot] = -np.inf
        softmax(score_at + index * score_step, blocks, sizes[SCORE_SCALE], share_at + index * share_step,
                np.intp(inverse[index:].ctypes.data), 0, 0, 0)  # fmt: skip
    pairs = blocks * (LANES // 2)
    mixed_at, inverse_at = np.intp(mixed.ctypes.data), np.intp(inverse.ctypes.data)
    for chunk in range(size // GROUP):
        values = part[VALUES_AT] + offset + chunk * GROUP * SLOT_PAIRS
        done = 0
        while done < count:
            s, o = share_at + done * share_step, mixed_at + (done * size + chunk * GROUP) * 4
            i = inverse_at + done * 4
            if count - done >= 12:
                _values_12(s, share_step, values, size * SLOT_PAIRS, pairs, o, size * 4, i)
                done += 12
            elif count - done >= 4:
                _values_4(s, share_step, values, size * SLOT_PAIRS, pairs, o, size * 4, i)
                done += 4
            else:
                _values_1(s, share_step, values, size * SLOT_PAIRS, pairs, o, size * 4, i)
                done += 1
    groups = size // GROUP
    for index in range(count):
        row = part[FIRST_ROW] + (first + index) // group
        whole = head * group + (first + index) % group
        quantize(mixed_at + index * size * 4, groups, numbers + row * number_step + whole * groups * GROUP,
                 scales + row * scale_step + whole * groups * SCALES, 0, 0, 0, 0)  # fmt: skip


@njit(nogil=True)
def _project(layer: Array, sizes: Array, rows: int, numbers: int, number_step: int, scales: int,
             scale_step: int, projected: Array, counter: int, threads: int) -> None:  # fmt: skip
    """Queries, keys and values of all rows, side by side."""
    query_blocks = sizes[HEADS] * sizes[HEAD_SIZE] // LANES
    kv_blocks = sizes[KV_HEADS] * sizes[HEAD_SIZE] // LANES
    blocks, groups = query_blocks + 2 * kv_blocks, sizes[HIDDEN] // GROUP
    chunk = _chunk(blocks, rows, threads)
    out, out_step = np.intp(projected.ctypes.data), projected.shape[1] * 4
    while True:
        first = fetch_add(counter, chunk)
        if first >= blocks:
            return
        for block in range(first, min(first + chunk, blocks)):
            which, within = QUERY, block
            if block >= query_blocks + kv_blocks:
                which, within = VALUE, block - query_blocks - kv_blocks
            elif block >= query_blocks:
                which, within = KEY, block - query_blocks
            kind = layer[KIND + which]
            at = layer[which] + within * groups * _RECORDS[kind]
            _multiply(
                kind, at, groups, numbers, number_step, scales, scale_step, rows, out + block * LANES * 4, out_step
            )


@njit(nogil=True)
def _gate_up(layer: Array, sizes: Array, rows: int, numbers: int, number_step: int, scales: int,
             scale_step: int, inner: int, inner_step: int, inner_scales: int, inner_scale_step: int,
             scratch: Array, counter: int, threads: int) -> None:  # fmt: skip
    """The inner activations of all rows, as integers."""
    tasks, groups = sizes[INNER] // GROUP, sizes[HIDDEN] // GROUP
    chunk = _chunk(tasks, rows, threads)
    gate_at = np.intp(scratch.ctypes.data)
    up_at = gate_at + rows * GROUP * 4
    while True:
        first = fetch_add(counter, chunk)
        if first >= tasks:
            return
        for task in range(first, min(first + chunk, tasks)):
            for half in range(2):
                block = 2 * task + half
                for which, out in ((GATE, gate_at), (UP, up_at)):
                    kind = layer[KIND + which]
                    at = layer[which] + block * groups * _RECORDS[kind]
                    _multiply(kind, at, groups, numbers, number_step, scales, scale_step, rows,
                              out + half * LANES * 4, GROUP * 4)  # fmt: skip
            for row in range(rows):
                swiglu(gate_at + row * GROUP * 4, up_at + row * GROUP * 4, inner + row * inner_step + task * GROUP,
                       inner_scales + row * inner_scale_step + task * SCALES, 0, 0, 0, 0)  # fmt: skip


def _compiled(version: str) -> Any:
    """The pass. Its cache on disk is good for that version alone: numba would not notice other sources, nor that a
    feature of the processor chose other instructions."""

    @njit(nogil=True, cache=True)
    def run_pass(thread: int, threads: int, sync: int, halt: int, layers: Array, parts: Array, sizes: Array,
                 state: Array, numbers: Array, scales: Array, projected: Array, bits: Array,
                 queries: Array, inner: Array, inner_scales: Array, positions: Array,
                 cosines: Array, sines: Array, scratches: Array, all_scores: Array,
                 all_shares: Array, inverses: Array, mixes: Array) -> bool:  # fmt: skip
        """Read rows: `state` [rows, hidden] goes in as embeddings and comes out as the last layer left it.

        Whether it was read to the end: not where the integer at `halt` was seen not to be 0.
        """
        _ = version
        rows, hidden = state.shape
        group = sizes[HEADS] // sizes[KV_HEADS]
        n_at, n_step = np.intp(numbers.ctypes.data), numbers.shape[1]
        s_at, s_step = np.intp(scales.ctypes.data), scales.shape[1] * 4
        i_at, i_step = np.intp(inner.ctypes.data), inner.shape[1]
        t_at, t_step = np.intp(inner_scales.ctypes.data), inner_scales.shape[1] * 4
        scratch, scores, shares = scratches[thread], all_scores[thread], all_shares[thread]
        inverse, mixed = inverses[thread], mixes[thread]
        barrier = 0
        for number in range(layers.shape[0]):
            layer = layers[number]
            counters = sync + (1 + number * _STAGES) * _COUNTER
            _normalize_rows(state, layer[NORM_1], sizes[EPSILON], n_at, n_step, s_at, s_step, scratch, counters)
            barrier = _wait(sync, barrier, threads)
            _project(layer, sizes, rows, n_at, n_step, s_at, s_step, projected, counters + _COUNTER, threads)
            barrier = _wait(sync, barrier, threads)
            for index in range(parts.shape[0]):
                part = parts[index]
                for row in range(part[FIRST_ROW], part[FIRST_ROW] + part[ROWS]):
                    if row % threads == thread:
                        _place_row(layer, number, sizes, part, row, projected, bits, queries, positions[row], cosines,
                                   sines)  # fmt: skip
            barrier = _wait(sync, barrier, threads)
            task, mine = 0, fetch_add(counters + 2 * _COUNTER, 1)
            for index in range(parts.shape[0]):
                part = parts[index]
                count = part[ROWS] * group
                for first in range(0, count, QUERIES_AT_ONCE):
                    for head in range(sizes[KV_HEADS]):
                        if task == mine:
                            _attend(number, sizes, part, head, first, min(QUERIES_AT_ONCE, count - first), queries,
                                    scores, shares, inverse, mixed, n_at, n_step, s_at, s_step)  # fmt: skip
                            mine = fetch_add(counters + 2 * _COUNTER, 1)
                        task += 1
            barrier = _wait(sync, barrier, threads)
            _add_matrix(layer[KIND + OUT], layer[OUT], hidden, sizes[HEADS] * sizes[HEAD_SIZE] // GROUP, n_at, n_step,
                        s_at, s_step, state, scratch, counters + 3 * _COUNTER, threads)  # fmt: skip
            barrier = _wait(sync, barrier, threads)
            _normalize_rows(state, layer[NORM_2], sizes[EPSILON], n_at, n_step, s_at, s_step, scratch,
                            counters + 4 * _COUNTER)  # fmt: skip
            barrier = _wait(sync, barrier, threads)
            _gate_up(layer, sizes, rows, n_at, n_step, s_at, s_step, i_at, i_step, t_at, t_step, scratch,
                     counters + 5 * _COUNTER, threads)  # fmt: skip
            barrier = _wait(sync, barrier, threads)
            _add_matrix(layer[KIND + DOWN], layer[DOWN], hidden, sizes[INNER] // GROUP, i_at, i_step, t_at, t_step,
                        state, scratch, counters + 6 * _COUNTER, threads)  # fmt: skip
            if thread == 0 and fetch(halt) != 0:  # one of them says it for all: none must wait for one that has gone
                fetch_add(counters + 7 * _COUNTER, 1)
            barrier = _wait(sync, barrier, threads)
            if fetch(counters + 7 * _COUNTER) != 0:
                return False
        return True

    return run_pass


def _compiled_head(version: str) -> Any:
    """A whole matrix times one row; likewise good for one version."""

    @njit(nogil=True, cache=True)
    def run_head(threads: int, counter: int, kind: int, weights: int, blocks: int, floats: Array, numbers: Array,
                 scales: Array, out: Array) -> None:  # fmt: skip
        """out [16 · blocks] = a matrix times a row of floats. Every thread rounds the row for itself."""
        _ = version
        groups = floats.shape[0] // GROUP
        n_at, s_at = np.intp(numbers.ctypes.data), np.intp(scales.ctypes.data)
        quantize(np.intp(floats.ctypes.data), groups, n_at, s_at, 0, 0, 0, 0)
        chunk = max(1, blocks // (threads * 8))
        record, out_at = _RECORDS[kind], np.intp(out.ctypes.data)
        while True:
            first = fetch_add(counter, chunk)
            if first >= blocks:
                return
            for block in range(first, min(first + chunk, blocks)):
                at = weights + block * groups * record
                _multiply(kind, at, groups, n_at, groups * GROUP, s_at, groups * SCALES, 1, out_at + block * 64, 64)

    return run_head


def version_of(processor: Processor) -> str:
    """A digest of the files that the pass is compiled from, and of the processor that it is compiled for."""
    folder = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(sources + repr((processor.name, sorted(processor.features))).encode()).hexdigest()


run_pass = _compiled(version_of(PROCESSOR))
run_head = _compiled_head(version_of(PROCESSOR))
