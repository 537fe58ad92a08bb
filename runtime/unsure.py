"""Asks which plan is meant where the model was not sure enough of any."""

import click
from rich.console import Console

from codeword.controller import Decision

_MOST_ASKED = 4


def ask_which(decision: Decision | None, console: Console) -> str:
    """The plan that the user chooses among the likeliest, as it is written; empty for none of them, and where the
    decision was sure enough. Raises click.Abort where the user leaves.
    """
    if decision is None or "unsure" not in [note.kind for note in decision.notes]:
        return ""
    plans = [one for one in decision.considered if not one.plan.startswith('{"cannot"')][:_MOST_ASKED]
    if not plans:
        return ""
    console.print("which is meant?" if len(plans) > 1 else "is this meant?")
    for number, one in enumerate(plans, 1):
        console.print(f"  {number}  {one.told} ({one.probability:.0%})", markup=False)
    answer = click.prompt("number, or Enter for none", default="", show_default=False)
    return plans[int(answer) - 1].plan if answer.isdecimal() and 1 <= int(answer) <= len(plans) else ""
