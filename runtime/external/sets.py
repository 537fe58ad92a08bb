"""The public sets that can be measured on: where their data comes from, what counts as right, and what differs from the
setting that others publish numbers for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codeword.codebook.errors import InputError, did_you_mean

from .behavior import WHEEL, behavior_items
from .files import found
from .huric import huric_items
from .items import Item
from .planbench import FILE, planbench_items
from .virtualhome import virtualhome_items

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


_WHEEL = "pypi.org/project/eai-eval 1.0.5: pip download --no-deps eai-eval==1.0.5"
_GOALS = (
    "every condition of the goal and no other; F1 is over the conditions of all items, as published, and what the "
    "codebook has no words for is missed"
)

SETS = {
    "huric": _huric(
        1, "one command, of the skill that stands for the frame, its main argument the thing that was meant"
    ),
    "huric-two": _huric(2, "two commands, in the order of the frames, each with its skill and its main argument"),
    "blocksworld": _planbench("blocksworld", "GPT-4o 35.5%, Claude 3 Opus 59.3%, o1-preview 97.8%, R1 99.1%"),
    "mystery_blocksworld": _planbench("mystery_blocksworld", "o1-preview 52.8%, R1 54.1%, others 0–0.8%"),
    "behavior": ExternalSet(
        file=WHEEL,
        source=_WHEEL,
        licence="MIT",
        right=_GOALS,
        differs="things and states have our names; a goal has at most 8 conditions, and of each part one is enough",
        published="F1 Llama-3-8B 28.3%, GPT-4o 79.2%, Claude-3.5 Sonnet 82.7%, o1-preview 81.6%",
        load=behavior_items,
    ),
    "virtualhome": ExternalSet(
        file=WHEEL,
        source=_WHEEL,
        licence="MIT",
        right=_GOALS,
        differs="things, states, relations and actions have our names; how things are at first is not told; "
        "things of one name count apart; a plan has at most 8 conditions",
        published="F1 Llama-3-8B 22.6%, GPT-4o 36.5%, Claude-3.5 Sonnet 33.0%, o1-preview 42.7%",
        load=virtualhome_items,
    ),
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
        raise InputError(f"--external: {folder} has the file of no public set; expected one of {known}")
    return there
