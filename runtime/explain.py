"""Tells each decision on the terminal: what was seen, what was legal, how the model weighed it, and what came of it."""

import re

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

_SHOWN = 6
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
            self.console.print(f"   guard: [red]refused[/red], {escape(record.message)}")
        elif isinstance(record, BudgetRecord) and record.missed:
            self.console.print(f"   budget: [red]missed[/red] {', '.join(record.missed)}")
        elif isinstance(record, Result):
            color = "green" if record.status == "done" else "red"
            told = ": ".join(filter(None, (record.reason, record.message)))
            why = f" ({escape(told)})" if told else ""
            self.console.print(f"   result: [{color}]{record.status}[/{color}]{why} in {record.duration_s:.1f} s")
        elif isinstance(record, CodebookRecord):
            self.console.print(f"   [yellow]the codebook was edited: now {record.hash[:12]}[/yellow]")
            self.codebook = parse_codebook(record.text)
        elif isinstance(record, EventRecord):
            if record.scripted and record.what == RETASK:
                self.task = self._then
            self.console.print(f"   [yellow]event at {time_s:.1f} s: {escape(record.what)}[/yellow]")
        elif isinstance(record, Verdict):
            self.console.print(f"[bold]verdict: {escape(record.reason)}[/bold]\n")

    def _observation(self, seen: Observation) -> None:
        self.console.print(f"[bold]{seen.step + 1}.[/bold] at {seen.time_s:.1f} s")
        for line in observation_text(self.codebook, seen).splitlines():
            self.console.print(f"   [dim]{escape(line)}[/dim]")
        offered = legal(self.codebook, seen, self.task)
        self.console.print(f"   legal: {offered.count} commands")

    def _plan(self, decision: Decision) -> None:
        """The plan whole where it was written, afterwards only the item under way."""
        lines = plan_lines(self.codebook, decision)
        if decision.path == "planned":
            now = [f"{n} of {len(lines)}: {line.text}" for n, line in enumerate(lines, 1) if line.state == "now"]
            self.console.print(f"   item {escape(now[0])}" if now else "   all items are done", highlight=False)
            return
        sure = "" if decision.sureness is None else f" [dim]{decision.sureness:.0%} sure[/dim]"
        self.console.print(f"   plan:{sure}")
        for number, line in enumerate(lines, 1):
            self.console.print(f"   [magenta]{number:>3}. {escape(line.text)}[/magenta]", highlight=False)
        for other in decision.considered[1:_SHOWN]:
            self.console.print(f"   [dim]   or {escape(other.told)} {other.probability:.0%}[/dim]", highlight=False)

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
            self.console.print(f"   [dim]not {skill}: {escape(why)}[/dim]")
        for choice in decision.choices:
            self._choice(choice)
        total = decision.stage_ms.get("total", 0.0)
        self.console.print(
            f"   [bold cyan]{escape(decision.text)}[/bold cyan] [dim]{decision.path}, {total:.0f} ms"
            f"{_cost(decision)}[/dim]"
        )


def _words(written: str) -> str:
    """What was written, without JSON's signs; as it is where it has nothing else."""
    return " ".join(_WORD.findall(written)) or written


def _cost(decision: Decision) -> str:
    """What the model had to do for it."""
    if not decision.passes:
        return ""
    unread = decision.prompt_tokens - decision.tokens_cached
    return f", {unread} of {decision.prompt_tokens} tokens to read, {decision.passes} passes"
