"""`codeword train` and `codeword lessons`: teach a small model to follow codebooks, and make what it is taught with."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codeword.controller.teaching.domains import LAYOUTS, PLAN_SPLITS, TAUGHT, VALIDATION
from codeword.controller.teaching.sequences import (
    CHECK_SEED,
    SPLITS,
    Group,
    Header,
    read_groups,
    taken_in_turns,
    tokenizer_hash,
    write_groups,
)

if TYPE_CHECKING:
    from .own_codebook import OwnCodebook

LARGEST_SEED = 999_999
Seed = click.IntRange(0, LARGEST_SEED)
_COUNT, _ANY, _RATE = click.IntRange(1), click.IntRange(0), click.FloatRange(0, min_open=True)
Easy = click.option(
    "--easy",
    type=_ANY,
    default=4_000,
    show_default=True,
    help="So many decisions at the beginning are of easy kinds of task, where goals are taught.",
)
Split = partial(click.option, "--split", default=TAUGHT, show_default=True)


_DECISIONS, _OF_CODEBOOK = 20_000, 2_400
"""How many decisions are learned from, and with a codebook of one's own: at 2.5 s each, as two old cores take them,
100 minutes.
"""


@click.command(epilog="Example: codeword train --codebook my.yaml --out taught")
@click.option("--codebook", "file", help="Teach this codebook (a file, or the name of a shipped one), out of itself.")
@click.option(
    "--decisions",
    type=_COUNT,
    help=f"How many decisions to learn from.  [default: {_DECISIONS}; with --codebook {_OF_CODEBOOK}]",
)
@click.option("--seed", type=Seed, default=0, show_default=True, help="The seed of adapter and lessons.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for adapter, state and log.")
@Split(type=click.Choice([TAUGHT, SPLITS[0]]), help="What is taught: plans, or goals and commands of tabletops alone.")
@Easy
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
@click.option("--threads", type=_COUNT, help="CPU threads.")
def train(
    file: str | None, decisions: int | None, split: str, easy: int, seed: int, out: Path, lessons_file: Path | None,
    check_files: tuple[Path, ...], checked: int, check_every: int, model: str, begin_with: str | None, device: str,
    dtype: str, rank: int, rate: float, groups: int, per_group: int, together: int,
    threads: int | None,
) -> int:  # fmt: skip
    """Train an adapter by lessons made on the way, or out of a file. Goes on where it was stopped.

    Writes the adapter, a log (log.jsonl) and its curves (training.svg) into the folder. Needs peft:
    pip install 'codeword[train]'.

    With --codebook the lessons are made of that codebook's examples, names and descriptions, and some of other
    codebooks. A part of the examples is kept aside and tried before and after (examples.json): where that is no better,
    no adapter is written, and it exits 1.
    """
    import torch

    from codeword.controller.adapter import AUTO, NONE, load_adapter
    from codeword.controller.registry import resolve
    from codeword.controller.store import sha256_of
    from codeword.controller.teaching.learner import Learner, Shape, quickest_dtype, require_peft
    from codeword.controller.teaching.trainer import Settings, Trainer

    require_peft()
    own = None if file is None else _own(file, seed, split, lessons_file)
    if threads:
        torch.set_num_threads(threads)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    base = resolve(model)
    taught = _sources(base, seed, split, easy, lessons_file, check_files, checked, per_group)
    begin_with = begin_with or (None if own is None else AUTO)
    begun = NONE if begin_with is None else load_adapter(begin_with, base, to_teach=True)
    before: list[bool] = []
    if own is not None:
        from .own_codebook import usable

        own.tell(click.echo)
        taught = replace(taught, groups=own.source(base, per_group))
        before = own.tried(model, usable(begun, base, click.echo))
    shape = Shape(rank=rank, alpha=2 * rank)
    dtypes = {"auto": quickest_dtype(device), "bf16": torch.bfloat16, "fp32": torch.float32}
    learner = Learner(base, shape, dtype=dtypes[dtype], device=device, seed=seed)
    decisions = decisions or (_DECISIONS if own is None else _OF_CODEBOOK)
    settings = Settings(
        decisions=decisions, per_group=per_group, groups=groups, rate=rate, seed=seed, check_every=check_every,
        together=together or (1 if device == "cpu" else groups),
    )  # fmt: skip
    told: dict[str, Any] = {
        "data_seed": taught.seed,
        "easy": "in the file" if lessons_file else easy if split not in PLAN_SPLITS else 0,
        "dtype": "bf16" if dtypes[dtype] == torch.bfloat16 else "fp32",
        "lessons": sha256_of(lessons_file)[:16] if lessons_file else "made",
    }
    if own is not None:
        told["codebook"] = own.codebook.hash
    if begun.folder is not None:
        learner.take_up(begun.weights)
        told["begun_with"] = begun.sha256
    name = "adapter" if own is None else own.untried
    trainer = Trainer(learner, settings, out, told=told, contract=taught.contract, adapter=name)
    trainer.run(taught.groups, taught.checks, _reporter())
    if own is None:
        click.echo(f"the adapter is in {trainer.adapter}")
        return 0
    del learner, trainer  # there is not room everywhere for two models
    return 0 if own.put_out(out, before, own.tried(model, str(out / own.untried)), click.echo) else 1


@click.command(epilog="Example: codeword lessons --n 20000 --out lessons.jsonl.gz")
@click.option("--n", type=_COUNT, default=20_000, show_default=True, help="How many decisions.")
@click.option("--seed", type=Seed, default=0, show_default=True)
@Split(
    type=click.Choice([*PLAN_SPLITS, *SPLITS]),
    help=f"What they are drawn from: plans ({', '.join(PLAN_SPLITS)}), or goals and commands of tabletops alone.",
)
@Easy
@click.option("--per-group", type=_COUNT, default=6, show_default=True, help="Decisions under each codebook.")
@click.option("--model", default="smollm2-135m", show_default=True, help="The model whose tokenizer is used.")
@click.option("--played-by", help="An adapter, or none: lessons out of what the model itself does with it.")
@click.option(
    "--draws", type=click.IntRange(0, 64), default=0, help="With --played-by: teach only what it writes itself."
)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def lessons(
    n: int, seed: int, split: str, easy: int, per_group: int, model: str, played_by: str | None, draws: int, out: Path
) -> None:
    """Make a file of lessons, for training on a machine that cannot make them. Splits but `plans` and `seen` are for
    checking, and `authored` for evaluation; to check with `seen`, take another seed and --easy 0.

    With --played-by the model plays episodes in the symbolic world, and the lessons are of where that has led: those
    where it was wrong first. Go on with: codeword train --begin-with ADAPTER --lessons FILE. With --draws it answers
    so many times by lot where it was wrong, and learns the first answer that is right; where none is, nothing.
    """
    from codeword.codebook.errors import InputError
    from codeword.controller.registry import resolve
    from codeword.controller.teaching.encode import encode_group, encoded
    from codeword.controller.tokens import Tokens

    from .terminal import counting

    if played_by is not None and split in PLAN_SPLITS:
        raise InputError(f"--played-by: a model plays tabletop lessons, not '{split}'; give --split seen")
    if draws and played_by is None:
        raise InputError("--draws is of what a model does itself; say whose with --played-by ADAPTER")
    base = resolve(model)
    tokens, number = Tokens(base.folder), seed if split in (TAUGHT, "seen") else seed + CHECK_SEED
    first = easy // per_group if split == "seen" and played_by is None else 0
    if played_by is None:
        groups = encoded(tokens, number, split, per_book=per_group, easy=first)
    else:
        groups = (encode_group(tokens, group) for group in _played(base, played_by, number, split, per_group, draws))
    with counting("decisions", n) as bar:

        def wanted() -> Iterator[Group]:
            for group in islice(groups, -(-n // per_group)):
                yield group
                bar.advance(bar.task_ids[0], len(group.branches))

        count = write_groups(out, Header(_contract(split), tokenizer_hash(base.folder), seed, split), wanted())
    alone = min(count, first * per_group)
    more = f", the first {alone:,} of easy kinds of task alone (none with --easy 0)" if alone else ""
    click.echo(f"{count:,} decisions are in {out}{more}")


def _played(base: Any, adapter: str, seed: int, split: str, per_group: int, draws: int) -> Iterator[Any]:
    """Lessons of what a model does itself."""
    from codeword.controller.adapter import load_adapter
    from codeword.controller.engine import Engine
    from codeword.controller.sampling import Sampling
    from codeword.controller.teaching.mixes import split_mix
    from codeword.controller.teaching.play import Policy, played

    engine = Engine(base, adapter=load_adapter(adapter, base))

    def answering(sampling: Sampling) -> Policy:
        return lambda lesson: engine.decide(lesson.prompt, lesson.graph, sampling=sampling).text

    lots = [answering(Sampling(temperature=1.0, seed=draw)) for draw in range(1, draws + 1)]
    return played(seed, split_mix(split), answering(Sampling()), per_book=per_group, draws=lots)


def _contract(split: str) -> int:
    """The prompt contract of the lessons of a split."""
    from codeword.codebook.plan_prompt import PLAN_CONTRACT
    from codeword.codebook.prompt import CONTRACT

    return PLAN_CONTRACT if split in PLAN_SPLITS else CONTRACT


def _own(file: str, seed: int, split: str, lessons_file: Path | None) -> "OwnCodebook":
    """The codebook that is taught out of itself."""
    from codeword.codebook.errors import InputError

    from .own_codebook import OwnCodebook

    if lessons_file is not None:
        raise InputError("--codebook makes its own lessons, and --lessons gives others; leave one of them away")
    if split != TAUGHT:
        raise InputError(f"--codebook teaches plans; leave away --split {split}")
    return OwnCodebook(file, seed)


@dataclass(frozen=True)
class _Taught:
    """What is learned from, by the number of the first group; what is checked with; seed and prompt contract of the
    former.
    """

    groups: Callable[[int], Iterator[Group]]
    checks: dict[str, list[Group]]
    seed: int
    contract: int


def _sources(
    base: Any, seed: int, split: str, easy: int, lessons_file: Path | None, check_files: tuple[Path, ...],
    checked: int, per_group: int,
) -> _Taught:  # fmt: skip
    from codeword.codebook.errors import InputError

    held_out: dict[str, list[Group]] = {}
    tokenizer = tokenizer_hash(base.folder)
    files = {path: read_groups(path) for path in (*([lessons_file] if lessons_file else []), *check_files)}
    contract = _contract(files[lessons_file][0].split if lessons_file else split)
    for path, (header, _) in files.items():
        if header.contract != contract:
            raise InputError(
                f"{path}: made for prompt contract {header.contract}, and what is taught is for {contract}; make it "
                f"again with --split {(VALIDATION if contract == _contract(VALIDATION) else SPLITS[0])}"
            )
        if header.tokenizer != tokenizer:
            raise InputError(f"{path}: made with another model's tokenizer; make it anew with --model {base.name}")
    for path in check_files:
        header, groups = files[path]
        held_out[header.split] = groups
    if lessons_file is not None:
        header, kept = files[lessons_file]
        if header.split not in (TAUGHT, SPLITS[0]):
            raise InputError(
                f"{lessons_file}: lessons of '{header.split}' are for checking with (--check); teach with those of "
                f"{TAUGHT} or {SPLITS[0]}"
            )
        if not kept:
            raise InputError(f"{lessons_file}: has no lessons in it; make it anew")
        size = len(kept[0].branches)
        if size != per_group:
            raise InputError(f"{lessons_file}: has {size} decisions under a codebook; give --per-group {size}")
        return _Taught(lambda begin: taken_in_turns(kept, begin), held_out, header.seed, contract)
    from codeword.controller.teaching.encode import encoded, encoded_for
    from codeword.controller.teaching.made_beside import made_beside
    from codeword.controller.tokens import Tokens

    tokens = Tokens(base.folder)
    checks = (VALIDATION, LAYOUTS) if split in PLAN_SPLITS else SPLITS
    for name in checks if not check_files and checked else ():
        some = encoded(tokens, CHECK_SEED, name, per_book=12)
        held_out[name] = [next(some) for _ in range(checked)]
    make = partial(encoded_for, base.folder, seed, split, per_group, easy // per_group)
    return _Taught(partial(made_beside, make), held_out, seed, contract)


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
