"""The process of one side: makes it, then answers questions until there are no more.

Questions come on standard input and answers go to what was standard output, pickled; whatever libraries print goes to
standard error. An answer is (what was asked for, None) or (None, why not).
"""

import os
import pickle
import sys
from importlib import import_module
from typing import Any, BinaryIO

from .side import Side, resident_mb


def main() -> None:
    """Serve the side whose name and options come first."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    name, options = pickle.load(questions)
    side: Side | None = None
    try:
        module, _, made = name.partition(":")
        side = getattr(import_module(module), made)(**options)
        _tell(answers, True, None)
    except Exception as problem:  # noqa: BLE001 (other people's code may raise anything; the one who asks is told)
        _tell(answers, None, _in_words(problem))
    while side is not None:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        try:
            _tell(answers, (side.decide(question), resident_mb()), None)
        except Exception as problem:  # noqa: BLE001
            _tell(answers, None, _in_words(problem))


def _tell(answers: BinaryIO, answer: Any, problem: str | None) -> None:
    pickle.dump((answer, problem), answers)
    answers.flush()


def _in_words(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return f"{type(problem).__name__}: {lines[0][:300]}" if lines else type(problem).__name__


if __name__ == "__main__":
    main()
