"""Episode files by folder, and which of them are wanted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from codeword.codebook.errors import EpisodeError, InputError, did_you_mean
from codeword.runtime.outcome import Row, outcome_of
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.summary import scenario_of


def files(names: Sequence[Path]) -> list[Path]:
    """The episode files that names stand for: files, and folders with all that is below them, in order.

    Raises InputError for a folder without any.
    """
    found: list[Path] = []
    for name in names:
        inside = sorted(name.rglob("*.mcap")) if name.is_dir() else [name]
        if not inside:
            raise InputError(f"{name}: has no episode file (*.mcap) in it")
        found += inside
    return found


def wanted(filters: Sequence[str], row: Row) -> bool:
    """Whether a row of results meets every `name=value` (or `name!=value`) of some filters; `success=false` and so on.

    Raises InputError for one that is no filter, or that names no column.
    """
    for text in filters:
        name, equals, value = text.partition("=")
        unlike = name.endswith("!")
        name = name.removesuffix("!").strip()
        if not equals:
            raise InputError(f"--where: '{text}' is no filter; it would be one as success=false or controller!=random")
        if name not in Row.model_fields:
            raise InputError(f"--where: there is no column '{name}'{did_you_mean(name, list(Row.model_fields))}")
        given = getattr(row, name)
        said = "" if given is None else str(given).lower() if isinstance(given, bool) else str(given)
        if (said == value.strip()) is unlike:
            return False
    return True


def rows(paths: Sequence[Path]) -> Iterator[tuple[Path, Row]]:
    """Each file with its row of results; one that cannot be read is told in the row's `error`."""
    for path in paths:
        try:
            yield path, row_of(read_episode(path, pictures=False))
        except EpisodeError as problem:
            yield (
                path,
                Row(
                    scenario="",
                    seed=0,
                    codebook="",
                    robot="",
                    controller="",
                    scenario_sha256="",
                    codebook_sha256="",
                    file=path.name,
                    error=str(problem),
                ),
            )


def row_of(episode: RecordedEpisode) -> Row:
    """An episode as a row of results; `error` says so where it was cut off."""
    row = outcome_of(episode, scenario_of(episode)).row
    return row if episode.complete else row.model_copy(update={"error": f"cut off after {len(episode.steps)} steps"})
