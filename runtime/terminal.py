"""What every verb needs of the terminal: consoles, progress bars, JSON."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from codeword.controller.store import Progress as ModelProgress

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
"""Results, for people."""

err = Console(stderr=True, highlight=False)
"""Progress and notes."""


def print_json(data: dict[str, Any]) -> None:
    """One object on standard output."""
    click.echo(json.dumps(data, allow_nan=False))


@contextmanager
def counting(what: str, total: int) -> Iterator[Progress]:
    """A bar that counts things, as task 0."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        progress.add_task(what, total=total)
        yield progress


@contextmanager
def model_progress() -> Iterator[ModelProgress]:
    """A bar for each stage of fetching and converting a model; nothing is shown where nothing is to be done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total or None)
            progress.update(tasks[stage], completed=done, total=total or None)

        yield report


def stages(bar: Progress) -> ModelProgress:
    """Shows stages that count things, each as one more line of a bar."""
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total or None)
        bar.update(tasks[stage], completed=done, total=total or None)

    return report
