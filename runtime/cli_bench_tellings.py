"""`codeword bench tellings`: what a taught model makes of prompts that tell the same in other ways."""

import click

from codeword.controller.engine import Engine
from codeword.controller.teaching.sequences import SPLITS

from .cli_bench import JSON, MODEL, bench, given, given_adapter, show_machine, show_rows
from .terminal import counting, print_json


@bench.command(epilog="Example: codeword bench tellings --n 100 --split codebooks")
@click.option("--n", type=click.IntRange(1), default=200, show_default=True, help="How many answers in each way.")
@click.option("--split", type=click.Choice(SPLITS), default="seen", show_default=True, help="Of which lessons.")
@click.option("--adapter", default="auto", show_default=True, help="An adapter: auto or a folder.")
@MODEL
@JSON
def tellings(n: int, split: str, adapter: str, model: str, as_json: bool) -> None:
    """Answers to lessons that nobody was taught with, the same lessons told in other ways: in another order, as JSON,
    the task last, without the preconditions of skills.

    A model is taught under one prompt contract. This shows what it leans on and what each way costs in tokens, not how
    it would do if it had been taught under another.
    """
    from .bench.tellings import TELLINGS, bench_tellings

    local = given(model)
    found = given_adapter(adapter, local)
    with counting("answers", n * len(TELLINGS)) as bar:
        figures = bench_tellings(Engine(local, adapter=found), split, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    show_rows(figures["rows"])
