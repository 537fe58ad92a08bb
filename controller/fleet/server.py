"""An engine that serves all robots of a machine: each of its passes carries on whatever is under way, of whomever.

One thread does all of it. Between passes the socket is read, so that what is given up or too late is dropped alone, and
whoever waits joins those under way.
"""

import os
import socket
import stat
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import zmq

from codeword.codebook.errors import CodewordError, InputError, ModelError
from codeword.controller.deadlines import Deadlines
from codeword.controller.engine import BAD_GRAPH, Engine, Making, Reading, Request
from codeword.controller.prior.weighted import Weighted

from .address import check_address, socket_file
from .desk import Desk, FullError, Place
from .errors import WireError
from .graphs import unpack
from .tally import Tally
from .wire import (
    MOST_BYTES,
    VERSION,
    Begun,
    Bye,
    Cancel,
    Decide,
    Failed,
    Hello,
    Info,
    Late,
    Made,
    Message,
    Read,
    Warm,
    Wrote,
    read_said,
    written,
)  # fmt: skip

MOST_SIDE_BY_SIDE = 8
"""So many requests are carried on at a time: more of them make each slower than they save."""

_IDLE_MS, _SWEEP_S, _MOST_HEARD = 50, 1.0, 64


@dataclass(frozen=True)
class _Wanted:
    """A request that waits, and the limits that run for it since it came."""

    said: Decide | Warm
    limits: Deadlines


@dataclass
class _Serving:
    """A request under way. Several that want the same text read share one `work`."""

    place: Place[_Wanted]
    work: Reading


class Server:
    """Serves an engine at an address of this machine, from one thread alone."""

    def __init__(
        self,
        engine: Engine,
        address: str,
        *,
        most: int = MOST_SIDE_BY_SIDE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Bind; `most` requests are carried on at a time.

        With a model that is not exact it is one after the other: side by side their last bits would depend on each
        other. Raises InputError where the address is none, or taken.
        """
        self.most = most if engine.exact else 1
        self.tally = Tally()
        self._engine, self._clock = engine, clock
        self._desk: Desk[_Wanted] = Desk(clock)
        self._serving: list[_Serving] = []
        self._names: dict[bytes, str] = {}
        self._swept_s = clock()
        self._info = _info(engine)
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 100)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        self._bound: Path | None = None
        try:
            _bind(self._socket, check_address(address, "--bind"))
        except BaseException:
            self.close()
            raise
        self._bound = socket_file(address)

    @property
    def clients(self) -> tuple[str, ...]:
        """The names of those that are known now."""
        return tuple(self._names.values())

    def serve(self, stopped: Callable[[], bool]) -> None:
        """Serve until `stopped()`, which is asked between passes, and where nothing is to do 20 times a second."""
        while not stopped():
            self.turn(_IDLE_MS)

    def turn(self, idle_ms: int = 0) -> None:
        """Hear what is said, drop what is over, take up what waits, and make one pass. Waits only where nothing is
        under way, so long at most.
        """
        self._hear(0 if self._serving or len(self._desk) else idle_ms)
        self._drop_late()
        self._take_up()
        self._go_on()
        if self._clock() - self._swept_s > _SWEEP_S:
            self._sweep()

    def close(self) -> None:
        """Drop all that is under way, and let go of the address. Idempotent."""
        for one in list(self._serving):
            self._finish(one)
        self._socket.close(linger=100)
        if self._bound is not None:
            self._bound.unlink(missing_ok=True)
            self._bound = None

    def _hear(self, wait_ms: int) -> None:
        if not self._socket.poll(wait_ms):
            return
        for _ in range(_MOST_HEARD):
            try:
                client, *frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                said = read_said(b"".join(frames))
                self._take(client, said)
            except (WireError, FullError) as problem:
                self.tally.failed += 1
                self._tell(client, Failed(id=_number(frames), why=str(problem)))

    def _take(self, client: bytes, said: Hello | Decide | Warm | Cancel | Bye) -> None:
        match said:
            case Hello():
                if said.version != VERSION:
                    raise WireError(
                        f"the client speaks version {said.version}, and the engine {VERSION} (right would be one "
                        "version of codeword for both)"
                    )
                self._desk.enter(client)
                self._names[client] = said.name
                self._tell(client, self._info)
            case Decide() | Warm():
                if client not in self._names:
                    raise WireError("a client says hello before it asks")
                left = said.limits.model_dump(exclude_none=True) if isinstance(said, Decide) else {}
                first = min((name for name in left if name != "token_ms"), key=lambda name: left[name], default="")
                left_s = left[first] / 1000 if first else float("inf")
                self._desk.wait(client, said.id, _Wanted(said, Deadlines(**left)), left_s, first)
            case Cancel():
                mine = [one for one in self._serving if (one.place.client, one.place.number) == (client, said.id)]
                self.tally.given_up += self._desk.give_up(client, said.id) + len(mine)
                for one in mine:
                    self._finish(one)
            case Bye():
                self._forget(client)

    def _drop_late(self) -> None:
        for place in self._desk.late():
            self.tally.late += 1
            self._tell(place.client, Late(id=place.number, stage=place.stage))
        for one in list(self._serving):
            if one.place.wanted.limits():
                self.tally.late += 1
                self._finish(one)
                self._tell(one.place.client, Late(id=one.place.number, stage=one.place.wanted.limits.missed))

    def _take_up(self) -> None:
        served = frozenset(one.place.client for one in self._serving)
        for place in self._desk.pick(self.most - len(self._serving), served):
            waited_ms = (self._clock() - place.came_s) * 1000
            if not self._tell(place.client, Begun(id=place.number, waited_ms=waited_ms)):
                continue
            try:
                work = self._begin(place.wanted.said)
            except (CodewordError, *BAD_GRAPH) as problem:
                self._fail(place, problem)
                continue
            if work is None:
                self._tell(place.client, Read(id=place.number))
                continue
            if isinstance(work, Making):
                self.tally.waited(self._names[place.client], waited_ms)
            self._serving.append(_Serving(place, work))

    def _begin(self, said: Decide | Warm) -> Reading | None:
        """What is to be carried on; None where there is nothing to do."""
        if isinstance(said, Warm):
            for one in self._serving:
                if isinstance(one.place.wanted.said, Warm) and one.place.wanted.said.system == said.system:
                    return one.work
            return self._engine.begin_reading(said.system)
        sampling = None if said.sampling is None else said.sampling.sampling()
        graph = Weighted.of(unpack(said.graph), said.prior)
        return self._engine.begin(Request(said.prompt(), graph, said.guess, sampling))

    def _go_on(self) -> None:
        under_way = list({id(one.work): one.work for one in self._serving if one.work.goes_on}.values())
        before = {id(work): work.written for work in under_way}
        if under_way:
            self._pass(under_way)
            self.tally.passes += 1
            self.tally.side_by_side += len(under_way)
        for one in list(self._serving):
            wrote = one.work.written - before.get(id(one.work), one.work.written)
            if not one.work.goes_on:
                self._answer(one)
            elif wrote:
                one.place.wanted.limits.wrote(wrote)
                self._tell(one.place.client, Wrote(id=one.place.number, tokens=wrote))

    def _pass(self, under_way: list[Reading]) -> None:
        try:
            self._engine.go_on(under_way)
        except ModelError as problem:
            if len(under_way) > 1:
                for work in under_way:
                    self._pass([work])  # to find out whose it is
                return
            for one in [one for one in self._serving if one.work is under_way[0]]:
                self._finish(one)
                self._fail(one.place, problem)

    def _answer(self, one: _Serving) -> None:
        """A request has come to its end."""
        place, answer = one.place, None
        try:
            if isinstance(one.work, Making):
                made = self._engine.end(one.work).model_dump(mode="json")
                answer = written(Made(id=place.number, decision=made))
                self.tally.decisions += 1
            else:
                answer = written(Read(id=place.number))
        except (CodewordError, *BAD_GRAPH) as problem:
            self._fail(place, problem)
        finally:
            self._finish(one)
        if answer is not None:
            self._send(place.client, answer)

    def _finish(self, one: _Serving) -> None:
        """Whatever became of it, it is under way no longer."""
        if one in self._serving:
            self._serving.remove(one)
        if not any(other.work is one.work for other in self._serving):
            self._engine.drop(one.work)

    def _fail(self, place: Place[_Wanted], problem: Exception) -> None:
        self.tally.failed += 1
        self._tell(place.client, Failed(id=place.number, why=str(problem)))

    def _sweep(self) -> None:
        """Find out who has gone without a word."""
        self._swept_s = self._clock()
        for client in self._desk.clients:
            self._tell(client, Wrote(id=0, tokens=0))

    def _tell(self, client: bytes, message: Message) -> bool:
        return self._send(client, written(message))

    def _send(self, client: bytes, content: bytes) -> bool:
        """Whether it could be sent; a client that is not there, or that reads nothing, is forgotten."""
        try:
            self._socket.send_multipart([client, content], zmq.NOBLOCK)
        except zmq.ZMQError as problem:
            if problem.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            self.tally.forgotten += client in self._names
            self._forget(client)
            return False
        return True

    def _forget(self, client: bytes) -> None:
        self._names.pop(client, None)
        self._desk.leave(client)
        for one in [one for one in self._serving if one.place.client == client]:
            self._finish(one)


def _number(frames: list[bytes]) -> int | None:
    """The number of a request that was refused, where it can be read."""
    with suppress(WireError):
        return getattr(read_said(b"".join(frames)), "id", None)
    return None


def _info(engine: Engine) -> Info:
    identity, adapter = engine.identity, engine.adapter
    return Info(
        run=uuid.uuid4().hex, folder=str(engine.model.folder.resolve()), model=engine.model.name,
        weights_hash=engine.model.weights_sha256, adapter=adapter.name, adapter_hash=adapter.sha256,
        adapter_scale=adapter.scale, policies=adapter.policies, contract=adapter.contract,
        trust=None if adapter.trust is None else dict(adapter.trust), held=engine.held,
        weights=identity.weights, adapter_identity=identity.adapter, profile=identity.profile, policy=identity.policy,
    )  # fmt: skip


def _bind(bound: zmq.Socket[bytes], address: str) -> None:
    """Raises InputError where somebody else has the address. A socket file is for its owner alone."""
    path = socket_file(address)
    if path is not None:
        _free(path, address)
    before = os.umask(0o177)
    try:
        bound.bind(address)
    except zmq.ZMQError as problem:
        raise InputError(f"--bind: {address} cannot be had: {os.strerror(problem.errno or 0)}") from problem
    finally:
        os.umask(before)


def _free(path: Path, address: str) -> None:
    """Make sure that no file and no other engine is in the way; a socket that nobody serves any more is not."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as problem:
        raise InputError(f"--bind: {address} cannot be had: {problem.strerror}") from problem
    if not stat.S_ISSOCK(mode):
        raise InputError(f"--bind: {path} is a file, and no socket; name another, or remove it")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except OSError as problem:
            raise InputError(f"--bind: {address} cannot be had: {problem.strerror or problem}") from problem
    raise InputError(f"--bind: another process serves {address} already")
