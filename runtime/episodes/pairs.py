"""Two episodes side by side: where they part first, and in what."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from codeword.runtime.differences import MISSING, Difference, differences
from codeword.runtime.recording import RecordedEpisode, Step
from codeword.runtime.tolerances import BY_KERNELS, is_alike, is_same_processor

WHO = (
    "controller",
    "model",
    "weights_hash",
    "adapter",
    "adapter_hash",
    "held",
    "policy",
    "sampling",
)
"""What of a header says who decided; with what kernels it computed, `profile` says."""


@dataclass(frozen=True)
class Comparison:
    """Two episodes compared: in what they were made differently (`header`), and in what they went differently.

    `differences` are what counts as such, `to_the_bit` those of measured numbers within their tolerances too.
    """

    one: RecordedEpisode
    other: RecordedEpisode
    header: tuple[Difference, ...]
    differences: tuple[Difference, ...]
    to_the_bit: tuple[Difference, ...]

    @property
    def parts(self) -> int | None:
        """The index of the first step in which they go differently, None where there is none."""
        return min((found.step for found in self.differences), default=None)

    def at(self, step: int) -> tuple[Difference, ...]:
        """In what one step differs."""
        return tuple(found for found in self.differences if found.step == step)


def same_processor(one: RecordedEpisode, other: RecordedEpisode) -> bool:
    """Whether two episodes can be compared bit by bit."""
    return is_same_processor(one.header.processor, other.header.processor)


def compare(one: RecordedEpisode, other: RecordedEpisode, exact: bool = False) -> Comparison:
    """Compare two episodes step by step: all that was seen, decided, guarded and done, events and verdict; no times.

    Measured numbers may be apart within their tolerances. With `exact` they may not, where one processor made both.
    """
    name = str(other.path)
    heads = (one.header.model_dump(mode="json"), other.header.model_dump(mode="json"))
    header = tuple(differences(name, 0, "header", *heads))
    same_who = all(heads[0][field] == heads[1][field] for field in WHO)
    same_kernels = heads[0]["profile"] == heads[1]["profile"]
    left_out = ("key",) if not same_who else () if same_kernels else BY_KERNELS
    found: list[Difference] = []
    for number, (mine, yours) in enumerate(zip_longest(one.steps, other.steps)):
        if mine is None or yours is None:
            ends = ("there is none", "a step") if mine is None else ("a step", "there is none")
            found.append(Difference(name, number, "step", *ends))
            continue
        for path, values in _sides(mine, yours, left_out):
            found += differences(name, number, path, *values)
    last = max(len(one.steps), len(other.steps))
    found += differences(name, last, "events", *([[e.step, e.what] for e in each.events] for each in (one, other)))
    found += differences(name, last, "verdict", *(_data(each.verdict) for each in (one, other)))
    to_the_bit = exact and same_processor(one, other)
    counted = tuple(each for each in found if to_the_bit or not is_alike(each))
    return Comparison(one, other, header, counted, tuple(found))


def _sides(mine: Step, yours: Step, left_out: Collection[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    """What is compared of a step; some fields of decisions are left out."""
    yield "observation", (_data(mine.observation), _data(yours.observation))
    yield (
        "decision",
        [
            {name: value for name, value in step.decision.essence().items() if name not in left_out}
            if step.decision is not None
            else MISSING
            for step in (mine, yours)
        ],
    )
    for part in ("command", "result"):
        yield part, (_data(getattr(mine, part)), _data(getattr(yours, part)))
    yield "codebook", tuple(step.codebook.hash if step.codebook is not None else MISSING for step in (mine, yours))
    yield "budget.missed", tuple(list(step.budget.missed) if step.budget is not None else [] for step in (mine, yours))


def _data(record: Any) -> Any:
    return MISSING if record is None else record.model_dump(mode="json")
