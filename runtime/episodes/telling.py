"""Differences in words, for people: where an episode first parts, and each value then and now."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from codeword.runtime.differences import Difference
from codeword.runtime.report.turns import short

from .checks import check_of

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
