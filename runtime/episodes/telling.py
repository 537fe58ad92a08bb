"""Differences in words, for people: where an episode first parts, and each value then and now."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from codeword.controller import Decision
from codeword.runtime.differences import Difference
from codeword.runtime.report.turns import short

from .checks import check_of


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


MOST = 12
"""So many differences are told in full; the others are counted."""

_LONGEST = 160


def told(differences: Sequence[Difference], logged: str = "logged", now: str = "now", checks: bool = True) -> list[str]:
    """The lines that tell differences, the first in full: what stands for the two sides, and the check each is of."""
    if not differences:
        return []
    first = differences[0]
    many = "1 difference" if len(differences) == 1 else f"{len(differences)} differences"
    lines = [f"{many}, the first at step {first.step}: {first.field}"]
    width = max(len(logged), len(now))
    for found in differences[:MOST]:
        lines.append(f"  step {found.step}  {found.field}{f'  ({check_of(found)})' if checks else ''}")
        lines.append(f"    {logged:<{width}}  {value(found.logged)}")
        lines.append(f"    {now:<{width}}  {value(found.now)}")
    if len(differences) > MOST:
        lines.append(f"  and {len(differences) - MOST} more, in {', '.join(_counts(differences[MOST:]))}")
    return lines


def value(given: Any) -> str:
    """A value in one short line; a command as it is called."""
    text = short(given) if isinstance(given, str) and given.strip() else json.dumps(given, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _counts(differences: Iterable[Difference]) -> list[str]:
    counts: dict[str, int] = {}
    for found in differences:
        name = found.field.partition(".")[0].partition("[")[0]
        counts[name] = counts.get(name, 0) + 1
    return [f"{name} ({count})" for name, count in counts.items()]
