"""The bar that shows how far a run has come."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from .outcome import Outcome
from .terminal import err


class _Rate(ProgressColumn):
    """How many episodes there are in a second, or in a minute where that is below one."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min")


class RunBar:
    """Counts episodes as they are over."""

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._reached = self._broken = self._over = 0
        self._task = bar.add_task("episodes", total=total, told=self._told())

    def count(self, outcome: Outcome, *, kept: bool = False) -> None:
        """One more is over; `kept` says that it was before, which is left out of the rate."""
        self._reached += bool(outcome.row.success)
        self._broken += bool(outcome.row.error)
        self._over += 1
        if kept:
            self._bar.reset(self._task, completed=self._over, told=self._told())
        else:
            self._bar.update(self._task, advance=1, told=self._told())

    def _told(self) -> str:
        return f"{self._reached} reached" + (f", {self._broken} broken" if self._broken else "")


@contextmanager
def run_bar(total: int) -> Iterator[RunBar]:
    """A bar on standard error; where that is no terminal, nothing."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"), _Rate(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as bar:
        yield RunBar(bar, total)
