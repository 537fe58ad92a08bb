"""What an episode did to things beside its task."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """The blocks that fell off the table, how many bumps there were, and the hardest contact of all [N]."""

    fallen: tuple[str, ...] = ()
    bumps: int = 0
    peak_n: float = 0.0
