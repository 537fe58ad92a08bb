"""Episodes as a report holds them: a short row each, the decisions packed, pictures of a few."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from codeword.runtime.episode import RETASK
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.records import Header
from codeword.runtime.summary import scenario_of, task_at

from .film import FilmFrame, film, thumbnails
from .rules import Remark, remarks
from .turns import Teller, Turn, short
from .way import Ahead, way
from .wrong import Wrong, first_wrong

MOST_PICTURED = 24
"""So many episodes have film strips, failures first."""

OUTCOMES = ("missed", "unfinished", "not judged", "reached")
"""In the order in which episodes are told."""


@dataclass(frozen=True)
class EpisodeRow:
    """What a report keeps of an episode; `packed` are its decisions: JSON, deflated, in base64."""

    name: str
    suite: str
    scenario: str
    seed: int
    task: str
    outcome: str
    reason: str
    open: tuple[str, ...]
    credit: float | None
    decisions: int
    simulated_s: float
    fallen: tuple[str, ...]
    bumps: int
    wrong: Wrong | None
    remarks: tuple[Remark, ...]
    packed: str
    frames: tuple[FilmFrame, ...] = ()
    thumbnails: tuple[str, ...] = ()


@dataclass
class ReportRows:
    """What a report needs of all episodes, taken up one by one.

    `systems` are the codebooks' parts of prompts, each told once for all; `parts_ms` the times of the stages inside
    decisions, `figures` what each cost the model.
    """

    rows: list[EpisodeRow] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    parts_ms: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, list[float]] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)

    def add(self, episode: RecordedEpisode) -> None:
        """Take up an episode; its pictures only where not enough are kept already."""
        header, verdict = episode.header, episode.verdict
        if not any(_who(header) == _who(other) for other in self.headers):
            self.headers.append(header)
        scenario = scenario_of(episode)
        teller = Teller(scenario.codebook)
        turns = [teller.turn(step, task_at(episode, scenario, number)) for number, step in enumerate(episode.steps)]
        ahead = way(episode, scenario)
        last = scenario.changed() if any(event.what == RETASK for event in episode.events) else scenario
        wrong = first_wrong(episode, ahead, bool(last.spec.cannot))
        said = remarks(episode, last, ahead)
        success = verdict.success if verdict is not None else None
        outcome = (
            "unfinished" if verdict is None else "not judged" if success is None else "reached" if success else "missed"
        )
        row = EpisodeRow(
            name=episode.path.stem,
            suite=header.suite,
            scenario=header.scenario,
            seed=header.seed,
            task=header.task,
            outcome=outcome,
            reason=verdict.reason if verdict is not None else "the episode file ends before the episode does",
            open=verdict.open if verdict is not None and not success else (),
            credit=verdict.credit if verdict is not None else None,
            decisions=len(episode.steps),
            simulated_s=verdict.simulated_s if verdict is not None else 0.0,
            fallen=verdict.fallen if verdict is not None else (),
            bumps=verdict.bumps if verdict is not None else 0,
            wrong=wrong,
            remarks=tuple(remark for remark in said if wrong is None or remark.step != wrong.step),
            packed=self._packed(episode, turns, ahead, wrong),
        )
        if sum(bool(other.frames) and other.outcome == outcome for other in self.rows) < MOST_PICTURED:
            strip = tuple(film(episode, wrong.step if wrong is not None else None))
            row = replace(row, frames=strip, thumbnails=thumbnails(episode))
        self.rows.append(row)
        self._count(turns)

    def ordered(self) -> list[EpisodeRow]:
        """Failures first, else in the order run; only the first so many with their pictures."""
        ordered = sorted(self.rows, key=lambda row: OUTCOMES.index(row.outcome))
        return [
            row if place < MOST_PICTURED else replace(row, frames=(), thumbnails=())
            for place, row in enumerate(ordered)
        ]

    def _packed(
        self, episode: RecordedEpisode, turns: Sequence[Turn], ahead: Sequence[Ahead | None], wrong: Wrong | None
    ) -> str:
        told = []
        for turn in turns:
            if turn.system not in self.systems:
                self.systems.append(turn.system)
            data = turn.model_dump(mode="json", exclude_defaults=True)
            told.append({**data, "system": self.systems.index(turn.system)})
        data = {
            "turns": told,
            "read": bool(episode.header.model),
            "left": [found.left if found is not None else None for found in ahead],
            "best": [short(found.command) if found is not None else "" for found in ahead],
            "wrong": [wrong.step + 1, wrong.text] if wrong is not None else None,
            "events": [[event.step + 1, round(event.time_s, 2), event.what] for event in episode.events],
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(zlib.compress(text.encode(), 9)).decode()

    def _count(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.figures:
                for name, time_ms in turn.parts_ms.items():
                    self.parts_ms.setdefault(name, []).append(time_ms)
                for name, figure in turn.figures.items():
                    self.figures.setdefault(name, []).append(figure)


def _who(header: Header) -> tuple[str, ...]:
    deciding = header.controller, header.model, header.adapter, header.profile, header.policy
    return *deciding, header.codebook_hash
