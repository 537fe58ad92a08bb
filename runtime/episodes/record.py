"""Episodes kept with the code: made once, compared when they are made again, replaced only when that is wanted."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.runtime.differences import Difference
from codeword.runtime.recording import RecordedEpisode, read_episode
from codeword.runtime.run import Plan, Task, run_one
from codeword.runtime.scenario import parse_scenario

from .compact import compact
from .deciders import Deciders
from .pairs import Comparison, compare

Tell = Callable[[Comparison], None]
"""Hears what is about to be replaced, and by what, before anything is written."""


@dataclass(frozen=True)
class Kept:
    """What became of an episode that was to be kept: `new`, `same`, `updated` or `refused`, with what differs."""

    path: Path
    what: str
    differences: tuple[Difference, ...] = ()


def keep(made: Path, folder: Path, update: bool, tell: Tell, exact: bool = False) -> Kept:
    """Keep a small copy of an episode file in a folder, by the same name.

    One that is there already stays as it is where the new one went the same way, with `exact` bit by bit. Where it went
    another way, `tell` hears of it, and it is replaced only with `update`. Raises EpisodeError or InputError for files
    that cannot be read or written.
    """
    path = folder / made.name
    if not path.exists():
        compact(made, path)
        return Kept(path, "new")
    comparison = compare(read_episode(path, pictures=False), read_episode(made, pictures=False), exact)
    if not comparison.differences and not _made_by_other(comparison):
        return Kept(path, "same")
    tell(comparison)
    if update:
        compact(made, path)
    return Kept(path, "updated" if update else "refused", comparison.differences)


def record_again(
    episode: RecordedEpisode,
    deciders: Deciders,
    update: bool,
    tell: Tell,
    codebook: Codebook | None = None,
    exact: bool = False,
) -> Kept:
    """Run an episode anew, its scenario and seed by the same who, and put it in the place of its file as `keep` does.

    Raises InputError where it cannot be made anew: on a robot that is not simulated, or with edits on the way.
    """
    header = episode.header
    if header.robot != "sim":
        raise InputError(f"{episode.path}: was made on the robot '{header.robot}' and cannot be recorded again here")
    if any(step.codebook is not None for step in episode.steps):
        raise InputError(f"{episode.path}: its codebook was edited on the way; it cannot be recorded again")
    text = codebook.text if codebook is not None else episode.codebook_text
    name = f"{header.suite}/{header.scenario}.yaml" if header.suite else header.scenario
    scenario = parse_scenario(episode.scenario_text, name, text, header.seed)
    with tempfile.TemporaryDirectory() as folder:
        seeds = range(header.seed, header.seed + 1)
        plan = Plan((scenario,), seeds, header.robot, Path(folder), film=False, senses=header.senses)
        ran = run_one(plan, deciders.controllers(header), Task(0, 0, header.seed))
        if ran.stopped:
            raise InputError(ran.stopped)
        made = ran.path
        return keep(made.rename(made.with_name(episode.path.name)), episode.path.parent, update, tell, exact)


def refused(kept: Sequence[Kept]) -> list[Kept]:
    """Those that went another way than the file that is there, and were not to be updated."""
    return [one for one in kept if one.what == "refused"]


def _made_by_other(comparison: Comparison) -> bool:
    """Whether codebook, scenario or who decides is another: the file would say what is no longer so."""
    telling = ("scenario", "codebook", "controller", "model", "weights", "adapter", "policy", "sampling")
    return any(found.field.removeprefix("header.").startswith(telling) for found in comparison.header)
