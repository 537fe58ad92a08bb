"""Runs what is evaluated, and counts: a row for each contender and split. What was run before is not run again."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeword.codebook.errors import EpisodeError
from codeword.controller.store import Progress, silent
from codeword.runtime.recording import Episode, read_episode
from codeword.runtime.run import Controllers, Plan, run
from codeword.runtime.statistics import wilson95

from .contenders import Contender
from .failures import failure, harmed
from .splits import Case


@dataclass(frozen=True)
class Row:
    """What a contender reached on a split; `failures` counts their kinds, `harmed` episodes with damage."""

    contender: Contender
    split: str
    n: int
    success: int
    harmed: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)

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
        }


def evaluate(
    who: Sequence[Contender],
    splits: Mapping[str, Sequence[Case]],
    out: Path,
    on_episode: Callable[[], None] = lambda: None,
    progress: Progress = silent,
) -> list[Row]:
    """Every contender on every split, episode files into `out`. Episodes that lie there already, made by the same
    contender on the same case, are only read.
    """
    rows = []
    for contender in who:
        controllers = Controllers(contender.who, progress)
        for split, cases in splits.items():
            folder = out / folder_of(contender) / split
            episodes = []
            for case in cases:
                episodes.append(_episode(controllers, case, folder))
                on_episode()
            rows.append(count(contender, split, episodes))
    return rows


def count(contender: Contender, split: str, episodes: Sequence[Episode]) -> Row:
    """The row of some episodes."""
    kinds: Counter[str] = Counter(kind for episode in episodes if (kind := failure(episode)) is not None)
    success = sum(episode.verdict is not None and bool(episode.verdict.success) for episode in episodes)
    return Row(contender, split, len(episodes), success, sum(map(harmed, episodes)), kinds)


def folder_of(contender: Contender) -> str:
    """The folder of a contender's episodes."""
    told = (contender.name, contender.who.adapter if contender.name == "base+adapter" else "", contender.policy)
    return re.sub(r"[^\w.+-]+", "_", " ".join(filter(None, told))).strip("_")


def _episode(controllers: Controllers, case: Case, folder: Path) -> Episode:
    known = _known(controllers, case, folder / f"{case.scenario.name}-{case.seed}.mcap")
    if known is not None:
        return known
    plan = Plan((case.scenario,), range(case.seed, case.seed + 1), "sim", folder, film=False)
    (file,) = run(plan, controllers)
    return read_episode(file, pictures=False)


def _known(controllers: Controllers, case: Case, file: Path) -> Episode | None:
    """The episode in a file, where it is whole and just that of the case."""
    if not file.is_file():
        return None
    try:
        episode = read_episode(file, pictures=False)
    except EpisodeError:  # cut off before anything was written: it is run again
        return None
    wanted = controllers.header(case.scenario.seeded(case.seed), case.seed, "sim")
    return episode if episode.whole and episode.verdict is not None and episode.header == wanted else None
