"""Keeps the episodes of a run, and tells what becomes of each."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from codeword.codebook.errors import EpisodeError

from .pairs import Comparison
from .record import Kept, keep
from .telling import told


def keep_all(files: Sequence[Path], folder: Path, update: bool, console: Console) -> list[Kept]:
    """Keep small copies of episode files in a folder; those that broke or were cut off are told of and left out.

    Raises InputError where the folder cannot be written to.
    """
    kept: list[Kept] = []
    for file in files:

        def tell(comparison: Comparison) -> None:
            console.print(f"{comparison.one.path}: goes another way", markup=False, soft_wrap=True)
            for line in told([*comparison.differences, *comparison.header], "before", "now", checks=False):
                console.print(f"  {line}", markup=False, soft_wrap=True)

        try:
            kept.append(keep(file, folder, update, tell))
        except EpisodeError as problem:
            console.print(f"not recorded: {problem}", markup=False, soft_wrap=True)
    counts = {what: sum(one.what == what for one in kept) for what in ("new", "same", "updated", "refused")}
    words = {"refused": "left as they were (--update replaces them)"}
    said = ", ".join(f"{count} {words.get(what, what)}" for what, count in counts.items() if count)
    console.print(f"recorded in {folder}: {said or 'nothing'}", markup=False, soft_wrap=True)
    return kept
