"""A model held to the schema by llguidance, which says which tokens are forced: those are read together with the next
one that has a choice. What the model runs on is the side's own.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import llguidance
import llguidance.numpy
import numpy as np

from .side import MOST_ANSWER_TOKENS, Answer, Question

Logits = np.ndarray[Any, np.dtype[np.float32]]
Read = Callable[[list[int]], Logits]
"""The logits behind the last of some tokens [vocabulary], which may be written over. What is kept of these tokens is not
read again."""

_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
"""Has JSON written without white space, as ours is."""


class Forced:
    """Answers greedily with llguidance's tokenizer of a model and the way to read it."""

    def __init__(self, tokenizer: Any, read: Read) -> None:
        self._tokenizer, self._read = tokenizer, read
        self._mask = llguidance.numpy.allocate_token_bitmask(1, tokenizer.vocab_size)

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
                logits[self._legal(len(logits)) == 0] = -np.inf
            best = int(logits.argmax())
            if best == end or (matcher is not None and not matcher.consume_token(best)):
                break
            tokens.append(best)
            written, chosen = written + 1, chosen + 1
        total_ms = (time.perf_counter() - began) * 1000
        text = self._tokenizer.decode_str(tokens[len(question.tokens) :])
        return Answer(text, total_ms, len(question.tokens), passes, forced, chosen)

    def _legal(self, words: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """1 for what the mask allows, else 0 [vocabulary]: llguidance's own function takes thrice as long to apply it."""
        return np.unpackbits(self._mask[0].view(np.uint8), count=words, bitorder="little")


def kept_of(tokens: Sequence[int], kept: Sequence[int]) -> int:
    """How many of the first tokens need not be read again, as they are kept; the last one always is read."""
    same = 0
    while same < min(len(kept), len(tokens) - 1) and kept[same] == tokens[same]:
        same += 1
    return same
