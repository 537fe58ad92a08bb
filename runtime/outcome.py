"""What is kept of an episode when it is over: a row of the table of results, and its times."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import Any

from pydantic import Field

from codeword.codebook import read_command
from codeword.codebook.budgets import Budget, Stage
from codeword.codebook.errors import CodewordError
from codeword.codebook.observation import Record
from codeword.codebook.task_plan import told_command
from codeword.codebook.transition import unshown_effects
from codeword.controller.decision import REFUSED

from .limits import stages_of
from .recording import RecordedEpisode
from .records import Header
from .scenario import Scenario
from .statistics import quantile

_HELD = ("stop", "hold")
"""The kinds of notes that say why a robot was not given a command."""
_UNDONE = (*REFUSED, "plan", "planner")
"""The kinds of notes that say so of a task that was not carried out."""


class Row(Record):
    """One episode as a row of a table; each field is a column, and its description says what stands there."""

    scenario: str = Field(description="name of the scenario")
    seed: int = Field(description="what its layout and wording were drawn by")
    task: str = Field(default="", description="the task in words, as it was first given")
    codebook: str = Field(description="name of the codebook")
    robot: str = Field(description="sim, or the class of a robot")
    controller: str = Field(description="who decided: llm, expert or random")
    model: str = Field(default="", description="name of the model, where one decided")
    adapter: str = Field(default="", description="name of its adapter")
    policy: str = Field(default="", description="what the model wrote")
    profile: str = Field(default="", description="how its weights were held, and the kernels that ran")
    success: bool | None = Field(
        default=None, description="whether the goal was reached; empty without a goal; false where the episode broke"
    )
    credit: float | None = Field(default=None, description="share of what was open at the start that is done [0 to 1]")
    ended: str = Field(default="", description="how it ended: done, cannot, max_decisions or stopped")
    reason: str = Field(default="", description="what decided success, in a few words")
    held: str = Field(default="", description="why the robot was stopped or held still, or nothing was left to do")
    unshown: str = Field(
        default="", description="the first command that was done, and declared effects of it that did not show"
    )
    undeclared: str = Field(default="", description="facts that the robot told of and the codebook does not declare")
    decisions: int = Field(default=0, description="decisions made")
    commands: int | None = Field(default=None, description="commands that the robot was given")
    invalid_commands: int = Field(default=0, description="commands that were no valid JSON of the codebook")
    refused_commands: int = Field(default=0, description="commands that the guard held back, invalid ones among them")
    late_decisions: int = Field(default=0, description="hard limits missed")
    missed: str = Field(default="", description="which hard limits were missed, each with how often")
    cached_decisions: int = Field(default=0, description="decisions served from a decision cache")
    planned_decisions: int = Field(default=0, description="decisions that followed from a plan, without the model")
    fallback_decisions: int = Field(default=0, description="decisions made here as a model elsewhere did not answer")
    poisoned_entries: int = Field(default=0, description="entries of a decision cache that were refused")
    events: int = Field(default=0, description="what went wrong by the scenario's script")
    fallen_blocks: int | None = Field(default=None, description="blocks that fell off the table")
    bumps: int | None = Field(default=None, description="contacts of the arm above the limit")
    peak_contact_n: float | None = Field(default=None, description="hardest contact of the arm [N]")
    simulated_s: float | None = Field(default=None, description="time that passed in simulation [s]")
    wall_s: float | None = Field(default=None, description="wall time from the first record to the last [s]")
    decision_mean_ms: float | None = Field(default=None, description="mean wall time of a decision [ms]")
    decision_p50_ms: float | None = Field(default=None, description="median wall time of a decision [ms]")
    decision_p95_ms: float | None = Field(default=None, description="95th percentile of the same [ms]")
    decision_max_ms: float | None = Field(default=None, description="longest wall time of a decision [ms]")
    prompt_tokens_max: int | None = Field(
        default=None, description="tokens of the longest prompt, where a model decided"
    )
    scenario_sha256: str = Field(description="hash of the scenario's text")
    codebook_sha256: str = Field(description="hash of the codebook")
    weights_sha256: str = Field(default="", description="hash of the model's weights")
    file: str = Field(description="name of the episode file")
    error: str = Field(default="", description="why the episode broke; empty where it came to its end")
    logging: str = Field(default="", description="why logging stopped on the way; empty where all is in the file")


@dataclass(frozen=True)
class Outcome:
    """An episode that is over: its row, every stage's times [ms] and budgets, how often each hard limit was missed;
    `trace` is for programmers.
    """

    row: Row
    stage_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    budgets: Mapping[Stage, Budget] = field(default_factory=dict)
    misses: Mapping[str, int] = field(default_factory=dict)
    trace: str = ""


def _why_held(episode: RecordedEpisode) -> str:
    """Why the robot was stopped or held still; of a task without a goal to judge by, why nothing was done for it."""
    verdict = episode.verdict
    said = {event.kind: event.what for event in reversed(episode.events)}
    undone = verdict is not None and verdict.success is None and (verdict.ended != "done" or not verdict.commands)
    found = next((said[kind] for kind in (*_HELD, *(_UNDONE if undone else ())) if kind in said), "")
    if found or verdict is None or not undone:
        return found
    failed = [step.result for step in episode.steps if step.result is not None and step.result.status != "done"]
    if not failed:
        return verdict.reason
    last = failed[-1]
    return f"{last.command} {last.status} ({last.reason}{f': {last.message}' if last.message else ''})"


def _undeclared(episode: RecordedEpisode, scenario: Scenario) -> list[str]:
    """Facts of a robot of the user's own that the codebook does not declare: a misspelt one means nothing here."""
    if episode.header.robot == "sim":
        return []
    seen = {fact.name for step in episode.steps for fact in step.observation.facts}
    return sorted(seen - scenario.codebook.predicates.keys())


def _unshown(episode: RecordedEpisode, scenario: Scenario) -> str:
    """Of a task without a goal to judge by: the first command that was done and whose declared effects the next look
    does not show, and which these are.
    """
    if episode.verdict is None or episode.verdict.success is not None:
        return ""
    for step, after in pairwise(episode.steps):
        if step.result is None or step.result.status != "done":
            continue
        try:
            command = read_command(scenario.codebook, step.result.command)
            effects = unshown_effects(scenario.codebook, step.observation, command, after.observation)
        except CodewordError:  # of a codebook that was edited on the way
            continue
        if effects:
            return f"{told_command(command)} was done, but {' and '.join(effects)}"
    return ""


def outcome_of(episode: RecordedEpisode, scenario: Scenario, logging: str = "") -> Outcome:
    """What an episode file says, and the budgets of its scenario; `logging` says why the file is not whole."""
    steps, verdict = episode.steps, episode.verdict
    commands = [step.command for step in steps if step.command is not None and not step.command.allowed]
    budgets = [step.budget for step in steps if step.budget is not None]
    stage_ms: dict[str, list[float]] = {}
    for budget in budgets:
        for stage, time_ms in budget.stage_ms.items():
            stage_ms.setdefault(stage, []).append(time_ms)
    for step in steps:
        if step.decision is not None and step.decision.passes:
            for stage, time_ms in stages_of(step.decision).items():
                stage_ms.setdefault(stage, []).append(time_ms)
        if step.result is not None and step.command is not None:
            stage_ms.setdefault("skill_ms", []).append(step.result.duration_s * 1000)
    misses = Counter(stage for budget in budgets for stage in budget.missed)
    prompts = [step.decision.prompt_tokens for step in steps if step.decision is not None and step.decision.passes]
    paths = [step.decision.path for step in steps if step.decision is not None]
    judged: dict[str, Any] = {}
    if verdict is not None:
        judged = {
            "success": verdict.success, "credit": verdict.credit, "ended": verdict.ended, "reason": verdict.reason,
            "fallen_blocks": len(verdict.fallen), "bumps": verdict.bumps, "peak_contact_n": verdict.peak_n,
            "simulated_s": verdict.simulated_s, "commands": verdict.commands,
        }  # fmt: skip
    row = Row(
        **_made_by(episode.header, episode.path.name),
        **judged,
        **_times(stage_ms.get("decision_ms", [])),
        held=_why_held(episode),
        unshown=_unshown(episode, scenario),
        undeclared=", ".join(_undeclared(episode, scenario)),
        decisions=sum(step.decision is not None for step in steps),
        invalid_commands=sum(command.check in ("size", "json", "schema") for command in commands),
        refused_commands=len(commands),
        late_decisions=misses.total(),
        missed=", ".join(f"{stage} {times}" for stage, times in sorted(misses.items())),
        cached_decisions=sum(path == "cache" for path in paths),
        planned_decisions=sum(path == "planned" for path in paths),
        fallback_decisions=sum(path == "fallback" for path in paths),
        poisoned_entries=sum(event.kind == "poisoned" for event in episode.events),
        events=sum(event.scripted for event in episode.events),
        wall_s=round(episode.wall_s, 6),
        prompt_tokens_max=max(prompts, default=None),
        logging=logging,
    )
    return Outcome(row, {stage: tuple(times) for stage, times in stage_ms.items()}, scenario.budgets, misses)


def broken(header: Header, scenario: Scenario, file: str, error: str, trace: str = "") -> Outcome:
    """An episode that came to no end. Where there is a goal, it was not reached."""
    success = None if scenario.goal is None else False
    return Outcome(Row(**_made_by(header, file), success=success, error=error), trace=trace)


def _made_by(header: Header, file: str) -> dict[str, Any]:
    same = ("scenario", "seed", "task", "codebook", "robot", "controller", "model", "adapter", "policy", "profile")
    hashes = {f"{name}_sha256": getattr(header, f"{name}_hash") for name in ("scenario", "codebook", "weights")}
    return {name: getattr(header, name) for name in same} | hashes | {"file": file}


def _times(times_ms: list[float]) -> dict[str, Any]:
    if not times_ms:
        return {}
    figures = {"mean": fmean(times_ms), "p50": quantile(times_ms, 0.5), "p95": quantile(times_ms, 0.95)}
    return {f"decision_{name}_ms": round(time_ms, 3) for name, time_ms in (figures | {"max": max(times_ms)}).items()}
