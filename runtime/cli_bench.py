"""`codeword bench`: what is measured, printed by a command."""

from typing import Any

import click
from rich.table import Table

from codeword.controller.registry import DEFAULT_MODEL, LocalModel, resolve

from .bench import bench_decision, bench_validity, machine
from .bench_grammar import bench_grammar
from .bench_quantization import DECISIONS, bench_quantization, sides_of
from .scenario import Scenario, find_scenarios, load_scenario
from .terminal import counting, model_progress, out, print_json, stages

_MODEL = click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")

_QUANTIZATION = (
    ("weights [MB]", "weights_mb"), ("p50 [ms]", "p50_ms"), ("prefill [tok/s]", "prefill_tokens_per_s"),
    ("decode [tok/s]", "decode_tokens_per_s"), ("n", "n"), ("agreement", "agreement"),
    ("|Δ logprob| mean", "logprob_difference_mean"), ("max", "logprob_difference_max"), ("KL mean", "kl_mean"),
    ("perplexity", "perplexity"),
)  # fmt: skip


@click.group(invoke_without_command=True, epilog="Example: codeword bench decision --n 50 --json")
@click.pass_context
def bench(context: click.Context) -> None:
    """Measure on this machine, side by side in one run; without a name: decision and grammar."""
    if context.invoked_subcommand is None:
        context.invoke(decision)
        context.invoke(grammar)


@bench.command()
@click.option("--n", type=click.IntRange(1), default=30, show_default=True, help="Decisions on each side.")
@_MODEL
@_JSON
def decision(n: int, model: str, as_json: bool) -> None:
    """A decision with the codebook's prefix kept, against the same decision without."""
    local, scenarios = _given(model)
    with counting("decisions", 2 * n) as bar:
        figures = bench_decision(local, scenarios, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    _machine(figures)
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for heading in ("n", "p50 [ms]", "p95 [ms]", "passes", "forced", "chosen"):
        table.add_column(heading, justify="right")
    for row in figures["rows"]:
        keys = ("n", "p50_ms", "p95_ms", "passes", "tokens_forced", "tokens_chosen")
        table.add_row(row["name"], *(str(row[key]) for key in keys))
    out.print(table)
    for name, ratio in figures["ratios"].items():
        out.print(f"{name}: {ratio} times as long (p50)")
    out.print(f"{figures['same_decisions']} of {n} decisions the same on both sides, to the bit")


@bench.command()
@click.option("--n", type=click.IntRange(1), default=1000, show_default=True, help="How many decisions.")
@_MODEL
@_JSON
def validity(n: int, model: str, as_json: bool) -> int:
    """Decisions on random observations, half with tasks that try to break out; exits 1 if one is not legal."""
    local, scenarios = _given(model)
    with counting("decisions", n) as bar:
        figures = bench_validity(local, scenarios, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        _machine(figures)
        out.print(
            f"{figures['valid']} of {n} commands legal, {figures['refused_by_guard']} refused by the guard",
            markup=False,
        )
        for refusal in figures["refusals"]:
            out.print(refusal, markup=False)
    return 0 if figures["valid"] == n and not figures["refused_by_guard"] else 1


@bench.command()
@click.option("--n", type=click.IntRange(1), default=200, show_default=True, help="How many observations.")
@_MODEL
@_JSON
def grammar(n: int, model: str, as_json: bool) -> None:
    """From a new observation to its grammar: the tabletop with 20 entities, and a codebook of 200 skills."""
    local, _ = _given(model)
    with counting("grammars", 2 * (n + 5)) as bar:
        figures = {"machine": machine()} | bench_grammar(local, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    for row in figures["rows"]:
        out.print(
            f"{row['name']}: {row['commands_p50']:.0f} commands, ready in {row['p50_ms']} ms (p50), "
            f"{row['p95_ms']} ms (p95), n = {row['n']}",
            markup=False,
        )


@bench.command(epilog="Example: codeword bench quantization --n 100 --json")
@click.option("--n", type=click.IntRange(1), default=DECISIONS, show_default=True, help="Decisions on each side.")
@click.option("--anew/--no-anew", default=True, show_default=True, help="Also quantize the model anew with 4 bits.")
@_MODEL
@_JSON
def quantization(n: int, anew: bool, model: str, as_json: bool) -> None:
    """Every profile, and 4 bits made anew by RTN and GPTQ, against the same values in float32.

    Agreement is the share of decisions in which the same command is picked; its target is 99% for every profile. A
    margin says how much likelier the reference held its own option where a side picked another. Perplexity is on
    prompts of a codebook that calibration does not see.
    """
    with model_progress() as progress:
        local = resolve(model, progress)
    with counting("decisions", n * sides_of(local, anew=anew)) as bar:
        figures = bench_quantization(local, n, lambda: bar.advance(bar.task_ids[0]), stages(bar), anew=anew)
    if as_json:
        print_json(figures)
        return
    _machine(figures)
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


def _given(model: str) -> tuple[LocalModel, tuple[Scenario, ...]]:
    with model_progress() as progress:
        local = resolve(model, progress)
    return local, tuple(load_scenario(path) for path in find_scenarios(("tabletop",)))


def _machine(figures: dict[str, Any]) -> None:
    on = figures["machine"]
    where = f"{on['processor']}, {on['cores']} cores, torch {on['torch']}"
    out.print(f"model {figures['model']} on {where}", markup=False)
