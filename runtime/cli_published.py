"""`codeword lab published`: what was reached here beside what others published on the same tasks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from codeword.codebook.errors import InputError

from .published import Published, PublishedRow, load_published, reached, rows
from .recording import RecordedEpisode, read_episode
from .terminal import out, print_json


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
