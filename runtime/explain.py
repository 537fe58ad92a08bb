"""Tells each decision on the terminal: what was seen, what was legal, how the model weighed it, and what came of it."""

import re

import click
from rich.console import Console
from rich.markup import escape

from codeword.codebook import Codebook, Observation, Result, legal, parse_codebook
from codeword.codebook.observation import Record
from codeword.codebook.prompt import observation_text
from codeword.controller.decision import Choice, Decision

from .episode import RETASK, Episode
from .judge import Verdict
from .records import BudgetRecord, CodebookRecord, CommandRecord, EventRecord
from .report.turns import plan_lines

_MOST_ASKED = 4


def ask_which(decision: Decision | None, console: Console) -> str:
    """The plan that the user chooses among the likeliest, as it is written; empty for none of them, and where the
    decision was sure enough. Raises click.Abort where the user leaves.
    """
    if decision is None or "unsure" not in [note.kind for note in decision.notes]:
        return ""
    plans = [one for one in decision.considered if not one.plan.startswith('{"cannot"')][:_MOST_ASKED]
    if not plans:
        return ""
    console.print("which is meant?" if len(plans) > 1 else "is this meant?")
    for number, one in enumerate(plans, 1):
        console.print(f"  {number}  {one.told} ({one.probability:.0%})", markup=False)
    answer = click.prompt("number, or Enter for none", default="", show_default=False)
    return plans[int(answer) - 1].plan if answer.isdecimal() and 1 <= int(answer) <= len(plans) else ""


_SHOWN = 6
_LABEL = len("command")
_BEFORE = 28
"""So many characters of what stands before a choice are shown."""
_WORD = re.compile(r"[^\s{}\[\]\",:]+")
_CERTAIN, _MENTIONED = 0.995, 0.005
"""What is likelier was no choice worth a line; what is less likely was no option worth a word."""


class Explainer:
    """A listener that prints."""

    def __init__(self, console: Console, codebook: Codebook, task: str = "") -> None:
        self.console = console
        self.codebook = codebook
        self.task = self._then = task

    def begin(self, episode: Episode) -> None:
        """The task is this episode's from now on."""
        self.task, self._then = episode.task, episode.then
        self.console.print(f"[bold]task: {escape(self.task)}[/bold]", highlight=False)

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """Pictures are for files."""

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """Print a record."""
        del topic
        if isinstance(record, Observation):
            self._observation(record)
        elif isinstance(record, Decision):
            self._decision(record)
        elif isinstance(record, CommandRecord) and not record.allowed:
            self._row("guard", f"[red]refused[/red], {escape(record.message)}")
        elif isinstance(record, BudgetRecord) and record.missed:
            self._row("budget", f"[red]missed[/red] {', '.join(record.missed)}")
        elif isinstance(record, Result):
            color = "green" if record.status == "done" else "red"
            told = ": ".join(filter(None, (record.reason, record.message)))
            why = f" ({escape(told)})" if told else ""
            self._row("result", f"[{color}]{record.status}[/{color}]{why} in {record.duration_s:.1f} s")
        elif isinstance(record, CodebookRecord):
            self._row("event", f"[yellow]the codebook was edited: now {record.hash[:12]}[/yellow]")
            self.codebook = parse_codebook(record.text)
        elif isinstance(record, EventRecord):
            if record.scripted and record.what == RETASK:
                self.task = self._then
            self._row("event", f"[yellow]{escape(record.what)}[/yellow] at {time_s:.1f} s")
        elif isinstance(record, Verdict):
            self.console.print(f"[bold]verdict: {escape(record.reason)}[/bold]\n")

    def _row(self, label: str, markup: str) -> None:
        """A line behind its label; without one, below the line before."""
        self.console.print(f"   [dim]{label:<{_LABEL}}[/dim] {markup}", highlight=False, soft_wrap=True)

    def _observation(self, seen: Observation) -> None:
        self.console.print(f"[bold]{seen.step + 1}.[/bold] at {seen.time_s:.1f} s")
        for line in observation_text(self.codebook, seen).splitlines():
            label, _, told = line.partition(": ")
            self._row(label.lower(), escape(told))
        self._row("legal", f"{legal(self.codebook, seen, self.task).count} commands")

    def _plan(self, decision: Decision) -> None:
        """The plan whole where it was written, afterwards only the item under way."""
        lines = plan_lines(self.codebook, decision)
        if decision.path == "planned":
            now = [f"{n} of {len(lines)}: {line.text}" for n, line in enumerate(lines, 1) if line.state == "now"]
            self._row("plan", f"[magenta]{escape(now[0]) if now else 'all items are done'}[/magenta]")
            return
        sure = "" if decision.sureness is None else f" [dim]({decision.sureness:.0%} sure)[/dim]"
        for number, line in enumerate(lines, 1):
            text = f"[magenta]{number}. {escape(line.text)}[/magenta]"
            self._row("plan" if number == 1 else "", text + (sure if number == len(lines) else ""))
        for other in decision.considered[1:_SHOWN]:
            self._row("", f"[dim]or {escape(other.told)} ({other.probability:.0%})[/dim]")

    def _choice(self, choice: Choice) -> None:
        """What was written and what was nearly written in its place, behind the last of what stands before it; nothing
        where there was no doubt.
        """
        if any(option.text == choice.taken and option.probability >= _CERTAIN for option in choice.options):
            return
        shown = [
            (_words(option.text), option.probability, "bold" if option.text == choice.taken else "dim")
            for option in choice.options[:_SHOWN]
            if option.text == choice.taken or option.probability >= _MENTIONED
        ]
        options = "  ".join(f"[{style}]{escape(text)} {share:.0%}[/]" for text, share, style in shown)
        before = _words(choice.after) if choice.after.strip('{"') else ""
        before = before if len(before) <= _BEFORE else "…" + before[1 - _BEFORE :]
        self.console.print(f"   [dim]{escape(before.rjust(_BEFORE))}[/dim] {options}", highlight=False)

    def _decision(self, decision: Decision) -> None:
        if decision.plan:
            self._plan(decision)
        for skill, why in decision.left_out.items():
            self._row("", f"[dim]not {skill}: {escape(why)}[/dim]")
        for choice in decision.choices:
            self._choice(choice)
        total = decision.stage_ms.get("total", 0.0)
        told = f"[bold cyan]{escape(decision.text)}[/bold cyan] [dim]{decision.path}, {total:.0f} ms"
        self._row("command", f"{told}{_cost(decision)}[/dim]")


def _words(written: str) -> str:
    """What was written, without JSON's signs; as it is where it has nothing else."""
    return " ".join(_WORD.findall(written)) or written


def _cost(decision: Decision) -> str:
    """What the model had to do for it."""
    if not decision.passes:
        return ""
    unread = decision.prompt_tokens - decision.tokens_cached
    return f", {unread} of {decision.prompt_tokens} tokens to read, {decision.passes} passes"
