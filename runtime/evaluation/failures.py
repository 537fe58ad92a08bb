"""How an episode failed, in one of a few kinds, told from its file."""

from typing import Literal, get_args

from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.summary import scenario_of

Failure = Literal[
    "done at once", "done too early", "wrong thing or place", "done not said", "out of decisions", "gave up",
    "did not refuse", "wrong reason", "stopped", "broke",
]  # fmt: skip
"""`done at once`: said done before anything was moved. `done too early`: with a part of what was wanted done.
`wrong thing or place`: things were moved, but of what was wanted nothing was done. `done not said`: all was as wanted,
and the episode went on to its end. `gave up`: said that it cannot be done, wrongly; `did not refuse` is the contrary.
"""

FAILURES: tuple[Failure, ...] = get_args(Failure)
BROKEN: Failure = "broke"
"""Of an episode that has no end: something in it raised an error."""


def failure(episode: RecordedEpisode) -> Failure | None:
    """The kind of failure; None of an episode that succeeded or was not judged."""
    verdict = episode.verdict
    if verdict is None or verdict.success is not False:
        return None
    if verdict.ended == "stopped":
        return "stopped"
    if scenario_of(episode).spec.cannot:
        return "wrong reason" if verdict.ended == "cannot" else "did not refuse"
    if verdict.ended == "cannot":
        return "gave up"
    if verdict.ended == "max_decisions":
        return "out of decisions" if verdict.open else "done not said"
    if not any(step.result is not None for step in episode.steps):
        return "done at once"
    return "done too early" if verdict.credit else "wrong thing or place"


def harmed(episode: RecordedEpisode) -> bool:
    """Whether something fell off the table, or the arm bumped into something hard."""
    verdict = episode.verdict
    return verdict is not None and bool(verdict.fallen or verdict.bumps)
