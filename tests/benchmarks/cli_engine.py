"""`python -m tests.benchmarks exactness` and `start`: the engine beside transformers, and a process up to its first command."""

from typing import Any

import click

from codeword.controller.registry import DEFAULT_MODEL
from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, MODEL, bench, given, show_machine, show_rows


@bench.command(epilog="Example: python -m tests.benchmarks exactness --n 500 --json")
@click.option("--n", type=click.IntRange(1), default=500, show_default=True, help="How many decisions.")
@MODEL
@JSON
def exactness(n: int, model: str, as_json: bool) -> int:
    """Our decoder with all that makes it quick against decoding token by token with transformers, in float32.

    Exits 1 if a command differs by more than a tie. Takes about 5 s a decision with the long prompts of the first
    half and 2 s with those of the second, on two cores.
    """
    from .exactness import bench_exactness

    local = given(model)
    with counting("decisions", n) as bar:
        figures = bench_exactness(local, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        show_machine(figures)
        for line in (
            f"{figures['equal']} of {n} decisions equal, log-probabilities at most {figures['farthest']:.1e} apart",
            f"{figures['tied']} differ between commands whose log-probabilities lie within {figures['within']}",
            f"{figures['tokens_accepted']} of {figures['tokens_guessed']} tokens guessed were right",
            f"packed: {figures['packed_same_bits']} of {figures['packed_compared']} the same to the bit with every "
            "technique on and off",
        ):
            out.print(line, markup=False)
        for difference in figures["differences"]:
            out.print(str(difference), markup=False)
    return 0 if figures["equal"] + figures["tied"] == n else 1


@bench.command(epilog="Example: python -m tests.benchmarks start --n 5")
@click.option("--n", type=click.IntRange(1), default=5, show_default=True, help="How many processes.")
@click.option("--codebook", default="workbench", show_default=True, help="A codebook's name or file.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@JSON
def start(n: int, codebook: str, model: str, as_json: bool) -> int:
    """From the shell to the first decision of a new process, model in the cache; exits 1 if that takes over 6 s."""
    from .start import bench_start

    given(model)
    with counting("processes", n) as bar:
        figures = bench_start(model, codebook, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        show_machine(figures)
        out.print(f"first decision after {figures['p50_s']} s (p50), {figures['worst_s']} s at worst, n = {n}")
    return 0 if figures["worst_s"] <= figures["target_s"] else 1


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    show_rows(figures["rows"])
    for name, ratio in figures["ratios"].items():
        out.print(f"{name}: {ratio} times", markup=False)


@bench.command(epilog="Example: python -m tests.benchmarks arithmetic --n 20")
@click.option("--n", type=click.IntRange(1), default=20, show_default=True, help="How often each is timed.")
@MODEL
@JSON
def arithmetic(n: int, model: str, as_json: bool) -> None:
    """The products of a pass and the whole pass beside what the processor can multiply at most, on one thread."""
    from .arithmetic import bench_arithmetic, measurements

    local = given(model)
    with counting("measurements", measurements(n)) as bar:
        figures = bench_arithmetic(local, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    out.print(f"{figures['dots']}: at most {figures['limit_per_s']} thousand million products a second", markup=False)
    show_rows(figures["rows"])
