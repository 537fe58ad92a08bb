"""`python -m tests.benchmarks words`: what a task's words alone tell."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from codeword.controller.registry import DEFAULT_MODEL
from codeword.runtime.terminal import counting, out, print_json

from .cli import JSON, bench


@bench.command(epilog="Example: python -m tests.benchmarks words")
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
    from codeword.runtime.statistics import wilson95

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


@bench.command(epilog="Example: python -m tests.benchmarks vectors --write controller/prior/vectors.npz")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--write", "file", type=click.Path(path_type=Path), required=True, help="Write the vectors to this file.")
@JSON
def vectors(model: str, file: Path, as_json: bool) -> None:
    """Make the vectors of common words by which the prior tells how alike words are, out of a model's embeddings."""
    from .vectors import make_vectors

    made = make_vectors(model, file)
    if as_json:
        print_json(asdict(made))
        return
    out.print(
        f"{made.words} words, {made.bytes:,} bytes; cosines correlate {made.correlation:.3f} with those of floats; "
        f"{made.above_floor:.1%} of pairs are above the floor"
    )
