"""The controller's end of the command channel: a thread of its own for the socket, heartbeats, and requests sent again.

What the model computes never blocks this loop: it is a thread beside, torch and the compiled kernels let go of Python's
lock while they compute, and where something does not, the robot hears no heartbeat and holds, which is the safe side.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import zmq

from codeword.codebook.errors import CommandError, RobotError, RobotTimeoutError
from codeword.codebook.observation import Record

from .keys import Keys
from .limits import LIMITS, MOST_BYTES_FROM_ROBOT, Limits
from .messages import ControllerHeartbeat, Ended, Farewell, FromRobot, Goodbye, Refused, Reply, RobotHeartbeat, Welcome
from .sockets import Monitor, address, connect, dealer
from .urgency import urgent
from .waker import Waker
from .wire import read_from_robot, write

_TURN_MS = 20
AGAIN_S = 0.15
"""After so long without an answer a request is sent again."""

Doing = Literal["idle", "deciding", "waiting"]


@dataclass
class Pending:
    """A request that waits for an answer. `write` makes its bytes when it is sent, None where it is too late."""

    id: str
    write: Callable[[], bytes | None]
    next_s: float = 0.0
    reply: Reply | None = None
    fault: str = ""


@dataclass
class Clock:
    """The robot's monotonic clock, seen from here: never ahead of the true one, so that nothing lives too long."""

    offset_s: float | None = None
    _recent: "deque[float]" = field(default_factory=lambda: deque(maxlen=200))

    def hear(self, robot_s: float, now_s: float) -> None:
        """The robot's clock showed `robot_s` when a message left it, which arrived `now_s` on ours."""
        self._recent.append(robot_s - now_s)
        self.offset_s = max(self._recent)

    def at_ms(self, now_s: float) -> float:
        """What the robot's clock shows at a time on ours [ms]; 0 where it was never heard."""
        return max(0.0, (now_s + self.offset_s) * 1000) if self.offset_s is not None else 0.0


class Connection:
    """One connection to a robot. Requests may come from any thread; the socket belongs to the loop's own."""

    @urgent()
    def __init__(
        self, url: str, keys: Keys | None = None, key: str | None = None, limits: Limits = LIMITS
    ) -> None:  # fmt: skip
        """Connect, without waiting for it. Raises InputError where keys are missing or the address is none."""
        self.url, self.limits = url, limits
        host, port = address(url)
        self.controller = secrets.token_hex(16)
        self.clock = Clock()
        self.doing: Doing = "idle"
        self.progress = 0
        self.heard_s = float("-inf")
        """When the robot was last heard of."""
        self.session = ""
        """The session that the robot last spoke of; another than that of the hello is another robot."""
        self.beat: RobotHeartbeat | None = None
        """The robot's newest heartbeat."""
        self.moved_s = time.monotonic()
        """When the robot's loop was last heard to make progress."""
        self.beats_sent, self.longest_gap_s = 0, 0.0
        self._doing_since_s = time.monotonic()
        self._authority: tuple[str, int] | None = None
        self._beats, self._next_beat_s, self._beat_s = 0, 0.0, float("-inf")
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = dealer(self._context, MOST_BYTES_FROM_ROBOT)
        try:
            if keys is not None:
                keys.use(self._socket, key or keys.own())
        except BaseException:
            self._context.destroy(0)  # a context with open sockets would keep the process from ending
            raise
        self._monitor = Monitor(self._socket, keys=keys is not None)
        connect(self._socket, host, port)
        self._pending: dict[str, Pending] = {}
        self._news = threading.Condition()
        self._out: deque[bytes] = deque(maxlen=64)
        self._waker = Waker()
        self._ending = False
        self.ended: dict[str, Ended] = {}
        """Results that have come, by the id of their command; taken out by whoever waited for them."""
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def request(self, message: Callable[[], Record | None], message_id: str, timeout_s: float) -> Reply:
        """Send a request, again and again, until it is answered. `message` makes it again each time, None ends trying.

        Raises RobotTimeoutError where no answer comes in time, RobotError where keys do not fit.
        """

        def data() -> bytes | None:
            made = message()
            return write(made) if made is not None else None

        pending = Pending(message_id, data)
        deadline = time.monotonic() + timeout_s
        with self._news:
            self._pending[message_id] = pending
        self._waker.wake()
        with self._news:
            while pending.reply is None and not pending.fault:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._thread.is_alive():
                    break
                self._news.wait(left_s)
            self._pending.pop(message_id, None)
        if pending.fault:
            raise RobotError(f"{self.url}: {pending.fault}")
        if pending.reply is None:
            raise RobotTimeoutError(f"{self.url}: no answer within {timeout_s:g} s: {self.network}")
        return pending.reply

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something that this connection hears makes that so. False where the time ran out."""
        with self._news:
            return self._news.wait_for(until, timeout_s)

    def send(self, message: Record) -> None:
        """Send something once, if the robot is there."""
        self._out.append(write(message))
        self._waker.wake()

    def authorize(self, session: str, epoch: int) -> None:
        """Send heartbeats under this lease from now on, the first at once."""
        self._authority, self._next_beat_s = (session, epoch), 0.0
        self._waker.wake()

    def be(self, doing: Doing) -> None:
        """Say what the controller is at."""
        self.doing, self._doing_since_s = doing, time.monotonic()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, keys and all."""
        return self._monitor.connected

    @property
    def network(self) -> str:
        """What the network did, in words."""
        if self._monitor.connected:
            silent_s = time.monotonic() - self.heard_s
            if self.heard_s == float("-inf"):
                return "connected, but the robot never spoke; is it a robot of this protocol?"
            return f"connected, but nothing was heard for {silent_s:.1f} s"
        return self._monitor.network

    @property
    def lost(self) -> bool:
        """Whether the robot has not been heard of for longer than it takes to hold."""
        return time.monotonic() - self.heard_s > self.limits.hold_s

    def close(self) -> None:
        """Say goodbye and let go of the socket. Idempotent."""
        authority = self._authority
        if authority is not None and not self._ending:
            self._out.append(write(Goodbye(session=authority[0], controller=self.controller, epoch=authority[1])))
        self._ending = True
        self._waker.wake()
        if self._thread is not threading.current_thread():
            self._thread.join(2.0)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._monitor.pair, zmq.POLLIN)
        poller.register(self._waker.fileno(), zmq.POLLIN)
        try:
            while not self._ending:
                poller.poll(_TURN_MS)
                self._turn()
            self._flush()
        finally:
            self._monitor.close()
            self._socket.close(200)
            self._context.term()
            self._waker.close()
            with self._news:
                self._news.notify_all()

    def _turn(self) -> None:
        self._waker.clear()
        self._monitor.read()
        self._flush()
        self._heartbeat()
        for _ in range(256):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            with suppress(CommandError):  # what is no message says nothing
                self._hear(read_from_robot(frames))
        self._ask()

    def _hear(self, message: FromRobot) -> None:
        now_s = time.monotonic()
        with self._news:
            self.heard_s, self.session = now_s, message.session
            if isinstance(message, RobotHeartbeat):
                self._hear_beat(message, now_s)
            elif not isinstance(message, Farewell):
                if isinstance(message, Welcome):
                    self.clock = Clock()  # a new session may be another machine
                self.clock.hear(message.time_ms / 1000, now_s)
                pending = self._pending.get(message.id)
                if pending is not None and not (isinstance(message, Refused) and message.check == "rate"):
                    pending.reply = message
                elif isinstance(message, Ended):
                    self.ended[message.id] = message
            self._news.notify_all()

    def _hear_beat(self, beat: RobotHeartbeat, now_s: float) -> None:
        """The newest wins: one that was overtaken on its way says nothing of now."""
        before = self.beat
        if before is not None and before.session == beat.session and beat.sequence <= before.sequence:
            return
        self.clock.hear(beat.time_ms / 1000, now_s)
        if before is None or beat.progress != before.progress or beat.session != before.session:
            self.moved_s = now_s
        self.beat = beat

    def _heartbeat(self) -> None:
        now_s = time.monotonic()
        if self._authority is None or now_s < self._next_beat_s or self.clock.offset_s is None:
            return
        session, epoch = self._authority
        self._beats += 1
        beat = ControllerHeartbeat(
            session=session, controller=self.controller, epoch=epoch, sequence=self._beats,
            expires_at_ms=self.clock.at_ms(now_s + self.limits.hold_s), doing=self.doing,
            busy_ms=(now_s - self._doing_since_s) * 1000, progress=self.progress,
        )  # fmt: skip
        if self._put(write(beat)):
            if self._beat_s > 0:
                self.longest_gap_s = max(self.longest_gap_s, now_s - self._beat_s)
            self.beats_sent, self._beat_s = self.beats_sent + 1, now_s
        self._next_beat_s = now_s + self.limits.heartbeat_s

    def _ask(self) -> None:
        now_s = time.monotonic()
        with self._news:
            for pending in self._pending.values():
                if self._monitor.fault:
                    pending.fault = self._monitor.fault
                elif pending.reply is None and now_s >= pending.next_s:
                    data = pending.write()
                    if data is None:
                        continue
                    pending.next_s = now_s + (AGAIN_S if self._put(data) else 0.02)
            if self._monitor.fault:
                self._news.notify_all()

    def _flush(self) -> None:
        while self._out:
            self._put(self._out.popleft())

    def _put(self, data: bytes) -> bool:
        """Send, unless nobody is there."""
        try:
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True
