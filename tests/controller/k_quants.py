"""A tiny Qwen2-shaped GGUF file with K-quants, which mixes kinds as Q4_K_M does; its blocks are written byte by byte."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from numpy.typing import NDArray

from tests.controller.tiny import CHATML, CONTROL, tokenizer

HIDDEN, HEADS, KV_HEADS, HEAD, INNER, LAYERS = 256, 4, 2, 64, 512, 2
"""Rows of 256 and more, which is what K-quants divide."""


def half(value: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers as the bytes of float16, one more dimension at the end."""
    return np.ascontiguousarray(value.astype(np.float16)[..., None]).view(np.uint8)


def random_blocks(kind: str, rows: int, inputs: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Random blocks of a K-quant [rows, bytes of a row]: any bytes are a valid one, but scales must be sane."""
    count = (rows, inputs // 256)
    size = {"Q3_K": 110, "Q4_K": 144, "Q5_K": 176, "Q6_K": 210}[kind]
    blocks = rng.integers(0, 256, (*count, size), dtype=np.uint8)
    if kind in ("Q4_K", "Q5_K"):
        codes = 15 if kind == "Q4_K" else 31
        scale = rng.uniform(2e-3, 6e-3, count) / codes
        blocks[..., :2] = half(scale)
        blocks[..., 2:4] = half(scale * codes / 2)
    else:
        blocks[..., -2:] = half(rng.uniform(2e-5, 6e-5, count) * (1 if kind == "Q6_K" else 32))
    return blocks.reshape(rows, -1)


def write_mixed_gguf(path: Path, *, table: str = "Q6_K", matrix: str = "Q4_K", tied: bool = True) -> Path:
    """A GGUF file as `llama-quantize Q4_K_M` mixes it: V and down of every other layer are Q6_K.

    `table` is the kind of the embedding (and of the head, unless `tied`), `matrix` that of the other matrices.
    """
    rng = np.random.default_rng(0)
    writer = GGUFWriter(path, "qwen2")
    vocabulary = tokenizer().get_vocab()
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_context_length(2048)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1000000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(names)
    writer.add_token_types([3 if name in CONTROL else 4 if name == "<tool_call>" else 1 for name in names])
    merges = json.loads(tokenizer().to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHATML)

    def add(name: str, kind: str, outputs: int, inputs: int) -> None:
        if kind.endswith("_K"):
            writer.add_tensor(name, random_blocks(kind, outputs, inputs, rng), raw_dtype=GGMLQuantizationType[kind])
            return
        values = (rng.standard_normal((outputs, inputs)) * 0.1).astype(np.float32)
        raw = GGMLQuantizationType[kind]
        writer.add_tensor(name, values if kind == "F32" else quantize(values, raw), raw_dtype=raw)

    def add_floats(name: str, size: int, around: float) -> None:
        writer.add_tensor(name, (around + 0.1 * rng.standard_normal(size)).astype(np.float32))

    add("token_embd.weight", table, len(names), HIDDEN)
    add_floats("output_norm.weight", HIDDEN, 1.0)
    if not tied:
        add("output.weight", table, len(names), HIDDEN)
    for number in range(LAYERS):
        at, finer = f"blk.{number}.", "Q6_K" if matrix == "Q4_K" and number % 2 == 0 else matrix
        add(at + "attn_q.weight", matrix, HEADS * HEAD, HIDDEN)
        add(at + "attn_k.weight", matrix, KV_HEADS * HEAD, HIDDEN)
        add(at + "attn_v.weight", finer, KV_HEADS * HEAD, HIDDEN)
        add(at + "attn_output.weight", matrix, HIDDEN, HEADS * HEAD)
        add(at + "ffn_gate.weight", matrix, INNER, HIDDEN)
        add(at + "ffn_up.weight", matrix, INNER, HIDDEN)
        add(at + "ffn_down.weight", finer, HIDDEN, INNER)
        for name, size in (("q", HEADS * HEAD), ("k", KV_HEADS * HEAD), ("v", KV_HEADS * HEAD)):
            add_floats(f"{at}attn_{name}.bias", size, 0.0)
        add_floats(at + "attn_norm.weight", HIDDEN, 1.0)
        add_floats(at + "ffn_norm.weight", HIDDEN, 1.0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
