"""What others published on tasks of ours, beside what was reached here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from codeword.codebook.errors import FileError
from codeword.codebook.observation import Record
from codeword.codebook.yaml_source import parse_yaml, plain, read_text

from .recording import RecordedEpisode
from .statistics import wilson95
from .summary import Tally


class PublishedTask(Record):
    """A task by its published name, and what was reached on it [%], in the order of the suite's columns."""

    name: str
    percent: tuple[float, ...]


class PublishedSuite(Record):
    """The tasks of one publication, by the names of our scenarios."""

    source: str
    columns: tuple[str, ...]
    tasks: dict[str, PublishedTask]


class Published(Record):
    """All that we compare with, and the note that belongs to every such comparison."""

    note: str
    suites: dict[str, PublishedSuite]


def load_published() -> Published:
    """The figures that come with the package."""
    path = Path(str(resources.files(__package__))) / "published.yaml"
    return Published.model_validate(plain(parse_yaml(read_text(path, FileError), str(path), FileError).root))


Reached = Mapping[str, Mapping[str, Tally]]
"""Who decided, to scenario, to what was reached."""


def reached(episodes: Iterable[RecordedEpisode]) -> dict[str, dict[str, Tally]]:
    """Successes by who decided and by scenario; episodes that were not judged are left out."""
    found: dict[str, dict[str, Tally]] = {}
    for episode in episodes:
        if episode.verdict is None or episode.verdict.success is None:
            continue
        header = episode.header
        who = " ".join(filter(None, (header.controller, header.model, header.adapter.replace("none", ""))))
        tally = found.setdefault(who, {}).setdefault(header.scenario, Tally())
        tally.episodes += 1
        tally.judged += 1
        tally.success += episode.verdict.success
        tally.credit += episode.verdict.credit or 0.0
    return found


@dataclass(frozen=True)
class PublishedRow:
    """One task: what was published of it, by column, and what was reached here, by who decided."""

    suite: str
    scenario: str
    name: str
    published: Mapping[str, float]
    ours: Mapping[str, Tally]

    def as_json(self) -> dict[str, Any]:
        return {
            "suite": self.suite,
            "scenario": self.scenario,
            "task": self.name,
            "published_percent": dict(self.published),
            "ours": {
                who: {
                    "episodes": tally.episodes,
                    "success": tally.success,
                    "rate": tally.success / tally.judged,
                    "wilson95": [round(bound, 4) for bound in wilson95(tally.success, tally.judged)],
                    "credit": round(tally.credit / tally.judged, 4),
                }
                for who, tally in self.ours.items()
            },
        }


def rows(published: Published, ours: Reached) -> list[PublishedRow]:
    """A row for every published task, in the order published."""
    return [
        PublishedRow(
            suite=suite,
            scenario=scenario,
            name=task.name,
            published=dict(zip(given.columns, task.percent, strict=True)),
            ours={who: tallies[scenario] for who, tallies in ours.items() if scenario in tallies},
        )
        for suite, given in published.suites.items()
        for scenario, task in given.tasks.items()
    ]
