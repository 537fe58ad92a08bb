"""`python -m tests.benchmarks planner`: plans for many things."""

import click

from codeword.codebook.errors import InputError
from codeword.runtime.terminal import counting, print_json

from .cli import JSON, bench, show_machine, show_rows


@bench.command(epilog="Example: python -m tests.benchmarks planner --sizes 20,40,80")
@click.option("--sizes", default="20,40", show_default=True, help="How many blocks.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random arrangements.")
@JSON
def planner(sizes: str, seed: int, as_json: bool) -> int:
    """Plans for many blocks: processor time, memory and length; beside Fast Downward's, where that is installed.

    It is LAMA's first plan (pip install --no-deps up-fast-downward), its time that of its whole process.

    Exits 1 if no plan is found for one, since there is one for each.
    """
    from .planner import KINDS, bench_planner

    counts = [int(part) for part in sizes.split(",") if part.isdecimal()]
    if len(counts) != sizes.count(",") + 1 or not all(2 <= count <= 200 for count in counts):
        raise InputError(f"--sizes: '{sizes}' are no numbers of blocks from 2 to 200 (expected 20,40)")
    with counting("plans", len(KINDS) * len(counts)) as bar:
        figures = bench_planner(counts, seed, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        show_machine(figures)
        show_rows(figures["rows"])
    return 1 if any(row["commands"] is None for row in figures["rows"]) else 0
