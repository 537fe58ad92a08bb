"""What an engine process has done: how much, how many side by side, and how long who waited."""

from collections import deque
from dataclasses import dataclass, field

_MOST_NAMES, _MOST_WAITS = 256, 10_000


@dataclass
class Tally:
    """Counts. A `pass` serves all that is under way; `side_by_side` adds up how many requests each served.

    `waits_ms` has of each client, by its name, how long its last decisions waited until they were begun [ms];
    `late` were over before they were made, `given_up` no longer wanted, `failed` could not be carried out, and
    `forgotten` clients went without a word.
    """

    decisions: int = 0
    passes: int = 0
    side_by_side: int = 0
    late: int = 0
    given_up: int = 0
    failed: int = 0
    forgotten: int = 0
    waits_ms: dict[str, deque[float]] = field(default_factory=dict)

    @property
    def mean_batch(self) -> float:
        """How many requests a pass served; 0 where there was none."""
        return self.side_by_side / self.passes if self.passes else 0.0

    def waited(self, name: str, wait_ms: float) -> None:
        """A decision of a client has begun after so long."""
        if name not in self.waits_ms and len(self.waits_ms) >= _MOST_NAMES:
            del self.waits_ms[next(iter(self.waits_ms))]
        self.waits_ms.setdefault(name, deque(maxlen=_MOST_WAITS)).append(wait_ms)
