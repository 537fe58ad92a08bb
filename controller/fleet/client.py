"""An engine of another process of this machine as a backend. It decides what it would decide for one alone."""

import os
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from codeword.codebook.choices import Node
from codeword.codebook.prompt import Prompt
from codeword.controller.adapter import Adapter
from codeword.controller.deadlines import Deadlines
from codeword.controller.decision import Decision, DecisionCancelled, Stopwatch
from codeword.controller.engine import Cancelled, never
from codeword.controller.hint import NO_HINT, Hint
from codeword.controller.identity import Identity
from codeword.controller.prior.weighted import prior_of
from codeword.controller.remote.address import USUAL
from codeword.controller.remote.address import Limits as Patience
from codeword.controller.remote.errors import RemoteError
from codeword.controller.sampling import Sampling
from codeword.controller.tokens import Tokens

from .address import check_address
from .errors import WireError
from .graphs import pack
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
    Limits,
    Made,
    Message,
    Read,
    Warm,
    Wrote,
    read_answered,
    written,
)  # fmt: skip

_POLL_MS = 2
_CONNECT_S, _HELLO_S, _WARM_S = 0.2, 2.0, 120.0
_Answer = Made | Read | Late | Failed | Info
Question = Callable[[int], Message]
"""Makes the message of a request, once it is to be sent, from its number."""


class FleetBackend:
    """Asks an engine process. What it keeps of texts serves all, so that settling does nothing; nor are its threads
    for one to choose.

    A decision's `stage_ms` has beside the engine's own stages `wait`: what passed on the way and until its turn came.
    Safe to use from several threads, one after the other; `halt` from any at any time.
    """

    def __init__(self, address: str, patience: Patience = USUAL, name: str = "") -> None:
        """Connect; `name` is for people. Raises InputError where the address is none, RemoteError where no engine
        answers there.
        """
        self.name = check_address(address, "--model")
        self._patience, self._called = patience, name or f"{os.getpid()}"
        self._lock = threading.Lock()
        self._halted = False
        self._number = 0
        self._connected = self._greeted = False
        self._lost = 0
        self._tokens: Tokens | None = None
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in {
            zmq.LINGER: 0, zmq.IMMEDIATE: 1, zmq.MAXMSGSIZE: 4 * MOST_BYTES, zmq.RECONNECT_IVL: 20,
            zmq.RECONNECT_IVL_MAX: 200, zmq.HEARTBEAT_IVL: 200, zmq.HEARTBEAT_TIMEOUT: 2000,
        }.items():  # fmt: skip
            self._socket.setsockopt(option, value)
        self._monitor: zmq.Socket[bytes] = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED, f"inproc://fleet-{uuid.uuid4().hex}"
        )
        # Were the monitor collected before the socket that writes to it, every connection of this process would hang.
        self._let_go = weakref.finalize(self, _let_go, self._socket, self._monitor)
        self._socket.connect(self.name)
        try:
            self.info = self._greet(time.monotonic() + patience.connect_s, never)
        except BaseException:
            self.close()
            raise

    @property
    def adapter(self) -> Adapter:
        """What was taught to the engine's model beside its weights."""
        told = self.info
        folder = Path(told.adapter) if told.adapter_hash else None
        return Adapter(
            told.adapter,
            folder,
            told.adapter_hash,
            told.adapter_scale,
            told.policies,
            contract=told.contract,
            trust=told.trust,
        )

    def key_of(self, prompt: Prompt, graph: Node, sampling: Sampling | None = None) -> str:
        """The key of a decision, without making it or asking for it. The first time the tokenizer is read, which takes
        up to a second. Raises ModelError where it cannot be.
        """
        if self._tokens is None:
            self._tokens = Tokens(Path(self.info.folder))
        told = self.info
        identity = Identity(told.weights, told.adapter_identity, told.profile, told.policy)
        return identity.key(self._tokens.prompt(prompt), graph, sampling)

    def warm(self, system: str, cancelled: Cancelled = never) -> None:
        """Have the engine read a system text. Where it is gone, nothing: whoever decides will hear of that.

        Raises DecisionCancelled.
        """
        try:
            self._ask(lambda number: Warm(id=number, system=system), cancelled, _WARM_S)
        except RemoteError:
            return

    def settle(self) -> None:
        """Nothing: what the engine keeps serves others too."""

    def halt(self, on: bool) -> None:
        """See `backend.Backend`."""
        self._halted = on

    def use_threads(self, most: int | None) -> None:
        """See `backend.Backend`."""
        del most

    def decide(
        self,
        prompt: Prompt,
        graph: Node,
        cancelled: Cancelled = never,
        *,
        hint: Hint = NO_HINT,
        sampling: Sampling | None = None,
    ) -> Decision:
        """The text that the engine picks.

        Raises RemoteError where it gives none, at most some hundred ms after it died; DecisionCancelled within 5 ms
        after `cancelled()` holds.
        """
        clock = Stopwatch()
        try:
            rows = pack(graph)
        except WireError as problem:
            raise RemoteError(f"the engine cannot be asked: {problem}") from problem

        def question(number: int) -> Message:
            limits = Limits(**cancelled.left_ms()) if isinstance(cancelled, Deadlines) else Limits()
            return Decide.of(number, prompt, rows, hint.guess, sampling, limits, prior_of(graph))

        answer = self._ask(question, cancelled, self._patience.answer_s)
        if isinstance(answer, Late):
            raise DecisionCancelled(f"the engine did not come to it in time ({answer.stage})")
        made = self._read(answer, graph)
        whole_ms = clock.stage_ms()["total"]
        wait_ms = max(0.0, whole_ms - made.stage_ms.get("total", 0.0))
        stages = {"wait": wait_ms, **made.stage_ms, "total": whole_ms}
        return made.model_copy(update={"stage_ms": stages, "first_token_ms": made.first_token_ms + wait_ms})

    def close(self) -> None:
        """Say goodbye and let go of the connection. Idempotent."""
        self._let_go()

    def _read(self, answer: _Answer, graph: Node) -> Decision:
        try:
            if not isinstance(answer, Made):
                raise WireError(f"'{answer.kind}' is no decision")
            made = answer.read()
        except WireError as problem:
            raise RemoteError(f"what the engine answered is none: {problem}") from problem
        if not graph.accepts(made.text):
            raise RemoteError(f"the engine answered what is not legal: {made.text[:60]}")
        return made

    def _ask(self, question: Question, cancelled: Cancelled, longest_s: float) -> _Answer:
        """The answer to a question. Raises RemoteError, DecisionCancelled."""
        with self._lock:
            if not self._greeted:
                now = self._greet(time.monotonic() + min(_CONNECT_S, self._patience.connect_s), cancelled)
                if now.decides != self.info.decides:
                    self._greeted = False
                    raise RemoteError(f"another engine answers there now ({now.model}, {now.profile})", gone=True)
            self._number += 1
            try:
                self._send(question(self._number))
            except WireError as problem:
                raise RemoteError(f"the engine cannot be asked: {problem}") from problem
            until = time.monotonic() + longest_s
            try:
                return self._hear(self._number, until, f"no answer within {longest_s:g} s", cancelled)
            except (DecisionCancelled, RemoteError):
                if self._connected:
                    self._send(Cancel(id=self._number))
                raise

    def _greet(self, until: float, cancelled: Cancelled) -> Info:
        """Say hello as soon as there is a connection, and hear who answers."""
        nobody = f"no engine answers at {self.name} (right would be one started by: codeword engine --bind {self.name})"
        while not self._connected:
            self._heed(until, nobody, cancelled)
        self._send(Hello(name=self._called))
        info = self._hear(None, time.monotonic() + _HELLO_S, nobody, cancelled)
        assert isinstance(info, Info)
        if info.version != VERSION:
            raise RemoteError(
                f"the engine speaks version {info.version}, and the client {VERSION} (right would be one "
                "version of codeword for both)"
            )
        self._greeted = True
        return info

    def _hear(self, number: int | None, until: float, late: str, cancelled: Cancelled) -> _Answer:
        """The answer to the request of a number, or to hello."""
        lost = self._lost
        while True:
            self._heed(until, late, cancelled)
            if self._lost > lost:  # perhaps connected again by now, but to one who does not know the question
                raise RemoteError("the engine is gone", gone=True)
            while self._socket.poll(0):
                try:
                    said = read_answered(self._socket.recv())
                except WireError as problem:
                    raise RemoteError(f"what the engine answered is none: {problem}") from problem
                if isinstance(said, Info):
                    if number is None:
                        return said
                elif isinstance(said, Failed) and (said.id == number or said.id is None):
                    raise RemoteError(f"the engine gives no answer: {said.why}")
                elif said.id == number:
                    if isinstance(said, Wrote) and isinstance(cancelled, Deadlines):
                        cancelled.wrote(said.tokens)
                    if not isinstance(said, Wrote | Begun):
                        return said

    def _heed(self, until: float, late: str, cancelled: Cancelled) -> None:
        """Wait for a moment, or until there is something to hear; heed whether that is still wanted."""
        if self._halted or cancelled():
            raise DecisionCancelled("the decision was given up while the engine was asked")
        if time.monotonic() > until:
            raise RemoteError(late, gone=True)
        poller = zmq.Poller()
        for one in (self._socket, self._monitor):
            poller.register(one, zmq.POLLIN)
        poller.poll(_POLL_MS)
        while self._monitor.poll(0):
            self._connected = recv_monitor_message(self._monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
            self._greeted = False
            self._lost += not self._connected

    def _send(self, message: Message) -> None:
        try:
            self._socket.send(written(message), zmq.NOBLOCK)
        except zmq.Again as problem:
            self._connected = self._greeted = False
            raise RemoteError("the engine is gone", gone=True) from problem
        except WireError as problem:
            raise RemoteError(f"the engine cannot be asked: {problem}") from problem


def _let_go(connected: zmq.Socket[bytes], monitor: zmq.Socket[bytes]) -> None:
    with suppress(zmq.ZMQError):  # where nobody is there
        connected.send(written(Bye()), zmq.NOBLOCK)
    connected.disable_monitor()
    connected.close(linger=50)
    monitor.close(linger=0)
