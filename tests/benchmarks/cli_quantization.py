"""`python -m tests.benchmarks quantization`: every way to hold weights against the same values in float32."""

import click
from rich.table import Table

from codeword.controller.registry import resolve
from codeword.runtime.terminal import counting, model_progress, out, print_json, stages

from .cli import JSON, MODEL, bench, show_machine
from .quantization import DECISIONS, bench_quantization, sides_of

_QUANTIZATION = (
    ("weights [MB]", "weights_mb"), ("p50 [ms]", "p50_ms"), ("prefill [tok/s]", "prefill_tokens_per_s"),
    ("decode [tok/s]", "decode_tokens_per_s"), ("n", "n"), ("agreement", "agreement"),
    ("|Δ logprob| mean", "logprob_difference_mean"), ("max", "logprob_difference_max"), ("KL mean", "kl_mean"),
    ("perplexity", "perplexity"),
)  # fmt: skip


@bench.command(epilog="Example: python -m tests.benchmarks quantization --n 100 --json")
@click.option("--n", type=click.IntRange(1), default=DECISIONS, show_default=True, help="Decisions on each side.")
@click.option(
    "--requantize/--no-requantize", default=True, show_default=True, help="Also quantize the model again with 4 bits."
)
@MODEL
@JSON
def quantization(n: int, requantize: bool, model: str, as_json: bool) -> None:
    """Every profile, and 4 bits made again by RTN and GPTQ, against the same values in float32.

    Agreement is the share of decisions in which the same command is picked; its target is 99% for every profile. A
    margin says how much likelier the reference held its own option where a side picked another. Perplexity is on
    prompts of a codebook that calibration does not see.
    """
    with model_progress() as progress:
        local = resolve(model, progress)
    with counting("decisions", n * sides_of(local, requantize=requantize)) as bar:
        figures = bench_quantization(local, n, lambda: bar.advance(bar.task_ids[0]), stages(bar), requantize=requantize)
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for heading, _ in _QUANTIZATION:
        table.add_column(heading, justify="right")
    for row in figures["rows"]:
        table.add_row(row["name"], *("" if row[key] is None else f"{row[key]:,}" for _, key in _QUANTIZATION))
    out.print(table)
    for row in figures["rows"]:
        margins = sorted(one["margin"] for one in row["disagreements"])
        if margins:
            shown = ", ".join(f"{margin:.3f}" for margin in margins[:20]) + (", …" if len(margins) > 20 else "")
            out.print(f"{row['name']}: {len(margins)} other decisions, margins [nat] {shown}", markup=False)
