"""Profiles: the quickest one that a model can be used in is taken, or the tuned one; what cannot be is said in a line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from codeword.codebook.errors import ModelError
from codeword.controller import linear
from codeword.controller.model import NUMERICS, Part
from codeword.controller.packed_model import PackedModel
from codeword.controller.profiles import (
    AUTO,
    PROFILES,
    Tuned,
    available,
    choose,
    is_quantized,
    keep_tuned,
    load_model,
    shared_threads,
    tuned,
)
from codeword.controller.registry import LocalModel, open_folder
from tests.controller.tiny import quantized, write_folder

MULTIPLIES_BFLOATS = linear.multiplies_bfloats

pytestmark = pytest.mark.usefixtures("cache", "bfloats")


def names(model: LocalModel, device: str = "cpu") -> list[str]:
    return [profile.name for profile in available(model, device)]


def _chosen(*models: LocalModel | tuple[LocalModel, str]) -> list[str]:
    """The profile that AUTO stands for, of each model, on each device."""
    return [(choose(*one) if isinstance(one, tuple) else choose(one)).profile for one in models]


def test_quantized_models_can_be_used_in_more_profiles(tiny_model: LocalModel, tiny_quantized: LocalModel) -> None:
    assert (is_quantized(tiny_model), is_quantized(tiny_quantized)) == (False, True)
    assert names(tiny_quantized) == ["packed", "int8", "bf16", "fp32"]
    assert names(tiny_model) == ["bf16", "fp32"]
    assert names(tiny_quantized, "cuda:1") == names(tiny_model, "cuda") == ["bf16", "fp32", "fp16", "fp8"]


def test_auto_is_the_first_that_can_be_used(tiny_model: LocalModel, tiny_quantized: LocalModel) -> None:
    assert _chosen(tiny_quantized, tiny_model, (tiny_quantized, "cuda")) == ["packed", "bf16", "bf16"]
    assert isinstance(load_model(tiny_quantized, AUTO, threads=1), PackedModel)
    assert load_model(tiny_model, AUTO).profile.startswith("cpu-bfloat16-")


def test_auto_is_no_bfloats_where_the_processor_does_not_multiply_them(
    tiny_model: LocalModel, tiny_quantized: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "multiplies_bfloats", lambda: False)
    assert _chosen(tiny_quantized, tiny_model, (tiny_model, "cuda")) == ["packed", "fp32", "bf16"]
    keep_tuned(tiny_model, "cpu", Tuned("bf16", 1))
    assert choose(tiny_model) == Tuned("bf16", 1)


@pytest.mark.parametrize(
    ("machine", "kernels", "instructions", "has"),
    [
        ("x86_64", False, (), False),
        ("x86_64", True, (), False),
        ("x86_64", True, ("avx512_bf16",), True),
        ("x86_64", True, ("amx_tile",), True),
        ("aarch64", False, (), False),
        ("aarch64", True, (), True),
    ],
)
def test_which_processors_multiply_bfloats(
    machine: str, kernels: bool, instructions: tuple[str, ...], has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: kernels)
    for name in ("avx512_bf16", "amx_tile"):
        monkeypatch.setattr(torch.cpu, f"_is_{name}_supported", lambda name=name: name in instructions)
    assert MULTIPLIES_BFLOATS() is has


def test_a_tuned_profile_is_kept_for_its_model_and_device(
    tiny_model: LocalModel, tiny_quantized: LocalModel, cache: Path
) -> None:
    assert tuned() == {}
    keep_tuned(tiny_quantized, "cpu", Tuned("int8"))
    keep_tuned(tiny_model, "cpu", Tuned("fp32"))
    assert _chosen(tiny_quantized, tiny_model, (tiny_quantized, "cuda")) == ["int8", "fp32", "bf16"]
    keep_tuned(tiny_model, "cpu", Tuned("bf16"))
    assert _chosen(tiny_quantized, tiny_model) == ["int8", "bf16"]
    assert sorted(path.name for path in cache.iterdir()) == ["tuned.json"]
    assert sorted(best.profile for best in tuned().values()) == ["bf16", "int8"]
    assert "int8" in load_model(tiny_quantized, threads=1).profile


def test_processes_share_the_cores_only_where_that_changes_no_number(
    tiny_model: LocalModel, tiny_quantized: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert [shared_threads(tiny_quantized, AUTO, processes) for processes in (1, 2, 3, 8, 99)] == [None, 4, 2, 1, 1]
    assert shared_threads(tiny_quantized, "int8", 2) == 4
    assert shared_threads(tiny_quantized, "bf16", 2) is None, "with another count of threads torch rounds otherwise"
    assert shared_threads(tiny_model, AUTO, 2) is None
    keep_tuned(tiny_quantized, "cpu", Tuned("packed", 3))
    assert [shared_threads(tiny_quantized, AUTO, processes) for processes in (2, 4)] == [3, 2]
    one, many = (load_model(tiny_quantized, "packed", threads=threads).profile for threads in (1, 4))
    assert one == many


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'"packed"', b'{"a": "b"}'])
def test_a_damaged_file_of_tuned_profiles_is_of_no_use(tiny_quantized: LocalModel, cache: Path, content: bytes) -> None:
    cache.mkdir()
    (cache / "tuned.json").write_bytes(content)
    assert choose(tiny_quantized).profile == "packed"
    keep_tuned(tiny_quantized, "cpu", Tuned("fp32"))
    assert choose(tiny_quantized).profile == "fp32"


@pytest.mark.parametrize("kept", ["fp16", "gone", "packed", 3, None, {"name": "bf16"}])
def test_a_tuned_profile_that_cannot_be_used_is_passed_over(tiny_model: LocalModel, cache: Path, kept: Any) -> None:
    keep_tuned(tiny_model, "cpu", Tuned("fp32"))
    file = cache / "tuned.json"
    (place,) = json.loads(file.read_text())
    file.write_text(json.dumps({place: kept}))
    assert choose(tiny_model).profile == "bf16"


@pytest.mark.parametrize(
    ("profile", "device", "message"),
    [
        ("packed", "cpu", "tiny: profile 'packed' is for quantized models (can be used here: bf16, fp32)"),
        ("int8", "cpu", "tiny: profile 'int8' is for quantized models (can be used here: bf16, fp32)"),
        ("fp16", "cpu", "tiny: profile 'fp16' is not for device 'cpu' (can be used here: bf16, fp32)"),
        ("packed", "tpu", "there is no device 'tpu' to compute on; did you mean 'cpu'? (choices: cpu, cuda)"),
        (
            "pakced",
            "cpu",
            "there is no profile 'pakced'; did you mean 'packed'? (choices: auto, packed, int8, bf16, fp32, fp16, fp8)",
        ),
        ("", "cpu", "there is no profile ''; choices: auto, packed, int8, bf16, fp32, fp16, fp8"),
    ],
)
def test_what_cannot_be_is_refused(tiny_model: LocalModel, profile: str, device: str, message: str) -> None:
    with pytest.raises(ModelError) as refused:
        load_model(tiny_model, profile, device=device)
    assert str(refused.value).replace("'' (choices: ", "''; choices: ").rstrip(")") == message.rstrip(")")


def test_a_quantized_model_on_a_gpu_is_expanded(tiny_quantized: LocalModel) -> None:
    with pytest.raises(ModelError) as refused:
        load_model(tiny_quantized, "packed", device="cuda")
    assert (
        str(refused.value)
        == "tiny: profile 'packed' is not for device 'cuda' (can be used here: bf16, fp32, fp16, fp8)"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(tiny_model: LocalModel) -> None:
    with pytest.raises(ModelError) as refused:
        load_model(tiny_model, device="cuda:0")
    assert str(refused.value) == (
        "device 'cuda:0' is not there: this machine has no GPU that torch can use; take 'cpu'"
    )


def _all(kind: str) -> Callable[[str], str]:
    return lambda _: kind


@pytest.mark.parametrize(
    "more",
    [{"held": _all("F32")}, {"held": _all("F16")}, {"head_dim": 16}],
    ids=["all floats", "all halves", "narrow heads"],
)
def test_auto_is_never_one_that_a_model_cannot_be_used_in(tmp_path: Path, more: dict[str, Any]) -> None:
    model = quantized(tmp_path, **more)
    assert names(model) == ["bf16", "fp32"]
    (states,) = load_model(model, AUTO).read([Part(load_model(model, AUTO).new_cache(), [1, 2], (0,))])
    assert states.shape == (1, 64)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"held": _all("F16")}, "tiny: profile 'packed' is for quantized models"),
        ({"head_dim": 16}, "head size 16 is no multiple of 32; use --profile bf16 or fp32"),
    ],
)
def test_it_is_said_why_a_model_cannot_be_used_packed(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_model(quantized(tmp_path, **more), "packed")


@pytest.mark.parametrize("content", [b"", b"half", b"garbage! and more", b"\x02\x00\x00\x00\x00\x00\x00\x00[]"])
def test_weights_that_are_none_are_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    folder = write_folder(tmp_path)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        load_model(open_folder(folder, "tiny"))


def test_every_profile_has_a_name_of_its_own(tiny_quantized: LocalModel) -> None:
    found = [load_model(tiny_quantized, name, threads=1).profile for name in names(tiny_quantized)]
    assert len(set(found)) == 4
    assert all(name.endswith(f"/{NUMERICS}") for name in found)
    assert set(PROFILES) == {"packed", "int8", "bf16", "fp32", "fp16", "fp8"}


def test_the_cache_folder_may_be_one_that_cannot_be_written(tiny_quantized: LocalModel, cache: Path) -> None:
    cache.write_text("")
    assert choose(tiny_quantized).profile == "packed"
    with pytest.raises(ModelError, match="set CODEWORD_CACHE to a folder that can be written"):
        keep_tuned(tiny_quantized, "cpu", Tuned("int8"))
