"""The numbers that both ends of the link keep to."""

from dataclasses import dataclass

PROTOCOL = 1
"""The version of the protocol that is spoken here; another is refused at hello."""

MOST_BYTES = 65_536
"""The largest message that a robot reads [bytes]; ZeroMQ drops the connection that sends more."""

MOST_BYTES_FROM_ROBOT = 1_048_576
"""The largest message that a controller reads [bytes]: an observation of many things."""

MOST_DEPTH = 12
"""The deepest nesting of JSON that is read."""


@dataclass(frozen=True)
class Limits:
    """How soon a robot holds, and what it takes [s unless named otherwise].

    Heartbeats go both ways every `heartbeat_s`. A robot that hears nothing fresh from the holder of its lease for
    `hold_s` stops and stays stopped; after `lease_s` the lease is free. Authority and commands may reach at most
    `ahead_s` into the future. A command under way that makes no progress for `stall_s` is stopped. A peer may send
    `messages_per_s` and as many at once as `burst`; stops are never counted out.
    """

    heartbeat_s: float = 0.1
    hold_s: float = 0.5
    lease_s: float = 2.0
    ahead_s: float = 5.0
    stall_s: float = 1.0
    peer_s: float = 5.0
    messages_per_s: float = 400.0
    burst: float = 200.0
    most_peers: int = 32
    most_replies: int = 64
    most_gap: int = 1000


LIMITS = Limits()
