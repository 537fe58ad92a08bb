"""`python -m tests.benchmarks`, the loop's own figures: what deciding ahead brings, and how soon a limit is heard."""

from pathlib import Path

import click

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig
from codeword.runtime.run import CONTROLLERS, Controllers
from codeword.runtime.scenario import find_scenarios, load_scenario
from codeword.runtime.scenario_spec import Latency
from codeword.runtime.terminal import counting, model_progress, out, print_json

from .cli import JSON, MODEL, bench, given, show_machine

ADAPTER = click.option("--adapter", default="auto", show_default=True, help="The shipped one, a folder, or none.")
POLICY = click.option("--policy", default="auto", show_default=True, help="What the model writes.")


@bench.command(epilog="Example: python -m tests.benchmarks lookahead disturbed --seeds 2")
@click.argument("suites", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True, help="Episodes of each scenario.")
@MODEL
@ADAPTER
@click.option("--policy", default="direct", show_default=True, help="What the model writes.")
@JSON
def lookahead(suites: tuple[str, ...], seeds: int, model: str, adapter: str, policy: str, as_json: bool) -> int:
    """Deciding ahead while commands are carried out, against deciding when asked, over SUITES [default: tabletop].

    Every episode is run three times: without, with, and with everything predicted wrongly. Exits 1 if a decision is not
    what deciding afterwards gives.
    """
    from .lookahead import WAYS, bench_lookahead

    scenarios = [load_scenario(path) for path in find_scenarios(suites or ("tabletop",))]
    with model_progress() as progress:
        controllers = Controllers(DeciderConfig("llm", model, adapter, policy=policy), progress)
    with counting("episodes", len(WAYS) * len(scenarios) * seeds) as bar:
        figures = bench_lookahead(controllers, scenarios, seeds, lambda: bar.advance(bar.task_ids[0]))
    sound = figures["same_decisions"] and not figures["differences_on_deciding_again"]
    if as_json:
        print_json(figures)
        return 0 if sound else 1
    show_machine(figures)
    for line in (
        f"{figures['served']} of {figures['decisions_after_first']} decisions after the first were there already; from "
        f"observation to command p50 {figures['p50_ms']} ms, p95 {figures['p95_ms']} ms, {figures['within_5_ms']} "
        "within 5 ms",
        f"decided again from the log: {figures['differences_on_deciding_again']} differences; with everything predicted "
        f"wrongly {figures['served_when_mistaken']} served",
        f"wall time of an episode: {figures['wall_ratio']} times that without, {figures['wall_ratio_mistaken']} times "
        f"where all is predicted wrongly; simulated time the same: {figures['same_simulated_time']}",
    ):
        out.print(line, markup=False, soft_wrap=True)
    return 0 if sound else 1


@bench.command(epilog="Example: python -m tests.benchmarks limits --n 500")
@click.option("--n", type=click.IntRange(1), default=500, show_default=True, help="How many limits are missed.")
@MODEL
@JSON
def limits(n: int, model: str, as_json: bool) -> int:
    """How long after its hard limit a decision ends, wherever it is then; exits 1 if p99 is over 60 ms."""
    from .limits import bench_limits

    local = given(model)
    with counting("misses", n) as bar:
        figures = bench_limits(local, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        show_machine(figures)
        missed = ", ".join(f"{stage} {times}" for stage, times in sorted(figures["missed"].items()))
        out.print(
            f"{n} limits missed ({missed}) in {figures['decisions']} decisions; they ended p50 "
            f"{figures['overshoot_p50_ms']} ms, p99 {figures['overshoot_p99_ms']} ms, at worst "
            f"{figures['overshoot_worst_ms']} ms after the limit",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    return 0 if figures["overshoot_p99_ms"] <= figures["target_ms"] else 1


@bench.command(
    "latency-curve", epilog="Example: python -m tests.benchmarks latency-curve --latencies 0,500,1000,2000 --seeds 4"
)
@click.argument("suites", nargs=-1)
@click.option("--latencies", default="0,250,500,1000,1500,2000", show_default=True, help="What is tried [ms].")
@click.option("--seeds", type=click.IntRange(1), default=4, show_default=True, help="Episodes of each scenario.")
@click.option("--controller", default="llm", show_default=True, help=f"Who decides: {', '.join(CONTROLLERS)}.")
@MODEL
@ADAPTER
@POLICY
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the curve into this SVG file.")
@JSON
def latency_curve(
    suites: tuple[str, ...], latencies: str, seeds: int, controller: str, model: str, adapter: str, policy: str,
    plot: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """How slow may a model be? Goals reached over SUITES [default: conveyor] as physics goes on during decisions.

    Once for as long as decisions really take, then for each latency. Needs scenarios in which things move by
    themselves.
    """
    from .latency import bench_latency, draw_latency

    try:
        times_ms = [Latency(latency_ms=float(part)).latency_ms for part in latencies.split(",")]
    except ValueError as problem:
        raise InputError(f"--latencies: '{latencies}' are no times in ms (expected 0,500,2000)") from problem
    scenarios = [load_scenario(path) for path in find_scenarios(suites or ("conveyor",))]
    with model_progress() as progress:
        controllers = Controllers(DeciderConfig(controller, model, adapter, policy=policy), progress)
    with counting("episodes", (1 + len(times_ms)) * len(scenarios) * seeds) as bar:
        figures = bench_latency(controllers, scenarios, times_ms, seeds, lambda: bar.advance(bar.task_ids[0]))
    if plot is not None:
        try:
            plot.write_text(draw_latency(figures), encoding="utf-8")
        except OSError as problem:
            raise InputError(f"{plot}: cannot be written: {problem.strerror}") from problem
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    for row in figures["rows"]:
        how = "given" if row["given"] else "as it is"
        low, high = row["wilson95"]
        out.print(
            f"{row['latency_ms']:>8g} ms {how:<9} {row['success']:>3} of {row['n']:<3} {row['rate']:>5.0%}  "
            f"({low:.0%} to {high:.0%})", markup=False,
        )  # fmt: skip
