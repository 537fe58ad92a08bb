"""Decisions made again beside those that were logged: where they part first, and how likely each option was."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeword.controller import Decision
from codeword.runtime.differences import Difference
from codeword.runtime.recording import RecordedEpisode
from codeword.runtime.report.turns import short

from .telling import percent, probability, told_shares, value

_CONTEXT = ("decision.key", "decision.path")
"""What differs whenever somebody else decides, and tells nothing more."""


@dataclass(frozen=True)
class Redecided:
    """The decisions of one episode, logged and made again, by their steps; `other`: in what the decider is another.

    The fields `left_out` are not compared, as far as it is told which decisions changed.
    """

    episode: str
    pairs: Mapping[int, tuple[Decision, Decision]]
    other: tuple[Difference, ...] = ()
    left_out: Collection[str] = ()

    @property
    def parts(self) -> int | None:
        """The first step at which another command came out; None where there is none."""
        return next((step for step, (logged, now) in self.pairs.items() if logged.text != now.text), None)

    @property
    def same(self) -> int:
        """How many commands came out the same."""
        return sum(logged.text == now.text for logged, now in self.pairs.values())

    def essential(self, differences: Sequence[Difference]) -> list[Difference]:
        """Those differences that say something where it was meant that somebody else decides."""
        return [found for found in differences if found.field not in _CONTEXT]

    def lines(self) -> Iterator[str]:
        """Nothing where all is the same; else each step that changed, and the options at the first parting."""
        changed = [step for step, (logged, now) in self.pairs.items() if self._changed(logged, now)]
        if not changed:
            return
        for found in self.other:
            yield f"{self.episode}: decided by another: {found.field}: {value(found.logged)} → {value(found.now)}"
        where = f"first part at step {self.parts}" if self.parts is not None else "part nowhere"
        yield f"{self.episode}: {self.same} of {len(self.pairs)} commands the same; they {where}"
        for step in changed:
            logged, now = self.pairs[step]
            mark = "=" if logged.text == now.text else "≠"
            before, after = (_said(decision) for decision in (logged, now))
            yield f"  step {step} {mark} {before} → {after}"
            if step == (self.parts if self.parts is not None else changed[0]):
                for line in told_shares(logged, now):
                    yield f"      {line}"

    def _changed(self, logged: Decision, now: Decision) -> bool:
        before, after = logged.essence(), now.essence()
        return any(before[name] != after[name] for name in before if name not in self.left_out)

    def as_json(self) -> dict[str, Any]:
        """As plain data: commands and their probabilities [0 to 1], logged and now."""
        steps = [
            {"step": step, "logged": _command(logged), "now": _command(now), "same": logged.text == now.text}
            for step, (logged, now) in self.pairs.items()
        ]
        other = {found.field.removeprefix("header."): [found.logged, found.now] for found in self.other}
        return {"episode": self.episode, "other": other, "parts": self.parts, "same": self.same, "decisions": steps}


def compare_decisions(
    episode: RecordedEpisode,
    now: Mapping[int, Decision],
    other: Sequence[Difference] = (),
    left_out: Collection[str] = (),
) -> Redecided:
    """An episode's logged decisions beside those made again at the same steps, perhaps by another."""
    logged = {step: episode.steps[step].decision for step in now}
    pairs = {step: (one, now[step]) for step, one in logged.items() if one is not None}
    return Redecided(str(episode.path), pairs, tuple(other), left_out)


def _said(decision: Decision) -> str:
    share = probability(decision)
    return short(decision.text) + (f" {percent(share)}" if share is not None else "")


def _command(decision: Decision) -> dict[str, Any]:
    share = probability(decision)
    return {"command": decision.text, "probability": round(share, 6) if share is not None else None}
