"""`python -m tests.benchmarks calling`: codebook prompting against function calling."""

import click
from rich.table import Table
from rich.text import Text

from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.runtime.terminal import counting, model_progress, out, print_json

from .cli import bench
from .decision import suite
from .prompting import bench_prompting, find_ways, prompting_decisions

_COLUMNS = {
    "by": "engine", "setting": "setting", "prompt": "prompt_tokens", "answer": "answer_tokens", "p50 [ms]": "p50_ms",
    "p95 [ms]": "p95_ms", "n": "n", "valid": "valid", "right": "right",
}  # fmt: skip


@bench.command(epilog="Example: python -m tests.benchmarks calling --n 20 --json")
@click.option("--n", type=click.IntRange(1), default=100, show_default=True, help="Decisions in each way.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def calling(n: int, model: str, as_json: bool) -> None:
    """Codebook prompting against function calling, each held by a grammar and each free.

    The same model decides the same episodes of the suite `workbench`. Tokens are medians. Valid is a command that is
    legal at that moment, right one that lies on a best plan.
    """
    with model_progress() as progress:
        local = resolve(model, progress)
        ways = find_ways(local, progress)
    with counting("decisions", prompting_decisions(ways, n)) as bar:
        figures = bench_prompting(local, ways, suite("workbench"), n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    on = figures["machine"]
    where = f"{on['processor']}, {on['cores']} cores, torch {on['torch']}"
    out.print(f"model {figures['model']} on {where}; {figures['skills']} skills", markup=False)
    table = Table(box=None, header_style="bold")
    table.add_column("", no_wrap=True)
    for heading in _COLUMNS:
        table.add_column(Text(heading), justify="right")
    for row in figures["rows"]:
        table.add_row(row["name"], *(str(row[key]) for key in _COLUMNS.values()))
    out.print(table)
    for why in figures["left_out"].values():
        out.print(f"left out: {why}", markup=False)
