"""`python -m tests.benchmarks recording`: what logging costs, and what a kill leaves of a file."""

import tempfile
from pathlib import Path

import click

from codeword.runtime.machine import machine
from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, bench


@bench.command(epilog="Example: python -m tests.benchmarks recording --episodes 30 --kills 50")
@click.option("--episodes", type=click.IntRange(1), default=30, show_default=True, help="Episodes to time.")
@click.option("--kills", type=click.IntRange(0), default=0, show_default=True, help="Processes to kill on the way.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The moments are drawn by it.")
@JSON
def recording(episodes: int, kills: int, seed: int, as_json: bool) -> int:
    """What logging adds to an episode and to a decision; with --kills, what SIGKILL leaves of episode files.

    Exits 1 if logging takes over 2% of the wall time or over 1 ms of a decision at p95, or if a file that a killed
    process left does not open, or does not replay the same up to the cut. A kill takes about 3 s.
    """
    from .recording import bench_cost, bench_kills

    with tempfile.TemporaryDirectory() as folder:
        with counting("episodes", episodes) as bar:
            cost = bench_cost(Path(folder), episodes, lambda: bar.advance(bar.task_ids[0]))
        with counting("kills", kills) as bar:
            killed = bench_kills(Path(folder), kills, seed, lambda: bar.advance(bar.task_ids[0])) if kills else {}
    within = cost["share"] <= cost["most_share"] and cost["p95_ms"] <= cost["most_ms"]
    good = within and not (killed and killed["problems"])
    if as_json:
        print_json({"machine": machine(), "cost": cost, "kills": killed, "ok": good})
        return 0 if good else 1
    out.print(
        f"logging: {cost['share']:.2%} of the wall time of {cost['episodes']} episodes (at most "
        f"{cost['most_share']:.0%}), {cost['p50_ms']} ms a decision (p50), {cost['p95_ms']} ms (p95, at most "
        f"{cost['most_ms']}; {cost['cpu_p95_ms']} of computer time), n = {cost['decisions']}",
        markup=False,
    )
    if killed:
        out.print(
            f"{killed['kills']} kills left {killed['files']} files, {killed['cut']} of them cut off: "
            f"{killed['opened']} open, {killed['replayed']} replay the same up to the cut",
            markup=False,
        )
        for problem in killed["problems"]:
            out.print(problem, markup=False)
    return 0 if good else 1
