"""Runs what is evaluated, and counts: a row for each contender and split. What was run before is not run again."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeword.codebook.errors import EpisodeError, InputError
from codeword.controller.decider_config import ModelInfo, policy_for
from codeword.controller.open_backend import fetch_model
from codeword.controller.store import Progress, silent
from codeword.runtime.executors import Alone, Executor
from codeword.runtime.jobs import open_crew
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.run import Controllers, Plan, Task, check_plan, header
from codeword.runtime.statistics import wilson95

from .contenders import Contender
from .failures import BROKEN, failure, harmed
from .splits import Case


@dataclass(frozen=True)
class SplitRow:
    """What a contender reached on a split; `failures` counts their kinds, `harmed` episodes with damage, `scenarios` of
    each how many were reached and how many there are, without those that broke.
    """

    contender: Contender
    split: str
    n: int
    success: int
    harmed: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    scenarios: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def wilson95(self) -> tuple[float, float]:
        return wilson95(self.success, self.n)

    def as_json(self) -> dict[str, Any]:
        """The keys that scripts may rely on."""
        return {
            "controller": self.contender.name,
            "policy": self.contender.policy,
            "split": self.split,
            "n": self.n,
            "success": self.success,
            "rate": self.success / self.n if self.n else None,
            "wilson95": [round(bound, 4) for bound in self.wilson95],
            "failures": dict(self.failures),
            "harmed": self.harmed,
            "scenarios": {name: {"success": reached, "n": n} for name, (reached, n) in self.scenarios.items()},
        }


def evaluate(
    who: Sequence[Contender],
    splits: Mapping[str, Sequence[Case]],
    out: Path,
    on_episode: Callable[[], None] = lambda: None,
    progress: Progress = silent,
    jobs: int = 1,
) -> list[SplitRow]:
    """Every contender on every split, episode files into `out`, so many episodes at a time. Those that lie there
    already, made by the same contender on the same case, are only read.

    Raises InputError or ModelError, before anything is run, for a model or adapter that cannot be had, for a policy
    that the adapter was not taught, and for a folder that cannot be written to.
    """
    for contender in who:
        found = fetch_model(contender.who, progress)
        if found is not None:
            policy_for(found[1], contender.who.policy)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"{out}: cannot be written to: {problem.strerror}") from problem
    rows = []
    for contender in who:
        alone = Controllers(contender.who, progress) if jobs == 1 else None
        for split, cases in splits.items():
            plan = Plan(
                tuple(case.scenario for case in cases), range(0), "sim", out / folder_of(contender) / split, False
            )
            with _crew(plan, contender, alone, jobs, progress) as crew:
                tasks = [Task(number, number, case.seed) for number, case in enumerate(cases)]
                missing = [task for task in tasks if _known(plan, contender, crew.loaded, task) is None]
                for _ in range(len(tasks) - len(missing)):
                    on_episode()
                for _ in crew.carry_out(missing):
                    on_episode()
                rows.append(count(contender, split, [_known(plan, contender, crew.loaded, task) for task in tasks]))
    return rows


def count(contender: Contender, split: str, episodes: Sequence[RecordedEpisode | None]) -> SplitRow:
    """The row of some episodes, None for one that broke."""
    kinds: Counter[str] = Counter()
    for episode in episodes:
        kind = BROKEN if episode is None else failure(episode)
        kinds.update([kind] if kind is not None else [])
    there = [episode for episode in episodes if episode is not None]
    reached = [episode.verdict is not None and bool(episode.verdict.success) for episode in there]
    of_each: dict[str, tuple[int, int]] = {}
    for episode, success in zip(there, reached, strict=True):
        before, n = of_each.get(episode.header.scenario, (0, 0))
        of_each[episode.header.scenario] = (before + success, n + 1)
    return SplitRow(contender, split, len(episodes), sum(reached), sum(map(harmed, there)), kinds, of_each)


def folder_of(contender: Contender) -> str:
    """The folder of a contender's episodes."""
    told = (contender.name, contender.who.adapter if contender.name == "base+adapter" else "", contender.policy)
    return re.sub(r"[^\w.+-]+", "_", " ".join(filter(None, told))).strip("_")


def _crew(plan: Plan, contender: Contender, alone: Controllers | None, jobs: int, progress: Progress) -> Executor:
    check_plan(plan, contender.who)
    return Alone(plan, alone) if alone is not None else open_crew(plan, contender.who, jobs, progress)


def _known(plan: Plan, contender: Contender, loaded: ModelInfo, task: Task) -> RecordedEpisode | None:
    """The episode of a task, where its file is whole and was made by just that contender on just that case."""
    file = plan.path(task)
    if not file.is_file():
        return None
    try:
        episode = read_episode(file, pictures=False)
    except EpisodeError:  # cut off before anything was written: it is run again
        return None
    wanted = header(contender.who, loaded, plan.scenarios[task.scenario].seeded(task.seed), task.seed, "sim")
    return episode if episode.whole and episode.verdict is not None and episode.header == wanted else None
