"""What is likely to be decided next, to be read ahead: what was decided the last time after the same kind of result."""

import json

from codeword.codebook.observation import Result

_Situation = tuple[str, str, str]


class Habits:
    """The last decision after each kind of result. Wrong guesses cost a little time and change nothing."""

    def __init__(self) -> None:
        self._decided: dict[_Situation, str] = {}

    def expected(self, last: Result | None) -> str | None:
        """The command that is likely after a result, or None where none is."""
        return self._decided.get(_situation(last))

    def learn(self, last: Result | None, command: str) -> None:
        """That command was decided after a result."""
        self._decided[_situation(last)] = command


def _situation(last: Result | None) -> _Situation:
    """Which skill ended, and how."""
    if last is None:
        return "", "", ""
    try:
        given = json.loads(last.command)
    except (ValueError, RecursionError):
        given = None
    skill = str(given.get("skill", "")) if isinstance(given, dict) else ""
    return skill, last.status, last.reason
