"""`codeword replay`: does yesterday's episode still go as it went?"""

from pathlib import Path
from typing import Any

import click

from codeword.codebook import load_codebook
from codeword.codebook.errors import InputError
from codeword.controller.decider_config import POLICIES
from codeword.controller.processor import processor
from codeword.controller.profiles import PROFILES

from .differences import Difference
from .episodes.codes import EPILOG, exit_code
from .episodes.deciders import Change, Deciders
from .episodes.redecided import Redecided, compare_decisions
from .episodes.select import files
from .recording import RecordedEpisode, read_episode
from .replay import replayed
from .terminal import counting, model_progress, out, print_json
from .tolerances import BY_KERNELS, allowed, apart, apart_in_words, is_same_processor

_HELP = f"""Replay EPISODES (files, or folders of them) and name every difference from what was logged.

Commands, facts, statuses and verdicts must be equal. Measured numbers may differ as they do between processors: by
{allowed()}. With --exact they must be equal bit by bit; a recording of another processor cannot be, and is named.

With --redecide and another model, adapter, profile or policy it is told where the decisions first part, and how likely
each option was before and is now.
"""


@click.command(
    help=_HELP,
    epilog=f"Example: codeword replay episodes/demo --redecide --profile int8; or, bit by bit, with --exact. {EPILOG}",
)
@click.argument("episodes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--redecide", is_flag=True, help="Make every decision again too, from the logged observation.")
@click.option("--model", help="Decide again with this model instead of the logged one.")
@click.option("--adapter", help="Decide again with this adapter: a shipped one's name, auto, a folder, or none.")
@click.option("--profile", help=f"Decide again with the model held so: {', '.join(PROFILES)}.")
@click.option("--policy", help=f"Decide again, the model writing this: {', '.join(POLICIES)}.")
@click.option("--codebook", help="Replay with this codebook, a name or a file, in the place of the one in the file.")
@click.option("--exact", is_flag=True, help="Compare bit by bit, where this is the processor that recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def replay(
    episodes: tuple[Path, ...],
    redecide: bool,
    model: str | None,
    adapter: str | None,
    profile: str | None,
    policy: str | None,
    codebook: str | None,
    exact: bool,
    as_json: bool,
) -> int:
    change = Change(model, adapter, profile, policy)
    if change.any and not redecide:
        given = next(name for name, value in vars(change).items() if value is not None)
        raise InputError(f"--{given} goes with --redecide")
    read, unreadable = _read(episodes)
    if not read:
        raise InputError("\n".join(map(str, unreadable)))
    other = None if codebook is None else load_codebook(codebook)
    differences: list[Difference] = []
    to_the_bit: list[Difference] = []
    elsewhere: list[RecordedEpisode] = []
    again: list[Redecided] = []
    blind: dict[str, dict[str, str]] = {}
    with model_progress() as progress, counting("episodes", len(read)) as bar:
        deciders = Deciders(change, progress)
        for episode in read:
            controller = deciders.controller(episode, other) if redecide else None
            kernels = deciders.kernels(episode) if redecide else None
            made = replayed(episode, controller, codebook=other, kernels=kernels)
            if made.uncompared:
                blind[str(episode.path)] = made.uncompared
            other_who = deciders.parted(episode) if redecide else []
            left_out = BY_KERNELS if kernels is not None and kernels != episode.header.profile else ()
            decided = compare_decisions(episode, made.decisions, other_who, left_out)
            again.append(decided)
            here = is_same_processor(episode.header.processor, processor())
            elsewhere += [episode] if exact and not here else []
            found = made.to_the_bit if exact and here else made.differences
            differences += decided.essential(found) if change.any else [*other_who, *found]
            to_the_bit += made.to_the_bit
            bar.advance(bar.task_ids[0])
    parted = {difference.episode for difference in differences}
    unfinished = [episode for episode in read if not episode.complete]
    same = len([e for e in read if str(e.path) not in parted and e.complete])
    code = exit_code(differences, bool(unfinished), bool(elsewhere))
    if as_json:
        told: dict[str, Any] = {"episodes": len(read), "identical": same}
        told |= {"differences": [difference.as_json() for difference in differences]}
        told |= {"unfinished": [str(episode.path) for episode in unfinished], "exit": code, "uncompared": blind}
        told |= {
            "exact": exact,
            "processor": processor(),
            "apart": apart(to_the_bit),
        }
        told |= {"other_processor": {str(episode.path): episode.header.processor for episode in elsewhere}}
        print_json(told | ({"redecided": [decided.as_json() for decided in again]} if redecide else {}))
    else:
        shown = [found for found in differences if not (change.any and _weighed(found))]
        _tell(shown, again, [episode for episode in unfinished if str(episode.path) not in parted])
        for name, fields in blind.items():
            for reason in dict.fromkeys(fields.values()):
                which = ", ".join(field for field, why in fields.items() if why == reason)
                out.print(f"{name}: not compared: {which} ({reason})", markup=False)
        _tell_processors(elsewhere)
        out.print(_counted(same, len(read), exact and not elsewhere, apart(to_the_bit)))
    if unreadable:
        raise InputError("\n".join(map(str, unreadable)))
    return code


def _read(names: tuple[Path, ...]) -> tuple[list[RecordedEpisode], list[InputError]]:
    """The episodes that can be read, and why others cannot."""
    read: list[RecordedEpisode] = []
    unreadable: list[InputError] = []
    for file in files(names):
        try:
            read.append(read_episode(file, pictures=False))
        except InputError as problem:
            unreadable.append(problem)
    return read, unreadable


def _tell(differences: list[Difference], again: list[Redecided], unfinished: list[RecordedEpisode]) -> None:
    for difference in differences:
        where = f"{difference.episode}: step {difference.step}: {difference.field}"
        out.print(f"{where}: logged {difference.logged!r}, now {difference.now!r}", markup=False)
    for decided in again:
        for line in decided.lines():
            out.print(line, markup=False)
    for episode in unfinished:
        steps = len(episode.steps)
        out.print(f"{episode.path}: ends without a verdict; its {steps} steps replayed the same", markup=False)


def _tell_processors(elsewhere: list[RecordedEpisode]) -> None:
    """One line for each other processor that recorded."""
    for name in dict.fromkeys(episode.header.processor for episode in elsewhere):
        where = [episode.path for episode in elsewhere if episode.header.processor == name]
        which = str(where[0]) if len(where) == 1 else f"{where[0]} and {len(where) - 1} more"
        on = f"recorded on another processor, '{name}'" if name else "the file does not say on which processor"
        out.print(f"{which}: not compared bit by bit: {on}; this is '{processor()}'", markup=False)


def _counted(same: int, many: int, exact: bool, numbers: dict[str, float]) -> str:
    """How many episodes are the same, and how far their numbers are apart where that is not told one by one."""
    if exact or not numbers:
        return f"{same} of {many} episodes identical{', bit by bit' if exact else ''}"
    return f"{same} of {many} episodes the same; measured numbers at most {apart_in_words(numbers)} apart"


def _weighed(difference: Difference) -> bool:
    """Whether a difference is told by the probabilities anyway."""
    return difference.field.startswith("decision.") and difference.field != "decision.text"
