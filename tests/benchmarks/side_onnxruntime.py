"""onnxruntime with 4-bit weights as a side, held to the schema by llguidance, which says which tokens are forced.

Keys and values stay in buffers of a fixed length that the model reads and writes in place, so that what prompts have in
common is read once. Tokens without a choice are read together with the next one that has one.
"""

import json
import time
from pathlib import Path
from typing import Any

import llguidance
import llguidance.hf
import llguidance.numpy
import numpy as np
import onnxruntime
from transformers import AutoTokenizer

from .side import MOST_ANSWER_TOKENS, Answer, Question

_CONTEXT_TOKENS = 2048
_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
"""Has JSON written without white space, as ours is."""


class OnnxruntimeSide:
    """A model that onnxruntime-genai's builder made."""

    def __init__(self, folder: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", options)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._tokenizer = llguidance.hf.from_tokenizer(tokenizer)
        self._mask = llguidance.numpy.allocate_token_bitmask(1, self._tokenizer.vocab_size)
        self._kept: list[int] = []
        names = [one.name for one in self._session.get_inputs() if one.name.startswith("past_key_values")]
        decoder = json.loads((Path(folder) / "genai_config.json").read_text())["model"]["decoder"]
        shape = 1, decoder["num_key_value_heads"], _CONTEXT_TOKENS, decoder["head_size"]
        self._memory = {name: np.zeros(shape, np.float32) for name in names}
        self._buffers = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(memory) for name, memory in self._memory.items()
        }

    def decide(self, question: Question) -> Answer:
        """The text that is likeliest token by token among those that meet the schema."""
        grammar = ""
        if question.schema is not None:
            grammar = llguidance.LLMatcher.grammar_from_json_schema({**question.schema, "x-guidance": _COMPACT})
        began = time.perf_counter()
        matcher = llguidance.LLMatcher(self._tokenizer, grammar) if grammar else None
        tokens, written, forced, chosen, passes = list(question.tokens), 0, 0, 0, 0
        end = self._tokenizer.eos_token
        while written < MOST_ANSWER_TOKENS:
            if matcher is not None:
                sure = matcher.compute_ff_tokens()
                if sure:
                    matcher.consume_tokens(sure)
                    tokens, written, forced = tokens + sure, written + len(sure), forced + len(sure)
                if matcher.is_stopped():
                    break
            logits = self._read(tokens)
            passes += 1
            if matcher is not None:
                llguidance.numpy.fill_next_token_bitmask(matcher, self._mask)
                llguidance.numpy.apply_token_bitmask_inplace(logits[None], self._mask)
            best = int(logits.argmax())
            if best == end or (matcher is not None and not matcher.consume_token(best)):
                break
            tokens.append(best)
            written, chosen = written + 1, chosen + 1
        total_ms = (time.perf_counter() - began) * 1000
        text = self._tokenizer.decode_str(tokens[len(question.tokens) :])
        return Answer(text, total_ms, len(question.tokens), passes, forced, chosen)

    def _read(self, tokens: list[int]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """The logits behind the last token [vocabulary]; what is kept of these tokens is not read again."""
        same = 0
        while same < min(len(self._kept), len(tokens) - 1) and self._kept[same] == tokens[same]:
            same += 1
        binding = self._session.io_binding()
        binding.bind_output("logits")
        for name, values in (("input_ids", [tokens[same:]]), ("attention_mask", [[1] * len(tokens)])):
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(np.array(values, np.int64)))
        for name, buffer in self._buffers.items():
            binding.bind_ortvalue_input(name, buffer)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), buffer)
        self._session.run_with_iobinding(binding)
        self._kept = list(tokens)
        logits: np.ndarray[Any, np.dtype[np.float32]] = binding.get_outputs()[0].numpy()[0, -1].copy()
        return logits
