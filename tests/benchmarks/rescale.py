"""The same function with other weights: what scales a channel is moved from one matrix to the next.

A model that was quantized once lies on the grid of its codes, and quantizing it again would find that grid and lose
nothing. Moved off the grid it is a fair stand-in for one that never was quantized. Norms go into the matrices behind
them; the channels between V and out, and between up and down, are made alike on both sides (Nagel et al. 2019,
Data-Free Quantization, arXiv 1906.04721, equation 11, with norms in place of ranges).
"""

import json
import shutil
from pathlib import Path

import torch
from torch import Tensor

from codeword.controller.registry import LocalModel, open_folder
from codeword.controller.shape import Shape, read_shape
from codeword.controller.weights import Weights

_NORMS = {
    "input_layernorm.weight": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "post_attention_layernorm.weight": ("mlp.gate_proj", "mlp.up_proj"),
}


def write_rescaled(model: LocalModel, folder: Path) -> LocalModel:
    """Write a model of the same function into an existing folder, as float32."""
    from safetensors.torch import save_file

    shape = read_shape(model.config, str(model.folder))
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
        tensors = {name: weights.take(name) for name in weights.names}
    for number in range(shape.layers):
        rescale_layer(tensors, f"model.layers.{number}.", shape)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(model.config))
    for path in model.folder.iterdir():
        if path.name.startswith(("tokenizer", "chat_template")):
            shutil.copyfile(path, folder / path.name)
    return open_folder(folder, model.name)


def rescale_layer(tensors: dict[str, Tensor], at: str, shape: Shape) -> None:
    """Rescale one layer in place; `at` is what its tensors' names begin with."""
    for norm, behind in _NORMS.items():
        scale = tensors[at + norm]
        tensors[at + norm] = torch.ones_like(scale)
        for name in behind:
            tensors[f"{at}{name}.weight"] = tensors[f"{at}{name}.weight"] * scale
    value, out = tensors[at + "self_attn.v_proj.weight"], tensors[at + "self_attn.o_proj.weight"]
    # Heads that share a V share its scale.
    shared = out.view(len(out), shape.kv_heads, -1, shape.head_size)
    by = _evening(shared.square().sum((0, 2)).sqrt().flatten(), value.norm(dim=1))
    tensors[at + "self_attn.v_proj.weight"] = value * by[:, None]
    if at + "self_attn.v_proj.bias" in tensors:
        tensors[at + "self_attn.v_proj.bias"] = tensors[at + "self_attn.v_proj.bias"] * by
    spread = by.view(shape.kv_heads, 1, -1).expand(-1, shared.shape[2], -1).flatten()
    tensors[at + "self_attn.o_proj.weight"] = out / spread
    up, down = tensors[at + "mlp.up_proj.weight"], tensors[at + "mlp.down_proj.weight"]
    by = _evening(down.norm(dim=0), up.norm(dim=1))
    tensors[at + "mlp.up_proj.weight"], tensors[at + "mlp.down_proj.weight"] = up * by[:, None], down / by


def _evening(behind: Tensor, before: Tensor) -> Tensor:
    """What a channel's row is multiplied by, and its column divided by, to make them equally long."""
    by = (behind / before).sqrt()
    return torch.where(by.isfinite() & (by > 0), by, 1.0)
