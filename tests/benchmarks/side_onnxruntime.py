"""onnxruntime with 4-bit weights as a side, held to the schema by llguidance, which says which tokens are forced.

Keys and values stay in buffers of a fixed length that the model reads and writes in place, so that what prompts have in
common is read once.
"""

import json
from pathlib import Path
from typing import Any

import llguidance.hf
import numpy as np
import onnxruntime
from transformers import AutoTokenizer

from .forced import Forced, Logits, kept_of
from .side import Answer, Question

_CONTEXT_TOKENS = 2048


class OnnxruntimeSide:
    """A model that onnxruntime-genai's builder made."""

    def __init__(self, folder: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", options)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._forced = Forced(llguidance.hf.from_tokenizer(tokenizer), self._read)
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
        return self._forced.decide(question)

    def _read(self, tokens: list[int]) -> Logits:
        same = kept_of(tokens, self._kept)
        binding = self._session.io_binding()
        binding.bind_output("logits")
        for name, values in (("input_ids", [tokens[same:]]), ("attention_mask", [[1] * len(tokens)])):
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(np.array(values, np.int64)))
        for name, buffer in self._buffers.items():
            binding.bind_ortvalue_input(name, buffer)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), buffer)
        self._session.run_with_iobinding(binding)
        self._kept = list(tokens)
        logits: Logits = binding.get_outputs()[0].numpy()[0, -1].copy()
        return logits
