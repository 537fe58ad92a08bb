"""Episodes as tables of steps, for whatever reads JSON Lines or Parquet."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from codeword.codebook.errors import InputError
from codeword.codebook.observation import Record
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.summary import scenario_of, task_at
from codeword.runtime.tables import put, write_parquet


class StepRow(Record):
    """One step of an episode as a row; each field is a column, and its description says what stands there.

    What has parts of its own (observation, choices) is JSON text.
    """

    episode: str = Field(description="name of the episode file, without its ending")
    scenario: str = Field(description="name of the scenario")
    seed: int = Field(description="what its layout and wording were drawn by")
    controller: str = Field(description="who decided: llm, expert or random")
    model: str = Field(description="name of the model, where one decided")
    task: str = Field(description="the task in words, as it was at this step")
    step: int = Field(description="number of the step, from 0")
    time_s: float = Field(description="the robot's own time at the observation [s]")
    observation: str = Field(description="what was observed, as JSON: entities with poses [m, rad], facts, robot")
    command: str = Field(default="", description="the command in canonical JSON; empty where none was made in time")
    logprob: float | None = Field(default=None, description="natural logarithm of its probability among the legal ones")
    choices: str = Field(default="[]", description="every choice on the way to it, with its likeliest options, as JSON")
    path: str = Field(default="", description="how the decision came about")
    allowed: bool | None = Field(default=None, description="whether the guard let it pass")
    refused: str = Field(default="", description="the guard's reason, where it did not")
    status: str = Field(default="", description="how the command ended: done, failed, stopped, refused or timeout")
    reason: str = Field(default="", description="why, where it did not end well")
    duration_s: float | None = Field(default=None, description="how long it ran, in the robot's own time [s]")
    observe_ms: float | None = Field(default=None, description="wall time of the look [ms]")
    decision_ms: float | None = Field(default=None, description="wall time of the decision [ms]")
    validate_ms: float | None = Field(default=None, description="wall time of the guard's checks [ms]")
    missed: str = Field(default="", description="hard limits that were missed, with commas")
    ended: str = Field(default="", description="at the last step: how the episode ended")
    success: bool | None = Field(default=None, description="at the last step: whether the goal was reached")


def step_rows(episode: RecordedEpisode) -> Iterator[StepRow]:
    """The steps of an episode as rows, in order."""
    header, scenario = episode.header, scenario_of(episode)
    for number, step in enumerate(episode.steps):
        row: dict[str, Any] = {"observation": step.observation.model_dump_json()}
        if step.decision is not None:
            choices = [choice.model_dump(mode="json") for choice in step.decision.choices]
            row |= {"command": step.decision.text, "logprob": step.decision.logprob, "path": step.decision.path}
            row["choices"] = json.dumps(choices, ensure_ascii=False)
        if step.command is not None:
            row |= {"command": step.command.text, "allowed": step.command.allowed, "refused": step.command.message}
        if step.result is not None:
            result = step.result
            row |= {"status": result.status, "reason": result.reason, "duration_s": result.duration_s}
        if step.budget is not None:
            row |= {name: step.budget.stage_ms.get(name) for name in ("observe_ms", "decision_ms", "validate_ms")}
            row["missed"] = ",".join(step.budget.missed)
        if number == len(episode.steps) - 1 and episode.verdict is not None:
            row |= {"ended": episode.verdict.ended, "success": episode.verdict.success}
        yield StepRow(
            episode=episode.path.stem, scenario=header.scenario, seed=header.seed, controller=header.controller,
            model=header.model, task=task_at(episode, scenario, number), step=number,
            time_s=step.observation.time_s, **row,
        )  # fmt: skip


def write_jsonl(path: Path, episodes: Iterable[RecordedEpisode]) -> int:
    """Write every step as a line of JSON, observation and choices unfolded; says how many.

    Raises InputError where the file cannot be written.
    """
    lines = []
    for episode in episodes:
        for row in step_rows(episode):
            data = row.model_dump(mode="json")
            lines.append(json.dumps(data | {name: json.loads(data[name]) for name in ("observation", "choices")}))
    put(path, "".join(f"{line}\n" for line in lines).encode())
    return len(lines)


def write_steps(path: Path, episodes: Iterable[RecordedEpisode]) -> int:
    """Write every step as a row of Parquet; says how many.

    Raises InputError where the file cannot be written, or pyarrow is not here.
    """
    rows = [row for episode in episodes for row in step_rows(episode)]
    if not write_parquet(path, rows, StepRow):
        raise InputError("Parquet needs pyarrow: pip install 'codeword[tables]'; --format jsonl needs nothing")
    return len(rows)
