"""Tokens a second with keys and values kept and without, and what keeping them costs in memory."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from codeword.codebook import load_codebook
from codeword.codebook.offer import stable_text
from codeword.codebook.prompt import Prompt
from codeword.controller.model import Model, Part
from codeword.controller.profiles import load_model
from codeword.controller.registry import LocalModel
from codeword.controller.tokens import Tokens

from .machine import machine

PROFILES = ("packed", "bf16", "fp32")
PROMPT_TOKENS = 100


@dataclass(frozen=True)
class Row:
    """One way to write n tokens behind a prompt: tokens a second, and the memory of weights, and keys and values."""

    profile: str
    kv_cache: bool
    n: int
    tokens_per_s: float
    weights_mb: float
    kv_mb: float
    memory_share: float


def bench_generation(model: LocalModel, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """n tokens, the likeliest each time, behind PROMPT_TOKENS of a codebook: plain writing, no grammar, no forced runs.

    Both ways of a profile must write the same where the model is exact; that is checked, not assumed.
    """
    text = stable_text(load_codebook("tabletop"))
    prompt = list(Tokens(model.folder).prompt(Prompt(text, "", "")).system[:PROMPT_TOKENS])
    rows: list[Row] = []
    same: dict[str, bool] = {}
    for profile in PROFILES:
        held = load_model(model, profile)
        held.read([Part(held.new_cache(), prompt)])  # to warm up
        written = {}
        for kept in (False, True):
            began = time.perf_counter()
            written[kept], kv_bytes = _write(held, prompt, n, kept, advance)
            took_s = time.perf_counter() - began
            rows.append(
                Row(
                    profile=profile,
                    kv_cache=kept,
                    n=n,
                    tokens_per_s=round(n / took_s, 1),
                    weights_mb=round(held.weight_bytes / 1e6, 1),
                    kv_mb=round(kv_bytes / 1e6, 1),
                    memory_share=round(kv_bytes / held.weight_bytes, 3),
                )
            )
        same[profile] = written[False] == written[True]
    speeds = {(row.profile, row.kv_cache): row.tokens_per_s for row in rows}
    return {
        "machine": machine(), "model": model.name, "prompt_tokens": len(prompt), "rows": [asdict(row) for row in rows],
        "ratios": {name: round(speeds[name, True] / speeds[name, False], 2) for name in PROFILES},
        "same_text": same,
    }  # fmt: skip


def _write(model: Model, prompt: list[int], n: int, kept: bool, advance: Callable[[], None]) -> tuple[list[int], int]:
    """n tokens, and the bytes of keys and values that were kept from one to the next."""
    cache, written, unread = model.new_cache(), list[int](), prompt
    for _ in range(n):
        (states,) = model.read([Part(cache, unread, (-1,))])
        written.append(int(model.logits(states[0]).argmax()))
        unread = [written[-1]]
        if not kept:
            cache, unread = model.new_cache(), prompt + written
        advance()
    per_token = cache.size_bytes / max(1, _room(cache.size_bytes, model))
    return written, round(per_token * (len(prompt) + n)) if kept else 0


def _room(size_bytes: int, model: Model) -> int:
    """How many tokens a cache of that size has room for."""
    one = model.new_cache()
    return 512 * size_bytes // one.size_bytes
