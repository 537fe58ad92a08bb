"""A comparison of two episodes as text: step beside step, and at the parting both sides' probabilities."""

from collections.abc import Iterator

from codeword.runtime.recording import RecordedEpisode, Step
from codeword.runtime.report.turns import short

from .codes import only_thought
from .pairs import Comparison
from .telling import percent, probability, told, told_shares, value

_WIDTH = 46


def lines(comparison: Comparison) -> Iterator[str]:
    """How they were made, each step's commands side by side, how they ended, and where they part first."""
    one, other = comparison.one, comparison.other
    yield f"< {one.path}"
    yield f"> {other.path}"
    for found in comparison.header:
        yield f"made differently: {found.field}: {value(found.logged)} → {value(found.now)}"
    for number in range(max(len(one.steps), len(other.steps))):
        mine, yours = (_step(episode, number) for episode in (one, other))
        apart = comparison.at(number)
        mark = "=" if not apart else "≈" if all(only_thought(found.field) for found in apart) else "≠"
        yield f"{number:>4} {mark} {_said(mine):<{_WIDTH}} {_said(yours)}".rstrip()
    yield f"{'':>6} {ended(one):<{_WIDTH}} {ended(other)}"
    if comparison.parts is None:
        yield "no difference in what was seen, decided or done"
        return
    yield from told(comparison.differences, "<", ">", checks=False)
    mine, yours = (_step(episode, comparison.parts) for episode in (one, other))
    if mine is not None and yours is not None and mine.decision is not None and yours.decision is not None:
        for line in told_shares(mine.decision, yours.decision):
            yield f"  {line}"


def ended(episode: RecordedEpisode) -> str:
    """How an episode ended, in a few words."""
    verdict = episode.verdict
    if verdict is None:
        return "cut off"
    return {True: "reached", False: "missed", None: "not judged"}[verdict.success] + f": {verdict.reason}"


def _step(episode: RecordedEpisode, number: int) -> Step | None:
    return episode.steps[number] if number < len(episode.steps) else None


def _said(step: Step | None) -> str:
    if step is None:
        return "–"
    text = step.command.text if step.command is not None else step.decision.text if step.decision is not None else ""
    share = probability(step.decision)
    status = f" {step.result.status}" if step.result is not None and step.result.status != "done" else ""
    return f"{short(text) or 'no command'}{f' {percent(share)}' if share is not None else ''}{status}"
