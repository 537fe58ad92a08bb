"""`codeword lab evaluate --external`: the table of what controllers reach on public sets that nobody here wrote."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from codeword.controller.sureness import SURE

from .evaluation.contenders import Contender
from .external.measure import SetRow, measure, pairs
from .external.sets import SETS, chosen_files
from .terminal import counting, err, out, print_json, stages


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
    _show(rows)
    for name in files:
        one = SETS[name]
        out.print(f"{name}: right is {one.right}", markup=False)
        out.print(f"  differs from what is published: {one.differs}; published: {one.published}", markup=False)
    missing = [name for name in SETS if name not in files]
    if missing and not names:
        err.print(f"not there: {', '.join(missing)} (codeword lab evaluate --help)", markup=False)
    if failures:
        _show_failures(rows)


def _about(name: str, file: Path) -> dict[str, str]:
    one = SETS[name]
    return {
        "file": str(file), "source": one.source, "licence": one.licence, "right": one.right, "differs": one.differs,
        "published": one.published,
    }  # fmt: skip


def _show(rows: Sequence[SetRow]) -> None:
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


def _show_failures(rows: Sequence[SetRow]) -> None:
    for row in rows:
        for one in row.tried:
            if not one.score.right:
                who = f"{row.contender.name}, {row.contender.policy}, {row.name} {one.item.name}"
                out.print(f"{who}: {one.item.task}\n  {one.written.plan.told}", markup=False)
