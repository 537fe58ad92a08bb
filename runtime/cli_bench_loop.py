"""`codeword bench`, the loop's own figures: what deciding ahead brings, and how soon a limit is heard."""

import click

from .cli_bench import JSON, MODEL, bench, given, show_machine
from .run import Controllers, Who
from .scenario import find_scenarios, load_scenario
from .terminal import counting, model_progress, out, print_json

ADAPTER = click.option("--adapter", default="auto", show_default=True, help="The shipped one, a folder, or none.")
POLICY = click.option("--policy", default="direct", show_default=True, help="What the model writes.")


@bench.command(epilog="Example: codeword bench lookahead disturbed --seeds 2")
@click.argument("suites", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True, help="Episodes of each scenario.")
@MODEL
@ADAPTER
@POLICY
@JSON
def lookahead(suites: tuple[str, ...], seeds: int, model: str, adapter: str, policy: str, as_json: bool) -> int:
    """Deciding ahead while commands are carried out, against deciding when asked, over SUITES [default: tabletop].

    Every episode is run three times: without, with, and with everything foretold wrongly. Exits 1 if a decision is not
    what deciding afterwards gives.
    """
    from .bench.lookahead import WAYS, bench_lookahead

    scenarios = [load_scenario(path) for path in find_scenarios(suites or ("tabletop",))]
    with model_progress() as progress:
        controllers = Controllers(Who("llm", model, adapter, policy=policy), progress)
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
        f"decided again from the log: {figures['differences_on_deciding_again']} differences; with everything foretold "
        f"wrongly {figures['served_when_mistaken']} served",
        f"wall time of an episode: {figures['wall_ratio']} times that without, {figures['wall_ratio_mistaken']} times "
        f"where all is foretold wrongly; simulated time the same: {figures['same_simulated_time']}",
    ):
        out.print(line, markup=False, soft_wrap=True)
    return 0 if sound else 1


@bench.command(epilog="Example: codeword bench limits --n 500")
@click.option("--n", type=click.IntRange(1), default=500, show_default=True, help="How many limits are missed.")
@MODEL
@JSON
def limits(n: int, model: str, as_json: bool) -> int:
    """How long after its hard limit a decision ends, wherever it is then; exits 1 if p99 is over 60 ms."""
    from .bench.limits import bench_limits

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
