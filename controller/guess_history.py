"""What is likely to be decided next, to be read ahead: what was decided the last time after the same kind of result."""

import json

from codeword.codebook.observation import Result

Situation = tuple[str, str, str]
"""Which skill ended, how, and why; three empty texts where none did."""


def situation_of(last: Result | None) -> Situation:
    """The kind of situation after a result."""
    if last is None:
        return "", "", ""
    try:
        given = json.loads(last.command)
    except (ValueError, RecursionError):
        given = None
    skill = str(given.get("skill", "")) if isinstance(given, dict) else ""
    return skill, last.status, last.reason


class GuessHistory:
    """The last decision in each kind of situation. Wrong guesses cost a little time and change nothing."""

    def __init__(self) -> None:
        self._decided: dict[Situation, str] = {}

    def expected(self, situation: Situation) -> str | None:
        """The command that is likely, or None where none is."""
        return self._decided.get(situation)

    def learn(self, situation: Situation, command: str) -> None:
        """That command was decided."""
        self._decided[situation] = command
