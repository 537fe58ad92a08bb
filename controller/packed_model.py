"""A model that computes on its quantized weights as they are: integers in, integers out, nothing expanded.

Activations are rounded to 8 bits, group by group, so that each dot product is one of integers, which adds up to the
same in any order; keys and values are kept as bfloat.
"""

import ctypes
import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeword.codebook.errors import ModelError

from .decision import DecisionCancelled
from .kernels import passes
from .kernels.blocks import GROUP, LANES
from .kernels.dots import DOTS
from .kernels.llvm import HAS_BFLOAT_DOTS
from .kernels.operations import SCALES
from .model import NUMERICS, Floats, Part
from .packed_weights import Matrix, PackedWeights
from .processor import signature, usable_cpus
from .registry import LocalModel
from .shape import Shape, read_shape

Job = Callable[[int], object]


class ThreadPool:
    """Some threads, the caller's being the first of them. Jobs must let go of the interpreter to run side by side."""

    def __init__(self, threads: int) -> None:
        """Raises ValueError where there is not even one."""
        if threads < 1:
            raise ValueError(f"a pool has at least one thread, not {threads}")
        self.threads = threads
        self._closed = False
        self._jobs: list[queue.SimpleQueue[Job | None]] = [queue.SimpleQueue() for _ in range(threads - 1)]
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        for number, jobs in enumerate(self._jobs, start=1):
            threading.Thread(target=self._work, args=(number, jobs), daemon=True, name=f"pass-{number}").start()

    def run(self, job: Job, threads: int | None = None) -> None:
        """Have every thread, or the first so many, call `job` with its number; returns when all are done. Raises what
        one of them raised."""
        if self._closed:
            raise RuntimeError("the pool was closed")
        called = self._jobs[: (threads or self.threads) - 1]
        for jobs in called:
            jobs.put(job)
        try:
            job(0)
        finally:
            # Waited for in any case: an answer that is left over would be taken for one of the next run.
            failed = [error for error in (self._done.get() for _ in called) if error is not None]
        if failed:
            raise failed[0]

    def close(self) -> None:
        """Let the threads end."""
        self._closed = True
        for jobs in self._jobs:
            jobs.put(None)

    def _work(self, number: int, jobs: "queue.SimpleQueue[Job | None]") -> None:
        while (job := jobs.get()) is not None:
            failed = None
            try:
                job(number)
            except BaseException as error:  # noqa: BLE001 (handed to the caller, who raises it)
                failed = error
            del job  # a thread that waits keeps nothing of the last pass in memory
            self._done.put(failed)
            del failed


_ROOM = 512

Bits = NDArray[np.uint16]


class PackedCache:
    """Room for the keys and values of one sequence, in all layers.

    Nothing is copied as tokens are added, but for a doubling of the room now and then. Keys lie as [layer, head, block
    of 16 slots, pair of columns, slot, 2], values as [layer, head, pair of slots, column, 2]: the bits of bfloats.
    """

    def __init__(self, layers: int, heads: int, head_size: int) -> None:
        self._layers, self._heads, self._size = layers, heads, head_size
        self._length = 0
        self.keys, self.values = self._new(_ROOM)

    @property
    def length(self) -> int:
        """How many tokens are kept."""
        return self._length

    @property
    def capacity(self) -> int:
        """How many tokens fit before the room is doubled."""
        return int(self.keys.shape[2]) * LANES

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, room for more included."""
        return self.keys.nbytes + self.values.nbytes

    def reserve(self, tokens: int) -> None:
        """Have room for so many tokens in all."""
        capacity = self.capacity
        if tokens <= capacity:
            return
        while capacity < tokens:
            capacity *= 2
        keys, values = self._new(capacity)
        keys[:, :, : self.keys.shape[2]] = self.keys
        values[:, :, : self.values.shape[2]] = self.values
        self.keys, self.values = keys, values

    def advance(self, tokens: int) -> None:
        """Count tokens that a pass has written."""
        self._length += tokens

    def truncate(self, length: int) -> None:
        """Forget every token from a place on."""
        if not 0 <= length <= self._length:
            raise ValueError(f"cannot roll back to {length} tokens: {self._length} are kept")
        self._length = length

    def dump(self) -> dict[str, NDArray[np.generic]]:
        """All that is kept, as arrays."""
        blocks = -(-self._length // LANES)
        return {"keys": self.keys[:, :, :blocks].copy(), "values": self.values[:, :, : blocks * LANES // 2].copy()}

    def load(self, arrays: dict[str, NDArray[np.generic]], length: int) -> None:
        """Take what `dump` gave, in place of what is kept."""
        blocks = -(-length // LANES)
        expected = {
            "keys": (*self.keys.shape[:2], blocks, *self.keys.shape[3:]),
            "values": (*self.values.shape[:2], blocks * LANES // 2, *self.values.shape[3:]),
        }
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(array.dtype != np.uint16 for array in arrays.values()):
            raise ValueError(f"arrays of {found} are not those of {length} tokens")
        self._length = 0
        self.reserve(length)
        self.keys[:, :, :blocks] = arrays["keys"]
        self.values[:, :, : blocks * LANES // 2] = arrays["values"]
        self._length = length

    def _new(self, capacity: int) -> tuple[Bits, Bits]:
        keys = np.zeros((self._layers, self._heads, capacity // LANES, self._size // 2, LANES, 2), np.uint16)
        values = np.zeros((self._layers, self._heads, capacity // 2, self._size, 2), np.uint16)
        return keys, values


class PackedModel:
    """A model in memory, read by several threads together."""

    exact = True

    def __init__(self, model: LocalModel, *, threads: int | None = None, widen: bool = False) -> None:
        """Load the weights; `widen` holds every code in a byte of its own.

        Raises ModelError where the model is not quantized in a way that can be computed on, or does not fit its config.
        """
        self.shape: Shape = read_shape(model.config, str(model.folder))
        self._check_shape(model)
        weights, hidden = PackedWeights(model, widen=widen), self.shape.hidden
        self._embedding = weights.table("model.embed_tokens.weight", hidden)
        self._head = self._embedding if self.shape.tied else weights.table("lm_head.weight", hidden)
        self._norm = weights.floats("model.norm.weight", hidden)
        self._factors = weights.floats_if_there("model.rope_factors", self.shape.head_size // 2)
        self._keep: list[Any] = []
        self._layers = np.stack([self._layer(weights, number) for number in range(self.shape.layers)])
        self._inner = weights.outputs("model.layers.0.mlp.gate_proj.weight")
        weights.expect_all_taken()
        self.weight_bytes = weights.size_bytes
        self._widened = widen
        self._thread_pool = ThreadPool(threads or len(usable_cpus()))
        weakref.finalize(self, self._thread_pool.close)
        self._sizes = self._size_table()
        self._sync = np.zeros(passes.sync_slots(self.shape.layers), np.int64)
        self._halt = np.zeros(1, np.int64)
        self._threads = self._thread_pool.threads
        self._buffers: dict[str, NDArray[Any]] = {}
        self._turns = self._rope_table(1024)

    @property
    def profile(self) -> str:
        """How weights are held and which kernels run, numpy's for the head among them; `plain` are all products of
        integers but those of AVX-512 VNNI. The numbers are the same by any of them.
        """
        integers, floats = DOTS.name == "avx512-vnni", HAS_BFLOAT_DOTS
        native = f"{'vnni' if integers else 'plain'}-{'bf16' if floats else 'plain'}"
        return f"cpu-{'int8' if self._widened else 'packed'}-{native}-{signature()}/{NUMERICS}"

    def new_cache(self) -> PackedCache:
        """An empty cache of the right sizes."""
        return PackedCache(self.shape.layers, self.shape.kv_heads, self.shape.head_size)

    def halt(self, on: bool) -> None:
        """See `model.Model`."""
        self._halt[0] = on

    def use_threads(self, most: int | None) -> None:
        """See `model.Model`."""
        self._threads = min(most or self._thread_pool.threads, self._thread_pool.threads)

    def read(self, parts: Sequence[Part]) -> list[Floats]:
        """Read all parts in one pass. See `model.Model`."""
        for part in parts:
            part.check(self.shape)
        tokens = [token for part in parts for token in part.tokens]
        table = np.zeros((len(parts), passes.PART_COLUMNS), np.int64)
        positions: list[int] = []
        for row, part in zip(table, parts, strict=True):
            cache, count = part.cache, len(part.tokens)
            assert isinstance(cache, PackedCache)
            cache.reserve(cache.length + count)
            row[:] = (len(positions), count, cache.length, cache.keys.ctypes.data, cache.values.ctypes.data,
                      cache.capacity)  # fmt: skip
            positions += range(cache.length, cache.length + count)
        state = self._embedding.rows(tokens)
        self._run(state, table, np.array(positions, np.int64))
        for part in parts:
            assert isinstance(part.cache, PackedCache)
            part.cache.advance(len(part.tokens))
        return [
            self._normed(state[[int(first) + place % len(part.tokens) for place in part.wanted]])
            for first, part in zip(table[:, passes.FIRST_ROW], parts, strict=True)
        ]

    def embeddings(self, tokens: Sequence[int]) -> Floats:
        """What stands for each token. See `model.Model`."""
        return self._embedding.rows(tokens)

    def logits(self, hidden: Floats, rows: Sequence[int] | None = None) -> Floats:
        """Logits of some tokens after one hidden state. See `model.Model`."""
        if rows is not None:
            return _dots(self._head.rows(rows), hidden)
        head, threads, groups = self._head, self._threads, len(hidden) // GROUP
        if not isinstance(head, Matrix):
            return np.concatenate(
                [
                    _dots(head.rows(range(at, min(at + 4096, head.outputs))), hidden)
                    for at in range(0, head.outputs, 4096)
                ]
            )
        blocks = head.records.shape[0]
        out = np.zeros(blocks * LANES, np.float32)
        numbers = np.zeros((threads, groups * GROUP), np.uint8)
        scales = np.zeros((threads, groups * SCALES // 4), np.float32)
        state = np.ascontiguousarray(hidden)
        self._sync[:] = 0
        counter, at, kind = self._sync.ctypes.data, head.records.ctypes.data, passes.KIND_NUMBERS[head.kind]
        self._thread_pool.run(
            lambda n: passes.run_head(threads, counter, kind, at, blocks, state, numbers[n], scales[n], out), threads
        )
        return out[: head.outputs]

    def _run(self, state: Floats, parts: NDArray[np.int64], positions: NDArray[np.int64]) -> None:
        shape, rows, threads = self.shape, len(state), self._threads
        slots = int((parts[:, passes.PAST] + parts[:, passes.ROWS]).max())
        padded = -(-slots // LANES) * LANES
        if int(positions.max()) >= self._turns.shape[1]:
            self._turns = self._rope_table(2 * int(positions.max()))
        width = max(shape.hidden, shape.heads * shape.head_size) // GROUP
        inner = self._inner // GROUP
        projected = self._buffer("projected", np.float32, rows, (shape.heads + 2 * shape.kv_heads) * shape.head_size)
        group = shape.heads // shape.kv_heads
        at_once = passes.QUERIES_AT_ONCE
        arguments = (
            self._layers, parts, self._sizes, state,
            self._buffer("numbers", np.uint8, rows, width * GROUP),
            self._buffer("scales", np.float32, rows, width * (SCALES // 4)),
            projected, projected.view(np.uint32),
            self._buffer("queries", np.uint16, shape.kv_heads, rows * group, shape.head_size),
            self._buffer("inner", np.uint8, rows, inner * GROUP),
            self._buffer("inner scales", np.float32, rows, inner * (SCALES // 4)),
            positions, self._turns[0], self._turns[1],
            self._buffer("scratch", np.float32, threads, max(shape.hidden, rows * 2 * GROUP)),
            self._buffer("scores", np.float32, threads, at_once, padded),
            self._buffer("shares", np.uint16, threads, at_once, padded),
            self._buffer("inverses", np.float32, threads, at_once),
            self._buffer("mixes", np.float32, threads, at_once * shape.head_size),
        )  # fmt: skip
        self._sync[:] = 0
        sync, halt, whole = self._sync.ctypes.data, self._halt.ctypes.data, [False] * threads

        def read(thread: int) -> None:
            whole[thread] = passes.run_pass(thread, threads, sync, halt, *arguments)

        self._thread_pool.run(read, threads)
        if not all(whole):
            raise DecisionCancelled("the decision was given up in the middle of a pass")

    def _buffer(self, name: str, dtype: Any, *size: int) -> NDArray[Any]:
        """Room of a size, kept from pass to pass."""
        needed = int(np.prod(size))
        kept = self._buffers.get(name)
        if kept is None or len(kept) < needed:
            kept = self._buffers[name] = np.zeros(needed, dtype)
        return kept[:needed].reshape(size)

    def _layer(self, weights: PackedWeights, number: int) -> NDArray[np.int64]:
        """A row of the table of layers."""
        at, row = f"model.layers.{number}.", np.zeros(passes.LAYER_COLUMNS, np.int64)
        shape = self.shape
        queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
        inner = weights.outputs("model.layers.0.mlp.gate_proj.weight")
        for column, name, outputs, inputs in (
            (passes.QUERY, "self_attn.q_proj", queries, shape.hidden),
            (passes.KEY, "self_attn.k_proj", keys, shape.hidden),
            (passes.VALUE, "self_attn.v_proj", keys, shape.hidden),
            (passes.OUT, "self_attn.o_proj", shape.hidden, queries),
            (passes.GATE, "mlp.gate_proj", inner, shape.hidden),
            (passes.UP, "mlp.up_proj", inner, shape.hidden),
            (passes.DOWN, "mlp.down_proj", shape.hidden, inner),
        ):
            matrix = weights.matrix(f"{at}{name}.weight", outputs, inputs)
            self._keep.append(matrix)
            row[column], row[passes.KIND + column] = matrix.records.ctypes.data, passes.KIND_NUMBERS[matrix.kind]
        for column, name in ((passes.NORM_1, "input_layernorm"), (passes.NORM_2, "post_attention_layernorm")):
            row[column] = self._address(weights.floats(f"{at}{name}.weight", shape.hidden))
        for column, letter, size in (
            (passes.QUERY_BIAS, "q", queries), (passes.KEY_BIAS, "k", keys), (passes.VALUE_BIAS, "v", keys),
        ):  # fmt: skip
            bias = weights.floats_if_there(f"{at}self_attn.{letter}_proj.bias", size)
            row[column] = 0 if bias is None else self._address(bias)
        return row

    def _address(self, floats: Floats) -> int:
        self._keep.append(floats)
        return int(floats.ctypes.data)

    def _normed(self, state: Floats) -> Floats:
        roots = np.sqrt((state * state).mean(-1, keepdims=True, dtype=np.float32) + np.float32(self.shape.epsilon))
        result: Floats = state / roots * self._norm
        return result

    def _size_table(self) -> NDArray[np.int64]:
        shape, table = self.shape, np.zeros(passes.SIZES, np.int64)
        table[passes.HIDDEN], table[passes.HEADS], table[passes.KV_HEADS] = shape.hidden, shape.heads, shape.kv_heads
        table[passes.HEAD_SIZE], table[passes.INNER] = shape.head_size, self._inner
        table[passes.EPSILON] = _bits(shape.epsilon)
        table[passes.SCORE_SCALE] = _bits(shape.head_size**-0.5)
        return table

    def _rope_table(self, length: int) -> Floats:
        """Cosines and sines [2, length, head_size / 2]."""
        frequencies = self.shape.inverse_frequencies
        if self._factors is not None:
            frequencies = frequencies / self._factors
        angles = np.outer(np.arange(length, dtype=np.float32), frequencies.astype(np.float32))
        return np.stack((np.cos(angles), np.sin(angles))).astype(np.float32)

    def _check_shape(self, model: LocalModel) -> None:
        shape = self.shape
        for name, size in (("hidden size", shape.hidden), ("head size", shape.head_size)):
            if size % GROUP:
                raise ModelError(f"{model.folder}: {name} {size} is no multiple of {GROUP}; use --profile bf16 or fp32")


def _dots(rows: Floats, hidden: Floats) -> Floats:
    result: Floats = rows @ hidden
    return result


def _bits(number: float) -> int:
    """The bits of a float32, as an integer."""
    return ctypes.c_int32.from_buffer(ctypes.c_float(number)).value
