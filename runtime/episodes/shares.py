"""How likely each of two decisions held what could be written, side by side."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from codeword.controller import Decision
from codeword.runtime.report.turns import short


@dataclass(frozen=True)
class Shared:
    """A choice that both came to: what stood before it, and of each option its text and both shares [0 to 1].

    A share is None where the option was not among the likeliest that were kept.
    """

    after: str
    taken: tuple[str, str]
    options: tuple[tuple[str, float | None, float | None], ...]


def shares(one: Decision, other: Decision) -> Iterator[Shared]:
    """The choices that two decisions share, up to the one at which they part, that one included."""
    for mine, yours in zip(one.choices, other.choices, strict=False):
        if mine.after != yours.after:
            return
        left, right = ({option.text: option.probability for option in choice.options} for choice in (mine, yours))
        names = sorted(left | right, key=lambda name: -max(left.get(name, 0.0), right.get(name, 0.0)))
        yield Shared(
            mine.after, (mine.taken, yours.taken), tuple((name, left.get(name), right.get(name)) for name in names)
        )
        if mine.taken != yours.taken:
            return


def probability(decision: Decision | None) -> float | None:
    """The probability of a command among the legal ones; None where nothing was weighed."""
    if decision is None or decision.logprob is None or not decision.choices:
        return None
    return math.exp(decision.logprob)


def percent(share: float | None) -> str:
    """A share as people read it; a dash for none."""
    return "–" if share is None else f"{share:.0%}" if share >= 0.005 or not share else "<1%"


def told_shares(one: Decision, other: Decision, most: int = 5) -> list[str]:
    """The choice at which two decisions part, or the one whose shares changed most, in lines."""
    found = list(shares(one, other))
    parted = [choice for choice in found if choice.taken[0] != choice.taken[1]]
    if not found:
        return []
    choice = parted[0] if parted else max(found, key=_moved)
    if not parted and _moved(choice) == 0:
        return []
    lines = [f"after {choice.after}" if choice.after else "at the beginning"]
    for name, left, right in choice.options[:most]:
        marks = "".join(mark for mark, taken in zip("<>", choice.taken, strict=True) if taken == name)
        lines.append(f"  {short(name):<40} {percent(left):>5} → {percent(right):>5} {marks}".rstrip())
    return lines


def _moved(choice: Shared) -> float:
    return max((abs((left or 0.0) - (right or 0.0)) for _, left, right in choice.options), default=0.0)
