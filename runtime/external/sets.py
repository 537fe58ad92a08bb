"""The public sets that can be measured on: where their data comes from, what counts as right, and what differs from the
setting that others publish numbers for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codeword.codebook.errors import InputError, did_you_mean

from .files import found
from .huric import huric_items
from .items import Item
from .planbench import FILE, planbench_items

Load = Callable[[Path, int, int], list[Item]]
"""Draws at most so many items from a file, by seed."""


@dataclass(frozen=True)
class ExternalSet:
    """A public set. `file` is the name, or path, that its data has in a folder. With `one_command` items ask for one
    command, so that a controller that writes commands one by one can be measured.
    """

    file: str
    source: str
    licence: str
    right: str
    differs: str
    published: str
    load: Load
    one_command: bool = False


_PROMPTS = "plan-bench/prompts"


def _planbench(domain: str, published: str) -> ExternalSet:
    return ExternalSet(
        file=f"{_PROMPTS}/{domain}/{FILE}",
        source=f"github.com/karthikv792/LLMs-Planning, {_PROMPTS}/{domain}/{FILE}",
        licence="MIT",
        right="carried out by the domain's rules, the plan ends without a fault and all facts of the goal hold",
        differs="a model that writes a goal has it planned for; the published ones write every step, shown one example",
        published=published,
        load=partial(planbench_items, domain=domain),
    )


def _huric(frames: int, right: str) -> ExternalSet:
    return ExternalSet(
        file="huric*.jsonl",
        source="github.com/crux82/huric 2.1, English, one command a line (the guide says in which form)",
        licence="Apache-2.0",
        right=right,
        differs="codebooks of our own in place of frames; things are told as symbols; spans are not asked for",
        published="arXiv 2604.04233 (frames and all their spans)",
        load=partial(huric_items, frames=frames),
        one_command=frames == 1,
    )


SETS = {
    "huric": _huric(
        1, "one command, of the skill that stands for the frame, its main argument the thing that was meant"
    ),
    "huric-two": _huric(2, "two commands, in the order of the frames, each with its skill and its main argument"),
    "blocksworld": _planbench(
        "blocksworld", "GPT-4o 35.5%, Claude 3 Opus 59.3%, o1-preview 97.8%, R1 99.1% (one shot or none, n = 600)"
    ),
    "mystery_blocksworld": _planbench("mystery_blocksworld", "GPT-4 and others 0–0.8%, o1-preview 52.8%, R1 54.1%"),
}


def chosen_files(folder: Path, names: Sequence[str] = ()) -> dict[str, Path]:
    """The files of the sets of these names; of all that are there where none is named.

    Raises InputError for an unknown name, for a file that is missing, or where there is none at all.
    """
    for name in names:
        if name not in SETS:
            raise InputError(f"there is no public set '{name}'{did_you_mean(name, list(SETS))}")
    files = {name: found(folder, SETS[name].file) for name in names or SETS}
    for name in names:
        if files[name] is None:
            raise InputError(f"--external: {folder} has no {SETS[name].file}; '{name}' is from {SETS[name].source}")
    there = {name: file for name, file in files.items() if file is not None}
    if not there:
        known = ", ".join(dict.fromkeys(one.file for one in SETS.values()))
        raise InputError(f"--external: {folder} has the file of no public set; right would be one of {known}")
    return there
