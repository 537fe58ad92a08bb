"""Sides of a comparison for tests: they need no model."""

import time

from tests.benchmarks.side import Answer, Question


class FakeSide:
    """Answers the first legal text after so long [ms]; fails at the question of a number, in one way or the other."""

    def __init__(self, ms: float, fails_at: int = -1, dies: bool = False) -> None:
        self.ms, self.fails_at, self.dies, self.asked = ms, fails_at, dies, 0
        print("what a library prints goes nowhere near the answers", flush=True)

    def decide(self, question: Question) -> Answer:
        """The first legal text."""
        if self.asked == self.fails_at:
            if self.dies:
                raise SystemExit(3)
            raise ValueError("no more answers")
        self.asked += 1
        time.sleep(self.ms / 1000)
        text, number = "", len(question.graph) - 1
        while number:
            piece, number = question.graph[number][0]
            text += piece
        return Answer(text, self.ms, len(question.tokens), 1, 0, self.asked)
