"""What an ARM processor computes, emulated by qemu: the same bits as here."""

import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from codeword.controller.kernels.blocks import GROUP, KINDS, Blocks
from codeword.controller.kernels.dots import PLAIN, dots_for
from codeword.controller.kernels.matmul import matmul
from codeword.controller.kernels.operations import (
    LANES,
    SCALES,
    key_scores,
    normalize,
    quantize,
    softmax,
    swiglu,
    value_sums,
)

from .cross_compiled import ARM, compiled

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc")),
    reason="needs qemu-aarch64 and aarch64-linux-gnu-gcc (Debian: qemu-user, gcc-aarch64-linux-gnu)",
)

Array = NDArray[Any]
Given = Sequence["Array | int"]

# Calls functions by number: eight arguments, each a number (size -1) or so many bytes, which are written back.
_HARNESS = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
typedef void function(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
extern function NAMES;
static function *functions[] = {NAMES};
int main(void) {
    int64_t number, size[8], a[8];
    while (fread(&number, 8, 1, stdin) == 1) {
        for (int i = 0; i < 8; i++) {
            if (fread(&size[i], 8, 1, stdin) != 1) return 2;
            if (size[i] < 0) { if (fread(&a[i], 8, 1, stdin) != 1) return 2; continue; }
            a[i] = (int64_t)malloc(size[i]);
            if (fread((void *)a[i], 1, size[i], stdin) != (size_t)size[i]) return 2;
        }
        functions[number](a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
        for (int i = 0; i < 8; i++)
            if (size[i] >= 0) { fwrite((void *)a[i], 1, size[i], stdout); free((void *)a[i]); }
        fflush(stdout);
    }
    return 0;
}
"""


class Case(NamedTuple):
    """An operation as it is computed here and there, and its arguments: what an array holds may be overwritten."""

    name: str
    here: Any
    there: Any
    given: Given


def _products(features: set[str]) -> Iterator[Case]:
    """Every kind of matrix times some rows of rounded floats, which are from very small to large."""
    rng = np.random.default_rng(0)
    for rows, kind, wide, parts in [(8, "q4", False, 1), (1, "q4", False, 1), (1, "q4w", True, 1), (4, "q8", False, 1),
                                    (8, "q8w", True, 1), (8, "q8s", True, 2), (1, "q8s", True, 2)]:  # fmt: skip
        bits, groups = KINDS[kind].bits, 3
        scales, minima = (
            rng.uniform(-1, 1, (LANES, groups * parts)).astype(np.float32 if wide else np.float16) for _ in range(2)
        )
        codes = rng.integers(0, 1 << bits, (LANES, groups * GROUP), dtype=np.uint8)
        records = Blocks(bits, codes, scales, minima).records()
        floats = (rng.normal(size=(rows, groups * GROUP)) * 10.0 ** rng.integers(-6, 6, (rows, 1))).astype(np.float32)
        numbers, by = np.zeros((rows, groups * GROUP), np.int8), np.zeros((rows, groups * SCALES // 4), np.float32)
        for row in range(rows):
            _here(quantize, [floats[row], groups, numbers[row], by[row]])
        out = np.zeros((rows, LANES), np.float32)
        yield Case(
            f"{kind}_{rows}", matmul(rows, KINDS[kind], PLAIN), matmul(rows, KINDS[kind], dots_for(features)),
            [records, groups, numbers, numbers.strides[0], by, by.strides[0], out, out.strides[0]],
        )  # fmt: skip


def _others() -> Iterator[Case]:
    """All operations but the product."""
    rng = np.random.default_rng(1)

    def floats(*size: int) -> Array:
        return (rng.normal(size=size) * 10.0 ** rng.integers(-3, 4, size)).astype(np.float32)

    def bfloats(*size: int) -> Array:
        return (floats(*size).view(np.uint32) >> 16).astype(np.uint16)

    def one(name: str, operation: Any, *given: "Array | int") -> Case:
        return Case(name, operation, operation, given)

    bits = int(np.float32(0.125).view(np.int32))
    scores = floats(3 * LANES)
    scores[::5] = -np.inf
    yield one("quantize", quantize, floats(4 * GROUP), 4, np.zeros(4 * GROUP, np.int8), np.zeros(SCALES, np.float32))
    yield one("swiglu", swiglu, floats(GROUP), floats(GROUP), np.zeros(GROUP, np.int8), np.zeros(4, np.float32))
    yield one("normalize", normalize, floats(80), 5, floats(80), bits, np.zeros(80, np.float32), 80)
    yield one("softmax", softmax, scores, 3, bits, np.zeros(3 * LANES, np.uint16), np.zeros(1, np.float32))
    for rows in (1, 4):
        yield one(
            f"keys_{rows}", key_scores(rows, native=False, tile=4), bfloats(rows, 64), 128, bfloats(32, LANES, 2), 32,
            np.zeros((rows, LANES), np.float32), 4 * LANES,
        )  # fmt: skip
        yield one(
            f"values_{rows}", value_sums(rows, native=False, tile=4), bfloats(rows, 48), 96, bfloats(24, GROUP, 2),
            4 * GROUP, 24, np.zeros((rows, GROUP), np.float32), 4 * GROUP, floats(rows),
        )  # fmt: skip


def _here(operation: Any, given: Given) -> list[bytes]:
    """What an operation leaves in its arrays on this processor."""

    @njit
    def call(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> None:
        operation(a, b, c, d, e, f, g, h)

    numbers = [one if isinstance(one, int) else one.ctypes.data for one in given]
    call(*numbers, *[0] * (8 - len(numbers)))
    return [one.tobytes() for one in given if not isinstance(one, int)]


def _told(number: int, given: Given) -> bytes:
    """A call as the harness reads it."""
    parts = [struct.pack("<q", number)]
    for one in [*given, *[0] * (8 - len(given))]:
        parts.append(struct.pack("<qq", -1, one) if isinstance(one, int) else struct.pack("<q", one.nbytes))
        parts += [] if isinstance(one, int) else [one.tobytes()]
    return b"".join(parts)


def _there(cases: Sequence[Case], processor: str, folder: Path) -> bytes:
    """What operations compiled for an ARM processor leave in their arrays, one after the other."""
    machine, module = compiled({case.name: case.there for case in cases}, ARM, processor)
    (folder / "operations.o").write_bytes(machine.emit_object(module))
    (folder / "main.c").write_text(_HARNESS.replace("NAMES", ", ".join(case.name for case in cases)))
    build = ["aarch64-linux-gnu-gcc", "-static", "-o", "main", "main.c", "operations.o", "-lm"]
    subprocess.run(build, cwd=folder, check=True)
    told = b"".join(_told(number, case.given) for number, case in enumerate(cases))
    return subprocess.run(
        ["qemu-aarch64", "-cpu", "max", "./main"], cwd=folder, input=told, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("processor", "features"),
    [
        ("cortex-a53", {"neon"}),
        ("cortex-a76", {"neon", "dotprod"}),
        ("neoverse-v1", {"neon", "dotprod", "i8mm"}),
    ],
)
def test_an_arm_processor_computes_the_same_bits(processor: str, features: set[str], tmp_path: Path) -> None:
    cases = [*_products(features), *_others()]
    found = _there(cases, processor, tmp_path)
    for case in cases:
        here = b"".join(_here(case.here, case.given))
        assert found[: len(here)] == here, case.name
        found = found[len(here) :]
    assert not found
