"""The robot's side of the link as a state machine: disarmed, armed, executing, stopped.

It knows neither socket nor clock: every time is handed in, on one monotonic clock [s], and what is to be done comes
back as effects.
"""

from collections.abc import Callable, Sequence

from codeword.codebook import Codebook
from codeword.codebook.command import Command
from codeword.codebook.command_codec import read_command
from codeword.codebook.errors import CommandError
from codeword.codebook.observation import Observation, Result

from .authority import About, Authority, Lease, RefusedError, Running
from .effects import Effect, Gate, Held, Look, Release, Start
from .limits import LIMITS, PROTOCOL, Limits
from .messages import (
    Accepted,
    Armed,
    Check,
    CommandRequest,
    ControllerHeartbeat,
    Ended,
    Farewell,
    FromController,
    Goodbye,
    Granted,
    Hello,
    LeaseRequest,
    Observe,
    Rearm,
    Reply,
    RobotHeartbeat,
    Seen,
    Standstill,
    StandstillRequest,
    Stop,
    Stopped,
    Welcome,
)
from .peers import Peer, Replies
from .wire import read_from_controller


class Machine(Authority):
    """One session of a robot. `budget_s` says how long a command may run on the clock [s], `held` what became of
    holding the robot since a time [s].
    """

    def __init__(
        self,
        codebook: Codebook,
        about: About,
        gate: Gate,
        now_s: float,
        limits: Limits = LIMITS,
        budget_s: Callable[[Command], float] = lambda _: float("inf"),
        held: Callable[[float], Held] = lambda _: Held(),
    ) -> None:
        super().__init__(codebook, about, gate, now_s, limits, budget_s)
        self._held = held
        self._replies = Replies(limits.most_replies)
        self._beats, self._next_beat_s = 0, now_s
        self._progress, self._progress_s, self._moved_s = 0, now_s, now_s
        self._looks, self._looked_s = 0, float("-inf")
        self._waiting: list[tuple[bytes, str, str]] = []
        self._handlers: dict[type, Callable[[bytes, Peer, str, FromController], Reply | None]] = {
            Hello: self._hello, LeaseRequest: self._lease, Rearm: self._rearm, CommandRequest: self._command,
            Observe: self._observe, ControllerHeartbeat: self._heartbeat, Stop: self._stop, Goodbye: self._goodbye,
            StandstillRequest: self._standstill,
        }  # fmt: skip

    def receive(self, now_s: float, routing_id: bytes, frames: Sequence[bytes]) -> list[Effect]:
        """Something has arrived from a peer, whatever it is."""
        self._advance(now_s)
        peer = self._peers.hear(routing_id, now_s)
        stop = len(frames) == 1 and len(frames[0]) < 2048 and b'"stop"' in frames[0]
        if peer.credit < 1 and not stop:
            if now_s - peer.told_s > 1:
                peer.told_s = now_s
                most = f"{self.limits.messages_per_s:g} messages a second"
                self._refuse(routing_id, "", "rate", f"more than {most}; what is above that is dropped")
            return self._taken()
        peer.credit -= 1
        try:
            message = read_from_controller(frames)
        except CommandError as problem:
            check: Check = "size" if problem.check == "size" else "json" if problem.check == "json" else "message"
            self._refuse(routing_id, "", check, str(problem))
            return self._taken()
        message_id = getattr(message, "id", "")
        controller = getattr(message, "controller", None) or ""
        known = self._replies.get(controller, message_id) if message_id else None
        if known is not None:
            self._send(routing_id, self._still_true(known))
            return self._taken()
        try:
            reply = self._handlers[type(message)](routing_id, peer, controller, message)
        except RefusedError as problem:
            refused = self._refused(message_id, problem.check, str(problem))
            if isinstance(message, CommandRequest):
                self._replies.keep(controller, message_id, refused)
            self._send(routing_id, refused)
            return self._taken()
        if reply is not None:
            if not isinstance(message, Hello | Stop | StandstillRequest):
                self._replies.keep(controller, message_id, reply)
            self._send(routing_id, reply)
        return self._taken()

    def tick(self, now_s: float, progress: int) -> list[Effect]:
        """Time has passed: what is no longer fresh is over, and heartbeats are due."""
        if progress != self._progress:
            self._moved_s = now_s
        if progress != self._progress or self.running is None:
            self._progress, self._progress_s = progress, now_s
        self._advance(now_s)
        if self.running is not None and not self.stopped:
            if now_s > self.running.until_s:
                self._halt("the command ran longer than its budget")
            elif now_s - self._progress_s > self.limits.stall_s:
                held_up = "its look(), perform() or hold() does not return"
                self._halt(f"the robot made no progress for {self.limits.stall_s:g} s: {held_up}")
        if now_s >= self._next_beat_s:
            self._next_beat_s = max(self._next_beat_s + self.limits.heartbeat_s, now_s)
            self._beats += 1
            beat = RobotHeartbeat(
                session=self.about.session, time_ms=now_s * 1000, sequence=self._beats, state=self.state,
                epoch=self._epoch, progress=progress, reason=self.stopped[:500],
                running=self.running.id if self.running is not None else None,
            )  # fmt: skip
            for routing_id in self._peers.greeted(now_s):
                self._send(routing_id, beat)
        return self._taken()

    def looked(self, now_s: float, seen: Observation, taken_s: float) -> list[Effect]:
        """The robot was observed at `taken_s`; whoever waits for it is told."""
        self._advance(now_s)
        if taken_s > self._looked_s:
            self._looks, self._looked_s = self._looks + 1, taken_s
        for routing_id, controller, message_id in self._waiting:
            reply = Seen(
                id=message_id, session=self.about.session, time_ms=now_s * 1000, sequence=self._looks,
                age_ms=(now_s - taken_s) * 1000, observation=seen,
            )  # fmt: skip
            self._replies.keep(controller, message_id, reply)
            self._send(routing_id, reply)
        self._waiting.clear()
        return self._taken()

    def ended(self, now_s: float, command_id: str, result: Result) -> list[Effect]:
        """A command has ended; its controller is told. While the robot stops, others are not begun."""
        self._advance(now_s)
        running = self.running
        if running is None or running.id != command_id:
            return self._taken()
        self.running = None
        reply = Ended(
            id=running.id, session=self.about.session, time_ms=now_s * 1000, sequence=running.sequence, result=result
        )
        self._replies.keep(running.controller, running.id, reply)
        if self.lease is not None and self.lease.controller == running.controller:
            self._send(self.lease.peer, reply)
        return self._taken()

    def failed(self, now_s: float, what: str) -> list[Effect]:
        """The robot could not be observed or moved: it is stopped, and whoever waits is told."""
        self._advance(now_s)
        for routing_id, _, message_id in self._waiting:
            self._refuse(routing_id, message_id, "failed", what)
        self._waiting.clear()
        self._halt(what)
        return self._taken()

    def halt(self, now_s: float, reason: str) -> list[Effect]:
        """Stop for a reason of the robot's own side."""
        self._advance(now_s)
        self._halt(reason)
        return self._taken()

    def farewell(self, reason: str) -> list[Effect]:
        """The link closes: everything stops, and everyone is told."""
        self._halt(reason)
        for routing_id in self._peers.greeted(self._now_s):
            self._send(routing_id, Farewell(session=self.about.session, reason=reason[:500]))
        return self._taken()

    def _hello(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        del routing_id
        assert isinstance(message, Hello)
        if message.protocol != PROTOCOL:
            raise RefusedError("protocol", f"this robot speaks protocol {PROTOCOL}, the controller {message.protocol}")
        ours, theirs = self.codebook.hash, message.codebook_hash
        if theirs is not None and theirs != ours:
            raise RefusedError(
                "codebook",
                f"this robot's codebook '{self.codebook.name}' has the hash {ours}, the controller's {theirs}; both "
                "sides need the same file",
            )
        self._peers.welcome(peer, controller, may_lease=theirs is not None)
        if self.lease is not None:
            self._peers.keep(self.lease.controller)
        limits = self.limits
        return Welcome(
            id=message.id, protocol=PROTOCOL, session=self.about.session, time_ms=self._now_s * 1000,
            robot=self.about.robot, codebook=self.codebook.name, codebook_hash=ours,
            primitives=tuple(self.codebook.primitives), capabilities=self.about.capabilities,
            heartbeat_ms=limits.heartbeat_s * 1000, hold_ms=limits.hold_s * 1000, lease_ms=limits.lease_s * 1000,
            ahead_ms=limits.ahead_s * 1000, most_bytes=self.about.most_bytes,
        )  # fmt: skip

    def _lease(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, LeaseRequest)
        self._check_known(peer, controller, message.session)
        self._check_expiry(message.expires_at_ms)
        if not self._peers.may_lease(controller):
            raise RefusedError("codebook", "a hello without the codebook's hash may look and stop, not move the robot")
        held = self.lease
        if held is not None and held.controller != controller:
            ago_ms = (self._now_s - held.heard_s) * 1000
            raise RefusedError(
                "lease", f"another controller holds the lease (epoch {held.epoch}, heard of {ago_ms:.0f} ms ago)"
            )
        if self.running is not None:
            self._halt("a new lease was asked for while a command ran")
        self.gate.shut()
        self.armed = False
        self._epoch += 1
        self.lease = Lease(controller, self._epoch, routing_id, self._now_s, message.busy_limit_ms)
        self._peers.keep(controller)
        return Granted(id=message.id, session=self.about.session, time_ms=self._now_s * 1000, epoch=self._epoch)

    def _rearm(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, Rearm)
        lease = self._check_holder(routing_id, peer, controller, message.session, message.epoch)
        self._check_expiry(message.expires_at_ms)
        if self.running is not None:
            raise RefusedError("busy", "a command is under way, or still coming to a stop")
        if self.stopped and not message.clear_stop:
            cure = "clear that first, when it is safe: codeword connect --rearm"
            raise RefusedError("stopped", f"the robot is stopped ({self.stopped}); {cure}")
        if not self._held(self._stopped_s).settled:
            raise RefusedError("busy", "the robot's stop() has not returned yet")
        self.stopped, self._stopped_by, self.armed = "", "", True
        self._epoch += 1  # whatever was sent before is over
        lease.epoch, lease.sequence, lease.heard_s = self._epoch, 0, self._now_s
        self.gate.until_s = min(message.expires_at_ms / 1000, self._now_s + self.limits.hold_s)
        self._effects.append(Release())
        return Armed(id=message.id, session=self.about.session, time_ms=self._now_s * 1000, epoch=lease.epoch)

    def _command(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, CommandRequest)
        lease = self._check_holder(routing_id, peer, controller, message.session, message.epoch)
        if not lease.sequence < message.sequence <= lease.sequence + self.limits.most_gap:
            most = self.limits.most_gap
            raise RefusedError(
                "sequence", f"sequence {message.sequence} does not follow {lease.sequence} (by at most {most})"
            )
        lease.sequence = message.sequence  # a command that is refused is not carried out later either
        if self.stopped:
            raise RefusedError("stopped", f"the robot is stopped ({self.stopped}); re-arm it first")
        if not self.armed:
            raise RefusedError("disarmed", "the robot is not armed; re-arm it first")
        self._check_expiry(message.expires_at_ms)
        if not self.gate.open(self._now_s):
            raise RefusedError("authority", "no fresh heartbeat from the holder of the lease")
        if self.running is not None:
            raise RefusedError("busy", f"command {self.running.id} is under way")
        try:
            command = read_command(self.codebook, message.text)
        except CommandError as problem:
            raise RefusedError("schema", str(problem)) from problem
        until_s = self._now_s + self._budget_s(command)
        self.running = Running(message.id, controller, message.sequence, until_s)
        self._progress_s = self._now_s
        self._effects.append(Start(message.id, command))
        return Accepted(
            id=message.id, session=self.about.session, time_ms=self._now_s * 1000, sequence=message.sequence
        )

    def _observe(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, Observe)
        self._check_known(peer, controller, message.session)
        if any(waiting[1:] == (controller, message.id) for waiting in self._waiting):
            return None  # asked again while the robot looks
        holds = self.lease is not None and self.lease.controller == controller
        asking = self._waiting if not holds else [one for one in self._waiting if one[1] == controller]
        if len(asking) >= self.limits.most_peers:
            raise RefusedError("busy", "too many wait for an observation")
        self._waiting.append((routing_id, controller, message.id))
        self._effects.append(Look(fresh=self.lease is None or holds))
        return None

    def _heartbeat(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, ControllerHeartbeat)
        lease = self._check_holder(routing_id, peer, controller, message.session, message.epoch)
        if message.sequence <= lease.beat:
            return None
        lease.beat = message.sequence
        until_s = min(message.expires_at_ms / 1000, self._now_s + self.limits.hold_s)
        if until_s <= self._now_s:
            return None  # it was too long on its way to say anything of now
        lease.heard_s = self._now_s
        if lease.busy_limit_ms is not None and message.busy_ms > lease.busy_limit_ms:
            if not self.stopped:
                limit = f"its limit is {lease.busy_limit_ms:.0f} ms"
                self._halt(f"the controller has been {message.doing} for {message.busy_ms:.0f} ms; {limit}")
        elif self.armed:
            self.gate.until_s = max(self.gate.until_s, until_s)
        return None

    def _stop(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        del routing_id, peer
        assert isinstance(message, Stop)
        self._halt(message.reason or "stop was asked for", controller)
        return Stopped(
            id=message.id, session=self.about.session, time_ms=self._now_s * 1000, reason=self.stopped,
            moving=self.running is not None,
        )  # fmt: skip

    def _standstill(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        del routing_id, peer, controller
        assert isinstance(message, StandstillRequest)
        held = self._held(self._stopped_s if self.stopped else float("-inf"))
        ended = self.running is None or (held.prevails and bool(self.stopped))
        return Standstill(
            id=message.id, session=self.about.session, time_ms=self._now_s * 1000,
            still=ended and held.state == "returned", hold=held.state, message=held.fault[:500],
            progress_ms=(self._now_s - self._moved_s) * 1000,
            running=self.running.id if self.running is not None else None,
        )  # fmt: skip

    def _goodbye(self, routing_id: bytes, peer: Peer, controller: str, message: FromController) -> Reply | None:
        assert isinstance(message, Goodbye)
        self._check_holder(routing_id, peer, controller, message.session, message.epoch)
        if self.running is not None and not self.stopped:
            self._halt("the controller left in the middle of a command")
        elif self._stopped_by == controller:
            self.stopped, self._stopped_by = "", ""
        self.gate.shut()
        self.lease, self.armed = None, False
        return None

    def _still_true(self, reply: Reply) -> Reply:
        """An answer given again, with the present time: that of the first would look fresh and be old."""
        now_ms = self._now_s * 1000
        if isinstance(reply, Seen):
            return reply.model_copy(update={"age_ms": reply.age_ms + now_ms - reply.time_ms, "time_ms": now_ms})
        return reply.model_copy(update={"time_ms": now_ms})
