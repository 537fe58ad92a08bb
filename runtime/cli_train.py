"""`codeword train` and `codeword lab lessons`: teach a small model, and make what it is taught with."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from codeword.controller import teaching
from codeword.controller.teaching.domains import LAYOUTS, PLAN_SPLITS, TAUGHT, VALIDATION
from codeword.controller.teaching.sequences import (
    CHECK_SEED,
    LARGEST_SEED,
    Group,
    Header,
    read_groups,
    taken_in_turns,
    tokenizer_hash,
    write_groups,
)

if TYPE_CHECKING:
    from .own_codebook import OwnCodebook

Seed = click.IntRange(0, LARGEST_SEED)
_COUNT, _ANY, _RATE = click.IntRange(1), click.IntRange(0), click.FloatRange(0, min_open=True)

RECIPES = {"plans": Path(teaching.__file__).parent / "recipe.yaml"}
"""Recipes that are shipped."""

_OF_MACHINE = ("device", "dtype", "threads", "processes")
"""Settings that hang on the machine."""

_DECISIONS, _OF_CODEBOOK = 20_000, 2_400
"""How many decisions are learned from, and with a codebook of one's own: at 2.5 s each, as two old cores take them,
100 minutes.
"""


@click.command(epilog="Example: codeword train --codebook my.yaml --out taught")
@click.option("--codebook", "file", help="Teach this codebook (a file, or the name of a shipped one), out of itself.")
@click.option(
    "--recipe", type=click.Path(path_type=Path), help="Train in the stages of a file, or `plans`: from nothing."
)
@click.option(
    "--decisions",
    type=_COUNT,
    help=f"How many decisions to learn from.  [default: {_DECISIONS}; with --codebook {_OF_CODEBOOK}]",
)
@click.option("--seed", type=Seed, default=0, show_default=True, help="The seed of adapter and lessons.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for adapter, state and log.")
@click.option("--lessons", "lessons_file", type=click.Path(path_type=Path), help="Learn from a file of lessons.")
@click.option("--check", "check_files", multiple=True, type=click.Path(path_type=Path), help="Check with these files.")
@click.option(
    "--checked", type=_ANY, default=8, show_default=True, help="Groups that each check takes of a split, without files."
)
@click.option("--check-every", type=_COUNT, default=150, show_default=True, help="Steps between two checks.")
@click.option("--model", default="smollm2-135m", show_default=True, help="The base.")
@click.option(
    "--begin-with",
    help="An adapter whose numbers are gone on from.  [default: none, new ones; with --codebook auto, as in run]",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "bf16", "fp32"]),
    default="auto",
    show_default=True,
    help="What is computed with; auto: bf16, but fp32 on a CPU without instructions for it.",
)
@click.option("--rank", type=_COUNT, default=16, show_default=True, help="The adapter's rank.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=5e-4,
    show_default=True,
    help="The highest learning rate.",
)
@click.option("--groups", type=_COUNT, default=2, show_default=True, help="Codebooks in a step.")
@click.option("--per-group", type=_COUNT, default=6, show_default=True, help="Decisions under each codebook.")
@click.option("--together", type=_ANY, default=0, help="Codebooks in one pass; 0: one on a CPU, all on a GPU.")
@click.option("--threads", type=_COUNT, help="CPU threads, shared out to the processes.")
@click.option(
    "--processes",
    type=click.IntRange(0, 2),
    default=0,
    help="Processes that read lessons on a CPU; 0: two where there are two cores and two codebooks in a step.",
)
def train(
    file: str | None, recipe: Path | None, decisions: int | None, seed: int, out: Path, lessons_file: Path | None,
    check_files: tuple[Path, ...], checked: int, check_every: int, model: str, begin_with: str | None, device: str,
    dtype: str, rank: int, rate: float, groups: int, per_group: int, together: int,
    threads: int | None, processes: int,
) -> int:  # fmt: skip
    """Teach a model a codebook of yours, or to follow codebooks from nothing. Goes on where it was stopped.

    Writes the adapter, a log (log.jsonl) and its curves (training.svg) into the folder. Needs peft:
    pip install 'codeword[train]'.

    With --codebook the lessons are made of that codebook's examples, names and descriptions, and some of other
    codebooks. A part of the examples is kept aside and tried before and after (examples.json): where that is no better,
    no adapter is written, and it exits 1.

    With --recipe the settings are those of its stages, each of which begins with the adapter of the one before;
    manifest.json tells seeds and hashes. `--recipe plans` is how an adapter for plans is taught from nothing.
    """
    if recipe is not None:
        return _follow(recipe, out)
    import torch

    from codeword.controller.adapter import AUTO, NONE, load_adapter
    from codeword.controller.registry import resolve
    from codeword.controller.store import sha256_of
    from codeword.controller.teaching.learner import AdapterShape, Learner, quickest_dtype, require_peft
    from codeword.controller.teaching.learner_beside import LearnerBeside
    from codeword.controller.teaching.trainer import Settings, Trainer

    require_peft()
    own = None if file is None else _own(file, seed, lessons_file)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    threads = threads or torch.get_num_threads()
    shared = device == "cpu" and groups > 1 and (processes == 2 or (not processes and threads > 1))
    torch.set_num_threads(max(1, threads // 2) if shared else threads)
    base = resolve(model)
    taught = _sources(base, seed, lessons_file, check_files, checked, per_group)
    begin_with = begin_with or (None if own is None else AUTO)
    begun = NONE if begin_with is None else load_adapter(begin_with, base, to_teach=True)
    before: list[bool] = []
    if own is not None:
        from .own_codebook import usable

        own.tell(click.echo)
        taught = replace(taught, groups=own.source(base, per_group))
        before = own.tried(model, usable(begun, base, click.echo))
    shape = AdapterShape(rank=rank, alpha=2 * rank)
    dtypes = {"auto": quickest_dtype(device), "bf16": torch.bfloat16, "fp32": torch.float32}
    learner = Learner(base, shape, dtype=dtypes[dtype], device=device, seed=seed)
    decisions = decisions or (_DECISIONS if own is None else _OF_CODEBOOK)
    settings = Settings(
        decisions=decisions, per_group=per_group, groups=groups, rate=rate, seed=seed, check_every=check_every,
        together=together or (1 if device == "cpu" else groups),
    )  # fmt: skip
    told: dict[str, Any] = {
        "data_seed": taught.seed,
        "dtype": "bf16" if dtypes[dtype] == torch.bfloat16 else "fp32",
        "lessons": sha256_of(lessons_file)[:16] if lessons_file else "made",
    }
    if own is not None:
        told["codebook"] = own.codebook.hash
    if begun.folder is not None:
        learner.take_up(begun.weights)
        told["begun_with"] = begun.sha256
    name = "adapter" if own is None else own.untried
    with ExitStack() as stack:
        beside = stack.enter_context(closing(LearnerBeside(learner, torch.get_num_threads()))) if shared else None
        trainer = Trainer(learner, settings, out, told=told, adapter=name, beside=beside)
        trainer.run(taught.groups, taught.checks, _reporter())
    if own is None:
        click.echo(f"the adapter is in {trainer.adapter}")
        return 0
    del learner, trainer  # there is not room everywhere for two models
    return 0 if own.put_out(out, before, own.tried(model, str(out / own.untried)), click.echo) else 1


@click.command(epilog="Example: codeword lab lessons --n 20000 --out lessons.jsonl.gz")
@click.option("--n", type=_COUNT, default=20_000, show_default=True, help="How many decisions.")
@click.option("--seed", type=Seed, default=0, show_default=True)
@click.option(
    "--split", type=click.Choice(PLAN_SPLITS), default=TAUGHT, show_default=True, help="What they are drawn from."
)
@click.option("--per-group", type=_COUNT, default=6, show_default=True, help="Decisions under each codebook.")
@click.option("--model", default="smollm2-135m", show_default=True, help="The model whose tokenizer is used.")
@click.option("--out", type=click.Path(path_type=Path), required=True)
def lessons(n: int, seed: int, split: str, per_group: int, model: str, out: Path) -> None:
    """Make a file of lessons, for training on a machine that cannot make them. Splits but `plans` are for checking, and
    `authored` for evaluation.
    """
    from codeword.codebook.plan_prompt import PLAN_CONTRACT
    from codeword.controller.registry import resolve
    from codeword.controller.teaching.made_beside import encoded
    from codeword.controller.tokens import Tokens

    from .terminal import counting

    base = resolve(model)
    number = seed if split == TAUGHT else seed + CHECK_SEED
    groups = encoded(Tokens(base.folder), number, split, per_book=per_group)
    with counting("decisions", n) as bar:

        def wanted() -> Iterator[Group]:
            for group in islice(groups, -(-n // per_group)):
                yield group
                bar.advance(bar.task_ids[0], len(group.branches))

        count = write_groups(out, Header(PLAN_CONTRACT, tokenizer_hash(base.folder), seed, split), wanted())
    click.echo(f"{count:,} decisions are in {out}")


def _follow(recipe: Path, out: Path) -> int:
    """Train in stages. Raises InputError where a setting is given that is the stages' own."""
    import torch

    from codeword.codebook.errors import InputError

    from .recipe import follow

    context = click.get_current_context()
    for param in train.params:
        given = context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        if given and param.name not in ("recipe", "out", *_OF_MACHINE):
            raise InputError(f"--recipe has settings of its own; leave {param.opts[0]} away")
    machine = {name: context.params[name] for name in _OF_MACHINE}
    machine["threads"] = machine["threads"] or torch.get_num_threads()  # a stage leaves fewer behind
    path = RECIPES.get(str(recipe), recipe)
    follow(path, out, lambda **stage: context.invoke(train, **machine, checked=0, **stage), click.echo)
    return 0


def _own(file: str, seed: int, lessons_file: Path | None) -> "OwnCodebook":
    """The codebook that is taught out of itself."""
    from codeword.codebook.errors import InputError

    from .own_codebook import OwnCodebook

    if lessons_file is not None:
        raise InputError("--codebook makes its own lessons, and --lessons gives others; leave one of them away")
    return OwnCodebook(file, seed)


@dataclass(frozen=True)
class _Taught:
    """What is learned from, by the number of the first group; what is checked with; and the seed of the former."""

    groups: Callable[[int], Iterator[Group]]
    checks: dict[str, list[Group]]
    seed: int


def _sources(
    base: Any, seed: int, lessons_file: Path | None, check_files: tuple[Path, ...], checked: int, per_group: int
) -> _Taught:
    from codeword.codebook.errors import InputError
    from codeword.codebook.plan_prompt import PLAN_CONTRACT

    held_out: dict[str, list[Group]] = {}
    tokenizer = tokenizer_hash(base.folder)
    files = {path: read_groups(path) for path in (*([lessons_file] if lessons_file else []), *check_files)}
    for path, (header, _) in files.items():
        if header.contract != PLAN_CONTRACT:
            raise InputError(
                f"{path}: made for prompt contract {header.contract}, and what is taught is for {PLAN_CONTRACT}; make "
                "it again with: codeword lab lessons"
            )
        if header.tokenizer != tokenizer:
            raise InputError(f"{path}: made with another model's tokenizer; make it again with --model {base.name}")
    for path in check_files:
        header, groups = files[path]
        held_out[header.split] = groups
    if lessons_file is not None:
        header, kept = files[lessons_file]
        if header.split != TAUGHT:
            raise InputError(
                f"{lessons_file}: lessons of '{header.split}' are for checking with (--check); teach with {TAUGHT}"
            )
        if not kept:
            raise InputError(f"{lessons_file}: has no lessons in it; make it again")
        size = len(kept[0].branches)
        if size != per_group:
            raise InputError(f"{lessons_file}: has {size} decisions under a codebook; give --per-group {size}")
        return _Taught(lambda begin: taken_in_turns(kept, begin), held_out, header.seed)
    from codeword.controller.teaching.made_beside import encoded, encoded_for, made_beside
    from codeword.controller.tokens import Tokens

    tokens = Tokens(base.folder)
    for name in (VALIDATION, LAYOUTS) if not check_files and checked else ():
        some = encoded(tokens, CHECK_SEED, name, per_book=12)
        held_out[name] = [next(some) for _ in range(checked)]
    make = partial(encoded_for, base.folder, seed, TAUGHT, per_group)
    return _Taught(partial(made_beside, make), held_out, seed)


def _reporter() -> Callable[[Any], None]:
    """Tells of progress: a line every few seconds, and one for each check."""
    told = {"at": 0.0, "checks": None}

    def report(progress: Any) -> None:
        now = time.monotonic()
        last = progress.step == progress.steps
        if now - float(told["at"] or 0) > 10 or last:
            told["at"] = now
            share = progress.step / progress.steps
            bar = "#" * round(20 * share)
            click.echo(
                f"[{bar:<20}] {progress.step}/{progress.steps} loss {progress.loss:.4f}  "
                f"{progress.decisions_s:.2f} decisions/s  {progress.tokens_s:.0f} tokens/s  "
                f"{progress.left_s / 3600:.2f} h left"
            )
        if progress.checks is not told["checks"] and progress.checks:
            told["checks"] = progress.checks
            click.echo("  right: " + "  ".join(f"{k} {c.right:.3f} (n={c.n})" for k, c in progress.checks.items()))

    return report
