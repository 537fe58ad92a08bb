"""The link's loop on the robot's side: sockets in, the state machine, orders out; in a thread of its own.

Whatever goes wrong in it shuts the gate and stops the robot; and the loop that moves the robot stops by itself where
this one no longer keeps the gate open.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import zmq

from codeword.codebook.observation import Record

from .effects import Effect, Gate, Halt, Send
from .inflow import Inflow
from .journal import Say, silent, told, told_result
from .keys import Doorkeeper, Keys
from .limits import LIMITS, Limits
from .machine import Machine
from .mover import Looked, Mover, News, Over
from .sockets import bind, router
from .urgency import Moderation, urgent
from .waker import Waker
from .wire import write

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
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
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
        for socket in sockets:
            for _ in range(_AT_ONCE):
                frames = self._receive(socket)
                if frames is None:
                    break
                self._take(socket, frames[0], frames[1:])
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
