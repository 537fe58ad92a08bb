"""Where two values part: the innermost places, each by its path."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from codeword.codebook.observation import Record

MISSING = "missing"
"""Stands for a value that one of the two does not have."""


@dataclass(frozen=True)
class Difference:
    """One place in which an episode parts from its log: `field` is the path in the step's record."""

    episode: str
    step: int
    field: str
    logged: Any
    now: Any

    def as_json(self) -> dict[str, Any]:
        """As plain data, by the names of its fields."""
        return asdict(self)


def differences(episode: str, step: int, path: str, logged: Any, now: Any) -> Iterator[Difference]:
    """The innermost places in which two values part, in their order; keys that only one has are MISSING in the other.

    Lists of different lengths are told whole.
    """
    if isinstance(logged, Record) and isinstance(now, Record):
        logged, now = logged.model_dump(mode="json"), now.model_dump(mode="json")
    if isinstance(logged, dict) and isinstance(now, dict):
        for key in [*logged, *(key for key in now if key not in logged)]:
            one, other = logged.get(key, MISSING), now.get(key, MISSING)
            yield from differences(episode, step, f"{path}.{key}", one, other)
    elif isinstance(logged, list) and isinstance(now, list) and len(logged) == len(now):
        for index, (one, other) in enumerate(zip(logged, now, strict=True)):
            yield from differences(episode, step, f"{path}[{index}]", one, other)
    elif logged != now:
        yield Difference(episode, step, path, logged, now)
