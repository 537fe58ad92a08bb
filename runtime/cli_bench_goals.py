"""`codeword bench goals`: what becomes of written goals where others are looked at as well."""

import click

from codeword.controller.engine import Engine
from codeword.controller.teaching.sequences import SPLITS

from .cli_bench import JSON, MODEL, bench, given, given_adapter, show_machine, show_rows
from .terminal import counting, print_json


@bench.command(epilog="Example: codeword bench goals --n 100 --split wordings")
@click.option("--n", type=click.IntRange(1), default=200, show_default=True, help="How many goals.")
@click.option("--split", type=click.Choice(SPLITS), default="wordings", show_default=True, help="Of which lessons.")
@click.option("--adapter", default="auto", show_default=True, help="An adapter: auto or a folder.")
@MODEL
@JSON
def goals(n: int, split: str, adapter: str, model: str, as_json: bool) -> None:
    """Goals of lessons that nobody was taught with: as they are written word by word, the likeliest as a whole, and the
    likeliest when it counts against a goal what the task names and it does not, and that it holds already.
    """
    from .bench.goals import bench_goals

    local = given(model)
    found = given_adapter(adapter, local)
    with counting("goals", n) as bar:
        figures = bench_goals(Engine(local, adapter=found), split, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    show_rows(figures["rows"])
