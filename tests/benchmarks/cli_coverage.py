"""`python -m tests.benchmarks coverage`: what a plan's coverage of its task tells."""

import json
from pathlib import Path

import click

from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, MODEL, bench, given, given_adapter, show_rows


@bench.command(epilog="Example: python -m tests.benchmarks coverage --n 800")
@MODEL
@click.option("--adapter", default="auto", show_default=True, help="The adapter that thinks of plans.")
@click.option(
    "--n", type=click.IntRange(10), default=800, show_default=True, help="Wordings of the domains of validation."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which of them.")
@click.option("--write", type=click.Path(path_type=Path), help="Write the learned weights to this file.")
@JSON
def coverage(model: str, adapter: str, n: int, seed: int, write: Path | None, as_json: bool) -> None:
    """Of how many tasks the likeliest plan is right, before and after plans are held against the words of the task.

    Weights are learned from the same tasks; what they do is counted on codebooks that they were not learned from.
    """
    from codeword.controller.engine import Engine
    from codeword.controller.prior.coverage import FEATURES
    from codeword.controller.teaching.coverage import count_kept_aside, count_right, learn_coverage
    from codeword.controller.teaching.domains import VALIDATION

    from .coverage import thoughts

    found = given(model)
    engine = Engine(found, threads=1, adapter=given_adapter(adapter, found))
    with counting("tasks", n) as bar:
        some = thoughts(engine, VALIDATION, n, seed, lambda: bar.advance(bar.task_ids[0]))
    weights = learn_coverage(some)
    told = {name: round(weight, 2) for name, weight in zip(FEATURES, weights, strict=True)}
    figures = {
        "n": len(some),
        "right_among_those_thought_of": sum(any(one.right) for one in some),
        "right_before": count_right((0.0,) * len(FEATURES), some),
        "right_after_in_codebooks_kept_aside": count_kept_aside(some, seed),
        "weights": told,
    }
    if write is not None:
        write.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        if name != "weights":
            out.print(f"{value:>6} {name.replace('_', ' ')}", markup=False)
    for name, weight in told.items():
        out.print(f"{weight:>6.2f}  {name}", markup=False)


@bench.command(epilog="Example: python -m tests.benchmarks quantified --n 300")
@MODEL
@click.option("--adapter", default="auto", show_default=True, help="The adapter that writes plans.")
@click.option("--n", type=click.IntRange(10), default=300, show_default=True, help="Tasks of domains not taught.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which of them.")
@JSON
def quantified(model: str, adapter: str, n: int, seed: int, as_json: bool) -> None:
    """How many tasks about all things of a kind, or all but one, are done: as the model reads them, and spelled out."""
    from codeword.controller.engine import Engine
    from codeword.controller.sureness import SURE

    from .quantified import bench_quantified
    from .quantified import quantified as made

    found = given(model)
    engine = Engine(found, threads=1, adapter=given_adapter(adapter, found))
    tasks = made(n, seed)
    with counting("tasks", 2 * len(tasks)) as bar:
        rows = bench_quantified(engine, tasks, SURE, lambda: bar.advance(bar.task_ids[0]))
    if as_json:
        print_json({"rows": rows})
    else:
        show_rows(rows)
