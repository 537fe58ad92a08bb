"""What went wrong first in an episode: the first thing that was never made good again."""

from collections.abc import Iterator
from dataclasses import dataclass

from codeword.runtime.episode import RETASK
from codeword.runtime.recording import RecordedEpisode

from .turns import short
from .way import Ahead

KINDS = {
    "event": "disturbed by the scenario",
    "late": "decision past its hard limit",
    "refused": "command refused by the guard",
    "failed": "skill failed",
    "fell": "block fell off the table",
    "away": "command led away from the goal",
    "idle": "no progress",
    "done": "said done too early",
    "cannot": "gave up wrongly",
    "unsaid": "goal reached, not said",
    "stopped": "robot stopped",
    "cut": "episode cut off",
}
"""Every kind of thing that can go wrong, in words; within one decision the earlier of them comes first."""


@dataclass(frozen=True)
class Wrong:
    """Something that went wrong: of a kind out of KINDS, in the decision of that index, in words."""

    kind: str
    step: int
    text: str


def first_wrong(episode: RecordedEpisode, way: list[Ahead | None], impossible: bool = False) -> Wrong | None:
    """What turned an episode that did not reach its goal; None where it did, or where nothing was judged.

    A mishap is passed over where the episode came nearer to the goal later than it was before the mishap, and an event
    where it came as near again: what could be made good did not decide it. Of an `impossible` task only the end counts.
    """
    if episode.verdict is not None and episode.verdict.success is not False:
        return None
    if episode.verdict is None or impossible:
        return _ending(episode, way)
    left = [ahead.left if ahead is not None else None for ahead in way]
    if not episode.verdict.open and episode.verdict.ended == "max_decisions":
        left.append(0)
    mishaps = sorted(_mishaps(episode, left, way), key=lambda found: (found.step, list(KINDS).index(found.kind)))
    for found in mishaps:
        before = left[found.step] if found.step < len(left) else None
        after = [value for value in left[found.step + 1 :] if value is not None]
        good_enough = 0 if found.kind == "event" else -1
        if before is None or not after or min(after) > before + good_enough:
            return found
    return _ending(episode, way)


def _mishaps(episode: RecordedEpisode, left: list[int | None], way: list[Ahead | None]) -> Iterator[Wrong]:
    """All that did not go as it should before the end."""
    disturbed = set()
    for event in episode.events:
        at = max(event.step - 1, 0)
        if event.scripted and event.step < len(left) and _farther(left[at], left[event.step]):
            disturbed.add(at)
            what = "the task became another one" if event.what == RETASK else event.what
            yield Wrong("event", at, f"{what} at {event.time_s:.1f} s")
    out_of_decisions = episode.verdict is not None and episode.verdict.ended == "max_decisions"
    for number, step in enumerate(episode.steps):
        said = short(step.command.text) if step.command is not None else "no command"
        if step.budget is not None and step.budget.missed:
            instead = f"{said} in its place" if step.command is not None else "the robot held still"
            yield Wrong("late", number, f"{', '.join(step.budget.missed)} past its hard limit: {instead}")
            continue
        if step.command is not None and not step.command.allowed:
            yield Wrong("refused", number, f"{said}: {step.command.message}")
            continue
        if step.result is None:
            continue
        if step.result.status != "done":
            reason = f" ({step.result.reason})" if step.result.reason else ""
            during = [event.what for event in episode.events if event.scripted and event.step == number + 1]
            cause = f"; the scenario did: {', '.join(during)}" if during else ""
            yield Wrong("failed", number, f"{said} {step.result.status}{reason}{cause}")
        here, ahead = left[number], left[number + 1] if number + 1 < len(left) else None
        better = way[number]
        rather = f"; {short(better.command)} leads there" if better is not None and better.command else ""
        if here is not None and ahead is not None and ahead > here and number not in disturbed:
            before = f"{_commands(here)} from the goal" if here else "at the goal"
            yield Wrong(
                "away",
                number,
                f"{said}: {before} before it, {ahead if here else _commands(ahead) + ' away'} after{rather}",
            )
        elif here is not None and ahead == here and here > 0 and out_of_decisions:
            yield Wrong("idle", number, f"{said} brought the goal no nearer{rather}")
    yield from _falls(episode)


def _farther(before: int | None, after: int | None) -> bool:
    return after is None or (before is not None and after > before)


def _falls(episode: RecordedEpisode) -> Iterator[Wrong]:
    """What is off the table in the end, at the decision after which it was not seen any more."""
    for name in episode.verdict.fallen if episode.verdict is not None else ():
        last = max((n for n, step in enumerate(episode.steps) if step.observation.entity(name)), default=None)
        if last is not None:
            command = episode.steps[last].command
            yield Wrong("fell", last, f"{name} fell off the table{f' at {short(command.text)}' if command else ''}")


def _ending(episode: RecordedEpisode, way: list[Ahead | None]) -> Wrong:
    """What was wrong with how an episode ended."""
    last = max(len(episode.steps) - 1, 0)
    verdict = episode.verdict
    if verdict is None:
        return Wrong("cut", last, "the episode file ends before the episode does")
    ahead = way[last] if way else None
    if verdict.ended == "done":
        to_go = f"with {_commands(ahead.left)} to go" if ahead is not None and ahead.left else verdict.reason
        return Wrong("done", last, to_go)
    if verdict.ended == "cannot":
        return Wrong("cannot", last, verdict.reason)
    if verdict.ended == "stopped":
        return Wrong("stopped", last, verdict.reason)
    return Wrong("idle" if verdict.open else "unsaid", last, verdict.reason)


def _commands(count: int) -> str:
    return f"{count} command{'s' if count != 1 else ''}"
