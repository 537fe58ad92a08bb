"""`python -m tests.benchmarks decision`, `validity` and `grammar`: what a decision takes, and that what comes out is legal."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from codeword.controller.registry import resolve
from codeword.runtime.machine import machine
from codeword.runtime.terminal import counting, model_progress, out, print_json

from .cli import JSON, MODEL, bench, given, show_machine
from .decision import SUITES, bench_decision, decisions, find_sides, suite
from .grammar import ROWS, bench_grammar
from .plans import WAYS, bench_plans
from .sides import NAMES, check_names
from .validity import bench_validity


@bench.command(epilog="Example: python -m tests.benchmarks decision --n 20 --sides ours,outlines,llama.cpp")
@click.option(
    "--n", type=click.IntRange(1), default=100, show_default=True, help="Decisions of each side in each suite."
)
@click.option("--sides", default=",".join(NAMES), show_default=True, help="Who decides; ours is always among them.")
@MODEL
@JSON
def decision(n: int, sides: str, model: str, as_json: bool) -> None:
    """A decision of ours, of ours without one technique, and of what others would use, in turns.

    Each side runs in a process of its own, in the quickest of its settings. They decide whole episodes as an expert
    goes through them, with the codebook `workbench` of 22 skills and with `tabletop`.
    """
    names = check_names([name.strip() for name in sides.split(",") if name.strip()])
    with model_progress() as progress:
        local = resolve(model, progress)
        specs, left_out = find_sides(names, local, progress)
    with counting("decisions", decisions(specs, n)) as bar:
        figures = bench_decision(local, specs, n, lambda: bar.advance(bar.task_ids[0]))
    figures["left_out"] = {**left_out, **figures["left_out"]}
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    first, *others = SUITES
    for name, found in ((first, figures), *((name, figures[name]) for name in others)):
        _decisions(name, found)
    for why in figures["left_out"].values():
        out.print(f"left out: {why}", markup=False)


def _decisions(suite_name: str, found: dict[str, Any]) -> None:
    """Print what was found in one suite."""
    skills, tokens = found["skills"], found["prompt_tokens"]
    out.print(f"\n{suite_name}: {skills} skills, {tokens} tokens of prompt", markup=False)
    table = Table(box=None, header_style="bold")
    columns = {
        "n": "n", "p50 [ms]": "p50_ms", "p95 [ms]": "p95_ms", "passes": "passes", "forced": "tokens_forced",
        "chosen": "tokens_chosen", "MB": "rss_mb", "legal": "legal", "as ours": "agree",
    }  # fmt: skip
    table.add_column("", no_wrap=True)
    for heading in (*columns, "times ours"):
        table.add_column(Text(heading), justify="right")
    for row in found["rows"]:
        name = f"{row['name']} ({row['setting']})" if row["setting"] else row["name"]
        ratio = found["ratios"].get(row["name"], 1)
        table.add_row(name, *(str(row[key]) for key in columns.values()), str(ratio))
    out.print(table)


@bench.command()
@click.option("--n", type=click.IntRange(1), default=1000, show_default=True, help="How many decisions.")
@MODEL
@JSON
def validity(n: int, model: str, as_json: bool) -> int:
    """Decisions on random observations, half with tasks that try to break out; exits 1 if one is not legal."""
    local = given(model)
    with counting("decisions", n) as bar:
        figures = bench_validity(local, suite("tabletop"), n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
    else:
        show_machine(figures)
        out.print(
            f"{figures['valid']} of {n} commands legal, {figures['refused_by_guard']} refused by the guard",
            markup=False,
        )
        for refusal in figures["refusals"]:
            out.print(refusal, markup=False)
    return 0 if figures["valid"] == n and not figures["refused_by_guard"] else 1


@bench.command()
@click.option("--n", type=click.IntRange(1), default=200, show_default=True, help="How many observations.")
@MODEL
@JSON
def grammar(n: int, model: str, as_json: bool) -> None:
    """From a new observation to its grammar, of commands and of plans.

    With the tabletop with 20 entities, a codebook of 200 skills, and plans of a large codebook and of one of 10 skills
    for 10 things.
    """
    local = given(model)
    with counting("grammars", ROWS * (n + 5)) as bar:
        figures = {"machine": machine()} | bench_grammar(local, n, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json(figures)
        return
    for row in figures["rows"]:
        out.print(
            f"{row['name']}: {row['commands_p50']:.3g} texts, ready in {row['p50_ms']} ms (p50), "
            f"{row['p95_ms']} ms (p95), of it {row['graph_p50_ms']} ms the graph, n = {row['n']}",
            markup=False,
        )


@bench.command(epilog="Example: python -m tests.benchmarks plans --n 20")
@click.option("--n", type=click.IntRange(1), default=20, show_default=True, help="How many scenes.")
@MODEL
@JSON
def plans(n: int, model: str, as_json: bool) -> None:
    """Writing a plan beside deciding one command: the same scenes with the codebook `workbench`, in turns."""
    local = given(model)
    with counting("decisions", len(WAYS) * (n + 1)) as bar:
        figures = {"machine": machine(), "model": local.name} | bench_plans(
            local, n, lambda: bar.advance(bar.task_ids[0])
        )
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    for row in figures["rows"]:
        ratio = figures["ratios"].get(row["name"], 1)
        out.print(
            f"{row['name']}: {row['p50_ms']} ms (p50), {ratio} times a command; grammar {row['grammar_p50_ms']} ms, "
            f"ready for the model at {row['ready_p50_ms']} ms, "
            f"{row['items']} items, {row['tokens']} tokens, {row['passes']} passes, n = {n}",
            markup=False,
        )
