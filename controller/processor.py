"""The processor, as far as numbers depend on it.

Mathematical libraries choose their kernels by what a processor can do, and kernels round differently: the same program
on the same input ends in other last digits on another processor, or with another version of a library.
"""

import hashlib
import math
import os
import platform
import random
from collections.abc import Iterable
from functools import cache

import numpy as np


def usable_cpus() -> frozenset[int]:
    """The numbers of the processors that this process may use: by its affinity, or all where a system has none."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


_TELLING = (
    "avx", "avx2", "fma", "fma4", "avxvnni", "avx512f", "avx512vnni", "avx512bf16", "avx512fp16", "amx-int8",
    "amx-bf16", "neon", "dotprod", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
"""Instruction sets by which kernels are chosen, in LLVM's words."""

_SAMPLES = 4096
"""So many for each function: of one that rounds almost always right, one result in some thousands shows its kernel."""


@cache
def processor() -> str:
    """A name in words, as `x86_64 avx avx2 fma, glibc 2.36, arithmetic 5f21c0de`.

    Two processes of equal names, and equal versions of libraries, compute equal numbers to the bit.
    """
    libc = " ".join(filter(None, platform.libc_ver())) or platform.system()
    return f"{instruction_sets()}, {libc}, arithmetic {arithmetic()}"


@cache
def signature() -> str:
    """8 hex digits for the kernels that libraries choose here: what a profile of a model names beside its own."""
    return hashlib.sha256(f"{instruction_sets()} {arithmetic()}".encode()).hexdigest()[:8]


@cache
def instruction_sets() -> str:
    """The architecture, and what of it kernels are chosen by: `x86_64 avx avx2 fma`."""
    has = processor_features()
    return " ".join((platform.machine(), *(name for name in _TELLING if name in has)))


@cache
def processor_features() -> frozenset[str]:
    """What the processor of this machine can do, in LLVM's words."""
    import llvmlite.binding

    return frozenset(name for name, has in llvmlite.binding.get_host_cpu_features().items() if has)


@cache
def arithmetic() -> str:
    """What the libraries in use make of some numbers, as 8 hex digits: it shows which kernels they chose, and why does
    not matter (the processor, a version, a variable of the environment).
    """
    draw = random.Random(20)
    numbers = [draw.uniform(-3.0, 3.0) for _ in range(_SAMPLES)]
    digest = hashlib.sha256()
    first = np.array(numbers[:256])
    digest.update(np.fromiter(_scalars(numbers), np.float64).tobytes())
    for values in (_arrays(first), _arrays(first.astype(np.float32))):
        for value in values:
            digest.update(np.asarray(value).tobytes())
    return digest.hexdigest()[:8]


def _scalars(numbers: list[float]) -> Iterable[float]:
    """What the C library makes of them, as physics and geometry call it."""
    for x, y in zip(numbers, reversed(numbers), strict=True):
        yield from (math.sin(x), math.cos(x), math.tan(x), math.atan2(x, y), math.hypot(x, y))
        yield from (math.exp(x), math.log(abs(x)), math.asin(x / 3), math.acos(x / 3))


def _arrays(numbers: "np.ndarray[tuple[int], np.dtype[np.floating]]") -> Iterable[object]:
    """What numpy and the linear algebra below it make of them."""
    yield from (np.sin(numbers), np.cos(numbers), np.exp(numbers), np.log(np.abs(numbers)))
    yield from (np.arctan2(numbers, numbers[::-1]), numbers.sum(), numbers @ numbers[::-1])
    yield from (float(np.linalg.norm(numbers[at : at + 3])) for at in range(0, len(numbers), 4))
    square = numbers.reshape(16, 16)
    yield from (square @ square, square @ numbers[:16], np.outer(numbers, numbers) @ numbers)
