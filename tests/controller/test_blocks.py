"""What GGUF files hold is read without loss, and comes back from the records that it is laid out in."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from codeword.controller.kernels.blocks import Blocks, from_records, rows_of
from codeword.controller.kernels.gguf_blocks import from_gguf
from tests.controller.tiny import SCALE_BYTES, random_blocks

KINDS = [kind for kind in SCALE_BYTES if kind != "Q6_K"]


def read(kind: str, data: np.ndarray) -> Blocks:
    blocks = from_gguf(data, kind)
    assert blocks is not None
    return blocks


@pytest.mark.parametrize("largest", [2.0**-20, 0.004, 500.0])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_ggufs_own_reading(kind: str, largest: float) -> None:
    data = random_blocks(kind, 37, 512, seed=1, largest=largest)
    assert np.array_equal(read(kind, data).floats(), dequantize(data, GGMLQuantizationType[kind]))


@pytest.mark.parametrize("outputs", [1, 15, 16, 17, 40])
@pytest.mark.parametrize("kind", ["Q4_0", "Q8_0", "Q4_K", "Q5_K"])
def test_records_give_the_matrix_back(kind: str, outputs: int) -> None:
    blocks = read(kind, random_blocks(kind, outputs, 256, seed=outputs))
    records = blocks.records()
    assert records.shape[:2] == (-(-outputs // 16), 8)
    back = from_records(records, blocks.kind, outputs)
    assert (back.bits, back.kind) == (blocks.bits, blocks.kind)
    assert back.scales.dtype == blocks.scales.dtype
    for found, expected in ((back.codes, blocks.codes), (back.scales, blocks.scales), (back.minima, blocks.minima)):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_some_rows_are_those_of_the_whole(kind: str) -> None:
    blocks = read(kind, random_blocks(kind, 37, 256, seed=4))
    rows = np.array([36, 0, 5, 5, 16, 31])
    assert np.array_equal(rows_of(blocks.records(), blocks.kind, rows), blocks.floats()[rows])


def test_rows_in_another_order() -> None:
    blocks = read("Q4_K", random_blocks("Q4_K", 20, 256, seed=5))
    turned = blocks.rows(lambda values: values[::-1])
    assert turned.kind == blocks.kind
    assert np.array_equal(turned.floats(), blocks.floats()[::-1])


def test_wide_scales_are_kept_where_narrow_ones_would_round() -> None:
    kinds = {kind: read(kind, random_blocks(kind, 16, 256)).kind for kind in KINDS}
    assert kinds == {
        "Q4_0": "q4", "Q4_1": "q4", "Q5_0": "q8", "Q5_1": "q8", "Q8_0": "q8", "Q4_K": "q4w", "Q5_K": "q8w",
    }  # fmt: skip


def test_what_is_no_such_sum_is_left_to_others() -> None:
    assert from_gguf(np.zeros((2, 64), np.uint8), "F16") is None
