"""What tests of public sets share: items of the samples, and plans that are tried on them."""

from pathlib import Path

import pytest

from codeword.codebook import Codebook
from codeword.codebook.command_codec import make_command
from codeword.codebook.task_plan import Do, TaskPlan
from codeword.controller.plan_controller import GivenPlan
from codeword.runtime.cli import main
from codeword.runtime.external.items import Item, Written
from codeword.runtime.external.measure import Tried
from codeword.runtime.external.sets import SETS, chosen_files
from codeword.runtime.trial import try_task


def items(folder: Path, name: str, n: int = 50, seed: int = 0) -> list[Item]:
    """Items of a set, out of a folder."""
    return SETS[name].load(chosen_files(folder, [name])[name], n, seed)


def named(folder: Path, name: str, item: str) -> Item:
    """The item of that id."""
    return next(one for one in items(folder, name) if one.name == item)


def plan_of(codebook: Codebook, *commands: tuple[str, dict[str, str]]) -> TaskPlan:
    """A plan of these commands."""
    return TaskPlan(tuple(Do(make_command(codebook, skill, args)) for skill, args in commands))


def tried(item: Item, plan: TaskPlan) -> Tried:
    """What comes of a plan, carried out."""
    trial = try_task(item.codebook, GivenPlan(item.codebook, plan), item.task, item.observation)
    return scored(item, Written.of(trial))


def scored(item: Item, written: Written) -> Tried:
    """What comes of what was written."""
    return Tried(item, written, item.answer.score(written, item.codebook, item.observation))


def run(*args: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)
