"""What a run prints when it is over: a row for each scenario, and what is to be said of all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .outcome import Outcome, Row
from .statistics import quantile, wilson95
from .summary import FEWEST_FOR_P95, Summary, Tally
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


MOST_BROKEN = 10
"""So many broken episodes are told one by one; the table of results has all."""

SLOW_LOOK_MS = 500.0
"""A look that takes longer is told of."""


def run_table(summary: Summary) -> Table:
    """A row for each scenario, and one for all."""
    total = summary.total
    table = Table(box=None, header_style="bold")
    table.add_column("scenario")
    headings = ["episodes", "reached", "rate", "95% interval", "credit", "decisions", "p50 ms", "p95 ms"]
    damage = [name for name in ("fallen", "bumps", "broken") if getattr(total, name)]
    for heading in headings + damage:
        table.add_column(heading, justify="right")
    rows = [*summary.by_scenario.items()]
    for name, tally in [*rows, *([("all", total)] if len(rows) > 1 else [])]:
        table.add_row(name, *_figures(tally), *(str(getattr(tally, column)) for column in damage))
    return table


def _figures(tally: Tally) -> Iterator[str]:
    yield str(tally.episodes)
    yield str(tally.success) if tally.judged else "not judged"
    low, high = wilson95(tally.success, tally.judged)
    yield f"{tally.success / tally.judged:.0%}" if tally.judged else ""
    yield f"{low:.0%}–{high:.0%}" if tally.judged else ""
    yield "" if tally.mean_credit is None else f"{tally.mean_credit:.0%}"
    yield str(tally.decisions)
    for q in (0.5, 0.95):
        yield f"{quantile(tally.decision_ms, q):.1f}" if tally.decision_ms else ""


def run_notes(summary: Summary, rows: Sequence[Row]) -> Iterator[str]:
    """Lines to go under the table, the last of them the verdict, as markup."""
    times = summary.quantiles("decision_ms")
    yield (
        f"{summary.decisions} decisions: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms; "
        f"{summary.invalid_commands} invalid, {summary.refused_commands} refused by the guard"
        if times["p50"] is not None and times["p95"] is not None
        else "no decisions"
    )
    if summary.planned_decisions:
        yield f"{summary.planned_decisions} of {summary.decisions} decisions followed from a plan, without the model"
    if summary.cached_decisions or summary.poisoned_entries:
        share = f"{summary.cached_decisions} of {summary.decisions} decisions served from the cache"
        yield f"{share}; {summary.poisoned_entries} of its entries refused as poisoned"
    if summary.fallback_decisions:
        yield f"[red]fallback:[/red] {summary.fallback_decisions} decisions made by the local model"
    if summary.total.fallen or summary.total.bumps:
        yield f"damage: {summary.total.fallen} blocks off the table, {summary.total.bumps} hard bumps of the arm"
    wrong = [row for row in rows if row.error]
    for row in wrong[:MOST_BROKEN]:
        yield f"[red]broken:[/red] {escape(f'{row.scenario}, seed {row.seed}: {row.error}')}"
    if len(wrong) > MOST_BROKEN:
        yield f"[red]broken:[/red] {len(wrong) - MOST_BROKEN} more, in the column error of results.csv"
    held = [row for row in rows if row.held and row.success is None]
    for row in held[:MOST_BROKEN]:
        yield f"[yellow]held:[/yellow] {escape(row.held)}"
    for told in sorted({row.undeclared for row in rows if row.undeclared}):
        yield f"[yellow]undeclared:[/yellow] the robot tells of {escape(told)}, and the codebook has no such fact"
    for row in [row for row in rows if row.unshown][:MOST_BROKEN]:
        yield f"[red]no effect:[/red] {escape(row.unshown)}"
    looks = summary.quantiles("observe_ms")
    if looks["p50"] is not None and looks["p50"] > SLOW_LOOK_MS:
        yield f"[yellow]slow:[/yellow] a look takes {looks['p50'] / 1000:.1f} s, and every decision waits for it"
    for stage, (measured, budget) in summary.p95_misses.items():
        yield f"[red]budget missed:[/red] {stage} p95 {measured:.3g} ms, budget {budget:.3g} ms"
    if summary.hard_misses:
        told = ", ".join(f"{stage} {times} times" for stage, times in sorted(summary.misses.items()))
        yield f"[red]hard limits missed:[/red] {told}"
    yield _verdict(summary)


def _verdict(summary: Summary) -> str:
    if summary.total.broken:
        return f"[red]{summary.total.broken} of {summary.total.episodes} episodes broke[/red]; --resume runs them again"
    if summary.total.undone:
        undone, unjudged = summary.total.undone, summary.total.episodes - summary.total.judged
        return f"[red]{undone} of {unjudged} tasks without a goal to judge by not carried out[/red]"
    if summary.total.success < summary.total.judged:
        return "[red]not all goals reached[/red]"
    if not summary.ok:
        return f"{'all goals reached, ' if summary.total.judged else ''}[red]not within budgets[/red]"
    if not summary.total.judged:
        return "no goal to judge by"
    if summary.decisions < FEWEST_FOR_P95:
        return f"[green]all goals reached[/green] (p95 budgets are judged from {FEWEST_FOR_P95} decisions on)"
    return "[green]all goals reached within budgets[/green]"
