"""What an earlier run left in a folder: nothing is written over that was finished, and what fits is not run again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codeword.codebook.errors import EpisodeError, InputError
from codeword.controller.decider_config import DeciderConfig, ModelInfo

from .outcome import Outcome, outcome_of
from .recording import read_episode
from .records import Header
from .run import Plan, Task, header


def require_free(folder: Path) -> None:
    """Raises InputError where a folder has episodes in it."""
    count = sum(1 for _ in folder.glob("*.mcap"))
    if count:
        raise InputError(
            f"{folder}: has {count} episode{'s' if count > 1 else ''} of an earlier run in it; "
            "go on with that one with --resume, or name another folder with --out"
        )


def finished(plan: Plan, who: DeciderConfig, loaded: ModelInfo) -> Iterator[tuple[Task, Outcome]]:
    """The episodes of a plan that an earlier run brought to their end. Those that were cut off are not among them.

    Raises InputError where a file is of another run, so that it is not written over.
    """
    for task in plan.tasks:
        path = plan.path(task)
        if not path.exists():
            continue
        try:
            episode = read_episode(path, pictures=False)
        except EpisodeError:
            continue  # cut off before it said what it was
        scenario = plan.drawn(plan.scenarios[task.scenario], task.seed)
        parted = _parted(episode.header, header(who, loaded, scenario, task.seed, plan.robot, plan.senses))
        if parted:
            raise InputError(f"{path}: is of another run ({parted}); name another folder with --out")
        if episode.complete:
            yield task, outcome_of(episode, scenario)


def _parted(there: Header, here: Header) -> str:
    """Where two headers part, in words; empty where they are equal."""
    theirs, ours = (_flat(head.model_dump(mode="json")) for head in (there, here))
    names = [name for name in theirs | ours if theirs.get(name) != ours.get(name)]
    return ", ".join(f"{name} {_short(theirs.get(name))} there, {_short(ours.get(name))} here" for name in names[:3])


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in data.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _short(value: object) -> str:
    text = str(value)
    if value in (None, ""):
        return "none"
    return text if len(text) <= 40 else f"{text[:12]}…"
