"""Opens the robot at the other end of a link for a run: sets its scenario up where it is simulated, then arms it."""

import secrets
import time
from collections.abc import Callable

import zmq

from codeword.codebook import CommandError, Observation, Robot, RobotError, RobotTimeoutError
from codeword.codebook.errors import InputError
from codeword.runtime.episode import Physics
from codeword.runtime.scenario import Scenario
from codeword.sim.damage_report import Damage

from .keys import Keys, keys_for
from .limits import MOST_BYTES_FROM_ROBOT
from .robot import LinkRobot
from .scenario_messages import FROM_SCENARIO, Ask, Asked, FromScenario, Ready, Reset, ScenarioRefused, Told, ToScenario
from .sockets import Monitor, address, connect, dealer, endpoint
from .wire import read, write

_AGAIN_MS = 1000
_ANSWER_S = 30.0
"""How long setting up a world, or letting it come to rest, may take."""


class LinkPhysics:
    """Implements `runtime.episode.Physics` for a robot at the other end of a link."""

    def __init__(
        self, url: str, scenario: Scenario, seed: int, keys: Keys | None = None, key: str | None = None
    ) -> None:
        """Set up an episode: `session` is the one to say hello to. Raises RobotError where that is refused."""
        self._url = url
        host, port = address(url)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = dealer(self._context, 4 * MOST_BYTES_FROM_ROBOT)
        try:
            if keys is not None:
                keys.use(self._socket, key or keys.own())
        except BaseException:
            self._context.destroy(0)  # a context with open sockets would keep the process from ending
            raise
        self._monitor = Monitor(self._socket, keys=keys is not None)
        connect(self._socket, host, port)
        try:
            reply, _ = self._request(
                Reset(
                    id=_new_id(), scenario=scenario.name, scenario_hash=scenario.hash,
                    codebook_hash=scenario.codebook.hash, seed=seed,
                )
            )  # fmt: skip
            assert isinstance(reply, Ready)
        except BaseException:
            self.close()
            raise
        self.session = reply.session

    def start(self) -> Observation:
        """The world as it is now."""
        return self._observation("start")

    def truth(self) -> Observation:
        """The world after it has settled."""
        return self._observation("truth")

    def pass_time(self, duration_s: float) -> None:
        """Raises RobotError: over a link the world waits for decisions."""
        del duration_s
        raise RobotError(f"{self._url}: over a link the world waits for decisions; run it with --clock paused")

    def damage(self) -> Damage:
        """What has fallen off the table, and how hard the arm has bumped into things."""
        told, _ = self._ask("damage")
        return told.damage or Damage()

    def events(self) -> tuple[tuple[float, str], ...]:
        """What happened by the scenario's script so far: when [s], and in words."""
        return self._ask("events")[0].events

    def jpeg(self) -> bytes:
        """A picture of the scene, JPEG."""
        return self._ask("picture")[1]

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Raises RobotError: between two ticks of physics nobody can look on over a link."""
        del every_s, on_frame
        raise RobotError(f"{self._url}: over a link nobody can look on between two ticks; leave --view")

    def close(self) -> None:
        """Let go of the channel. Idempotent."""
        if not self._socket.closed:
            self._monitor.close()
            self._socket.close(0)
            self._context.term()

    def _observation(self, what: Asked) -> Observation:
        told, _ = self._ask(what)
        if told.observation is None:
            raise RobotError(f"{self._url}: told nothing of '{what}'")
        return told.observation

    def _ask(self, what: Asked) -> tuple[Told, bytes]:
        reply, more = self._request(Ask(kind=what, id=_new_id(), session=self.session))
        if not isinstance(reply, Told):
            raise RobotError(f"{self._url}: answered '{what}' with '{reply.kind}'")
        return reply, more

    def _request(self, message: ToScenario) -> tuple[Ready | Told, bytes]:
        """Send until it is answered. Raises RobotTimeoutError, or RobotError where it is refused or keys do not fit."""
        data, deadline = write(message), time.monotonic() + _ANSWER_S
        again_s = 0.0
        while (now_s := time.monotonic()) < deadline:
            self._monitor.read()
            if self._monitor.fault:
                raise RobotError(f"{self._url}: {self._monitor.fault}")
            if now_s >= again_s:
                try:
                    self._socket.send(data, zmq.NOBLOCK)
                    again_s = now_s + _AGAIN_MS / 1000
                except zmq.Again:
                    again_s = now_s + 0.02
            if not self._socket.poll(max(1, min(20, int((again_s - now_s) * 1000)))):
                continue
            reply, more = self._read(self._socket.recv_multipart())
            if reply is not None and reply.id == message.id:
                if isinstance(reply, ScenarioRefused):
                    raise RobotError(f"{self._url}: {reply.message}")
                return reply, more
        raise RobotTimeoutError(f"{self._url}: no answer within {_ANSWER_S:g} s: {self._monitor.network}")

    @staticmethod
    def _read(frames: list[bytes]) -> tuple[FromScenario | None, bytes]:
        try:
            return read(FROM_SCENARIO, frames[:1], MOST_BYTES_FROM_ROBOT), frames[1] if len(frames) > 1 else b""
        except CommandError:
            return None, b""


def _new_id() -> str:
    return secrets.token_hex(8)


SCENARIO_CHANNEL = "scenario channel"
"""The capability of a simulated robot; the channel's port is the one after the command channel's."""

SET_UP_S = 15.0
"""How long a robot that is being set up, for somebody else perhaps, may take to answer."""


def open_link(url: str, scenario: Scenario, seed: int) -> tuple[Robot, Physics | None]:
    """A robot at tcp://host:port, and its physics where it is simulated.

    Raises InputError for an address that is none and a clock that a link does not have, RobotTimeoutError where nobody
    answers, RobotError where the robot refuses: another codebook, another scenario, a lease that somebody else holds, a
    stop that was not cleared.
    """
    host, port = address(url)
    keys = keys_for(host)
    peek = LinkRobot(url, None, keys=keys, arm=False, timeout_s=SET_UP_S)
    peek.close()
    budget = scenario.budgets.get("decision_ms")
    hard_ms = budget.hard if budget is not None else None
    # A decision that is given up in time is the loop's affair; the robot stops only where it is not given up.
    busy_limit_s = 2 * hard_ms / 1000 + 1 if hard_ms is not None else None
    if SCENARIO_CHANNEL not in peek.welcome.capabilities:
        return LinkRobot(url, scenario.codebook, keys=keys, busy_limit_s=busy_limit_s), None
    if scenario.spec.clock != "paused":
        raise InputError(
            f"{url}: over a link the world waits for decisions, and '{scenario.name}' goes by the clock "
            f"{scenario.spec.clock}; run it with --clock paused"
        )
    physics = LinkPhysics(endpoint(host, port + 1), scenario, seed, keys)
    try:
        return SimulatedLinkRobot(url, scenario, keys, busy_limit_s, physics), physics
    except BaseException:
        physics.close()
        raise


class SimulatedLinkRobot(LinkRobot):
    """A simulated robot at the other end of a link; closing it closes its scenario channel too."""

    def __init__(
        self, url: str, scenario: Scenario, keys: Keys | None, busy_limit_s: float | None, physics: LinkPhysics
    ) -> None:  # fmt: skip
        super().__init__(url, scenario.codebook, keys=keys, busy_limit_s=busy_limit_s)
        self._physics = physics

    def close(self) -> None:
        """Let go of both channels. Idempotent."""
        super().close()
        self._physics.close()
