"""`python -m tests.benchmarks coverage`: what a plan's coverage of its task tells."""

import json
from pathlib import Path

import click

from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, MODEL, bench, given, given_adapter


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
