"""llama.cpp's server as a side: the one in the `xllamacpp` wheel.

It is called in its own process: the same server over HTTP, which can be had too, takes as long or a little longer.
"""

import math
import time
from typing import Any

import xllamacpp

from .side import MOST_ANSWER_TOKENS, Answer, Question

_CONTEXT_TOKENS = 8192
_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
"""Has its JSON written without white space, as ours is: every token saved is a pass saved."""


class LlamaCppSide:
    """A server with one slot, which keeps what it read of the prompt before."""

    def __init__(self, gguf: str, threads: int) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = gguf
        params.n_ctx = _CONTEXT_TOKENS
        params.n_parallel = 1
        params.cpuparams.n_threads = threads
        params.cpuparams_batch.n_threads = threads
        self._batch_tokens = int(params.n_ubatch)
        self._server = xllamacpp.Server(params)

    def decide(self, question: Question) -> Answer:
        """The text that the server completes the prompt's tokens with, greedily."""
        asked: dict[str, Any] = {
            "prompt": list(question.tokens),
            "max_tokens": MOST_ANSWER_TOKENS,
            "temperature": 0,
            "cache_prompt": True,
        }
        if question.schema is not None:
            asked["json_schema"] = {**question.schema, "x-guidance": _COMPACT}
        began = time.perf_counter()
        said = self._server.handle_completions(asked)
        total_ms = (time.perf_counter() - began) * 1000
        if "choices" not in said:
            raise RuntimeError(f"the server answers {str(said)[:300]}")
        timings = said["timings"]
        written = int(timings["predicted_n"])
        return Answer(
            text=said["choices"][0]["text"],
            total_ms=total_ms,
            prompt_tokens=int(said["usage"]["prompt_tokens"]),
            passes=math.ceil(int(timings["prompt_n"]) / self._batch_tokens) + written - 1,
            tokens_forced=0,
            tokens_chosen=written,
        )
