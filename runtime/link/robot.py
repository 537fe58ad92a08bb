"""A robot at the other end of a link, behind the same interface as any other."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from codeword.codebook import Codebook, Command, Observation, Result, RobotError, RobotTimeoutError
from codeword.codebook.observation import Record

from .connection import Connection
from .keys import Keys
from .limits import LIMITS, PROTOCOL, Limits
from .messages import (
    Accepted,
    Armed,
    CommandRequest,
    Ended,
    Granted,
    Hello,
    LeaseRequest,
    Observe,
    Rearm,
    Refused,
    Reply,
    Seen,
    Standstill,
    StandstillRequest,
    Stop,
    Stopped,
    Welcome,
)  # fmt: skip

ANSWER_S = 5.0
"""How long a robot may take to answer."""
BEGIN_S = 0.5
"""How long a command may be on its way: a robot that gets it later does not begin it."""
STALE_S = 0.5
"""An observation older than this is refused."""

SOON_S = 0.25
"""A robot that was stopped and does not stand after so long is told of."""
STALLED_S = 0.2
"""A robot's loop that has made no progress for so long is told of; at rest it makes some every 50 ms."""

_Wanted = TypeVar("_Wanted")


class LinkExecution:
    """A command that a robot at the other end carries out. Implements `codebook.robot.Execution`."""

    def __init__(self, robot: "LinkRobot", message_id: str, begun_ms: float, result: Result | None = None) -> None:
        """`begun_ms` is when the robot accepted the command, on its clock."""
        self._robot, self._id, self._begun_ms, self._result = robot, message_id, begun_ms, result

    def poll(self) -> Result | None:
        """The result if it has come. Raises RobotTimeoutError where the robot is lost or stuck."""
        if self._result is None:
            ended = self._robot.connection.ended.pop(self._id, None)
            if ended is not None:
                self._take(ended.result)
            else:
                self._robot.check_alive(self._id)
        return self._result

    def result(self) -> Result:
        """Wait for the result. Raises RobotTimeoutError where the robot is lost or stuck, RobotError where it began
        again.
        """
        connection = self._robot.connection
        while self.poll() is None:
            beat = connection.beat
            connection.wait(self._over, 0.1)
            if beat is not None and beat.time_ms > self._begun_ms and beat.running != self._id and not self._over():
                self._ask()  # it has ended, and the result was lost on its way
        assert self._result is not None
        return self._result

    def _over(self) -> bool:
        return self._id in self._robot.connection.ended

    def _ask(self) -> None:
        """Ask how the command stands; that never begins it again."""
        reply = self._robot.command_again(self._id)
        if isinstance(reply, Ended):
            self._take(reply.result)
        elif isinstance(reply, Refused):
            raise RobotError(f"{self._robot.connection.url}: the command is not known any more: {reply.message}")

    def _take(self, result: Result) -> None:
        self._result = result
        self._robot.over(self._id)


class LinkRobot:
    """Implements `codebook.robot.Robot` over a link.

    `arm` takes the lease and arms the robot; without it one may look and stop. A robot that somebody has stopped is
    armed only with `clear_stop`. `busy_limit_s` is how long a decision may take before the robot is stopped. Raises
    RobotTimeoutError where nobody answers, RobotError where the robot refuses.
    """

    def __init__(
        self, url: str, codebook: Codebook | None, *, keys: Keys | None = None, key: str | None = None,
        arm: bool = True, clear_stop: bool = False, busy_limit_s: float | None = None, timeout_s: float = ANSWER_S,
        limits: Limits = LIMITS, name: str = "codeword",
    ) -> None:  # fmt: skip
        self.connection = Connection(url, keys, key, limits)
        self._codebook_hash = codebook.hash if codebook is not None else None
        self._name, self._timeout_s, self._busy_limit_s = name, timeout_s, busy_limit_s
        self._epoch, self._sequence, self._looks = 0, 0, 0
        self._running = ""
        self._sent: dict[str, CommandRequest] = {}
        self._closed = False
        self.link_ms = 0.0
        """How long the last look was on its way there and back, the robot's own looking among it [ms]."""
        try:
            self.welcome = self._hello()
            if arm:
                self._take_lease()
                self._arm(clear_stop=clear_stop)
        except BaseException:
            self.connection.close()
            raise

    def observe(self) -> Observation:
        """What the robot sees now. Raises RobotTimeoutError where no answer comes or it is older than 0.5 s."""
        self._check_open()
        self.connection.be("waiting")
        asked_s = time.monotonic()
        seen = self._demand(Seen, lambda at: Observe(id=at, session=self.welcome.session, controller=self._token))
        self.link_ms = (time.monotonic() - asked_s) * 1000
        age_s = seen.age_ms / 1000
        if age_s > STALE_S and self._epoch:
            raise RobotTimeoutError(f"{self.connection.url}: what the robot saw is {age_s:.1f} s old")
        if seen.sequence < self._looks:
            raise RobotError(f"{self.connection.url}: look {seen.sequence} came after look {self._looks}")
        self._looks = seen.sequence
        self.connection.be("deciding")
        return seen.observation

    def execute(self, command: Command) -> LinkExecution:
        """Start to carry out a command. Raises RobotError while another runs and where the robot refuses it.

        While the robot is stopped (until `rearm`), the command ends as stopped at once.
        """
        self._check_open()
        if self._running:
            raise RobotError(f"busy: another command is being carried out, {command.text} must wait")
        if not self._epoch:
            raise RobotError(f"{self.connection.url}: this side only looks; it did not ask for the lease")
        self.connection.be("waiting")
        self._sequence += 1
        now_s = time.monotonic()
        request = CommandRequest(
            id=_new_id(), session=self.welcome.session, controller=self._token, epoch=self._epoch,
            sequence=self._sequence, expires_at_ms=self.connection.clock.at_ms(now_s + BEGIN_S), text=command.text,
        )  # fmt: skip
        self._sent = {request.id: request}
        self.connection.ended.clear()
        reply = self.connection.request(lambda: request, request.id, self._timeout_s)
        if isinstance(reply, Refused):
            if reply.check in ("stopped", "disarmed", "lease", "epoch", "authority"):
                return LinkExecution(self, request.id, 0.0, _stopped(command, reply.message))
            raise RobotError(f"{self.connection.url}: refused ({reply.check}): {reply.message}")
        if isinstance(reply, Ended):
            return LinkExecution(self, request.id, 0.0, reply.result)
        if not isinstance(reply, Accepted):
            raise RobotError(f"{self.connection.url}: answered a command with '{reply.kind}'")
        self._running = request.id
        return LinkExecution(self, request.id, reply.time_ms)

    def stop(self) -> None:
        """Stop the robot, latched until `rearm`. Never raises; where the robot is not there it holds by itself."""
        if not self._closed:
            stop_robot(self.connection, "stopped by its controller", 0.3, self._token if self._epoch else None)

    def rearm(self) -> None:
        """Take commands again after whatever stopped the robot, with a new lease where ours is over. Raises RobotError
        where it is refused.
        """
        if not self._epoch:
            self._take_lease()
        try:
            self._arm(clear_stop=True)
        except LinkRefusedError as problem:
            if problem.check not in ("lease", "epoch", "session", "hello"):
                raise
            self.welcome = self._hello()
            self._take_lease()
            self._arm(clear_stop=True)

    def close(self) -> None:
        """Give the lease back and let go of the link. Idempotent."""
        self._closed = True
        self.connection.close()

    def command_again(self, message_id: str) -> Reply:
        """The robot's present answer to a command that it was sent before."""
        return self.connection.request(lambda: self._sent.get(message_id), message_id, self._timeout_s)

    def over(self, message_id: str) -> None:
        """A command has ended."""
        if self._running == message_id:
            self._running = ""

    def check_alive(self, message_id: str) -> None:
        """Raises RobotTimeoutError where a robot that carries out that command is not heard of or makes no progress."""
        connection, now_s = self.connection, time.monotonic()
        if now_s - connection.heard_s > self._timeout_s:
            self._running = ""
            raise RobotTimeoutError(f"{connection.url}: the robot is lost: {connection.network}")
        beat = connection.beat
        if connection.session not in ("", self.welcome.session):
            self._running = ""
            raise RobotError(f"{connection.url}: the robot began again in the middle of a command; it was not resumed")
        stuck_s = now_s - connection.moved_s
        beating = beat is not None and beat.running == message_id and not connection.lost
        if beating and stuck_s > 2 * connection.limits.stall_s:
            self.stop()
            raise RobotTimeoutError(
                f"{connection.url}: heartbeats come, but no progress for {stuck_s:.1f} s: the robot's own look(), "
                "perform() or hold() does not return; stopped"
            )

    @property
    def _token(self) -> str:
        return self.connection.controller

    def _hello(self) -> Welcome:
        """Say hello, and keep from then on to what the robot holds its controllers to."""
        welcome = self._demand(
            Welcome,
            lambda at: Hello(
                id=at, protocol=PROTOCOL, controller=self._token, name=self._name, codebook_hash=self._codebook_hash
            ),
        )
        self.connection.limits = replace(
            self.connection.limits, heartbeat_s=welcome.heartbeat_ms / 1000, hold_s=welcome.hold_ms / 1000,
            lease_s=welcome.lease_ms / 1000, ahead_s=welcome.ahead_ms / 1000,
        )  # fmt: skip
        return welcome

    def _take_lease(self) -> None:
        limit_ms = self._busy_limit_s * 1000 if self._busy_limit_s is not None else None
        granted = self._demand(
            Granted,
            lambda at: LeaseRequest(
                id=at, session=self.welcome.session, controller=self._token, expires_at_ms=self._soon_ms(),
                busy_limit_ms=limit_ms,
            ),
        )  # fmt: skip
        self._use(granted.epoch)

    def _arm(self, *, clear_stop: bool) -> None:
        armed = self._demand(
            Armed,
            lambda at: Rearm(
                id=at, session=self.welcome.session, controller=self._token, epoch=self._epoch,
                expires_at_ms=self._soon_ms(), clear_stop=clear_stop,
            ),
        )  # fmt: skip
        self._use(armed.epoch)

    def _use(self, epoch: int) -> None:
        self._epoch, self._sequence = epoch, 0
        self.connection.be("idle")
        self.connection.authorize(self.welcome.session, epoch)

    def _soon_ms(self) -> float:
        return self.connection.clock.at_ms(time.monotonic() + self.connection.limits.hold_s)

    def _demand(self, kind: type[_Wanted], make: Callable[[str], Record]) -> _Wanted:
        message_id = _new_id()
        reply = self.connection.request(lambda: make(message_id), message_id, self._timeout_s)
        if isinstance(reply, Refused):
            raise LinkRefusedError(self.connection.url, reply)
        if not isinstance(reply, kind):
            raise RobotError(f"{self.connection.url}: answered with '{reply.kind}'")
        return reply

    def _check_open(self) -> None:
        if self._closed:
            raise RobotError(f"{self.connection.url}: the link is closed")


class LinkRefusedError(RobotError):
    """A robot refused what was asked; `check` says what refused it."""

    def __init__(self, url: str, reply: Refused) -> None:
        self.check = reply.check
        super().__init__(f"{url}: refused ({reply.check}): {reply.message}")


def stop_robot(
    connection: Connection, reason: str, timeout_s: float, controller: str | None = None
) -> Stopped | None:  # fmt: skip
    """Stop a robot; its answer, or None where none came in time. What keeps it from answering is not raised: the robot
    holds by itself when it hears nothing.
    """
    message_id = _new_id()
    try:
        reply = connection.request(
            lambda: Stop(id=message_id, reason=reason, controller=controller), message_id, timeout_s
        )
    except RobotError:
        return None
    return reply if isinstance(reply, Stopped) else None


def ask_standstill(connection: Connection, timeout_s: float) -> Standstill | None:
    """Whether a robot stands still, None where it does not say so in time."""
    message_id = _new_id()
    try:
        reply = connection.request(lambda: StandstillRequest(id=message_id), message_id, timeout_s)
    except RobotError:
        return None
    return reply if isinstance(reply, Standstill) else None


def wait_for_standstill(
    connection: Connection, timeout_s: float, on_wait: Callable[[Standstill], None] = lambda _: None
) -> Standstill | None:
    """Ask a robot that was stopped until it stands still; its last answer, None where it gave none in time.

    `on_wait` hears of an answer that it does not, once, as soon as it has taken SOON_S.
    """
    began_s, told, last = time.monotonic(), False, None
    while last is None or not last.still:
        left_s = timeout_s - (time.monotonic() - began_s)
        if left_s <= 0:
            break
        last = ask_standstill(connection, left_s) or last
        if last is None or last.still:
            break
        if not told and time.monotonic() - began_s > SOON_S:
            told = True
            on_wait(last)
        time.sleep(min(0.01, left_s))
    return last


def why_not_still(told: Standstill | None) -> str:
    """In words, why a robot that was stopped may still move."""
    if told is None:
        return "it does not say whether it stands: an older side, or the link is lost; it may still move"
    stalled_s = told.progress_ms / 1000
    stalled = f"its loop has made no progress for {stalled_s:.1f} s" if stalled_s > STALLED_S else ""
    what = {
        "running": "its hold() has not returned yet",
        "raised": f"its {told.message}",
        "pending": "it was not held yet",
        "returned": "the command under way has not ended yet",
    }[told.hold]
    return f"{', and '.join(filter(None, (stalled, what)))}; it may still move"


def _stopped(command: Command, message: str) -> Result:
    return Result(command=command.text, status="stopped", reason="stopped", message=message)


def _new_id() -> str:
    return secrets.token_hex(8)
