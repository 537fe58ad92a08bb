"""Strict JSON: size first, then UTF-8, little depth, no duplicate keys, nothing that is not finite."""

import json
import re
from math import isfinite
from typing import Any

from .errors import CommandError

_BRACKETS = re.compile(r"[\[\]{}]")


def read_json(text: str | bytes, max_bytes: int, max_depth: int) -> Any:
    """What a JSON text from anywhere says. Raises CommandError with the check `size` or `json`."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > max_bytes:
        raise CommandError("size", f"{len(raw)} bytes; at most {max_bytes}")
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise CommandError("json", f"not UTF-8 at byte {problem.start}") from problem
    if _depth(decoded) > max_depth:
        raise CommandError("json", f"nested deeper than {max_depth}")
    try:
        data = json.loads(decoded, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as problem:
        raise CommandError("json", str(problem)[:200]) from problem
    _check_finite(data)
    return data


def _depth(text: str) -> int:
    """The deepest nesting of brackets, those within strings counted too: an upper bound."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"the key '{twice[:60]}' stands twice")
    return data


def _check_finite(data: Any) -> None:
    if isinstance(data, float) and not isfinite(data):
        raise CommandError("json", "a number is not finite")
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _check_finite(item)
