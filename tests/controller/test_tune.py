"""The profile that is quickest here is found, kept with its threads, and used; 8-bit floats multiply as they should."""

from pathlib import Path

import numpy as np
import pytest
import torch

from codeword.codebook.errors import ModelError
from codeword.controller.linear import FLOAT8, Linear, Linear8, to_float8
from codeword.controller.model import Part
from codeword.controller.processor import signature
from codeword.controller.profiles import PROFILES, Tuned, choose, keep_tuned, load_model, tuned
from codeword.controller.registry import LocalModel, open_folder
from codeword.controller.torch_model import TorchModel
from codeword.controller.tune import LENGTHS, Timing, measure, pass_ms, thread_counts, tune
from tests.controller.tiny import write_folder

pytestmark = pytest.mark.usefixtures("bfloats")


def test_what_was_tuned_is_kept_and_used(tiny_model: LocalModel, cache: Path) -> None:
    assert (tuned(), choose(tiny_model)) == ({}, Tuned("bf16"))
    timings = [Timing("fp32", 1, {1: 1.0}, 3.0, 1.0), Timing("bf16", 2, {1: 1.0}, 4.0, 1.0)]
    assert tune(tiny_model, timed=lambda *_, **__: timings) == timings
    assert choose(tiny_model) == Tuned("fp32", 1)
    assert choose(tiny_model, "cuda") == Tuned("bf16")
    assert "float32" in load_model(tiny_model).profile
    keep_tuned(tiny_model, "cuda", Tuned("fp16", 1))
    assert (choose(tiny_model), choose(tiny_model, "cuda")) == (Tuned("fp32", 1), Tuned("fp16", 1))
    assert [path.name for path in cache.iterdir()] == ["tuned.json"]


def test_what_was_tuned_on_another_processor_is_kept_for_that_one(
    tiny_model: LocalModel, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache folder that several machines share, or that moves between them."""
    keep_tuned(tiny_model, "cpu", Tuned("fp32", 1))
    for where, other in (("instruction_sets", "x86_64 avx512f"), ("os.cpu_count", 1000)):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(f"codeword.controller.profiles.{where}", lambda other=other: other)
            assert choose(tiny_model) == Tuned("bf16")
            keep_tuned(tiny_model, "cpu", Tuned("bf16", 3))
            assert choose(tiny_model) == Tuned("bf16", 3)
        assert choose(tiny_model) == Tuned("fp32", 1)
    assert [path.name for path in cache.iterdir()] == ["tuned.json"]


@pytest.mark.parametrize("profile", ["packed", "int8", "fp32"])
def test_a_profile_names_the_kernels_that_this_processor_has(tiny_quantized: LocalModel, profile: str) -> None:
    """Keys of decisions and of kept prefixes hold it: what another processor computed is not taken for one's own."""
    assert f"-{signature()}" in load_model(tiny_quantized, profile).profile


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": "fp32"}', '{"x": {"profile": "fp32"}}', '{"x": null}'])
def test_a_broken_file_of_tuned_profiles_counts_for_nothing(tiny_model: LocalModel, cache: Path, content: str) -> None:
    cache.mkdir()
    (cache / "tuned.json").write_text(content)
    assert (tuned(), choose(tiny_model)) == ({}, Tuned("bf16"))


def test_a_tuned_profile_that_cannot_be_had_any_more_is_not_used(tiny_model: LocalModel, cache: Path) -> None:
    del cache
    keep_tuned(tiny_model, "cpu", Tuned("packed", 2))
    assert choose(tiny_model) == Tuned("bf16")


def test_every_profile_is_timed_with_every_count_of_threads(tmp_path: Path) -> None:
    model = open_folder(write_folder(tmp_path, max_position_embeddings=200), "tiny")
    seen: list[tuple[str, int, int]] = []
    timings = measure(model, threads=(1, 1), progress=lambda *step: seen.append(step))
    assert sorted(timing.profile for timing in timings) == ["bf16", "bf16", "fp32", "fp32"]
    assert timings == sorted(timings, key=lambda timing: timing.decision_ms)
    assert all(set(timing.pass_ms) == set(LENGTHS) and timing.decision_ms > 0 for timing in timings)
    assert seen[-1] == ("measuring profiles", 4, 4)
    assert (thread_counts(2), thread_counts(12)) == ([1, 2], [1, 2, 4, 8, 12])


def test_timing_leaves_nothing_behind_the_prefix(tiny_model: LocalModel) -> None:
    assert set(pass_ms(load_model(tiny_model, "fp32"), (3, 1), prefix=20, repeats=1)) == {1, 3}


def test_products_of_8_bit_floats() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, hidden = torch.randn((48, 64), generator=generator), torch.randn((5, 64), generator=generator)
    weight[3] *= 1000
    hidden[2] = 0
    bias = torch.randn(48, generator=generator).bfloat16()
    product = Linear8(weight.bfloat16(), bias)(hidden.bfloat16()).float()
    (rows, row_scales), (tokens, token_scales) = to_float8(weight.bfloat16()), to_float8(hidden.bfloat16())
    assert rows.dtype == tokens.dtype == FLOAT8
    emulated = (tokens.float() @ rows.float().t()) * token_scales * row_scales.t() + bias.float()
    assert torch.allclose(product, emulated, rtol=1e-2, atol=1e-2)
    # Each factor is off by a sixteenth of itself at most, and the sum is rounded to bfloat once.
    exact = Linear(weight, bias.float())(hidden)
    most = 0.14 * Linear(weight.abs(), None)(hidden.abs()) + 2**-7 * exact.abs()
    assert ((product - exact).abs() <= most + 1e-6).all()
    with pytest.raises(ModelError, match=r"a matrix of 40 by 64 is not for profile fp8, which takes multiples of 16"):
        Linear8(weight[:40], None)


def test_a_model_of_8_bit_floats_is_near_the_exact_one(tiny_model: LocalModel) -> None:
    assert PROFILES["fp8"].devices == ("cuda",)
    near, exact = TorchModel(tiny_model, eight_bit=True), TorchModel(tiny_model, dtype=torch.float32)
    assert "float8" in near.profile
    assert near.weight_bytes < 0.4 * exact.weight_bytes
    states = [model.read([Part(model.new_cache(), range(100, 140), range(40))])[0] for model in (near, exact)]
    assert np.corrcoef(states[0].ravel(), states[1].ravel())[0, 1] > 0.95
