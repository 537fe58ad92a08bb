"""Who may move the robot, until when, and what ends it: the part of the state machine that all messages rest on."""

from collections.abc import Callable
from dataclasses import dataclass

from codeword.codebook import Codebook
from codeword.codebook.command import Command

from .effects import Effect, Gate, Halt, Send
from .limits import Limits
from .messages import Check, FromRobot, Refused, State
from .peers import Peer, Peers


@dataclass
class Lease:
    """Who may move the robot; `sequence` and `beat` are the latest of commands and heartbeats under it."""

    controller: str
    epoch: int
    peer: bytes
    heard_s: float
    busy_limit_ms: float | None
    sequence: int = 0
    beat: int = 0


@dataclass(frozen=True)
class Running:
    """The command under way, and when it must have ended."""

    id: str
    controller: str
    sequence: int
    until_s: float


@dataclass(frozen=True)
class About:
    """What a robot says of itself."""

    robot: str
    session: str
    most_bytes: int
    capabilities: tuple[str, ...] = ()


class RefusedError(Exception):
    """A message is not acted upon: which check refused it, and why in words."""

    def __init__(self, check: Check, message: str) -> None:
        self.check: Check = check
        super().__init__(message)


class Authority:
    """The lease, the gate, the stop and the command under way; times are on the robot's monotonic clock [s].

    The robot may move only while the gate is open: the lease is held, its holder's heartbeats are fresh, and it was
    re-armed since the last stop.
    """

    def __init__(
        self,
        codebook: Codebook,
        about: About,
        gate: Gate,
        now_s: float,
        limits: Limits,
        budget_s: Callable[[Command], float],
    ) -> None:
        self.codebook, self.about, self.gate, self.limits = codebook, about, gate, limits
        self._lease_held: Lease | None = None
        self.running: Running | None = None
        self.armed = False
        self.stopped = ""
        """Why the robot is stopped; empty where it is not."""
        self._stopped_s = float("-inf")
        self._stopped_by = ""
        self._budget_s = budget_s
        self._epoch = 0
        self._peers = Peers(limits)
        self._effects: list[Effect] = []
        self._now_s = now_s

    @property
    def lease(self) -> Lease | None:
        """Who may move the robot, None where nobody is."""
        return self._lease_held

    @lease.setter
    def lease(self, lease: Lease | None) -> None:
        self._lease_held = lease
        self._peers.spared = lease.peer if lease is not None else None

    @property
    def state(self) -> State:
        """What the robot does."""
        if self.stopped:
            return "stopped"
        return "executing" if self.running is not None else "armed" if self.armed else "disarmed"

    def _advance(self, now_s: float) -> None:
        """Let go of what time has ended: first of all, before anything is looked at."""
        self._now_s = now_s
        lease = self.lease
        if lease is None:
            return
        if (self.armed or self.running is not None) and not self.gate.open(now_s) and not self.stopped:
            silent_ms = (now_s - lease.heard_s) * 1000
            self._halt(f"link lost: no fresh heartbeat from the controller for {silent_ms:.0f} ms")
        if now_s - lease.heard_s > self.limits.lease_s:
            self.lease, self.armed = None, False

    def _halt(self, reason: str, by: str = "") -> None:
        self.gate.shut()
        self.armed = False
        self._stopped_by = by if not self.stopped or by == self._stopped_by else ""
        if not self.stopped:
            self.stopped, self._stopped_s = reason[:400] or "stopped", self._now_s
        self._effects.append(Halt(self.stopped, self._stopped_s))

    def _check_known(self, peer: Peer, controller: str, session: str) -> None:
        if session != self.about.session:
            raise RefusedError("session", "this robot began a new session; say hello again")
        if self._peers.may_lease(controller) is None:
            raise RefusedError("hello", "say hello first")
        peer.controller = controller

    def _check_holder(self, routing_id: bytes, peer: Peer, controller: str, session: str, epoch: int) -> Lease:
        self._check_known(peer, controller, session)
        lease = self.lease
        if lease is None or lease.controller != controller:
            raise RefusedError("lease", "this controller does not hold the lease; ask for it first")
        if epoch != lease.epoch:
            raise RefusedError("epoch", f"epoch {epoch} is over; the present one is {lease.epoch}")
        lease.peer = self._peers.spared = routing_id
        return lease

    def _check_expiry(self, expires_at_ms: float) -> None:
        left_ms = expires_at_ms - self._now_s * 1000
        if left_ms <= 0:
            raise RefusedError("expired", f"it expired {-left_ms:.0f} ms ago")
        if left_ms > self.limits.ahead_s * 1000:
            most_ms = self.limits.ahead_s * 1000
            raise RefusedError("too_far", f"it expires in {left_ms:.0f} ms; at most {most_ms:.0f} ms ahead are taken")

    def _refuse(self, routing_id: bytes, message_id: str, check: Check, why: str) -> None:
        self._send(routing_id, self._refused(message_id, check, why))

    def _refused(self, message_id: str, check: Check, why: str) -> Refused:
        now_ms = self._now_s * 1000
        return Refused(id=message_id, session=self.about.session, time_ms=now_ms, check=check, message=why[:500])

    def _send(self, routing_id: bytes, message: FromRobot) -> None:
        self._effects.append(Send(routing_id, message))

    def _taken(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects
