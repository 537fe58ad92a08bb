"""Every way to hold a model computes what transformers computes with the same weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from codeword.codebook.errors import ModelError
from codeword.controller.model import Cache, Model, Part
from codeword.controller.profiles import load_model
from codeword.controller.registry import LocalModel, open_folder
from tests.controller.tiny import HEADS, write_folder

TOKENS = torch.randint(0, 300, (90,), generator=torch.Generator().manual_seed(1)).tolist()
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 50000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("llama", {}),
    ("llama", {"tie_word_embeddings": False}),
    ("llama", {"rope_parameters": LLAMA3}),
    ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}}),
    ("qwen2", {}),
    ("qwen2", {"tie_word_embeddings": False, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}),
]


def theirs(folder: Path, tokens: list[int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The logits of transformers' own model [tokens, vocabulary]."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([tokens])).logits[0].float()
    return logits


def load(folder: Path) -> Model:
    return load_model(open_folder(folder, "tiny"), "fp32")


def logits_of(
    model: Model, tokens: Sequence[int], cache: Cache | None = None, wanted: Sequence[int] = (-1,)
) -> torch.Tensor:
    """Logits [wanted, vocabulary] after some tokens, read in one pass."""
    (hidden,) = model.read([Part(model.new_cache() if cache is None else cache, tokens, wanted)])
    return torch.stack([torch.from_numpy(model.logits(state)) for state in hidden])


@pytest.mark.parametrize(("kind", "more"), SHAPES)
def test_equals_transformers(tmp_path: Path, kind: str, more: dict[str, Any]) -> None:
    forward = load(write_folder(tmp_path, kind, **more))
    logits = logits_of(forward, TOKENS, wanted=range(len(TOKENS)))
    assert (logits - theirs(tmp_path, TOKENS)).abs().max() < 1e-4


@pytest.mark.parametrize("chunks", [(90,), (1,) * 90, (40, 50), (17, 1, 2, 64, 6), (3, 87)])
def test_any_chunks_equal_one_pass(tiny_model: LocalModel, chunks: tuple[int, ...]) -> None:
    forward = load_model(tiny_model, "fp32")
    whole = logits_of(forward, TOKENS, wanted=range(90))
    cache, parts, start = forward.new_cache(), [], 0
    for chunk in chunks:
        parts.append(logits_of(forward, TOKENS[start : start + chunk], cache, range(chunk)))
        start += chunk
    assert (torch.cat(parts) - whole).abs().max() < 1e-4


def test_roll_back_equals_fresh(tiny_model: LocalModel) -> None:
    forward = load_model(tiny_model, "fp32")
    cache = forward.new_cache()
    forward.read([Part(cache, TOKENS)])
    cache.truncate(30)
    again = logits_of(forward, TOKENS[10:40], cache)
    fresh = forward.new_cache()
    forward.read([Part(fresh, TOKENS[:30])])
    assert torch.equal(again, logits_of(forward, TOKENS[10:40], fresh))
    with pytest.raises(ValueError, match="cannot roll back to 61 tokens: 60 are kept"):
        cache.truncate(61)


def test_cache_grows_beyond_its_first_room(tiny_model: LocalModel) -> None:
    forward = load_model(tiny_model, "fp32")
    tokens = (TOKENS * 15)[:1200]
    whole = logits_of(forward, tokens)
    cache = forward.new_cache()
    for start in range(0, 1200, 100):
        logits = logits_of(forward, tokens[start : start + 100], cache)
    assert cache.length == 1200
    assert (logits - whole).abs().max() < 1e-4


def test_rows_and_places_are_those_asked(tiny_model: LocalModel) -> None:
    forward = load_model(tiny_model, "fp32")
    every = logits_of(forward, TOKENS, wanted=range(90))
    (hidden,) = forward.read([Part(forward.new_cache(), TOKENS, (3, -1))])
    some = torch.stack([torch.from_numpy(forward.logits(state, (7, 2, 299))) for state in hidden])
    assert some.shape == (2, 3)
    assert torch.allclose(some, every[[3, -1]][:, [7, 2, 299]], atol=1e-5)
    assert forward.read([Part(forward.new_cache(), TOKENS)])[0].shape[0] == 0


def test_old_spelling_of_rope(tmp_path: Path) -> None:
    new = load(write_folder(tmp_path / "new", rope_parameters={"rope_type": "default", "rope_theta": 777.0}))
    folder = write_folder(tmp_path / "old")
    settings = json.loads((folder / "config.json").read_text())
    del settings["rope_parameters"]
    (folder / "config.json").write_text(json.dumps(settings | {"rope_theta": 777.0, "rope_scaling": None}))
    old = load(folder)
    assert torch.equal(logits_of(new, TOKENS), logits_of(old, TOKENS))


def test_too_long_a_prompt_is_refused(tmp_path: Path) -> None:
    forward = load(write_folder(tmp_path, max_position_embeddings=50))
    with pytest.raises(ModelError, match="the prompt is too long: 90 tokens, and the model reads 50"):
        logits_of(forward, TOKENS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, r"the model is 'gpt2'-shaped \(can be used: llama, qwen2\)"),
        ({"hidden_act": "gelu"}, "activation 'gelu' is not known here"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "RoPE of kind 'yarn' is not known here"),
        ({"num_attention_heads": 2 * HEADS}, "the weights do not have the sizes that config.json says"),
        (
            {"num_hidden_layers": 2},
            "9 tensors are not understood, the first is 'model.layers.2.input_layernorm.weight'",
        ),
        ({"num_hidden_layers": 9}, "tensor 'model.layers.3.input_layernorm.weight' is missing"),
        ({"tie_word_embeddings": False}, "tensor 'lm_head.weight' is missing"),
        ({"quantization_config": {"quant_method": "awq"}}, "packed by another library"),
        ({"hidden_size": "many"}, "a value in its config.json is not a number"),
    ],
)
def test_configs_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = write_folder(tmp_path)
    settings = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_a_missing_value_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    settings = json.loads((folder / "config.json").read_text())
    del settings["rms_norm_eps"]
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=r"rms_norm_eps is missing in its config\.json"):
        load(folder)


def test_cut_off_weights_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        load(folder)


def test_weights_in_several_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    one = load(folder)
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    for number, part in enumerate((names[::2], names[1::2])):
        save_file({name: tensors[name] for name in part}, folder / f"model-{number}.safetensors")
    (folder / "model.safetensors").unlink()
    two = load(folder)
    assert torch.equal(logits_of(one, TOKENS), logits_of(two, TOKENS))


@pytest.mark.model
def test_the_real_model_equals_transformers(real_model: LocalModel, expanded: Path) -> None:
    from codeword.controller.tokens import Tokens

    text = "You control a robot. Seen: block: red_block; bowl: blue_bowl\nTask: put the red block in the bowl"
    tokens = list(Tokens(real_model.folder).encode(text))
    expected = theirs(expanded, tokens)
    logits = logits_of(load_model(real_model, "fp32"), tokens, wanted=range(len(tokens)))
    assert (logits - expected).abs().max() < 2e-3
    assert torch.equal(logits.argmax(-1), expected.argmax(-1))
    for profile, alike in (("packed", 0.85), ("int8", 0.85), ("bf16", 0.9)):  # the first two round activations to bytes
        rounded = logits_of(load_model(real_model, profile), tokens, wanted=range(len(tokens)))
        assert (rounded.argmax(-1) == expected.argmax(-1)).float().mean() > alike
