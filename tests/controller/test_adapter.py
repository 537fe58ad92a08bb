"""Adapters: what a model says with one in it, and that one which does not fit is refused."""

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from codeword.codebook import Codebook, legal
from codeword.codebook.errors import ModelError
from codeword.codebook.plan_prompt import PLAN_CONTRACT
from codeword.codebook.prompt import write_prompt
from codeword.controller.adapter import AUTO, NONE, Adapter, load_adapter, shipped
from codeword.controller.engine import Engine
from codeword.controller.merge import KEPT, merged_dir, with_adapter
from codeword.controller.model import Part
from codeword.controller.profiles import load_model
from codeword.controller.registry import LocalModel, open_folder
from codeword.controller.weights import Weights
from tests.controller.tiny import write_folder
from tests.observations import random_observation

RANK = 4
LAYERS = ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj")


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> None:
    """What is merged goes into a cache folder of the test's own."""


def write_adapter(
    folder: Path, model: LocalModel, *, seed: int = 0, size: float = 0.1, settings: Any = None, record: Any = None
) -> Path:
    """An adapter as training leaves one."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, weight in expanded(model).items():
        if name.startswith("model.layers.") and name.removesuffix(".weight").split(".", 3)[3] in LAYERS:
            at = f"base_model.model.{name.removesuffix('.weight')}"
            tensors[f"{at}.lora_A.weight"] = torch.randn((RANK, weight.shape[1]), generator=generator) * size
            tensors[f"{at}.lora_B.weight"] = torch.randn((weight.shape[0], RANK), generator=generator) * size
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    plain = {"r": RANK, "lora_alpha": 8, "bias": "none", "peft_type": "LORA"}
    (folder / "adapter_config.json").write_text(json.dumps(plain | (settings or {})))
    told = {"base": model.name, "base_sha256": model.base_sha256, "contract": PLAN_CONTRACT}
    (folder / "codeword.json").write_text(json.dumps(told | (record or {})))
    return folder


def expanded(model: LocalModel) -> dict[str, torch.Tensor]:
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
        return {name: weights.take(name) for name in weights.names}


def last_logits(model: LocalModel, profile: str) -> np.ndarray[Any, Any]:
    loaded = load_model(model, profile, device="cpu", threads=1)
    tokens = tuple(range(5, 60))
    (states,) = loaded.read([Part(loaded.new_cache(), tokens, (len(tokens) - 1,))])
    return loaded.logits(states[0])


def test_every_profile_holds_the_sum_of_base_and_adapter(tiny_quantized: LocalModel, tmp_path: Path) -> None:
    adapter = load_adapter(str(write_adapter(tmp_path / "a", tiny_quantized)), tiny_quantized)
    merged = with_adapter(tiny_quantized, adapter)
    factors = load_file(adapter.weights)
    base, now = expanded(tiny_quantized), expanded(merged)
    changed = 0
    for name, weight in base.items():
        at = f"base_model.model.{name.removesuffix('.weight')}"
        if f"{at}.lora_A.weight" not in factors:
            assert torch.equal(now[name], weight)
            continue
        changed += 1
        wanted = weight + 2.0 * factors[f"{at}.lora_B.weight"] @ factors[f"{at}.lora_A.weight"]
        step = (wanted.unflatten(1, (-1, 32)).amax(-1) - wanted.unflatten(1, (-1, 32)).amin(-1)) / 255
        error = (now[name] - wanted).abs().unflatten(1, (-1, 32)).amax(-1)
        assert bool((error <= 0.6 * step + 1e-3).all()), name
    assert changed == 3 * len(LAYERS)
    exact = last_logits(merged, "fp32")
    changes = np.abs(last_logits(tiny_quantized, "fp32") - exact).mean()
    assert np.abs(last_logits(merged, "packed") - exact).mean() < 0.1 * changes  # keys and values are bfloats there


def test_floats_stay_floats(tmp_path: Path) -> None:
    model = open_folder(write_folder(tmp_path / "model"), "tiny")
    adapter = load_adapter(str(write_adapter(tmp_path / "a", model)), model)
    factors = load_file(adapter.weights)
    name = "model.layers.1.mlp.down_proj"
    wanted = expanded(model)[f"{name}.weight"] + 2.0 * (
        factors[f"base_model.model.{name}.lora_B.weight"] @ factors[f"base_model.model.{name}.lora_A.weight"]
    )
    assert torch.allclose(expanded(with_adapter(model, adapter))[f"{name}.weight"], wanted, atol=1e-6)


def test_it_is_merged_once_and_the_latest_few_are_kept(tiny_quantized: LocalModel, tmp_path: Path) -> None:
    stages: list[str] = []

    def told(stage: str, *_: int) -> None:
        stages.append(stage)

    first = load_adapter(str(write_adapter(tmp_path / "0", tiny_quantized)), tiny_quantized)
    made = with_adapter(tiny_quantized, first, told)
    assert "merging the adapter" in stages
    stages.clear()
    assert with_adapter(tiny_quantized, first, told) == made
    assert stages == []
    for seed in range(1, KEPT + 2):
        other = write_adapter(tmp_path / str(seed), tiny_quantized, seed=seed)
        with_adapter(tiny_quantized, load_adapter(str(other), tiny_quantized))
    kept = [path for path in merged_dir().iterdir() if path.is_dir()]
    assert len(kept) == KEPT
    assert made.folder not in kept


def test_none_is_the_base_itself(tiny_quantized: LocalModel) -> None:
    assert load_adapter("none", tiny_quantized) == NONE
    assert with_adapter(tiny_quantized, NONE) is tiny_quantized
    assert load_adapter(AUTO, tiny_quantized) == NONE  # nothing is shipped for a model made at random


def test_an_adapter_changes_decisions_and_their_keys(
    tabletop: Codebook, tiny_quantized: LocalModel, tmp_path: Path
) -> None:
    observation = random_observation(random.Random(3))
    prompt, graph = write_prompt(tabletop, "tidy up", observation), legal(tabletop, observation).graph
    base = Engine(tiny_quantized, threads=1).decide(prompt, graph)
    adapter = load_adapter(str(write_adapter(tmp_path / "a", tiny_quantized, size=0.3)), tiny_quantized)
    taught = Engine(tiny_quantized, threads=1, adapter=adapter).decide(prompt, graph)
    assert taught.key != base.key
    assert taught.logprob != pytest.approx(base.logprob, rel=1e-3)
    moved = Adapter("elsewhere", adapter.folder, adapter.sha256, adapter.scale)
    assert Engine(tiny_quantized, threads=1, adapter=moved).decide(prompt, graph).key == taught.key


def refusal(model: LocalModel, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        with_adapter(model, load_adapter(str(folder), model))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_does_not_belong_together_is_refused(tiny_quantized: LocalModel, tmp_path: Path) -> None:
    def made(name: str, **changes: Any) -> str:
        return refusal(tiny_quantized, write_adapter(tmp_path / name, tiny_quantized, **changes))

    for contract in (1, PLAN_CONTRACT - 1):
        told = made(f"old{contract}", record={"contract": contract})
        assert f"taught under prompt contract {contract}, and this is {PLAN_CONTRACT}" in told
    assert load_adapter(str(tmp_path / "old1"), tiny_quantized, to_teach=True).folder == tmp_path / "old1"
    other = made("other", record={"base": "llama-70b", "base_sha256": "ab" * 32})
    assert "taught on base 'llama-70b' (abababababab)" in other
    assert "use that base, or --adapter none" in other
    assert "use_dora is True, and only False is read here" in made("dora", settings={"use_dora": True})
    assert "r and lora_alpha are None and 8" in made("rank", settings={"r": None})


def test_what_is_damaged_is_refused(tiny_quantized: LocalModel, tmp_path: Path) -> None:
    def broken(name: str, change: Any) -> str:
        folder = write_adapter(tmp_path / name, tiny_quantized)
        file = folder / "adapter_model.safetensors"
        tensors = load_file(file)
        change(tensors)
        save_file(tensors, file)
        return refusal(tiny_quantized, folder)

    key = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    assert "one half is missing" in broken("half", lambda tensors: tensors.pop(key))
    assert "128 by 32 there and 128 by 64" in broken("size", lambda t: t.update({key: torch.zeros(RANK, 32)}))
    assert "no finite numbers" in broken("nan", lambda t: t[key].fill_(float("nan")))
    strange = {"base_model.model.lm_head.weight": torch.zeros(3)}
    assert "no part of a low-rank difference" in broken("strange", lambda t: t.update(strange))
    absent = key.replace("layers.0", "layers.9")
    both = {absent: torch.zeros(RANK, 64), absent.replace("lora_A", "lora_B"): torch.zeros(128, RANK)}
    assert "has no matrix 'model.layers.9.self_attn.q_proj.weight'" in broken("absent", lambda t: t.update(both))
    cut = write_adapter(tmp_path / "cut", tiny_quantized)
    weights = cut / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "not a whole safetensors file" in refusal(tiny_quantized, cut)
    (cut / "codeword.json").unlink()
    assert "there is no codeword.json in it" in refusal(tiny_quantized, cut)
    (cut / "codeword.json").write_text("[]")
    assert "not a JSON object" in refusal(tiny_quantized, cut)


def test_an_unknown_name_is_refused(tiny_quantized: LocalModel) -> None:
    with pytest.raises(ModelError, match=re.escape("there is no adapter 'nonne'; did you mean 'none'?")):
        load_adapter("nonne", tiny_quantized)


@pytest.mark.model
def test_what_is_shipped_can_be_used(real_model: LocalModel) -> None:
    for name in shipped():
        adapter = load_adapter(name, real_model)
        assert adapter.weights.stat().st_size <= 16_000_000
        assert (Path(str(adapter.folder)) / "README.md").is_file()
