"""llama.cpp as a side, built for this machine by `build_llama_cpp.sh` and called in its own process without a server.

llguidance holds it to the schema and says which tokens are forced. Keys and values of what prompts have in common stay.
"""

import ctypes

import llama_cpp
import numpy as np
from llguidance.llamacpp import lltokenizer_from_vocab

from .forced import Forced, Logits, kept_of
from .side import Answer, Question

_CONTEXT_TOKENS = 2048
_BFLOAT16 = 30
"""ggml's number for the type, which the package does not name."""


class LlamaCppNativeSide:
    """A model in one context, of which one sequence is kept.

    Flash attention, which llama.cpp takes by itself, needs twice as long for some tokens behind many: it is off.
    """

    def __init__(self, gguf: str, threads: int, *, bfloats: bool) -> None:
        """`bfloats` has keys and values kept in bfloat16, not float16."""
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(gguf.encode(), llama_cpp.llama_model_default_params())
        if not self._model:
            raise RuntimeError(f"llama.cpp cannot load {gguf}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = _CONTEXT_TOKENS
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.type_k = params.type_v = _BFLOAT16 if bfloats else llama_cpp.GGML_TYPE_F16
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise RuntimeError(f"llama.cpp makes no context of {_CONTEXT_TOKENS} tokens for {gguf}")
        self._memory = llama_cpp.llama_get_memory(self._context)
        vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._words = int(llama_cpp.llama_vocab_n_tokens(vocabulary))
        self._kept: list[int] = []
        self._forced = Forced(lltokenizer_from_vocab(vocabulary), self._read)

    def decide(self, question: Question) -> Answer:
        """The text that is likeliest token by token among those that meet the schema."""
        return self._forced.decide(question)

    def _read(self, tokens: list[int]) -> Logits:
        same = kept_of(tokens, self._kept)
        llama_cpp.llama_memory_seq_rm(self._memory, 0, same, -1)
        self._kept = tokens[:same]
        new = tokens[same:]
        numbers = (ctypes.c_int32 * len(new))(*new)  # the batch only points there
        code = llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(numbers, len(new)))
        if code:
            raise RuntimeError(f"llama.cpp reads {len(new)} tokens behind {same} with code {code}")
        self._kept = list(tokens)
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, -1), (self._words,))
