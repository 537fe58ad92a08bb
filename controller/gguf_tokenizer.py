"""The tokenizer inside a GGUF file, as the `tokenizer.json` that it was made from.

Written here because transformers' own reader takes longer than the model itself, and drops how some models split
digits.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = _QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
_DIGITS = {"type": "Digits", "individual_digits": True}


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
