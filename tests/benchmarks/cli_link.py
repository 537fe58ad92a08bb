"""`python -m tests.benchmarks link`, `soak` and `fuzz`: what the robot link costs and withstands."""

import click

from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, MODEL, bench, given, show_rows
from .fuzz import bench_fuzz
from .link import bench_link
from .soak import WEATHER, bench_soak


@bench.command()
@click.option("--n", type=click.IntRange(20), default=300, show_default=True, help="Decisions.")
@click.option(
    "--stops",
    type=click.IntRange(10),
    default=200,
    show_default=True,
    help="Stops, half during model calls; and as many of a class of robot, half beside busy processes.",
)
@MODEL
@JSON
def link(n: int, stops: int, model: str, as_json: bool) -> int:
    """What the link adds to a decision, and how soon a stop arrives, in model calls and beside busy processes too.

    Exits 1 beyond 3 ms (p95) and 100 ms (p99), and beyond 20 ms (p99) until hold() where the system allows real-time
    threads.
    """
    local = given(model)
    with counting("measured", n + 2 * stops) as bar:
        figures = bench_link(n, stops, lambda: bar.advance(bar.task_ids[0]), local)
    if as_json:
        print_json(figures)
    else:
        show_rows(figures["rows"])
        gaps = figures["longest_heartbeat_gap_ms"]
        out.print(
            f"longest gap between heartbeats: {gaps['deciding']} ms, during model calls {gaps['computing']} ms",
            markup=False,
        )
        out.print(f"processor: {figures['machine']['processor']}; real-time threads: {figures['urgent']}", markup=False)
    return 0 if figures["passes"] else 1


@bench.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=10.0, show_default=True, help="How long.")
@click.option(
    "--restart-s", type=click.FloatRange(2), default=30.0, show_default=True, help="Kill the robot every so often."
)
@JSON
def soak(minutes: float, restart_s: float, as_json: bool) -> int:
    """Numbered commands over a bad network to a robot that is killed again and again; exits 1 if one goes wrong."""
    with counting("seconds", round(minutes * 60)) as bar:
        figures = bench_soak(minutes * 60, restart_s, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        weather = f"{WEATHER.loss:.0%} lost, {WEATHER.twice:.0%} doubled, delays to {WEATHER.delay_s * 1000:.0f} ms"
        out.print(f"{figures['duration_s']} s, {weather}, {figures['restarts']} restarts", markup=False)
        for name in ("messages", "lost", "doubled", "commands_asked", "commands_begun", "results", "begun_twice",
                     "begun_after_expiry", "controller_mb", "robot_mb"):  # fmt: skip
            out.print(f"{name.replace('_', ' ')}: {figures[name]}", markup=False)
    return 0 if figures["passes"] else 1


@bench.command()
@click.option("--n", type=click.IntRange(1000), default=100_000, show_default=True, help="How many messages.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="What they are drawn by.")
@JSON
def fuzz(n: int, seed: int, as_json: bool) -> int:
    """Spoiled messages to both ends of the link and to LeKiwi's formats; exits 1 if anything moves."""
    with counting("messages", n) as bar:
        figures = bench_fuzz(n, seed, lambda sent: bar.advance(bar.task_ids[0], sent))
    if as_json:
        print_json(figures)
    else:
        out.print(f"{n} messages, nothing broke, {figures['motions']} motions", markup=False)
        out.print(f"the robot answered: {figures['to_robot']}", markup=False)
        out.print(f"the others said: {figures['to_others']}", markup=False)
    return 0 if figures["passes"] else 1
