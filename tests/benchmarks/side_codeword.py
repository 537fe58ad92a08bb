"""Our own engine as a side, with any of its options."""

import time
from typing import Any

from codeword.codebook.prompt import Prompt
from codeword.controller.controller import GuessHistory
from codeword.controller.engine import Engine
from codeword.controller.registry import LocalModel
from codeword.controller.speculation_hint import Hint

from .graphs import unpack
from .side import Answer, Question


class CodewordSide:
    """An engine. It reads a codebook ahead when it first hears of it, as at the beginning of an episode."""

    def __init__(self, model: LocalModel, options: dict[str, Any]) -> None:
        self._engine = Engine(model, **options)
        self._warm: set[str] = set()
        self._habits = GuessHistory()

    def decide(self, question: Question) -> Answer:
        """The command that the engine picks."""
        prompt = Prompt(question.system, question.task, question.observation)
        graph = unpack(question.graph)
        if question.system not in self._warm:
            self._engine.warm(question.system)
            self._warm.add(question.system)
        began = time.perf_counter()
        decision = self._engine.decide(prompt, graph, hint=Hint(self._habits.expected(question.after)))
        self._habits.learn(question.after, decision.text)
        total_ms = (time.perf_counter() - began) * 1000
        return Answer(
            text=decision.text,
            total_ms=total_ms,
            prompt_tokens=decision.prompt_tokens,
            passes=decision.passes,
            tokens_forced=decision.tokens_forced,
            tokens_chosen=decision.tokens_chosen,
        )
