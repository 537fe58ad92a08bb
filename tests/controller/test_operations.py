"""Each operation computes what numpy computes, with the processor's own dot products and spelt out without them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from codeword.controller.kernels.blocks import GROUP, KINDS, Blocks
from codeword.controller.kernels.dots import BY_FEATURE, DOTS, PLAIN, Dots, dots_for
from codeword.controller.kernels.llvm import HAS_BFLOAT_DOTS, const
from codeword.controller.kernels.matmul import matmul
from codeword.controller.kernels.operations import (
    LANES,
    MOST,
    SCALES,
    key_scores,
    normalize,
    quantize,
    softmax,
    swiglu,
    value_sums,
)  # fmt: skip
from codeword.controller.kernels.processor import PROCESSOR

Array = NDArray[Any]


def _spelt_out(signed: bool) -> Callable[[Any, Any, Any, Any], Any]:
    """Four products of bytes as NEON has them, in a way that any processor can run; codes are signed or not."""

    def multiply(b: Any, sums: Any, codes: Any, numbers: Any) -> Any:
        def byte(value: Any, number: int, shifted: Callable[[Any, Any], Any]) -> Any:
            return shifted(b.shl(value, const(value.type, 24 - 8 * number)), const(value.type, 24))

        for number in range(4):
            code, other = byte(codes, number, b.ashr if signed else b.lshr), byte(numbers, number, b.ashr)
            sums = b.add(sums, b.mul(code, other))
        return sums

    return multiply


OWN_DOTS = [
    pytest.param(dots, id=dots.name, marks=pytest.mark.skipif(feature not in PROCESSOR.features, reason=feature))
    for feature, dots in BY_FEATURE.items()
]
# All that belongs to dots of bytes but the instruction, on a processor that has none.
SPELT_OUT = [
    pytest.param(replace(BY_FEATURE[name], multiply=_spelt_out(BY_FEATURE[name].signed), register=""), id=f"as-{name}")
    for name in ("dotprod", "avxvnni", "avx512vnni")
]
ALL_DOTS = [pytest.param(PLAIN, id="plain"), *OWN_DOTS]
BFLOAT_DOTS = [
    False,
    pytest.param(True, marks=pytest.mark.skipif(not HAS_BFLOAT_DOTS, reason="this processor has no AVX-512 BF16")),
]


@cache
def _jitted(make: Callable[..., Any], *settings: Any) -> Callable[..., None]:
    """An operation as something that Python can call."""
    operation = make(*settings)

    @njit
    def call(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> None:
        operation(a, b, c, d, e, f, g, h)

    return lambda *given: call(*given, *[0] * (8 - len(given)))


def _given(operation: Any) -> Any:
    return operation


def _lot(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _bits(number: float) -> int:
    return int(np.float32(number).view(np.int32))


def _bfloats(floats: Array) -> Array:
    """The bits of the nearest bfloats, ties to even."""
    bits = np.ascontiguousarray(floats, dtype=np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _of_bfloats(bits: Array) -> Array:
    """What bfloats stand for, as float64."""
    return (np.ascontiguousarray(bits).astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def _rounded(floats: Array) -> tuple[Array, Array, Array]:
    """What is made of rows of floats: numbers and scales as they lie, and the integers [rows, groups, 32]."""
    rows, width = floats.shape
    numbers = np.zeros((rows, width), np.int8)
    scales = np.zeros((rows, width // GROUP * SCALES // 4), np.float32)
    for row in range(rows):
        _jitted(_given, quantize)(
            floats[row:].ctypes.data, width // GROUP, numbers[row:].ctypes.data, scales[row:].ctypes.data
        )
    return numbers, scales, numbers.reshape(rows, -1, GROUP).astype(np.int64)


def _matrix(bits: int, wide: bool, groups: int, seed: int, parts: int = 1) -> Blocks:
    rng, size = _lot(seed), (LANES, groups * parts)
    scales, minima = (rng.uniform(-1, 1, size).astype(np.float32 if wide else np.float16) for _ in range(2))
    return Blocks(bits, rng.integers(0, 1 << bits, (LANES, groups * GROUP), dtype=np.uint8), scales, minima)


def _multiplied(rows: int, dots: Dots, matrix: Blocks, floats: Array) -> Array:
    """16 outputs of a matrix for each row of floats."""
    records = matrix.records()
    numbers, scales, _ = _rounded(floats)
    out = np.full((rows, LANES), np.nan, np.float32)
    _jitted(matmul, rows, KINDS[matrix.kind], dots)(
        records.ctypes.data, records.shape[1], numbers.ctypes.data, numbers.strides[0], scales.ctypes.data,
        scales.strides[0], out.ctypes.data, out.strides[0],
    )  # fmt: skip
    return out


CASES = [(8, 4, False), (4, 4, False), (2, 4, False), (1, 4, False), (1, 4, True), (1, 8, False), (1, 8, True), (8, 8, True)]  # fmt: skip


@pytest.mark.parametrize("dots", ALL_DOTS)
@pytest.mark.parametrize(("rows", "bits", "wide"), CASES)
def test_matmul_is_that_of_the_rounded_numbers(rows: int, bits: int, wide: bool, dots: Dots) -> None:
    for groups in (1, 5):
        matrix = _matrix(bits, wide, groups, groups)
        floats = _lot(groups).normal(size=(rows, groups * GROUP)).astype(np.float32)
        _, scales, integers = _rounded(floats)
        by_group = scales.reshape(rows, groups, -1)[:, :, :1].astype(np.float64)
        exact = (integers * by_group).reshape(rows, -1) @ matrix.floats().astype(np.float64).T
        np.testing.assert_allclose(
            _multiplied(rows, dots, matrix, floats), exact, rtol=1e-5, atol=1e-4 * np.abs(exact).max()
        )


@pytest.mark.parametrize("dots", [*OWN_DOTS, *SPELT_OUT])
@pytest.mark.parametrize(
    ("rows", "bits", "wide", "parts"), [(*case, 1) for case in CASES] + [(8, 8, True, 2), (1, 8, True, 2)]
)
def test_matmul_has_the_same_bits_with_and_without_the_processors_dots(
    rows: int, bits: int, wide: bool, parts: int, dots: Dots
) -> None:
    matrix = _matrix(bits, wide, 3, 7, parts)
    floats = (_lot(8).normal(size=(rows, 3 * GROUP)) * 10.0 ** _lot(9).integers(-6, 6, (rows, 1))).astype(np.float32)
    assert np.array_equal(*(_multiplied(rows, each, matrix, floats) for each in (PLAIN, dots)))


@pytest.mark.parametrize("bits", [4, 8])
def test_matmul_gives_a_row_the_same_bits_alone_and_among_others(bits: int) -> None:
    matrix, floats = _matrix(bits, True, 4, 1), _lot(2).normal(size=(8, 4 * GROUP)).astype(np.float32)
    together = _multiplied(8, DOTS, matrix, floats)
    alone = [_multiplied(1, DOTS, matrix, floats[row : row + 1])[0] for row in range(8)]
    assert np.array_equal(together, np.stack(alone))


@pytest.mark.parametrize("dots", [*ALL_DOTS, *SPELT_OUT])
@pytest.mark.parametrize(("bits", "parts"), [(4, 1), (8, 1), (8, 2)])
def test_matmul_with_the_greatest_of_everything_is_exact(bits: int, parts: int, dots: Dots) -> None:
    """Every sum in between has its greatest size: the float32 nearest to the exact integer comes out."""
    most = (1 << bits) - 1
    signs = [np.ones(GROUP), -np.ones(GROUP), np.tile([1, -1], 16), np.repeat([1, -1], 16), np.tile([1, 1, -1, -1], 8)]
    floats = np.stack(signs).astype(np.float32)
    ones = np.ones((LANES, parts), np.float32)
    codes = np.zeros((LANES, GROUP), np.uint8)
    for lane in range(LANES):
        codes[lane, lane % 5 :: 1 + lane % 3] = most
    codes[0] = most
    matrix = Blocks(bits, codes, ones, 0 * ones)
    found = np.stack([_multiplied(1, dots, matrix, row[None])[0] for row in floats])
    _, scales, integers = _rounded(floats)
    assert np.abs(integers).max() == MOST
    halves = (integers[:, 0, None] * codes.astype(np.int64)).reshape(len(floats), LANES, parts, -1).sum(-1)
    assert np.abs(halves).max() == most * MOST * GROUP // parts
    expected = np.zeros(found.shape)
    for part in range(parts):  # one rounding for each fused step, as the operation has it
        expected = (halves[..., part].astype(np.float32) * scales[:, :1].astype(np.float64) + expected).astype(
            np.float32
        )
    assert np.array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize("dots", ALL_DOTS)
def test_matmul_of_nothing_is_nothing(dots: Dots) -> None:
    out = _multiplied(1, dots, _matrix(4, False, 2, 3), np.zeros((1, 2 * GROUP), np.float32))
    assert np.array_equal(out, np.zeros((1, LANES), np.float32))


@pytest.mark.parametrize(
    ("features", "name"),
    [
        ({"avx2", "avx512bw", "avx512vnni", "avxvnni"}, "avx512-vnni"), ({"avx2", "avxvnni"}, "avx-vnni"),
        ({"avx2", "avx512bw"}, "avx512"), ({"ssse3", "avx2"}, "avx2"), ({"ssse3"}, "ssse3"),
        ({"neon", "dotprod", "i8mm"}, "neon-usdot"), ({"neon", "dotprod"}, "neon-sdot"), ({"neon"}, "plain"),
    ],
)  # fmt: skip
def test_a_processor_multiplies_by_the_best_that_it_has(features: set[str], name: str) -> None:
    assert dots_for(features).name == name


@pytest.mark.parametrize("size", [1.0, 1e37, 1e-37, 1e-17, 2.0**-60])
def test_quantize_rounds_by_groups(size: float) -> None:
    floats = (_lot(1).uniform(-1, 1, (3, 4 * GROUP)) * size).astype(np.float32)
    _, scales, integers = _rounded(floats)
    groups = floats.reshape(3, 4, GROUP)
    most = np.maximum(np.abs(groups).max(-1), np.float32(2.0**-60))
    expected = np.rint(groups * (np.float32(MOST) / most)[..., None]).astype(np.int64)
    assert np.array_equal(integers, expected)
    assert np.abs(integers).max() <= MOST
    found = scales.reshape(3, 4, -1)
    assert np.array_equal(found[..., 0], most / np.float32(MOST))
    sums = (most / np.float32(MOST)).astype(np.float64) * expected.sum(-1)
    np.testing.assert_allclose(found[..., 1], sums, rtol=1e-6)


def test_quantize_keeps_nothing_of_zeros() -> None:
    numbers, scales, _ = _rounded(np.zeros((1, GROUP), np.float32))
    assert not numbers.any()
    assert np.isfinite(scales).all() and scales[0, 1] == 0


def test_quantize_does_not_mind_a_group_beside() -> None:
    floats = _lot(3).normal(size=(1, 2 * GROUP)).astype(np.float32)
    loud = floats.copy()
    loud[:, GROUP:] *= 1e30
    assert np.array_equal(_rounded(floats)[2][:, 0], _rounded(loud)[2][:, 0])


@pytest.mark.parametrize("size", [1.0, 30.0, 1e4])
def test_swiglu(size: float) -> None:
    rng = _lot(4)
    gates, ups = ((rng.normal(size=GROUP) * by).astype(np.float32) for by in (size, 1.0))
    numbers, scales = np.zeros(GROUP, np.int8), np.zeros(SCALES // 4, np.float32)
    _jitted(_given, swiglu)(gates.ctypes.data, ups.ctypes.data, numbers.ctypes.data, scales.ctypes.data)
    wide = gates.astype(np.float64)
    expected = wide / (1 + np.exp(np.minimum(-wide, 700))) * ups
    found = numbers * float(scales[0])
    np.testing.assert_allclose(found, expected, atol=np.abs(expected).max() / MOST, rtol=0)


@pytest.mark.parametrize("blocks", [2, 5])
@pytest.mark.parametrize("size", [0.0, 1e-6, 1.0, 1e15])
def test_normalize(blocks: int, size: float) -> None:
    rng, width = _lot(blocks), blocks * LANES
    floats = (rng.normal(size=width) * size).astype(np.float32)
    weights, out = rng.normal(size=width).astype(np.float32), np.full(width, np.nan, np.float32)
    _jitted(_given, normalize)(
        floats.ctypes.data, blocks, weights.ctypes.data, _bits(1e-5), out.ctypes.data, width, 0, 0
    )
    wide = floats.astype(np.float64)
    expected = wide / np.sqrt((wide * wide).mean() + np.float32(1e-5)) * weights
    np.testing.assert_allclose(out, expected, rtol=1e-5)


@pytest.mark.parametrize("native", BFLOAT_DOTS)
@pytest.mark.parametrize("rows", [1, 4, 12])
@pytest.mark.parametrize("tile", [4, 24])
def test_key_scores(rows: int, native: bool, tile: int) -> None:
    for size in (2, 64):
        rng = _lot(size)
        queries, keys = _bfloats(rng.normal(size=(rows, size))), _bfloats(rng.normal(size=(LANES, size)))
        laid = np.ascontiguousarray(keys.reshape(LANES, size // 2, 2).transpose(1, 0, 2))
        scores = np.full((rows, LANES), np.nan, np.float32)
        _jitted(key_scores, rows, native, tile)(
            queries.ctypes.data, queries.strides[0], laid.ctypes.data, size // 2, scores.ctypes.data, scores.strides[0]
        )
        np.testing.assert_allclose(scores, _of_bfloats(queries) @ _of_bfloats(keys).T, rtol=1e-4, atol=1e-5 * size)


@pytest.mark.parametrize("native", BFLOAT_DOTS)
@pytest.mark.parametrize("rows", [1, 4, 12])
@pytest.mark.parametrize("tile", [4, 24])
def test_value_sums(rows: int, native: bool, tile: int) -> None:
    for slots in (2, 48):
        rng, columns = _lot(slots), 64
        shares, values = _bfloats(rng.uniform(size=(rows, slots))), _bfloats(rng.normal(size=(slots, columns)))
        laid = np.ascontiguousarray(values.reshape(slots // 2, 2, columns).transpose(0, 2, 1))
        inverse = rng.uniform(0.1, 1, rows).astype(np.float32)
        out = np.full((rows, columns), np.nan, np.float32)
        for first in range(0, columns, GROUP):
            _jitted(value_sums, rows, native, tile)(
                shares.ctypes.data, shares.strides[0], laid[:, first:].ctypes.data, laid.strides[0], slots // 2,
                out[:, first:].ctypes.data, out.strides[0], inverse.ctypes.data,
            )  # fmt: skip
        expected = _of_bfloats(shares) @ _of_bfloats(values) * inverse[:, None]
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5 * slots)


def _softmax(scores: Array, scale: float) -> tuple[Array, float]:
    blocks = len(scores) // LANES
    shares, inverse = np.full(len(scores), 0xFFFF, np.uint16), np.full(1, np.nan, np.float32)
    _jitted(_given, softmax)(scores.ctypes.data, blocks, _bits(scale), shares.ctypes.data, inverse.ctypes.data, 0, 0, 0)
    return _of_bfloats(shares), float(inverse[0])


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("size", [0.0, 1.0, 50.0, 1e5])
def test_softmax(blocks: int, size: float) -> None:
    scores = (_lot(blocks).normal(size=blocks * LANES) * size).astype(np.float32)
    scores[::5] = -np.inf
    shares, inverse = _softmax(scores, 0.25)
    raised = np.exp((scores.astype(np.float64) - scores.max()) * np.float64(0.25))
    np.testing.assert_allclose(shares, raised, rtol=2**-8, atol=1e-37)
    assert not shares[::5].any()
    assert inverse == pytest.approx(1 / shares.sum(), rel=1e-6)


def test_softmax_of_one_that_is_seen() -> None:
    scores = np.full(LANES, -np.inf, np.float32)
    scores[3] = -7.5
    shares, inverse = _softmax(scores, 1.0)
    assert (shares.sum(), shares[3], inverse) == (1.0, 1.0, 1.0)


def test_softmax_does_not_mind_blocks_that_are_not_seen() -> None:
    scores = _lot(5).normal(size=LANES).astype(np.float32)
    shares, inverse = _softmax(scores, 1.0)
    more, same = _softmax(np.concatenate((scores, np.full(LANES, -np.inf, np.float32))), 1.0)
    assert np.array_equal(more[:LANES], shares)
    assert same == inverse
