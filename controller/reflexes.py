"""Decisions that no model makes: a task that is a stop word, only forbids, or has no words moves nothing."""

from codeword.codebook.command_codec import give_up
from codeword.codebook.reflexes import reflex
from codeword.codebook.skills import Codebook

from .decision import Decision, Note, Stopwatch, decision_key

UNCLEAR = "unclear"
"""The reason for which such a task is given up, where the codebook has it; else the one that `give_up` chooses."""


def reflex_decision(codebook: Codebook, task: str) -> Decision | None:
    """The decision that a task is answered with by rule, of path `reflex`: the command that gives it up, which moves
    nothing, and a note of kind `stop` or `hold` that says why. None where the task is to be decided.
    """
    clock = Stopwatch()
    found = reflex(codebook, task)
    if found is None:
        return None
    key = decision_key({"codebook": codebook.hash, "task": task, "policy": "reflex/1"})
    text = give_up(codebook, UNCLEAR).text
    note = Note(kind=found.kind, text=found.why)
    return Decision(text=text, logprob=0.0, stage_ms=clock.stage_ms(), path="reflex", key=key, notes=(note,))
