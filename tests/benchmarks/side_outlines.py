"""outlines over transformers as a side, used as its documentation shows: a generator for each observation's schema."""

import time
from typing import Any

import outlines
import torch
from outlines.inputs import Chat
from outlines.types import JsonSchema
from transformers import AutoModelForCausalLM, AutoTokenizer

from .side import MOST_ANSWER_TOKENS, Answer, Question


class OutlinesSide:
    """A transformers model behind outlines; without a schema, the same model by itself."""

    def __init__(self, folder: str, dtype: str) -> None:
        """Load the model of a folder in Hugging Face layout, to compute in a torch dtype."""
        torch.set_grad_enabled(False)
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._tokenizer = tokenizer
        self._outlines = outlines.from_transformers(self._model, tokenizer)
        self._passes = 0
        self._model.register_forward_hook(self._count)

    def _count(self, *_: Any) -> None:
        self._passes += 1

    def decide(self, question: Question) -> Answer:
        """The text that is generated, greedily. Compiling the schema is part of deciding: it is another every time."""
        turns = [
            {"role": "system", "content": question.system.strip()},
            {"role": "user", "content": f"{question.task.strip()}\n{question.observation.strip()}"},
        ]
        self._passes = 0
        began = time.perf_counter()
        if question.schema is None:
            text = self._free(turns)
        else:
            # No white space, as our own commands have none: every token saved is a pass saved.
            generator = outlines.Generator(self._outlines, JsonSchema(question.schema, whitespace_pattern=""))
            text = str(generator(Chat(turns), max_new_tokens=MOST_ANSWER_TOKENS, do_sample=False))
        total_ms = (time.perf_counter() - began) * 1000
        return Answer(
            text=text,
            total_ms=total_ms,
            prompt_tokens=len(self._tokenizer(self._prompt(turns))["input_ids"]),
            passes=self._passes,
            tokens_forced=0,
            tokens_chosen=self._passes,
        )

    def _free(self, turns: list[dict[str, str]]) -> str:
        read = self._tokenizer(self._prompt(turns), return_tensors="pt")
        written = self._model.generate(**read, max_new_tokens=MOST_ANSWER_TOKENS, do_sample=False)
        return str(self._tokenizer.decode(written[0, read["input_ids"].shape[1] :], skip_special_tokens=True))

    def _prompt(self, turns: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
