"""`codeword lab evaluate --split authored`: tasks in codebooks of domains that nobody was taught with."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from codeword.codebook.errors import InputError
from codeword.controller.adapter import load_adapter
from codeword.controller.engine import Engine
from codeword.controller.registry import resolve

from .evaluation.authored import evaluate_authored
from .evaluation.contenders import Contender
from .evaluation.reliability import draw_reliability
from .machine import machine
from .terminal import counting, out, print_json


def evaluate_corpus(
    contenders: Sequence[Contender], splits: Sequence[str], n: int, seed: int, *, examples: int, plot: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Have every model among some contenders write plans for n tasks of each split, and tell what they come to; with
    `examples` without so many of them in every codebook, and with them.

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
                    engine, split, n, seed, lambda: bar.advance(bar.task_ids[0]), examples=examples, tell=tell
                )
                found.append({**about, "examples": examples if tell else 0, **figures})
    if as_json:
        print_json({"machine": machine(), "seed": seed, "rows": found})
    else:
        for figures in found:
            _show(figures)
    if plot is not None:
        last = found[-1]
        title = f"{last['model']}, adapter {last['adapter']}, {last['split']}"
        try:
            plot.write_text(draw_reliability(title, last["reliability"]), encoding="utf-8")
        except OSError as problem:
            raise InputError(f"{plot}: cannot be written: {problem.strerror}") from problem


def _show(figures: Mapping[str, Any]) -> None:
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
