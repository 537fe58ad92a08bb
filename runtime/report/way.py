"""How far each observation of an episode is from the goal, as the planner estimates it. For those who judge, only."""

from dataclasses import dataclass

from codeword.codebook import Observation
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.runtime.episode import RETASK
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.scenario import Scenario

_MOST_EXPANDED = 400


@dataclass(frozen=True)
class Ahead:
    """What is left to do: so many commands, the first of which is `command` (empty where nothing is)."""

    left: int
    command: str = ""


def way(episode: RecordedEpisode, scenario: Scenario) -> list[Ahead | None]:
    """What is left to do at each observation; None where that is unknown, or where nothing can be done."""
    changed_at = min((event.step for event in episode.events if event.what == RETASK), default=len(episode.steps))
    later = scenario.changed()
    return [
        _ahead(later if number >= changed_at else scenario, step.observation)
        for number, step in enumerate(episode.steps)
    ]


def _ahead(scenario: Scenario, observation: Observation) -> Ahead | None:
    if scenario.goal is None or scenario.spec.cannot:
        return None
    found = plan(SymbolicWorld.of(scenario.codebook, observation), scenario.goal, _MOST_EXPANDED)
    if found.failure:
        return None
    return Ahead(len(found.commands), found.commands[0].text if found.commands else "")
