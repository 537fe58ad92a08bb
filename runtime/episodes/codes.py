"""Exit codes of comparisons: what a script can tell from the number alone."""

from collections.abc import Iterable

from codeword.runtime.differences import Difference

SAME, HAPPENED, UNUSABLE, THOUGHT, UNFINISHED = range(5)

CODES = {
    SAME: "everything is the same",
    HAPPENED: "something that happened differs: a command, an observation, a result, an event, the verdict, the file",
    UNUSABLE: "something given cannot be used",
    THOUGHT: "every command is the same; what was thought differs (probabilities, what was left out), or the codebook",
    UNFINISHED: "the same as far as it goes, but an episode is cut off",
}
"""Every exit code and what it says; where several hold, HAPPENED comes before THOUGHT, and that before UNFINISHED."""

EPILOG = "Exit codes: " + "; ".join(f"{code}, {meaning}" for code, meaning in CODES.items()) + "."
"""The same for `--help`."""


def exit_code(differences: Iterable[Difference], unfinished: bool) -> int:
    """The exit code for what differs."""
    found = list(differences)
    if any(not only_thought(one.field) for one in found):
        return HAPPENED
    return THOUGHT if found else UNFINISHED if unfinished else SAME


def only_thought(field: str) -> bool:
    """Whether a difference in that field changes nothing that happens by itself."""
    return field.startswith("codebook.") or (field.startswith("decision.") and field != "decision.text")
