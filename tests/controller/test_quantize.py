"""A model in floats becomes one in codes: near enough, the nearer for calibration, and refused where it cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from codeword.codebook.errors import ModelError
from codeword.codebook.prompt import Prompt
from codeword.controller.calibration import SampleReading, Text, samples_of
from codeword.controller.model import Part
from codeword.controller.profiles import available, load_model
from codeword.controller.quantize import Method, gptq_matrix, hessian, quantize, target_of
from codeword.controller.registry import LocalModel, known_models, open_folder, resolve
from codeword.controller.rounding import round_matrix
from codeword.controller.shape import read_shape
from codeword.controller.tokens import Tokens
from codeword.controller.weights import Weights
from tests.benchmarks.perplexity import perplexity
from tests.benchmarks.rescale import write_rescaled
from tests.controller.tiny import write_folder

TEXTS = [
    Text(Prompt("You control a robot.", f"Task: put {color} away", f"Seen: block: {color}_block"), '{"skill":"done"}')
    for color in ("red", "green", "blue", "pink")
] + [Text(Prompt("Another codebook.", "Task: wait", "Seen: nothing"), '{"skill":"cannot"}')]
GENERATOR = torch.Generator().manual_seed(5)


def floats_of(model: LocalModel) -> dict[str, torch.Tensor]:
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
        return {name: weights.take(name) for name in weights.names}


@pytest.mark.parametrize("bits", [4, 8])
def test_rounding_is_off_by_half_a_step_at_most_but_for_cut_ends(bits: int) -> None:
    weight = torch.randn((40, 96), generator=GENERATOR) * 0.1
    blocks = round_matrix(weight, bits)
    assert (blocks.codes.shape, blocks.scales.shape, blocks.kind) == ((40, 96), (40, 3), f"q{bits}")
    steps = np.repeat(blocks.scales.astype(np.float32), 32, -1)
    off = np.abs(blocks.floats() - weight.numpy())
    inside = (blocks.codes > 0) & (blocks.codes < 2**bits - 1)
    assert (off[inside] <= 0.51 * steps[inside]).all()
    assert off.mean() < 0.3 * steps.mean()


def test_what_lies_on_a_grid_is_found_again() -> None:
    blocks = round_matrix(torch.randn((16, 64), generator=GENERATOR), 4)
    again = round_matrix(torch.from_numpy(blocks.floats()), 4)
    assert np.abs(again.floats() - blocks.floats()).max() < 2e-3


@pytest.mark.parametrize(("size", "kind"), [(1e6, "q4w"), (1e-5, "q4w"), (1.0, "q4"), (0.0, "q4w")])
def test_weights_of_any_size_keep_their_precision(size: float, kind: str) -> None:
    weight = torch.randn((16, 32), generator=GENERATOR) * size
    blocks = round_matrix(weight, 4)
    assert blocks.kind == kind
    assert np.abs(blocks.floats() - weight.numpy()).max() <= 0.35 * size


def test_gptq_keeps_products_better_than_rounding() -> None:
    mix = torch.randn((12, 64), generator=GENERATOR)
    inputs = torch.randn((500, 12), generator=GENERATOR) @ mix + 0.1 * torch.randn((500, 64), generator=GENERATOR)
    inputs[:, 7] = 0  # an input that is never seen
    weight = torch.randn((48, 64), generator=GENERATOR)
    wanted = inputs @ weight.t()

    def loss(rounded: np.ndarray) -> float:
        return float((inputs @ torch.from_numpy(rounded).t() - wanted).square().mean())

    ours = gptq_matrix(weight, hessian([inputs[:200], inputs[200:]]), 4)
    assert loss(ours.floats()) < 0.5 * loss(round_matrix(weight, 4).floats())
    assert np.abs(ours.floats()[:, 7] - weight[:, 7].numpy()).max() < 0.5
    untold = gptq_matrix(weight, torch.zeros((64, 64)), 4)
    assert np.array_equal(untold.floats(), round_matrix(weight, 4).floats())


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_calibration_reads_as_the_model_does(tmp_path: Path, kind: str) -> None:
    model = open_folder(write_folder(tmp_path, kind), "tiny")
    tokens, shape = Tokens(tmp_path), read_shape(model.config, "tiny")
    samples = samples_of(TEXTS, tokens)
    assert len(samples) == 2
    parts = floats_of(model)
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
        reading = SampleReading(shape, weights, samples, weights.take("model.embed_tokens.weight"))
        seen: list[str] = []
        for number in range(shape.layers):
            at = f"model.layers.{number}."
            own = {name.removeprefix(at): tensor for name, tensor in parts.items() if name.startswith(at)}
            reading.layer(own, lambda names, _: seen.extend(names))
    assert len(seen) == 7 * shape.layers
    norm = parts["model.norm.weight"]
    states = torch.nn.functional.rms_norm(reading.states[0], (shape.hidden,), norm, shape.epsilon)
    whole, prefix = load_model(model, "fp32"), tokens.prompt(TEXTS[0].prompt).system
    first = len(prefix)
    for text in TEXTS[:4]:
        prompt = tokens.prompt(text.prompt)
        tail = prompt.task + prompt.observation + tokens.encode(text.answer)
        (hidden,) = whole.read([Part(whole.new_cache(), prefix + tail, range(len(prefix), len(prefix + tail)))])
        assert np.abs(hidden - states[first : first + len(tail)].numpy()).max() < 1e-3
        first += len(tail)


@pytest.mark.parametrize("method", ["rtn", "gptq"])
@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_a_folder_with_codes_is_a_model_like_any_other(tmp_path: Path, cache: Path, kind: str, method: Method) -> None:
    source = open_folder(write_folder(tmp_path / "floats", kind, tie_word_embeddings=kind == "llama"), "tiny")
    stages: list[tuple[str, int, int]] = []
    made = quantize(source, target_of("tiny-4"), method=method, texts=TEXTS, progress=lambda *step: stages.append(step))
    assert made.folder == cache / "models" / "tiny-4"
    assert resolve("tiny-4", fetch=False) == made
    assert "tiny-4" in [row.name for row in known_models()]
    assert ("quantizing", 3, 3) in stages
    record = json.loads((made.folder / "codeword.json").read_text())
    assert record["source_sha256"] == made.source_sha256 == source.weights_sha256
    assert record["quantization"]["method"] == method
    assert ("calibration_sha256" in record["quantization"]) == (method == "gptq")
    assert [profile.name for profile in available(made)] == ["packed", "int8", "bf16", "fp32"]
    ours, theirs = floats_of(made), floats_of(source)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        off = (ours[name] - tensor).abs().mean()
        # GPTQ moves weights apart together, so that single ones may be further off than by rounding.
        assert off == 0 if tensor.ndim == 1 else off < (0.1 if "layers" in name else 0.005), name
    packed, expanded = load_model(made, "packed"), load_model(made, "fp32")
    tokens = list(range(100, 150))
    (hidden,) = packed.read([Part(packed.new_cache(), tokens, (-1,))])
    (wanted,) = expanded.read([Part(expanded.new_cache(), tokens, (-1,))])
    assert np.sqrt(((hidden - wanted) ** 2).mean() / (wanted**2).mean()) < 0.1


def test_eight_bits_change_little_and_the_same_texts_give_the_same_bits(tmp_path: Path) -> None:
    source = open_folder(write_folder(tmp_path / "floats"), "tiny")
    eight = [quantize(source, tmp_path / name, bits=8, texts=TEXTS) for name in ("one", "two")]
    assert eight[0].weights_sha256 == eight[1].weights_sha256
    assert perplexity(eight[0], TEXTS) == pytest.approx(perplexity(source, TEXTS), rel=0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["floats", "one", "two"]


def test_half_precision_is_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "floats")
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors")
    made = quantize(open_folder(folder, "tiny"), tmp_path / "codes", method="rtn")
    assert floats_of(made)["model.norm.weight"].equal(tensors["model.norm.weight"].float())


def test_what_cannot_be_quantized_is_refused(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "floats")
    source = open_folder(folder, "tiny")
    with pytest.raises(ModelError, match=r"floats: is there already; give another name, or remove it first"):
        target_of(str(folder))
    with pytest.raises(ModelError, match="'smollm2-135m' cannot be the name of a new model"):
        target_of("smollm2-135m")
    with pytest.raises(ModelError, match=r"5 bits cannot be had \(expected 4 or 8\)"):
        quantize(source, target_of("new"), bits=5)
    with pytest.raises(ModelError, match="method 'gptq' needs texts to calibrate on"):
        quantize(source, target_of("new"))
    tensors = load_file(folder / "model.safetensors")
    name = "model.layers.1.mlp.up_proj.weight"
    for change, message in (
        (torch.full_like(tensors[name], float("nan")), f"'{name}' has weights that are no finite numbers"),
        (tensors[name][:, :50].contiguous(), rf"'{name}' is of size \(96, 50\), and only matrices whose inputs are"),
    ):
        save_file(tensors | {name: change}, folder / "model.safetensors")
        with pytest.raises(ModelError, match=message):
            quantize(open_folder(folder, "tiny"), target_of("new"), method="rtn")
    del tensors[name]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=f"tensor '{name}' is missing from its weights"):
        quantize(open_folder(folder, "tiny"), target_of("new"), method="rtn")
    assert not [path for path in (cache / "models").iterdir() if not path.name.endswith(".lock")]


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_a_rescaled_model_is_the_same_function(tmp_path: Path, kind: str) -> None:
    source = open_folder(write_folder(tmp_path / "one", kind), "tiny")
    (tmp_path / "two").mkdir()
    other = write_rescaled(source, tmp_path / "two")
    changed = floats_of(other)
    assert not changed["model.layers.0.mlp.down_proj.weight"].equal(
        floats_of(source)["model.layers.0.mlp.down_proj.weight"]
    )
    hidden = []
    for model in (source, other):
        loaded = load_model(model, "fp32")
        hidden += loaded.read([Part(loaded.new_cache(), range(100, 160), range(60))])
    assert np.abs(hidden[0] - hidden[1]).max() < 1e-3
