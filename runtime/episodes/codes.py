"""Exit codes of comparisons: what a script can tell from the number alone."""

from collections.abc import Iterable

from codeword.runtime.differences import Difference
from codeword.runtime.tolerances import is_alike

SAME, HAPPENED, UNUSABLE, THOUGHT, UNFINISHED, DIGITS, ELSEWHERE = range(7)

CODES = {
    SAME: "everything is the same, measured numbers within their tolerances (with --exact bit by bit)",
    HAPPENED: "something that happened differs: a command, an observation, a result, an event, the verdict, the file",
    UNUSABLE: "something given cannot be used",
    THOUGHT: "every command is the same; what was thought differs (probabilities, what was left out), or the codebook",
    UNFINISHED: "the same as far as it goes, but an episode is cut off",
    DIGITS: "with --exact: the same within the tolerances, but not bit by bit",
    ELSEWHERE: "with --exact: the same within the tolerances, recorded on another processor: not compared bit by bit",
}
"""Every exit code and what it says; where several hold, HAPPENED comes before THOUGHT, then DIGITS, ELSEWHERE, and
UNFINISHED last."""

EPILOG = "Exit codes: " + "; ".join(f"{code}, {meaning}" for code, meaning in CODES.items()) + "."
"""The same for `--help`."""


def exit_code(differences: Iterable[Difference], unfinished: bool, elsewhere: bool = False) -> int:
    """The exit code for what differs. `elsewhere` says that what was to be compared bit by bit could not be."""
    found = list(differences)
    telling = [one for one in found if not is_alike(one)]
    if any(not only_thought(one.field) for one in telling):
        return HAPPENED
    if telling:
        return THOUGHT
    return DIGITS if found else ELSEWHERE if elsewhere else UNFINISHED if unfinished else SAME


def only_thought(field: str) -> bool:
    """Whether a difference in that field changes nothing that happens by itself."""
    return field.startswith("codebook.") or (field.startswith("decision.") and field != "decision.text")
