"""`python -m tests.benchmarks`: what is measured, printed by a command."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.table import Table

from codeword.controller.adapter import NONE, Adapter, load_adapter
from codeword.controller.registry import DEFAULT_MODEL, LocalModel, resolve
from codeword.runtime.lazy_group import LazyGroup
from codeword.runtime.terminal import model_progress, out

from .benches import BENCHES

MODEL = click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


@click.group(
    cls=LazyGroup,
    lazy=BENCHES,
    invoke_without_command=True,
    epilog="Example: python -m tests.benchmarks decision --n 50 --json",
)
@click.pass_context
def bench(context: click.Context) -> None:
    """Measure on this machine, side by side in one run; without a name: decision and grammar."""
    if context.invoked_subcommand is None:
        for name in ("decision", "grammar"):
            context.invoke(BENCHES[name].load())


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows that have the same keys as a table, the keys as headings."""
    table = Table(box=None, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), justify="left" if heading == next(iter(rows[0])) else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)


def given(model: str) -> LocalModel:
    with model_progress() as progress:
        return resolve(model, progress)


def given_adapter(adapter: str, model: LocalModel) -> Adapter:
    found = load_adapter(adapter, model)
    if found == NONE:
        raise click.UsageError("there is no adapter to measure: give one with --adapter")
    return found


def show_machine(figures: dict[str, Any]) -> None:
    on = figures["machine"]
    where = f"{on['processor']}, {on['cores']} cores, torch {on['torch']}"
    model = f"model {figures['model']} on " if "model" in figures else "on "
    out.print(f"{model}{where}", markup=False)
