"""The link's loop on the robot's side: sockets in, the state machine, orders out; in a thread of its own.

Whatever goes wrong in it shuts the gate and stops the robot; and the loop that moves the robot stops by itself where
this one no longer keeps the gate open.
"""

import os
import secrets
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import zmq
from zmq.utils.monitor import parse_monitor_message

from codeword.codebook.observation import Record

from .effects import Effect, Gate, Halt, Send
from .journal import Say, silent, told, told_result
from .keys import Doorkeeper, Keys
from .limits import LIMITS, MOST_BYTES, Limits
from .machine import Machine
from .mover import Looked, Mover, News, Over
from .sockets import bind, router
from .urgency import Moderation, urgent
from .waker import Waker
from .wire import write

MOST_UNREAD_BYTES = MOST_BYTES + 16_384
"""So much may ZeroMQ hold of a connection from which no message could be read: the largest message, and some more."""
_IDLE_BYTES_PER_S = 1_000.0
"""ZeroMQ's own heartbeats, of which no message comes, take less [bytes/s]."""
_MOST_IDLE_BYTES = 4_000_000
_EVERY_S = 0.005
_SHARE = 0.05
"""Looking takes at most this share of the loop's time, however many connections there are."""
_BYTES_RECEIVED = struct.Struct("=Q")
_BYTES_RECEIVED_AT = 128
"""Where `tcpi_bytes_received` stands in Linux's `struct tcp_info`."""


# Cuts off a connection that fills memory with a message which it does not finish.
#
# ZeroMQ hands a message over once its last frame is there, and keeps all frames until then, 64 bytes for each, an
# empty one too; MAXMSGSIZE bounds one frame, RCVHWM counts whole messages. So what has come over a connection is
# counted here, by the kernel's own numbers, against the messages that were read from it.


@dataclass
class _Source:
    """A connection: its bytes that are accounted for, and those when a message was read last."""

    accounted: float
    read: float
    at_s: float


class Inflow:
    """Watches the connections of one bound socket. On systems other than Linux it watches nothing."""

    def __init__(self, bound: "zmq.Socket[bytes]", port: int) -> None:
        """To be made before the first connection, as only those are known that are seen to begin."""
        self._bound, self._port = bound, port
        self._pair: zmq.Socket[bytes] = bound.get_monitor_socket(
            zmq.EVENT_ACCEPTED | zmq.EVENT_CLOSED | zmq.EVENT_DISCONNECTED
        )
        self._sources: dict[int, _Source] = {}
        self._heard: set[int] = set()
        self._next_s = 0.0
        self.cut_off = 0
        """How many connections were cut off."""

    def heard(self, fd: int) -> None:
        """A whole message was read that came over that connection."""
        self._heard.add(fd)

    def look(self) -> None:
        """Cut off whoever has sent too much of what is no message yet."""
        began_s, began_working_s = time.monotonic(), time.thread_time()
        if began_s < self._next_s:
            return
        self._follow(began_s)
        for fd, source in list(self._sources.items()):
            inside = self._inside(fd)
            if inside is None:
                del self._sources[fd]
            elif fd in self._heard:
                source.accounted, source.read, source.at_s = inside, inside, began_s
            elif inside - source.accounted > MOST_UNREAD_BYTES or inside - source.read > _MOST_IDLE_BYTES:
                self.cut(fd)
            else:
                source.accounted = min(inside, source.accounted + (began_s - source.at_s) * _IDLE_BYTES_PER_S)
                source.at_s = began_s
        self._heard.clear()
        worked_s = time.thread_time() - began_working_s  # not wall time: a flood does not wait
        self._next_s = time.monotonic() + max(_EVERY_S, worked_s / _SHARE)

    def cut(self, fd: int) -> None:
        """Close a connection; ZeroMQ then forgets what is unfinished of it."""
        self._sources.pop(fd, None)
        connection = self._own(fd)
        if connection is not None:
            with connection, suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                self.cut_off += 1

    def close(self) -> None:
        """Watch no more."""
        self._bound.disable_monitor()
        self._pair.close(0)

    def _follow(self, now_s: float) -> None:
        """Take in which connections have come and gone."""
        while self._pair.poll(0):
            event = parse_monitor_message(self._pair.recv_multipart(zmq.NOBLOCK))
            fd = int(event["value"])
            if event["event"] != zmq.EVENT_ACCEPTED:
                self._sources.pop(fd, None)
            elif sys.platform == "linux":
                self._sources[fd] = _Source(0.0, 0.0, now_s)

    def _inside(self, fd: int) -> int | None:
        """How many bytes ZeroMQ has taken in over a connection so far; None where it has gone."""
        connection = self._own(fd)
        if connection is None:
            return None
        with connection:
            try:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                waiting = _unread_bytes(connection)
            except OSError:
                return None
            if len(info) < _BYTES_RECEIVED_AT + _BYTES_RECEIVED.size:
                return None  # a kernel before 4.1
            (received,) = _BYTES_RECEIVED.unpack_from(info, _BYTES_RECEIVED_AT)
            return int(received) - waiting

    def _own(self, fd: int) -> socket.socket | None:
        """A copy of a descriptor, if it still is a connection to our port: it is ZeroMQ that closes them, and a number
        that has become free is soon something else's.
        """
        try:
            copy = os.dup(fd)
        except OSError:
            return None
        try:
            connection = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            return None
        try:
            if connection.getsockname()[1] == self._port:
                return connection
        except (OSError, IndexError, TypeError):
            pass
        connection.close()
        return None


def _unread_bytes(connection: socket.socket) -> int:
    """How many bytes of a connection ZeroMQ has not taken from the kernel. Raises OSError where it has gone."""
    import fcntl  # not there on Windows, where nothing is watched
    import termios

    return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4), sys.byteorder)


_TURN_S = 0.02
_LOOK_MS = 5
"""How often the loop looks at how much comes in [ms]: in 20 ms a flood fills 36 MB."""
_AT_ONCE = 64
"""So many messages are read before time is looked at again."""
_MOST_FRAMES = 4
_ENDS_CONNECTION = 1000
"""A message of more frames ends the connection that it comes from, as one that is too long does."""


@dataclass(frozen=True)
class ServedRobot:
    """One robot as it is served: from when it is set up to when it is replaced or closed."""

    machine: Machine
    mover: Mover
    gate: Gate


class Desk(Protocol):
    """Takes what arrives on the scenario channel; each call comes from the link's loop."""

    def receive(self, routing_id: bytes, frames: Sequence[bytes]) -> None:
        """A message has arrived."""


class Server:
    """Serves one robot after the other at one address. Sockets are bound when it is made.

    With a desk there is a scenario channel too, at `scenario_port`.
    """

    @urgent()
    def __init__(
        self, host: str, port: int, keys: Keys | None = None, *, scenario_port: int | None = None,
        limits: Limits = LIMITS, say: Say = silent,
    ) -> None:  # fmt: skip
        """`say` hears what happens, line by line, from the link's loop, which it must not keep waiting. Raises
        InputError where an address cannot be bound, or may not be without keys.
        """
        self.limits, self._say = limits, say
        self.desk: Desk | None = None
        self.fault = ""
        """Why the link's loop has ended before it was told to; empty where it has not."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            self._door = Doorkeeper(self._context, keys) if keys is not None else None
            self._commands = self._bound(host, port, keys)
            self._scenario = self._bound(host, scenario_port, keys) if scenario_port is not None else None
        except BaseException:
            self._context.destroy(0)  # a context with open sockets would keep the process from ending
            raise
        self._inflows = {
            bound[0]: Inflow(*bound) for bound in (self._commands, self._scenario) if bound is not None
        }  # fmt: skip
        self._session: ServedRobot | None = None
        self._posted: deque[Callable[[], None]] = deque()
        self._waker = Waker()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def port(self) -> int:
        """The port of the command channel."""
        return self._commands[1]

    @property
    def scenario_port(self) -> int | None:
        """The port of the scenario channel, None where there is none."""
        return self._scenario[1] if self._scenario is not None else None

    @urgent()
    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def discard(self) -> None:
        """Let go of the sockets of a server that was never started."""
        self._context.destroy(0)
        self._waker.close()

    def post(self, what: Callable[[], None]) -> None:
        """Have something done by the link's loop. From any thread."""
        self._posted.append(what)
        self._waker.wake()

    def begin(self, session: ServedRobot | None) -> None:
        """Serve this robot from now on. From any thread."""
        self.post(lambda: setattr(self, "_session", session))

    def tell(self, session: Callable[[], ServedRobot], news: News) -> None:
        """Something has happened to a robot. From any thread."""
        self.post(lambda: self._news(session(), news))

    def end(self, reason: str) -> None:
        """Take leave of everyone and stop serving. From any thread; idempotent."""
        self.post(lambda: self._leave(reason))
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(2.0)

    def leave_session(self, reason: str) -> None:
        """Stop the present robot and tell everyone that its session is over. By the link's loop."""
        session, self._session = self._session, None
        if session is not None:
            self._carry_out(session, session.machine.farewell(reason))
            session.mover.order(None)

    def send_scenario(self, routing_id: bytes, message: Record, *more: bytes) -> None:
        """Answer on the scenario channel. By the link's loop."""
        if self._scenario is not None:
            self._send(self._scenario[0], [routing_id, write(message), *more])

    def _bound(self, host: str, port: int, keys: Keys | None) -> tuple["zmq.Socket[bytes]", int]:
        socket = router(self._context)
        if keys is not None:
            keys.serve(socket)
        return socket, bind(socket, host, port, keys=keys is not None)

    def _run(self) -> None:
        poller = zmq.Poller()
        sockets = [self._commands[0], *([self._scenario[0]] if self._scenario is not None else [])]
        for one in sockets:
            poller.register(one, zmq.POLLIN)
        if self._door is not None:
            poller.register(self._door.socket, zmq.POLLIN)
        poller.register(self._waker.fileno(), zmq.POLLIN)
        moderation = Moderation()
        try:
            next_s = 0.0
            while not self._ending:
                heard = poller.poll(_LOOK_MS)
                began_s = time.monotonic()
                if heard or began_s >= next_s:
                    self._turn(sockets)
                    next_s = began_s + _TURN_S
                for socket in sockets:
                    self._inflows[socket].look()
                moderation.worked(began_s)
        except BaseException as problem:
            self.fault = f"the link's loop broke: {type(problem).__name__}: {problem}"
            raise
        finally:
            session = self._session
            if session is not None:
                session.gate.shut()
                session.mover.halt(time.monotonic())
                session.mover.order(None)
            for socket in sockets:
                self._inflows[socket].close()
                socket.close(0)
            if self._door is not None:
                self._door.close()
            self._waker.close()
            self._context.term()

    def _turn(self, sockets: Sequence["zmq.Socket[bytes]"]) -> None:
        if self._door is not None:
            self._door.answer()
            self._door.refresh()
        self._waker.clear()
        while self._posted:
            self._posted.popleft()()
        for one in sockets:
            for _ in range(_AT_ONCE):
                frames = self._receive(one)
                if frames is None:
                    break
                self._take(one, frames[0], frames[1:])
        session = self._session
        if session is not None:
            self._carry_out(session, session.machine.tick(time.monotonic(), session.mover.progress))

    def _receive(self, socket: "zmq.Socket[bytes]") -> list[bytes] | None:
        """The frames of the next message, the first few of them; empty from one who may no longer speak."""
        try:
            parts = [socket.recv(zmq.NOBLOCK, copy=False)]
        except zmq.Again:
            return None
        count = 0
        while parts[-1].more:
            part = socket.recv(copy=False)
            parts = [*parts, part] if len(parts) <= _MOST_FRAMES else [*parts[:-1], part]
            count += 1
        source = parts[-1].get(zmq.SRCFD)
        assert isinstance(source, int)
        self._inflows[socket].heard(source)
        if count > _ENDS_CONNECTION:
            self._inflows[socket].cut(source)
            return [b""]
        if self._door is not None and not self._door.lets_in(str(parts[-1].get("User-Id"))):
            return [b""]
        return [part.bytes for part in parts]

    def _take(self, socket: "zmq.Socket[bytes]", routing_id: bytes, frames: Sequence[bytes]) -> None:
        if not routing_id:
            return
        if self._scenario is not None and socket is self._scenario[0]:
            if self.desk is not None:
                self.desk.receive(routing_id, frames)
        elif self._session is not None:
            session = self._session
            self._carry_out(session, session.machine.receive(time.monotonic(), routing_id, frames))

    def _news(self, session: ServedRobot, news: News) -> None:
        now_s, machine = time.monotonic(), session.machine
        if isinstance(news, Looked):
            effects = machine.looked(now_s, news.observation, news.taken_s)
        elif isinstance(news, Over):
            effects = machine.ended(now_s, news.id, news.result)
            self._say(told_result(news.result))
        else:
            effects = machine.failed(now_s, news.what)
            self._say(news.what)
        self._carry_out(session, effects)

    def _carry_out(self, session: ServedRobot, effects: Sequence[Effect]) -> None:
        """Halts first: nothing that is to be sent may keep them waiting."""
        halt = next((effect for effect in effects if isinstance(effect, Halt)), None)
        if halt is not None:
            session.mover.halt(halt.since_s)
        for effect in effects:
            if isinstance(effect, Send):
                self._send(self._commands[0], [effect.peer, write(effect.message)])
            elif not isinstance(effect, Halt):
                session.mover.order(effect)
        for line in dict.fromkeys(map(told, effects)):
            if line:
                self._say(line)

    def _send(self, socket: "zmq.Socket[bytes]", frames: Sequence[bytes]) -> None:
        with suppress(zmq.Again):  # a peer that takes nothing: what it misses it can ask for again
            socket.send_multipart(frames, zmq.NOBLOCK)

    def _leave(self, reason: str) -> None:
        self.leave_session(reason)
        self._ending = True


def new_session_id() -> str:
    """A token that no other session has."""
    return secrets.token_hex(8)
