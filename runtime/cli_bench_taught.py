"""`codeword bench taught`, `sure`, `words`: answers to what nobody was taught."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from codeword.controller.engine import Engine
from codeword.controller.teaching.sequences import SPLITS

from .cli_bench import JSON, MODEL, bench, given, given_adapter, show_machine, show_rows
from .terminal import counting, out, print_json

ADAPTER = click.option("--adapter", default="auto", show_default=True, help="An adapter: auto, a name or a folder.")


@bench.command(epilog="Example: codeword bench taught --n 200 --split wordings")
@click.option("--n", type=click.IntRange(1), default=500, show_default=True, help="How many answers.")
@click.option("--split", type=click.Choice(SPLITS), default="seen", show_default=True, help="Of which lessons.")
@ADAPTER
@click.option("--draws", type=click.IntRange(0), default=0, help="Also choose among so many answers drawn by lot.")
@MODEL
@JSON
def taught(n: int, split: str, adapter: str, draws: int, model: str, as_json: bool) -> None:
    """Answers to lessons that nobody was taught with, by an adapter as it was taught and as it is used.

    As it was taught it stands beside its base in float32; as it is used both are summed up and held in few bits. An
    answer is the next command, or a task's goal, where one alone leads to the end at the least cost. This needs peft
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
    _show(figures, as_json)
    if not as_json:
        out.print(
            f"{figures['lost_points']} points lost; right only as taught {figures['only_as_taught']}, only as used "
            f"{figures['only_as_used']}",
            markup=False,
        )


@bench.command(epilog="Example: codeword bench sure --n 150")
@click.option("--n", type=click.IntRange(1), default=150, show_default=True, help="How many goals of lessons.")
@click.option("--split", type=click.Choice(SPLITS), default="seen", show_default=True, help="Of which lessons.")
@ADAPTER
@MODEL
@JSON
def sure(n: int, split: str, adapter: str, model: str, as_json: bool) -> None:
    """What is traded by not going after goals that the model is less sure of than a floor.

    It tells the share of tasks that is carried out and of these wrongly, on lessons that nobody was taught with; and
    how many of some written tasks are carried out that should not be, beside those that are held by rule (`--sure` of
    run and connect is such a floor).
    """
    from .bench.sure import bench_sure, refused_count

    _measure(partial(bench_sure, split=split, n=n), n + refused_count(), model, adapter, as_json)


def _measure(bench_of: Callable[..., dict[str, Any]], answers: int, model: str, adapter: str, as_json: bool) -> None:
    """Measure with an adapter, showing how many of the answers there are, and print what was found."""
    local = given(model)
    found = given_adapter(adapter, local)
    with counting("answers", answers) as bar:
        figures = bench_of(Engine(local, adapter=found), advance=lambda: bar.advance(bar.task_ids[0]))
    _show(figures, as_json)


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    show_machine(figures)
    out.print(f"adapter {figures['adapter']}, lessons '{figures['split']}'", markup=False)
    show_rows(figures["rows"])
    if "held_by_rule" in figures:
        held = ", ".join(f"{why} {share}" for why, share in figures["held_by_rule"].items())
        out.print(f"held by rule, before the model is asked: {held}", markup=False)


@bench.command(epilog="Example: codeword bench words")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which wordings each step draws.")
@click.option("--write", type=click.Path(path_type=Path), help="Write the learned weights to this file.")
@JSON
def words(seed: int, write: Path | None, as_json: bool) -> None:
    """What a task's words alone tell of the skill that is asked for, or that none is.

    It is a prior without any model, learned from the taught domains of the corpus and counted on those of validation.
    """
    from codeword.controller.prior.words import FEATURES, OF_NONE
    from codeword.controller.teaching.domains import TAUGHT, VALIDATION
    from codeword.controller.teaching.plan_lessons import books_of
    from codeword.controller.teaching.words import count_right, learn_weights, sayings

    from .statistics import wilson95

    with counting("codebooks", sum(len(books_of(split)) for split in (TAUGHT, VALIDATION))) as bar:
        taught, kept = (sayings(split, lambda: bar.advance(bar.task_ids[0])) for split in (TAUGHT, VALIDATION))
    weights = learn_weights(taught, seed)
    rows: list[dict[str, Any]] = [
        {"split": split, "kind": kind, **found, "wilson95": wilson95(found["right"], found["n"])}
        for split, some in ((TAUGHT, taught), (VALIDATION, kept))
        for kind, found in count_right(weights, some).items()
    ]
    features = dict(zip(FEATURES, (round(weight, 3) for weight in weights.features), strict=True))
    of_none = dict(zip(OF_NONE, (round(weight, 3) for weight in weights.of_none), strict=True))
    told = {"weights": features, "of none": of_none}
    if write is not None:
        write.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json({"rows": rows, **told})
        return
    for row in rows:
        low, high = row["wilson95"]
        out.print(
            f"{row['split']:<10} {row['kind']:<8} {row['right']:>5} of {row['n']:>5} right ({low:.0%}–{high:.0%}); "
            f"the likeliest skill in {row['right_skill']}",
            markup=False,
        )
    for name, weight in features.items():
        out.print(f"{weight:>7.2f}  {name}", markup=False)
    for name, weight in of_none.items():
        out.print(f"{weight:>7.2f}  none of the skills: {name}", markup=False)
