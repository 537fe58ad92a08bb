"""`codeword lab evaluate`: the table of what controllers reach on tasks that nobody was taught."""

import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from codeword.codebook.errors import InputError, did_you_mean
from codeword.controller.adapter import load_adapter
from codeword.controller.decider_config import POLICIES
from codeword.controller.engine import Engine
from codeword.controller.registry import DEFAULT_MODEL, resolve
from codeword.controller.sureness import SURE
from codeword.controller.teaching.corpus_reader import files
from codeword.controller.teaching.domains import AUTHORED, VALIDATION
from codeword.controller.teaching.plan_lessons import books_of

from .evaluation.authored import evaluate_authored
from .evaluation.card import model_card
from .evaluation.contenders import NAMES, Contender, contenders
from .evaluation.failures import FAILURES
from .evaluation.reliability import draw_reliability
from .evaluation.splits import FIRST_SEED, SPLITS, cases
from .evaluation.table import SplitRow
from .evaluation.table import evaluate as run_evaluation
from .external.measure import SetRow, measure, pairs
from .external.sets import SETS, chosen_files
from .machine import machine
from .terminal import counting, err, out, print_json, stages


def evaluate_corpus(
    contenders: Sequence[Contender], splits: Mapping[str, Sequence[Path]], n: int, seed: int, *, examples: int,
    plot: Path | None, failures: bool, as_json: bool,
) -> None:  # fmt: skip
    """Have every model among some contenders write plans for n tasks of each split, which comes with its codebooks'
    files, and tell what they come to; with `examples` without so many of them in every codebook, and with them.

    Raises InputError where no contender is a model, or where the plot cannot be written.
    """
    models = [one for one in contenders if one.who.controller == "llm"]
    if not models:
        raise InputError("plans are written by models; evaluate one with --controller base or base+adapter")
    found: list[dict[str, Any]] = []
    ways = (False, True) if examples else (True,)
    with counting("tasks", n * len(splits) * len(models) * len(ways)) as bar:
        for one in models:
            base = resolve(one.who.model)
            engine = Engine(base, adapter=load_adapter(one.who.adapter, base))
            about = {"controller": one.name, "model": base.name, "adapter": engine.adapter.name}
            for split, tell in product(splits, ways):
                figures = evaluate_authored(
                    engine, splits[split], n, seed, lambda: bar.advance(bar.task_ids[0]), examples=examples, tell=tell
                )
                found.append({**about, "split": split, "examples": examples if tell else 0, **figures})
    if as_json:
        print_json({"machine": machine(), "seed": seed, "rows": found})
    else:
        for figures in found:
            _show_corpus(figures)
            if failures:
                _show_missed(figures["missed"])
    if plot is not None:
        last = found[-1]
        title = f"{last['model']}, adapter {last['adapter']}, {last['split']}"
        try:
            plot.write_text(draw_reliability(title, last["reliability"]), encoding="utf-8")
        except OSError as problem:
            raise InputError(f"{plot}: cannot be written: {problem.strerror}") from problem


def _show_corpus(figures: Mapping[str, Any]) -> None:
    told = f", {figures['examples']} examples in every codebook" if figures["examples"] else ""
    out.print(
        f"{figures['controller']}: {figures['model']}, adapter {figures['adapter']}, split {figures['split']}{told}"
    )
    for row in figures["rows"]:
        low, high = row["wilson95"] or (0.0, 1.0)
        out.print(f"  {row['kind']:<9} {row['right']:>4} of {row['n']:>4} right ({low:.0%}–{high:.0%})", markup=False)
    for row in figures["floors"]:
        out.print(
            f"  at least {row['floor']:.0%} sure: {row['carried_out']} of {row['asked']} carried out, "
            f"{row['of_these_wrong']} of them wrongly; {row['done_all_the_same']} of {row['to_refuse']} done that are "
            "to be refused",
            markup=False,
        )
    for row in figures["reliability"]["bins"]:
        if row["n"]:
            low, high = row["wilson95"]
            out.print(
                f"  {row['low']:.0%} to {row['high']:.0%} sure, {row['sure']:.0%} on average: "
                f"{row['right']} of {row['n']} plans right ({low:.0%}–{high:.0%})",
                markup=False,
            )
    if figures["reliability"]["n"]:
        out.print(f"  expected calibration error {figures['reliability']['ece']:.3f}", markup=False)


def _show_missed(missed: Sequence[Mapping[str, Any]]) -> None:
    for one in missed:
        did = "did" if one["carried_out"] else "held, thought of"
        out.print(f"{one['codebook']}, {one['kind']}: {one['task']}", markup=False)
        out.print(
            f"  {did} {one['plan']}{_sureness(one['sureness'])}; right: {' or '.join(one['right'])}", markup=False
        )
        for note in one["notes"]:
            out.print(f"  {note}", markup=False)


def _sureness(value: float | None) -> str:
    return "" if value is None else f" ({value:.0%} sure)"


def evaluate_external(
    contenders: Sequence[Contender],
    folder: Path,
    names: Sequence[str],
    n: int,
    seed: int,
    *,
    failures: bool,
    as_json: bool,
) -> None:
    """Measure on the sets of these names whose files are in a folder, on all that are there where none is named.

    Raises InputError for a file that is missing or not of the form, and whatever `measure` raises.
    """
    files = chosen_files(folder, names)
    asked = pairs(contenders, list(files))
    items = {name: SETS[name].load(file, n, seed) for name, file in files.items()}
    with counting("items", sum(len(items[name]) for _, name in asked)) as bar:
        rows = measure(asked, items, seed, lambda: bar.advance(bar.task_ids[0]), stages(bar))
    if as_json:
        about = {name: _about(name, file) for name, file in files.items()}
        print_json({"rows": [row.as_json() for row in rows], "sets": about, "seed": seed})
        return
    _show_external(rows)
    for name in files:
        one = SETS[name]
        out.print(f"{name}: right is {one.right}", markup=False)
        out.print(f"  differs from what is published: {one.differs}; published: {one.published}", markup=False)
    missing = [name for name in SETS if name not in files]
    if missing and not names:
        err.print(f"not there: {', '.join(missing)} (codeword lab evaluate --help)", markup=False)
    if failures:
        _show_external_failures(rows)


def _about(name: str, file: Path) -> dict[str, str]:
    one = SETS[name]
    return {
        "file": str(file), "source": one.source, "licence": one.licence, "right": one.right, "differs": one.differs,
        "published": one.published,
    }  # fmt: skip


def _show_external(rows: Sequence[SetRow]) -> None:
    table = Table(box=None, header_style="bold")
    for heading in ("controller", "policy", "set"):
        table.add_column(heading)
    for heading in ("n", "right", "rate", "95%", "F1", "mean sureness", f"{SURE:.0%} sure", "of these wrong"):
        table.add_column(heading, justify="right")
    for row in rows:
        low, high = row.wilson95
        table.add_row(
            row.contender.name, row.contender.policy, row.name, str(row.n), str(row.right),
            f"{row.right / row.n:.0%}" if row.n else "-", f"{low:.0%}–{high:.0%}", _share(row.f1), _share(row.sureness),
            str(row.carried_out), str(row.carried_out_wrong),
        )  # fmt: skip
    out.print(table)
    out.print(f"{SURE:.0%} sure: what is carried out with the usual floor under sureness")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _show_external_failures(rows: Sequence[SetRow]) -> None:
    for row in rows:
        for one in row.tried:
            if not one.score.right:
                who = f"{row.contender.name}, {row.contender.policy}, {row.name} {one.item.name}"
                out.print(f"{who}: {one.item.task}\n  {one.written.plan.told}", markup=False)


CORPUS = (VALIDATION, AUTHORED)


@click.command(epilog="Example: codeword lab evaluate --adapter trained/adapter --episodes 50 --out evaluation")
@click.option("--controller", "names", multiple=True, help=f"Who is evaluated: {', '.join(NAMES)}; all by default.")
@click.option("--base", default=DEFAULT_MODEL, show_default=True, help="A name, folder, .gguf file or hub id.")
@click.option("--adapter", help="The adapter that the base is evaluated with.")
@click.option("--model", "models", multiple=True, help="Another model to be evaluated; can be given again.")
@click.option(
    "--policy", "policies", multiple=True, default=POLICIES, show_default=True,
    help=f"What models write: {', '.join(POLICIES)}; can be given again.",
)  # fmt: skip
@click.option(
    "--split", "splits", multiple=True,
    help=f"A column: {', '.join(SPLITS)}; all by default. Or plans for the corpus of codebooks: {', '.join(CORPUS)}.",
)  # fmt: skip
@click.option(
    "--external",
    type=click.Path(path_type=Path),
    help=f"Measure on the public sets in this folder instead; its splits: {', '.join(SETS)}.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Measure plans on codebooks of yours, FOLDER/DOMAIN/NAME.yaml with NAME.tasks.yaml.",
)
@click.option(
    "--episodes", type=click.IntRange(1), default=51, show_default=True, help="Episodes, or items, of each split."
)
@click.option(
    "--examples", type=click.IntRange(1, 20), default=None,
    help="With the corpus: try it twice, without and with so many of its tasks as examples in every codebook.",
)  # fmt: skip
@click.option("--first-seed", type=click.IntRange(FIRST_SEED), default=FIRST_SEED, show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Episodes side by side.")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Where episodes go, or lie [evaluation/TIME].")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="With the corpus: draw the share right over sureness (SVG)."
)
@click.option("--failures", is_flag=True, help="Tell how and in which scenarios the others failed.")
@click.option(
    "--card", is_flag=True, help="Write the adapter's model card (README.md in its folder) with what comes out."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def evaluate(
    names: tuple[str, ...], base: str, adapter: str | None, models: tuple[str, ...], policies: tuple[str, ...],
    splits: tuple[str, ...], external: Path | None, corpus: Path | None, episodes: int,
    examples: int | None, first_seed: int, jobs: int, folder: Path | None, plot: Path | None, failures: bool,
    card: bool, as_json: bool,
) -> None:  # fmt: skip
    """Evaluate controllers on unseen layouts, wordings, codebooks and kinds of task, and on the other suites.

    Goals are judged by physics. With --out FOLDER an evaluation that was stopped goes on: what is there is not run
    again. Seeds below 10000 are for training.

    With --external FOLDER it is measured on public sets that nobody here wrote, in a world of facts and with no
    physics; runtime/guide/external.md says where to get them and what counts as right. So are --split validation and
    authored: tasks of the corpus of codebooks, of domains that choices are made on, and that nobody is taught with.
    With --corpus FOLDER codebooks of your own with their tasks are tried in the same way (runtime/guide/teaching.md).
    """
    if corpus is not None and (splits or external is not None):
        raise InputError(f"--corpus: goes without {'--split' if splits else '--external'}; evaluate them one by one")
    for split in splits if external is None else ():
        if split not in (known := [*SPLITS, *CORPUS]):
            raise InputError(f"there is no split '{split}'{did_you_mean(split, known)}")
    of_corpus = _of_folder(corpus) if corpus is not None else {
        split: books_of(split) for split in splits if split in CORPUS and external is None
    }  # fmt: skip
    for option, given in (("--plot", plot), ("--examples", examples)):
        if given is not None and not of_corpus:
            raise InputError(f"{option}: goes with --corpus, or --split {' or '.join(CORPUS)}")
    if of_corpus:
        name = next(iter(of_corpus))
        others = [split for split in splits if split not in CORPUS]
        if others:
            raise InputError(f"--split {name} has no physics, and {others[0]} has; evaluate them one by one")
        what = "--corpus" if corpus is not None else f"--split {name}"
        _refuse(what, {"--card": card, "--out": folder is not None, "--jobs": jobs > 1})
        who = contenders(names, base=base, adapter=adapter, models=models, policies=("plan",))
        evaluate_corpus(
            who, of_corpus, episodes, first_seed, examples=examples or 0, plot=plot, failures=failures, as_json=as_json
        )
        return
    if external is not None:
        _refuse("--external", {"--card": card, "--out": folder is not None, "--jobs": jobs > 1})
        who = contenders(names, base=base, adapter=adapter, models=models, policies=policies)
        evaluate_external(who, external, splits, episodes, first_seed, failures=failures, as_json=as_json)
        return
    if card and adapter is None:
        raise InputError("--card: which adapter's? give it with --adapter")
    who = contenders(names, base=base, adapter=adapter, models=models, policies=policies)
    chosen = {split: cases(split, episodes, first_seed) for split in splits or SPLITS}
    folder = folder or Path("evaluation") / time.strftime("%Y%m%d-%H%M%S")
    with counting("episodes", len(who) * sum(map(len, chosen.values()))) as bar:
        rows = run_evaluation(who, chosen, folder, lambda: bar.advance(bar.task_ids[0]), stages(bar), jobs)
    if card:
        _write_card(base, str(adapter), rows, first_seed)
    if as_json:
        print_json({"rows": [row.as_json() for row in rows], "out": str(folder)})
        return
    _show(rows, list(chosen))
    if failures:
        _show_failures(rows)


def _of_folder(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The codebooks of a folder, under its name. Raises InputError where there are none."""
    found = tuple(files(folder))
    if not found:
        raise InputError(f"--corpus {folder}: has no codebooks; FOLDER/DOMAIN/NAME.yaml, NAME.tasks.yaml beside it")
    return {folder.resolve().name: found}


def _refuse(what: str, given: Mapping[str, bool]) -> None:
    """Raises InputError for the options that say nothing where no episodes are run."""
    for option, is_given in given.items():
        if is_given:
            raise InputError(f"{option}: {what} runs no episodes, so that it has no use there; leave it")


def _write_card(base: str, name: str, rows: Sequence[SplitRow], first_seed: int) -> None:
    model = resolve(base)
    adapter = load_adapter(name, model)
    text = model_card(adapter, model, rows, first_seed)
    assert adapter.folder is not None
    path = adapter.folder / "README.md"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from problem


def _show(rows: Sequence[SplitRow], splits: Sequence[str]) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("controller")
    table.add_column("policy")
    for split in splits:
        table.add_column(split, justify="right")
    for contender in dict.fromkeys(row.contender for row in rows):
        mine = {row.split: row for row in rows if row.contender == contender}
        table.add_row(contender.name, contender.policy, *(_cell(mine[split]) for split in splits))
    out.print(table)
    out.print("goals reached of episodes, rate and its 95% interval; judged by physics")


def _cell(row: SplitRow) -> str:
    low, high = row.wilson95
    return f"{row.success} of {row.n}\n{row.success / row.n:.0%} ({low:.0%}–{high:.0%})"


def _show_failures(rows: Sequence[SplitRow]) -> None:
    kinds = [kind for kind in FAILURES if any(row.failures.get(kind) for row in rows)]
    table = Table(box=None, header_style="bold")
    for heading in ("controller", "policy", "split", "n", "reached", *kinds, "with damage"):
        table.add_column(heading, justify="left" if heading in ("controller", "policy", "split") else "right")
    for row in rows:
        counts = [str(row.failures.get(kind, 0) or "") for kind in kinds]
        table.add_row(
            row.contender.name,
            row.contender.policy,
            row.split,
            str(row.n),
            str(row.success),
            *counts,
            str(row.harmed or ""),
        )
    out.print(table)
    for row in rows:
        missed = [f"{name} {done} of {n}" for name, (done, n) in row.scenarios.items() if done < n]
        if missed:
            out.print(
                f"{row.contender.name}, {row.contender.policy}, {row.split}: reached of {', '.join(missed)}",
                markup=False,
            )
