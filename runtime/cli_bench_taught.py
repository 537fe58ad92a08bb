"""`codeword bench taught`: what holding an adapter in few bits costs."""

import click

from codeword.controller.engine import Engine
from codeword.controller.teaching.sequences import SPLITS

from .cli_bench import JSON, MODEL, bench, given, given_adapter, show_machine, show_rows
from .terminal import counting, out, print_json


@bench.command(epilog="Example: codeword bench taught --n 200 --split wordings")
@click.option("--n", type=click.IntRange(1), default=500, show_default=True, help="How many answers.")
@click.option("--split", type=click.Choice(SPLITS), default="seen", show_default=True, help="Of which lessons.")
@click.option("--adapter", default="auto", show_default=True, help="An adapter: auto or a folder.")
@click.option("--draws", type=click.IntRange(0), default=0, help="Also choose among so many answers drawn by lot.")
@MODEL
@JSON
def taught(n: int, split: str, adapter: str, draws: int, model: str, as_json: bool) -> None:
    """Answers to lessons that nobody was taught with: by an adapter beside its base in float32, as it was taught, and
    by both summed up and held in few bits, as they are used.

    An answer is the next command, or a task's goal, where one alone leads to the end at the least cost. This needs peft
    (pip install 'codeword[train]').
    """
    import torch

    from codeword.controller.teaching.learner import Learner, Shape

    from .bench.taught import bench_taught

    local = given(model)
    found = given_adapter(adapter, local)
    learner = Learner(
        local, Shape(found.rank, round(found.scale * found.rank)), dtype=torch.float32, device="cpu", seed=0
    )
    learner.take_up(found.weights)
    with counting("answers", n) as bar:
        engine = Engine(local, adapter=found)
        figures = bench_taught(learner, engine, split, n, lambda: bar.advance(bar.task_ids[0]), draws=draws)
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    show_rows(figures["rows"])
    out.print(
        f"adapter {figures['adapter']}, lessons '{figures['split']}': {figures['lost_points']} points lost; right only "
        f"as taught {figures['only_as_taught']}, only as used {figures['only_as_used']}",
        markup=False,
    )
