"""What GGUF files hold is taken over to the bit, and computed on as it is: K-quants, mixes of them, floats beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize
from gguf.quants import quantize as quantize_gguf
from numba import njit

from codeword.codebook.errors import ModelError
from codeword.controller.convert import _name
from codeword.controller.kernels import passes
from codeword.controller.kernels.blocks import GROUP, LANES, from_records, rows_of
from codeword.controller.kernels.gguf_blocks import from_gguf
from codeword.controller.kernels.operations import SCALES, quantize
from codeword.controller.model import Floats, Model, Part
from codeword.controller.packed_model import PackedModel
from codeword.controller.profiles import available, is_quantized, load_model
from codeword.controller.registry import LocalModel, resolve
from codeword.controller.weights import Weights
from tests.controller.k_quants import HIDDEN, random_blocks, write_mixed_gguf

TOKENS = torch.randint(0, 300, (60,), generator=torch.Generator().manual_seed(3)).tolist()


def mixed(folder: Path, **kinds: str) -> LocalModel:
    return resolve(str(write_mixed_gguf(folder / "mixed.gguf", tied=kinds.get("table", "Q6_K") == "Q6_K", **kinds)))


def logits_of(model: Model, tokens: Sequence[int], cuts: Sequence[int] = ()) -> Floats:
    """The logits [tokens, vocabulary] after each token, read in passes that end at the cuts."""
    cache, rows = model.new_cache(), []
    for start, end in zip((0, *cuts), (*cuts, len(tokens)), strict=True):
        (hidden,) = model.read([Part(cache, tokens[start:end], range(end - start))])
        rows += [model.logits(state) for state in hidden]
    return np.stack(rows)


@pytest.mark.parametrize("kind", ["Q4_K", "Q5_K", "Q6_K"])
def test_k_quants_are_taken_over_to_the_bit(kind: str) -> None:
    data = random_blocks(kind, 24, 512, np.random.default_rng(1))
    theirs = dequantize(data, GGMLQuantizationType[kind])
    blocks = from_gguf(data, kind)
    assert blocks is not None
    assert np.array_equal(blocks.floats(), theirs)
    records = blocks.records()
    assert np.array_equal(from_records(records, blocks.kind, 24).floats(), theirs)
    assert np.array_equal(rows_of(records, blocks.kind, np.array([23, 0, 5])), theirs[[23, 0, 5]])


@njit
def multiply(kind: int, weights: int, x: Any, numbers: Any, scales: Any, out: Any) -> None:
    """out[rows, 0:16] = 16 outputs times each row of x."""
    rows, groups = x.shape[0], x.shape[1] // GROUP
    for row in range(rows):
        quantize(x[row:].ctypes.data, groups, numbers[row:].ctypes.data, scales[row:].ctypes.data, 0, 0, 0, 0)
    passes._multiply(kind, weights, groups, numbers.ctypes.data, groups * GROUP, scales.ctypes.data,
                     groups * SCALES, rows, out.ctypes.data, LANES * 4)  # fmt: skip


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K"])
def test_products_are_right_to_the_eighth_bit(kind: str) -> None:
    rng = np.random.default_rng(2)
    if kind.endswith("_K"):
        data = random_blocks(kind, LANES, 512, rng)
    else:
        data = quantize_gguf(rng.standard_normal((LANES, 512)).astype(np.float32), GGMLQuantizationType[kind])
    blocks = from_gguf(data, kind)
    assert blocks is not None
    x = rng.standard_normal((11, 512)).astype(np.float32)
    numbers = np.zeros((11, 16 * GROUP), np.int8)
    scales, out = np.zeros((11, 16 * SCALES // 4), np.float32), np.zeros((11, LANES), np.float32)
    records = blocks.records()
    multiply(passes.KIND_NUMBERS[blocks.kind], records.ctypes.data, x, numbers, scales, out)
    weights = blocks.floats().astype(np.float64)
    # Each activation is off by half a step at most, and a group's greatest is 127 steps.
    most = np.abs(x).max() * np.abs(weights).sum(-1)
    assert (np.abs(out - x @ weights.T) < most / (2 * 127)).all()
    one = np.zeros((1, LANES), np.float32)
    multiply(passes.KIND_NUMBERS[blocks.kind], records.ctypes.data, x[4:5], numbers, scales, one)
    assert np.array_equal(one[0], out[4])


@pytest.mark.parametrize("widen", [False, True])
def test_a_mix_of_k_quants_computes_as_its_expanded_values_do(tmp_path: Path, cache: Path, widen: bool) -> None:
    del cache
    model = mixed(tmp_path)
    assert [profile.name for profile in available(model)] == ["packed", "int8", "bf16", "fp32"]
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as found:
        for tensor in GGUFReader(tmp_path / "mixed.gguf").tensors:
            theirs = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
            assert torch.equal(found.take(_name(tensor.name, tmp_path)), theirs), tensor.name
    packed = PackedModel(model, threads=2, widen=widen)
    logits = logits_of(packed, TOKENS)
    expected = logits_of(load_model(model, "fp32"), TOKENS)
    # Keys and values are rounded to bfloat, activations to 8 bits.
    assert (logits - expected).std() < 0.04 * expected.std()
    assert (logits.argmax(-1) == expected.argmax(-1)).mean() > 0.9
    for cuts in ((1,), (8, 30), (40, 41, 43, 59)):
        assert np.array_equal(logits_of(packed, TOKENS, cuts), logits)


@pytest.mark.parametrize("table", ["F32", "F16", "BF16", "Q3_K"])
def test_embedding_and_head_may_be_anything(tmp_path: Path, cache: Path, table: str) -> None:
    del cache
    model = mixed(tmp_path, table=table)
    packed = load_model(model, "packed")
    expected = logits_of(load_model(model, "fp32"), TOKENS)
    assert (logits_of(packed, TOKENS) - expected).std() < 0.04 * expected.std()
    state = np.ones(HIDDEN, np.float32)
    assert np.allclose(packed.logits(state, [7, 3]), packed.logits(state)[[7, 3]], atol=1e-5)


def test_layers_of_floats_are_not_for_the_packed_profile(tmp_path: Path, cache: Path) -> None:
    del cache
    model = mixed(tmp_path, table="F16", matrix="F16")
    assert not is_quantized(model)
    assert [profile.name for profile in available(model)] == ["bf16", "fp32"]
    with pytest.raises(ModelError, match=r"'model\.layers\.0\.mlp\.gate_proj\.weight' is kept as floats, and this"):
        PackedModel(model)
