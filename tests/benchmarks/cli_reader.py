"""`python -m tests.benchmarks second-reader`: whether somebody else understands the corpus's tasks as it does."""

from collections import Counter
from pathlib import Path

import click

from codeword.codebook.errors import InputError
from codeword.runtime.terminal import out, print_json

from .cli import JSON, bench, show_rows
from .second_reader import read_sample, write_sample


@bench.command(
    "second-reader", epilog="Example: python -m tests.benchmarks second-reader /tmp/sample --write --n 300 --parts 6"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write a sample to read into FOLDER.")
@click.option("--n", type=click.IntRange(1), default=300, show_default=True, help="With --write: how many tasks.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="With --write: which of them.")
@click.option("--parts", type=click.IntRange(1), default=1, show_default=True, help="With --write: in so many files.")
@JSON
def second_reader(folder: Path, write: bool, n: int, seed: int, parts: int, as_json: bool) -> None:
    """How often a reader who sees codebook, scene and words alone says the plan that stands in the corpus.

    First --write a sample; somebody answers each part-N.md of FOLDER in an answers-N.yaml beside it. Without --write
    the answers are compared, and every one that comes to something else is told.
    """
    if write:
        write_sample(folder, n, seed, parts)
        return
    if not (folder / "sample.json").is_file():
        raise InputError(f"{folder}: no sample is there; write one with --write")
    answers = read_sample(folder)
    n_of = Counter(one.asked.task.kind for one in answers)
    same = Counter(one.asked.task.kind for one in answers if one.agrees)
    rows = [{"kind": kind, "n": n_of[kind], "the same": same[kind]} for kind in sorted(n_of)]
    rows.append({"kind": "all", "n": n_of.total(), "the same": same.total()})
    apart = [
        {
            "domain": one.asked.entry.domain,
            "codebook": one.asked.entry.codebook.name,
            "words": one.asked.words,
            "corpus": [plan.told for plan in one.asked.task.plans] or ["nothing"],
            "reader": one.plan.told if one.plan is not None else "nothing",
        }
        for one in answers
        if not one.agrees
    ]
    if as_json:
        print_json({"rows": rows, "apart": apart})
        return
    for one in apart:
        out.print(f"{one['domain']}/{one['codebook']}: {one['words']}", markup=False)
        out.print(f"    corpus: {' | '.join(one['corpus'])}\n    reader: {one['reader']}", markup=False)
    show_rows(rows)
