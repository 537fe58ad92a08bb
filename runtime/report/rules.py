"""Judging beyond success: what an episode did badly though it may have reached its goal, a line of reasons each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codeword.runtime.outcome import outcome_of
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.scenario import Scenario
from codeword.runtime.statistics import quantile
from codeword.runtime.summary import FEWEST_FOR_P95

from .turns import short
from .way import Ahead, way

RULES = {
    "wasted": "a command that was carried out and brought the goal no nearer",
    "repeated": "the same command failed again for the same reason",
    "early_done": "done was said while parts of the goal were open",
    "near_miss": "it went well, but only just; or one part of the goal was all that lacked",
    "budget": "a stage took longer than it may",
}
"""Every rule, and what it finds."""

IN_SHORT = {
    "wasted": "A wasted command",
    "repeated": "The same failure again",
    "early_done": "Done too early",
    "near_miss": "A near miss",
    "budget": "Over budget",
}
"""Each rule in a few words."""

NEARLY = 0.9
"""From this share of a hard limit on, keeping it was a near miss."""


@dataclass(frozen=True)
class Remark:
    """What a rule out of RULES says of a step (counted from 0), in a line."""

    rule: str
    step: int
    text: str


def remarks(episode: RecordedEpisode, scenario: Scenario, ahead: Sequence[Ahead | None] | None = None) -> list[Remark]:
    """All that the rules find in an episode, in the order of its steps.

    `ahead` is how far each observation is from the goal, estimated by the planner where it is not given.
    """
    ahead = way(episode, scenario) if ahead is None else ahead
    rules = (_wasted(episode, ahead), _repeated(episode), _ending(episode, scenario), _times(episode, scenario))
    found = [remark for rule in rules for remark in rule]
    return sorted(found, key=lambda remark: (remark.step, list(RULES).index(remark.rule)))


def _wasted(episode: RecordedEpisode, ahead: Sequence[Ahead | None]) -> Iterator[Remark]:
    disturbed = {event.step - 1 for event in episode.events if event.scripted}
    for number, step in enumerate(episode.steps[:-1]):
        here, after = ahead[number], ahead[number + 1]
        carried_out = step.command is not None and step.result is not None and step.result.status == "done"
        if here is None or after is None or not carried_out or number in disturbed or after.left < max(here.left, 1):
            continue
        assert step.command is not None
        better = f"; {short(here.command)} leads there" if here.command else ""
        text = f"{short(step.command.text)}: {here.left} from the goal before it, {after.left} after{better}"
        yield Remark("wasted", number, text)


def _repeated(episode: RecordedEpisode) -> Iterator[Remark]:
    before: dict[tuple[str, str, str], int] = {}
    for number, step in enumerate(episode.steps):
        result = step.result
        if result is None or result.status in ("done", "stopped"):
            continue
        text = step.command.text if step.command is not None else result.command
        way_of_it = (text, result.status, result.reason)
        if way_of_it in before:
            said = f"{short(text) or 'no command'} {result.status}"
            why = f" ({result.reason})" if result.reason else ""
            yield Remark("repeated", number, f"{said}{why} again, as at step {before[way_of_it]}")
        before[way_of_it] = number


def _ending(episode: RecordedEpisode, scenario: Scenario) -> Iterator[Remark]:
    verdict, last = episode.verdict, max(len(episode.steps) - 1, 0)
    if verdict is None or verdict.success is None:
        return
    if verdict.ended == "done" and verdict.open:
        yield Remark("early_done", last, f"done was said with {', '.join(verdict.open)} open")
    if not verdict.success:
        if len(verdict.open) == 1 and (verdict.credit or 0) > 0:
            yield Remark("near_miss", last, f"only {verdict.open[0]} was open in the end")
        return
    if verdict.decisions == scenario.spec.max_decisions:
        yield Remark("near_miss", last, f"it took all of its {verdict.decisions} decisions")
    if verdict.fallen:
        yield Remark("near_miss", last, f"{', '.join(verdict.fallen)} fell off the table")
    if verdict.bumps:
        many = "once" if verdict.bumps == 1 else f"{verdict.bumps} times"
        yield Remark("near_miss", last, f"the arm bumped into something {many}, with {verdict.peak_n:.0f} N at most")


def _times(episode: RecordedEpisode, scenario: Scenario) -> Iterator[Remark]:
    budgets = scenario.spec.budgets
    for number, step in enumerate(episode.steps):
        for stage in step.budget.missed if step.budget is not None else ():
            took_ms = step.budget.stage_ms.get(stage, 0.0) if step.budget is not None else 0.0
            yield Remark("budget", number, f"{stage} took {took_ms:.0f} ms, past its hard limit; the robot held still")
        for stage, budget in budgets.items():
            took_ms = step.budget.stage_ms.get(stage, 0.0) if step.budget is not None else 0.0
            if budget.hard is not None and NEARLY * budget.hard < took_ms <= budget.hard:
                yield Remark("near_miss", number, f"{stage} took {took_ms:.0f} of at most {budget.hard:.0f} ms")
    for stage, times in outcome_of(episode, scenario).stage_ms.items():
        limit = next((budget.p95 for name, budget in budgets.items() if name == stage), None)
        if limit is not None and len(times) >= FEWEST_FOR_P95 and quantile(list(times), 0.95) > limit:
            slowest = list(times).index(max(times))
            yield Remark("budget", slowest, f"{stage}: p95 {quantile(list(times), 0.95):.1f} ms, over its {limit:g} ms")
