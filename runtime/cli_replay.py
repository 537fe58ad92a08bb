"""`codeword replay`: does yesterday's episode still go as it went?"""

from pathlib import Path

import click

from codeword.codebook.errors import InputError

from .differences import Difference
from .episodes.deciders import Change, Deciders
from .recording import Episode, read_episode
from .replay import replay as replay_episode
from .terminal import counting, model_progress, out, print_json


@click.command(epilog="Example: codeword replay episodes/demo --redecide")
@click.argument("episodes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--redecide", is_flag=True, help="Make every decision again too, from the logged observation.")
@click.option("--model", help="Decide again with this model instead of the logged one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def replay(episodes: tuple[Path, ...], redecide: bool, model: str | None, as_json: bool) -> int:
    """Replay EPISODES (files, or folders of them) and name every difference from what was logged.

    Exits 0 if there is none, 1 if there is any, 2 if a file cannot be read.
    """
    if model is not None and not redecide:
        raise InputError("--model goes with --redecide")
    read: list[Episode] = []
    unreadable: list[InputError] = []
    for file in _files(episodes):
        try:
            read.append(read_episode(file, pictures=False))
        except InputError as problem:
            unreadable.append(problem)
    if not read:
        raise InputError("\n".join(map(str, unreadable)))
    differences: list[Difference] = []
    with model_progress() as progress, counting("episodes", len(read)) as bar:
        again = Deciders(Change(model), progress)
        for episode in read:
            differences += replay_episode(episode, again.controller(episode) if redecide else None)
            bar.advance(bar.task_ids[0])
    parted = {difference.episode for difference in differences}
    unfinished = [episode for episode in read if not episode.whole or episode.verdict is None]
    alike = len([e for e in read if str(e.path) not in parted and e not in unfinished])
    if as_json:
        shown = [difference.as_json() for difference in differences]
        cut = [str(episode.path) for episode in unfinished]
        print_json({"episodes": len(read), "identical": alike, "differences": shown, "unfinished": cut})
    else:
        for difference in differences:
            where = f"{difference.episode}: step {difference.step}: {difference.field}"
            out.print(f"{where}: logged {difference.logged!r}, now {difference.now!r}", markup=False)
        for episode in unfinished:
            if str(episode.path) not in parted:
                steps = len(episode.steps)
                out.print(f"{episode.path}: ends without a verdict; its {steps} steps replayed the same", markup=False)
        out.print(f"{alike} of {len(read)} episodes identical")
    if unreadable:
        raise InputError("\n".join(map(str, unreadable)))
    return 1 if parted else 0


def _files(names: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for name in names:
        inside = sorted(name.rglob("*.mcap")) if name.is_dir() else [name]
        if not inside:
            raise InputError(f"{name}: has no episode file (*.mcap) in it")
        files += inside
    return files
