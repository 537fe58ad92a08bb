"""`python -m tests.benchmarks cache`: what a decision cache saves, and how quick it is."""

import click

from codeword.controller.decider_config import BEST_POLICY, HOLD, DeciderConfig
from codeword.controller.registry import DEFAULT_MODEL
from codeword.controller.remote.address import is_remote
from codeword.runtime.scenario import find_scenarios, load_scenario
from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, bench, given, show_machine, show_rows


@bench.command(epilog="Example: python -m tests.benchmarks cache --scenarios tabletop --seeds 2")
@click.option("--scenarios", default="tabletop", show_default=True, help="A suite, folder or file.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Episodes per scenario.")
@click.option("--cache", "where", help="An empty cache to fill: a file or redis://… [a file of its own].")
@click.option("--adapter", default="auto", show_default=True, help="An adapter: auto, a folder, or none.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A model, as for run.")
@JSON
def cache(scenarios: str, seeds: int, where: str | None, adapter: str, model: str, as_json: bool) -> int:
    """A suite run with an empty decision cache, and again with the one that it filled.

    Exits 1 if a hit takes more than 5 ms from observation to command, or lookup and guard more than 1 ms, both p95, or
    if the second run decided otherwise.
    """
    from .memory import bench_cache, holds

    chosen = [load_scenario(path) for path in find_scenarios((scenarios,))]
    if not is_remote(model):
        given(model)
    who = DeciderConfig("llm", model, adapter, fallback=HOLD, policy="direct" if adapter == "none" else BEST_POLICY)
    with counting("episodes", 2 * seeds * len(chosen)) as bar:
        figures = bench_cache(chosen, seeds, who, where, lambda *_: None, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return 0 if holds(figures) else 1
    show_machine(figures)
    show_rows(figures["rows"])
    hits, saved = figures["hits"], figures["saved"]
    out.print(
        f"{hits['n']} hits: {hits['p50_ms']} ms (p50), {hits['p95_ms']} ms (p95) from observation to command; "
        f"of that lookup and guard {hits['lookup_and_guard_p95_ms']} ms (p95)"
    )
    shares = ", ".join(f"{share:.1%} of {what.replace('_', ' ')}" for what, share in saved.items() if share is not None)
    out.print(f"saved: {shares}")
    out.print(f"{figures['same_commands']} of {figures['rows'][1]['decisions']} commands the same in both runs")
    return 0 if holds(figures) else 1
