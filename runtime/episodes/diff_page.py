"""A comparison of two episodes as a page: side by side, one file, no network, the look of the report."""

from base64 import b64encode
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.report.page import environment
from codeword.runtime.report.turns import Teller, Turn
from codeword.runtime.summary import scenario_of, task_at
from codeword.runtime.tables import put

from .codes import only_thought
from .diff_text import ended
from .pairs import Comparison
from .telling import percent, shares, value

_MOST = 60
"""So many differences of one step are spelled out."""


def write_diff(path: Path, comparison: Comparison) -> None:
    """Write the page. Raises InputError where it cannot be written."""
    sides = (comparison.one, comparison.other)
    page = environment().get_template("diff.html")
    text = page.render(
        version=metadata.version("codeword"),
        names=[str(episode.path) for episode in sides],
        tasks=[episode.header.task for episode in sides],
        who=[_who(episode) for episode in sides],
        ended=[ended(episode) for episode in sides],
        header=[(found.field, value(found.logged), value(found.now)) for found in comparison.header],
        title=_title(comparison),
        parts=comparison.parts,
        pictures=[_pictures(episode) for episode in sides],
        steps=list(_steps(comparison)),
        last=_told(comparison, max(len(episode.steps) for episode in sides)),
    )
    put(path, text.encode())


def _title(comparison: Comparison) -> str:
    """What a reader wants to know first."""
    if not comparison.differences:
        return "The same, step by step"
    happened = [found.step for found in comparison.differences if not only_thought(found.field)]
    return f"They part at step {min(happened)}" if happened else "They did the same and thought otherwise"


def _pictures(episode: RecordedEpisode) -> list[tuple[str, str]]:
    """The first and the last picture of an episode, each with what it shows, as addresses that need no network."""
    shown = {"At first": episode.pictures[:1], "In the end": episode.pictures[1:][-1:]}
    return [
        (what, f"data:image/jpeg;base64,{b64encode(jpeg).decode()}") for what, some in shown.items() for _, jpeg in some
    ]


def _steps(comparison: Comparison) -> Iterator[dict[str, Any]]:
    sides = (comparison.one, comparison.other)
    turns = [_turns(episode) for episode in sides]
    for number in range(max(map(len, turns))):
        here = [side[number] if number < len(side) else None for side in turns]
        decisions = [e.steps[number].decision if number < len(e.steps) else None for e in sides]
        choices = []
        if decisions[0] is not None and decisions[1] is not None:
            choices = [
                (choice.after, [(name, percent(a), percent(b), name == choice.taken[0], name == choice.taken[1])
                                for name, a, b in choice.options])
                for choice in shares(decisions[0], decisions[1])
            ]  # fmt: skip
        apart = not all(only_thought(found.field) for found in comparison.at(number))
        told = _told(comparison, number)
        yield {"number": number, "turns": here, "differences": told, "apart": apart, "choices": choices}


def _turns(episode: RecordedEpisode) -> list[Turn]:
    scenario = scenario_of(episode)
    teller = Teller(scenario.codebook)
    return [teller.turn(step, task_at(episode, scenario, number)) for number, step in enumerate(episode.steps)]


def _told(comparison: Comparison, step: int) -> list[tuple[str, str, str]]:
    found = comparison.at(step)
    told = [(one.field, value(one.logged), value(one.now)) for one in found[:_MOST]]
    return told + ([("and more", str(len(found) - _MOST), "")] if len(found) > _MOST else [])


def _who(episode: RecordedEpisode) -> str:
    header = episode.header
    return " ".join(filter(None, (header.controller, header.model, header.adapter, header.profile, header.policy)))
