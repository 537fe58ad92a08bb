"""From a GGUF file to a model folder: config, tokenizer, and the quantized weights, bit for bit the same values.

The names and the order of rows are those of transformers; how a matrix is held is the last part of its name.
"""

import errno
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from codeword.codebook.errors import ModelError

from .kernels.blocks import OUTPUTS
from .kernels.gguf_blocks import from_gguf
from .store import Progress, sha256_of, silent

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = _QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
_DIGITS = {"type": "Digits", "individual_digits": True}


# The tokenizer inside a GGUF file, as the `tokenizer.json` that it was made from.
#
# Written here because transformers' own reader takes longer than the model itself, and drops how some models split
# digits.


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


_SPLITS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "gpt-2": (_split(_GPT2),),
    "smollm": (_DIGITS, _split(_GPT2)),
    "qwen2": (_split(_QWEN2),),
    "deepseek-r1-qwen": (_split(_QWEN2),),
    "llama-bpe": (_split(_LLAMA3),),
    "llama3": (_split(_LLAMA3),),
}
"""How a text is cut before merges are applied, by the name that llama.cpp gives to each way."""

_CONTROL, _USER_DEFINED = 3, 4


def tokenizer_json(fields: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The content of `tokenizer.json`, from a GGUF file's metadata. Raises ModelError for a kind not known here."""
    model, pre = fields.get("tokenizer.ggml.model"), fields.get("tokenizer.ggml.pre", "gpt-2")
    if model != "gpt2" or pre not in _SPLITS:
        raise ModelError(
            f"{path}: its tokenizer is of kind '{model}/{pre}', and of GGUF files only gpt2/"
            f"{', gpt2/'.join(_SPLITS)} are read; give the model as a folder with its tokenizer.json instead"
        )
    tokens: list[str] = fields["tokenizer.ggml.tokens"]
    kinds: list[int] = fields["tokenizer.ggml.token_type"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": number,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": kind == _CONTROL,
            }
            for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind in (_CONTROL, _USER_DEFINED)
        ],
        "normalizer": {"type": "NFC"} if "qwen" in pre else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*_SPLITS[pre], byte_level]},
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": pre in ("llama-bpe", "llama3"),
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in fields["tokenizer.ggml.merges"]],
        },
    }


def write_tokenizer(fields: Mapping[str, Any], path: Path, folder: Path) -> None:
    """Write `tokenizer.json`, `tokenizer_config.json` and `chat_template.jinja` into a folder.

    Raises ModelError where the GGUF file at `path` has no chat template, or its tokenizer is of an unknown kind.
    """
    template = fields.get("tokenizer.chat_template")
    if not template:
        raise ModelError(f"{path}: there is no chat template in it; give a model tuned for chat ('-Instruct')")
    tokens: list[str] = fields["tokenizer.ggml.tokens"]
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    for role in ("bos", "eos", "unknown", "padding"):
        number = fields.get(f"tokenizer.ggml.{role}_token_id")
        if number is not None:
            config[{"unknown": "unk", "padding": "pad"}.get(role, role) + "_token"] = tokens[number]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(fields, path), ensure_ascii=False))
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False))
    (folder / "chat_template.jinja").write_text(template)


CONVERSION = 3
"""Raised whenever the same GGUF file would give another folder; older folders are then made again."""

_LAYER = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_WHOLE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
    "rope_freqs.weight": "model.rope_factors",
}


_NEEDED = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges")
_NEEDED_OF_SHAPE = (
    "embedding_length", "attention.head_count", "feed_forward_length", "block_count", "context_length",
    "attention.layer_norm_rms_epsilon",
)  # fmt: skip
"""Metadata without which there is no model."""


def _name(name: str, path: Path) -> str:
    """What transformers calls a tensor of a GGUF file."""
    if name in _WHOLE:
        return _WHOLE[name]
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if match is None or match[2] not in _LAYER:
        raise ModelError(f"{path}: tensor '{name}' belongs to no Llama- or Qwen2-shaped model")
    return f"model.layers.{match[1]}.{_LAYER[match[2]]}.{match[3]}"


def _fields(reader: Any) -> dict[str, Any]:
    """All metadata of a GGUF file as plain values."""
    return {name: field.contents() for name, field in reader.fields.items()}


def _config(fields: Mapping[str, Any], tensor_names: set[str], path: Path) -> dict[str, Any]:
    """The content of `config.json`."""
    shape = fields.get("general.architecture")
    if shape not in ("llama", "qwen2"):
        raise ModelError(f"{path}: the model is '{shape}'-shaped (can be used: llama, qwen2)")
    shards = fields.get("split.count", 0)
    if shards > 1:
        raise ModelError(
            f"{path}: one of the {shards} parts of a model; join them first: llama-gguf-split --merge FIRST WHOLE.gguf"
        )
    of_tokenizer = _NEEDED if fields.get("tokenizer.ggml.model") == "gpt2" else _NEEDED[:1]
    missing = [key for key in (*of_tokenizer, *(f"{shape}.{name}" for name in _NEEDED_OF_SHAPE)) if key not in fields]
    if missing:
        raise ModelError(f"{path}: its metadata lacks {', '.join(missing)}; take one that llama.cpp made")
    scaled = fields.get(f"{shape}.rope.scaling.type", "none") != "none"
    factors = [fields.get(f"{shape}.rope.{key}", 1.0) for key in ("scaling.factor", "scale_linear")]
    if scaled or any(factor not in (0.0, 1.0) for factor in factors):
        raise ModelError(f"{path}: scaled RoPE is not read from GGUF; give the model as a folder with safetensors")
    hidden, heads = fields[f"{shape}.embedding_length"], fields[f"{shape}.attention.head_count"]
    return {
        "architectures": [{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[shape]],
        "model_type": shape,
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "hidden_size": hidden,
        "intermediate_size": fields[f"{shape}.feed_forward_length"],
        "num_hidden_layers": fields[f"{shape}.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": fields.get(f"{shape}.attention.head_count_kv", heads),
        "head_dim": fields.get(f"{shape}.attention.key_length", hidden // heads),
        "hidden_act": "silu",
        "max_position_embeddings": fields[f"{shape}.context_length"],
        "rms_norm_eps": fields[f"{shape}.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_type": "default", "rope_theta": fields.get(f"{shape}.rope.freq_base", 10000.0)},
        "tie_word_embeddings": "output.weight" not in tensor_names,
        "bos_token_id": fields.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": fields.get("tokenizer.ggml.eos_token_id"),
    }


def _unpermute(shape: str, config: Mapping[str, Any]) -> Callable[[str, Any], Any]:
    """llama.cpp stores the rows of Q and K of Llama-shaped models in another order; this puts them back."""

    def restore(name: str, values: Any) -> Any:
        kind = re.search(r"self_attn\.([qk])_proj", name)
        if shape != "llama" or kind is None:
            return values
        heads = config["num_attention_heads" if kind[1] == "q" else "num_key_value_heads"]
        rows = values.shape[0]
        return values.reshape(heads, rows // heads // 2, 2, -1).swapaxes(1, 2).reshape(values.shape)

    return restore


def convert_gguf(
    path: Path, folder: Path, *, source_sha256: str, licence: str | None = None, progress: Progress = silent
) -> None:
    """Write the model in a GGUF file into a folder: config, weights, tokenizer, `codeword.json`.

    Raises ModelError where the file is no GGUF file, is cut off, or holds a model of another shape.
    """
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    progress("reading", 0, 0)
    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, KeyError) as error:
        raise ModelError(f"{path}: not a readable GGUF file ({str(error)[:120]}); fetch it again") from error
    fields = _fields(reader)
    config = _config(fields, {tensor.name for tensor in reader.tensors}, path)
    restore = _unpermute(config["model_type"], config)
    weights: dict[str, np.ndarray] = {}
    outputs: dict[str, int] = {}
    for done, tensor in enumerate(reader.tensors):
        progress("converting", done, len(reader.tensors))
        name = _name(tensor.name, path)
        blocks = from_gguf(np.asarray(tensor.data), tensor.tensor_type.name)
        if blocks is not None:
            blocks = blocks.rows(partial(restore, name))
            weights[f"{name}.{blocks.kind}"] = blocks.records()
            outputs[name] = len(blocks.codes)
            continue
        try:
            values = dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError as error:
            raise ModelError(f"{path}: quantization {tensor.tensor_type.name} cannot be read; take another") from error
        # Halves of a large table stay halves; anything else that is no sum of codes is kept as float32.
        dtype = np.float16 if tensor.tensor_type.name == "F16" and values.ndim == 2 else np.float32
        weights[name] = np.ascontiguousarray(restore(name, values), dtype=dtype)
    progress("converting", len(reader.tensors), len(reader.tensors))
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    write_tokenizer(fields, path, folder)
    progress("writing", 0, 0)
    try:
        save_file(weights, folder / "model.safetensors", metadata={OUTPUTS: json.dumps(outputs)})
    except SafetensorError as error:
        # The library hides the system's error in its own; only the text tells it.
        if "os error 28" in str(error) or "No space left" in str(error):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
    (folder / "model.safetensors").chmod(0o644)
    write_record(folder, source_sha256=source_sha256, licence=licence or fields.get("general.license"))


def write_record(
    folder: Path, *, source_sha256: str | None, licence: str | None, quantization: Mapping[str, Any] | None = None
) -> None:
    """Write `codeword.json`: what the folder was made from, how it was quantized here, what its weights hash to."""
    weights = sorted(folder.glob("*.safetensors"))
    record = {
        "conversion": CONVERSION,
        "source_sha256": source_sha256,
        "licence": licence,
        "quantization": quantization,
        "weights": {file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)} for file in weights},
    }
    (folder / "codeword.json").write_text(json.dumps(record, indent=2))
