"""The shape of a Llama- or Qwen2-shaped model, read from its `config.json`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeword.codebook.errors import ModelError

MATRICES = tuple(
    f"{name}_proj.weight"
    for name in ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down")
)
"""The matrices of a layer, by what their names end with."""


@dataclass(frozen=True)
class Shape:
    """Sizes and constants of a decoder-only model; `inverse_frequencies` are those of RoPE [head_size / 2]."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    epsilon: float
    max_tokens: int
    tied: bool
    inverse_frequencies: NDArray[np.float32]


def read_shape(config: Mapping[str, Any], where: str) -> Shape:
    """The shape that a config describes. Raises ModelError where it is of another kind, or lacks a value."""
    kind = config.get("model_type")
    if kind not in ("llama", "qwen2"):
        raise ModelError(f"{where}: the model is '{kind}'-shaped (can be used: llama, qwen2)")
    if config.get("hidden_act", "silu") != "silu":
        raise ModelError(f"{where}: activation '{config['hidden_act']}' is not known here (known: silu)")
    if config.get("quantization_config"):
        raise ModelError(
            f"{where}: its weights are packed by another library; give unpacked safetensors, or a .gguf file"
        )
    if kind == "qwen2" and config.get("use_sliding_window"):
        raise ModelError(f"{where}: sliding-window attention is not known here")
    try:
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        head_size = int(config.get("head_dim") or hidden // heads)
        return Shape(
            layers=int(config["num_hidden_layers"]),
            hidden=hidden,
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_size=head_size,
            epsilon=float(config["rms_norm_eps"]),
            max_tokens=int(config["max_position_embeddings"]),
            tied=bool(config.get("tie_word_embeddings", False)),
            inverse_frequencies=_inverse_frequencies(config, head_size, where),
        )
    except KeyError as error:
        raise ModelError(f"{where}: {error.args[0]} is missing in its config.json") from None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{where}: a value in its config.json is not a number ({error})") from None


def _inverse_frequencies(config: Mapping[str, Any], head_size: int, where: str) -> NDArray[np.float32]:
    """How fast each pair of a head's numbers turns from position to position [head_size / 2]."""
    rope: dict[str, Any] = {"rope_theta": config.get("rope_theta", 10000.0)}
    rope |= config.get("rope_scaling") or {}
    rope |= config.get("rope_parameters") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    exponents = np.arange(0, head_size, 2).astype(np.float32) / np.float32(head_size)
    frequencies = (np.float32(1) / np.float32(rope["rope_theta"]) ** exponents).astype(np.float32)
    if kind == "default":
        return frequencies
    if kind == "linear":
        return frequencies / np.float32(rope["factor"])
    if kind == "llama3":
        factor, old = float(rope["factor"]), float(rope["original_max_position_embeddings"])
        low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
        wavelengths = 2 * math.pi / frequencies
        smooth = (old / wavelengths - low) / (high - low)
        smoothed = (1 - smooth) * frequencies / factor + smooth * frequencies
        slow, fast = wavelengths > old / low, wavelengths < old / high
        return np.where(slow, frequencies / factor, np.where(fast, frequencies, smoothed)).astype(np.float32)
    raise ModelError(f"{where}: RoPE of kind '{kind}' is not known here (known: default, linear, llama3)")
