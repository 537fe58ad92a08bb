"""`codeword bench near`: what guesses save, and what they cost."""

import click

from codeword.controller.adapter import load_adapter
from codeword.controller.engine import Engine
from codeword.controller.registry import DEFAULT_MODEL

from .cli_bench import JSON, bench, given, show_machine, show_rows
from .scenario import find_scenarios, load_scenario
from .terminal import counting, out, print_json


@bench.command(epilog="Example: codeword bench near --n 60")
@click.option("--n", type=click.IntRange(1), default=60, show_default=True, help="How many situations.")
@click.option("--scenarios", default="tabletop", show_default=True, help="A suite, folder or file.")
@click.option("--adapter", default="auto", show_default=True, help="An adapter: auto, a folder, or none.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@JSON
def near(n: int, scenarios: str, adapter: str, model: str, as_json: bool) -> None:
    """Decisions with what is foretold by habits, by situations alike up to a renaming, and by nearly the same ones."""
    from .bench.near import bench_near

    suite = [load_scenario(path) for path in find_scenarios((scenarios,))]
    local = given(model)
    engine = Engine(local, adapter=load_adapter(adapter, local))
    with counting("situations", n) as bar:
        figures = bench_near(engine, suite, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    show_rows(figures["rows"])
    looking = figures["looking"]
    out.print(f"finding a situation nearly the same: {looking['p50_ms']} ms (p50), {looking['p95_ms']} ms (p95)")
