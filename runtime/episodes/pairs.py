"""Two episodes side by side: where they part first, and in what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from codeword.runtime.differences import MISSING, Difference, differences
from codeword.runtime.recording import Episode, Step

WHO = (
    "controller",
    "model",
    "weights_hash",
    "adapter",
    "adapter_hash",
    "profile",
    "held",
    "policy",
    "history",
    "sampling",
)
"""What of a header says who decided."""


@dataclass(frozen=True)
class Comparison:
    """Two episodes compared: in what they were made differently (`header`), and in what they went differently."""

    one: Episode
    other: Episode
    header: tuple[Difference, ...]
    differences: tuple[Difference, ...]

    @property
    def parts(self) -> int | None:
        """The index of the first step in which they go differently, None where there is none."""
        return min((found.step for found in self.differences), default=None)

    def at(self, step: int) -> tuple[Difference, ...]:
        """In what one step differs."""
        return tuple(found for found in self.differences if found.step == step)


def compare(one: Episode, other: Episode) -> Comparison:
    """Compare two episodes step by step: all that was seen, decided, guarded and done, events and verdict; no times."""
    name = str(other.path)
    heads = (one.header.model_dump(mode="json"), other.header.model_dump(mode="json"))
    header = tuple(differences(name, 0, "header", *heads))
    same_who = all(heads[0][field] == heads[1][field] for field in WHO)
    found: list[Difference] = []
    for number, (mine, yours) in enumerate(zip_longest(one.steps, other.steps)):
        if mine is None or yours is None:
            ends = ("there is none", "a step") if mine is None else ("a step", "there is none")
            found.append(Difference(name, number, "step", *ends))
            continue
        for path, values in _sides(mine, yours, same_who):
            found += differences(name, number, path, *values)
    last = max(len(one.steps), len(other.steps))
    found += differences(name, last, "events", *([[e.step, e.what] for e in each.events] for each in (one, other)))
    found += differences(name, last, "verdict", *(_data(each.verdict) for each in (one, other)))
    return Comparison(one, other, header, tuple(found))


def _sides(mine: Step, yours: Step, same_who: bool) -> Iterator[tuple[str, Sequence[Any]]]:
    """What is compared of a step. A decision's key names its context, which another who makes another one."""
    yield "observation", (_data(mine.observation), _data(yours.observation))
    thought = [step.decision.essence() if step.decision is not None else MISSING for step in (mine, yours)]
    if not same_who:
        thought = [
            {k: v for k, v in each.items() if k != "key"} if isinstance(each, dict) else each for each in thought
        ]
    yield "decision", thought
    for part in ("command", "result"):
        yield part, (_data(getattr(mine, part)), _data(getattr(yours, part)))
    yield "codebook", tuple(step.codebook.hash if step.codebook is not None else MISSING for step in (mine, yours))
    yield "budget.missed", tuple(list(step.budget.missed) if step.budget is not None else [] for step in (mine, yours))


def _data(record: Any) -> Any:
    return MISSING if record is None else record.model_dump(mode="json")
