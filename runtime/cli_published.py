"""`codeword lab published`: what was reached here beside what others published on the same tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import click

from codeword.codebook.errors import FileError, InputError
from codeword.codebook.observation import Record
from codeword.codebook.yaml_source import parse_yaml, plain, read_text

from .recording import RecordedEpisode, read_episode
from .statistics import wilson95
from .summary import Tally
from .terminal import out, print_json


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


@click.command(epilog="Example: codeword lab published episodes/expert episodes/random > table.md")
@click.argument("episodes", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def published(episodes: tuple[Path, ...], as_json: bool) -> int:
    """Print, as Markdown, what EPISODES (files, or folders of them) reached beside what others published.

    Each who decided gets a column of its own. Without episodes only what was published is shown.
    """
    given = load_published()
    ours = reached(_read(episodes))
    table = rows(given, ours)
    if as_json:
        sources = {name: suite.source for name, suite in given.suites.items()}
        print_json({"note": given.note, "sources": sources, "rows": [row.as_json() for row in table]})
        return 0
    for suite in given.suites:
        for line in _markdown(given, suite, [row for row in table if row.suite == suite], list(ours)):
            out.print(line, markup=False)
    out.print(given.note, markup=False)
    return 0


def _read(paths: Sequence[Path]) -> Iterator[RecordedEpisode]:
    for path in paths:
        files = sorted(path.glob("*.mcap")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path}: has no episodes (*.mcap) in it")
        for file in files:
            yield read_episode(file, pictures=False)


def _markdown(given: Published, suite: str, table: list[PublishedRow], who: list[str]) -> Iterator[str]:
    columns = given.suites[suite].columns
    yield f"**{given.suites[suite].source}**, percent"
    yield ""
    yield f"| task | {' | '.join(columns)} |{''.join(f' Codeword, {name} |' for name in who)}"
    yield f"|---|{'---:|' * (len(columns) + len(who))}"
    for row in table:
        figures = [f"{row.published[column]:g}" for column in columns]
        figures += [_ours(row, name) for name in who]
        yield f"| {row.name} | {' | '.join(figures)} |"
    totals = [f"{sum(row.published[column] for row in table) / len(table):.1f}" for column in columns]
    for name in who:
        tallies = [row.ours[name] for row in table if name in row.ours]
        judged = sum(tally.judged for tally in tallies)
        totals.append(f"{100 * sum(tally.success for tally in tallies) / judged:.1f} (n={judged})" if judged else "")
    yield f"| all | {' | '.join(totals)} |"
    yield ""


def _ours(row: PublishedRow, who: str) -> str:
    tally = row.ours.get(who)
    return "" if tally is None else f"{100 * tally.success / tally.judged:.0f} (n={tally.judged})"
