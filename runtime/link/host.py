"""Serves robots: a user's own, or simulated ones that scenarios set up. The robot is moved by whoever calls `run`."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Protocol

from codeword.codebook import Codebook, Command, CommandError, Robot
from codeword.codebook.errors import CodewordError
from codeword.runtime.episode import Physics
from codeword.runtime.robots import open_robot
from codeword.runtime.scenario import Scenario
from codeword.runtime.signals import held_at_the_end

from .authority import About
from .effects import Gate
from .limits import LIMITS, MOST_BYTES
from .machine import Machine
from .mover import Job, Mover
from .scenario_messages import TO_SCENARIO, Ask, Ready, Reset, ScenarioRefused, Told
from .server import ServedRobot, Server, new_session_id
from .urgency import urgent
from .wire import read

SWITCH_S = 0.001
"""How long one thread of a robot's process may hold up the others [s]; Python's own default is five times that."""
_GRACE_S = 2.0
"""So much longer than its budget may a command of a robot take that keeps its own time."""


@dataclass(frozen=True)
class SetUp:
    """A robot, its codebook, and its physics where it is simulated."""

    robot: Robot
    codebook: Codebook
    physics: Physics | None


Build = Callable[[], SetUp]


class SetUpAnswer(Protocol):
    """Hears of a robot that was to be set up."""

    def __call__(self, session: str, fault: str) -> None:
        """It is served under that session; or `fault` says why it is not."""


class Host:
    """Serves one robot at a time. `run` is the loop that moves it, and returns when it is ended."""

    def __init__(self, server: Server, name: str, *, pace: float = 0.0) -> None:
        self.server, self._name, self._pace = server, name, pace
        self._next: SimpleQueue[tuple[Build, SetUpAnswer] | None] = SimpleQueue()
        self.physics: Physics | None = None
        self.mover: Mover | None = None

    def set_up(self, build: Build, answer: SetUpAnswer) -> None:
        """Serve another robot, made by the thread that moves it. From any thread."""
        self._next.put((build, answer))

    def end(self) -> None:
        """Have `run` return once the present robot's loop has ended. From any thread."""
        self._next.put(None)
        if self.mover is not None:
            self.mover.order(None)

    def run(self) -> None:
        """Move robots until the end. Raises CodewordError where the link's loop breaks."""
        sys.setswitchinterval(SWITCH_S)
        try:
            while not self.server.fault and (order := self._next.get()) is not None:
                build, answer = order
                try:
                    ready = build()
                except CodewordError as problem:
                    self.server.post(partial(answer, "", str(problem)))
                    continue
                with held_at_the_end(ready.robot):
                    self._serve(ready, answer)
        finally:
            self.server.end("the robot's side was ended")
        if self.server.fault:
            raise CodewordError(self.server.fault)

    def _serve(self, ready: SetUp, answer: SetUpAnswer) -> None:
        gate, paused = Gate(), ready.physics is not None
        made: list[ServedRobot] = []
        self.mover = Mover(
            ready.robot, ready.codebook, gate, lambda news: self.server.tell(lambda: made[0], news),
            paused=paused, pace=self._pace,
        )  # fmt: skip
        capabilities = ("clock: paused", "scenario channel") if paused else ("clock: live",)
        about = About(self._name, new_session_id(), MOST_BYTES, capabilities)

        def budget_s(command: Command) -> float:
            return float("inf") if paused else ready.codebook.skills[command.skill].budget_s + _GRACE_S

        machine = Machine(ready.codebook, about, gate, 0.0, self.server.limits, budget_s, self.mover.held)
        made.append(ServedRobot(machine, self.mover, gate))
        self.physics = ready.physics
        self.server.begin(made[0])
        self.server.post(partial(answer, about.session, ""))
        with urgent(realtime=False) if not paused else nullcontext():
            self.mover.run()
        self.physics = None


class ScenarioDesk:
    """The scenario channel: sets up the scenarios that this side has too, and tells a judge what it asks."""

    def __init__(self, host: Host, scenarios: Sequence[Scenario]) -> None:
        self._host, self._server = host, host.server
        self._scenarios = {scenario.name: scenario for scenario in scenarios}
        self._session = ""
        self._done: OrderedDict[str, tuple[Ready | Told | ScenarioRefused, tuple[bytes, ...]]] = OrderedDict()
        self._at_work: set[str] = set()

    def first(self, seed: int, answer: SetUpAnswer) -> None:
        """Set up the first scenario, for whoever comes without naming one."""
        scenario = next(iter(self._scenarios.values()))

        def begun(session: str, fault: str) -> None:
            self._session = session
            answer(session, fault)

        self._host.set_up(lambda: build(scenario, seed), begun)

    def receive(self, routing_id: bytes, frames: Sequence[bytes]) -> None:
        """A message has arrived: answered at once, or when the loop that moves the robot has seen to it."""
        try:
            message = read(TO_SCENARIO, frames, MOST_BYTES)
        except CommandError as problem:
            self._server.send_scenario(routing_id, ScenarioRefused(id="", message=str(problem)[:500]))
            return
        if message.id in self._done:
            reply, more = self._done[message.id]
            self._server.send_scenario(routing_id, reply, *more)
        elif message.id not in self._at_work:
            self._at_work.add(message.id)
            if isinstance(message, Reset):
                self._reset(routing_id, message)
            else:
                self._ask(routing_id, message)

    def _reset(self, routing_id: bytes, message: Reset) -> None:
        scenario, why = self._scenarios.get(message.scenario), ""
        if scenario is None:
            why = f"no scenario '{message.scenario}' is served here (these are: {', '.join(self._scenarios)})"
        elif scenario.hash != message.scenario_hash:
            why = f"scenario '{scenario.name}' has the hash {scenario.hash} here, {message.scenario_hash} there"
        elif scenario.codebook.hash != message.codebook_hash:
            book = scenario.codebook
            why = f"codebook '{book.name}' has the hash {book.hash} here, {message.codebook_hash} there"
        if why or scenario is None:
            self._answer(routing_id, ScenarioRefused(id=message.id, message=why[:500]))
            return

        def answer(session: str, fault: str) -> None:
            self._session = session
            reply = ScenarioRefused(id=message.id, message=fault[:500]) if fault else Ready(
                id=message.id, session=session
            )  # fmt: skip
            self._answer(routing_id, reply)

        chosen = scenario
        self._server.leave_session("another episode begins")
        self._host.set_up(lambda: build(chosen, message.seed), answer)

    def _ask(self, routing_id: bytes, message: Ask) -> None:
        mover, physics = self._host.mover, self._host.physics
        if mover is None or physics is None or message.session != self._session:
            self._answer(routing_id, ScenarioRefused(id=message.id, message="that episode is over"))
            return

        def look() -> None:
            more: tuple[bytes, ...] = ()
            reply: Told | ScenarioRefused
            try:
                reply, more = _tell(physics, message)
            except CodewordError as problem:
                reply = ScenarioRefused(id=message.id, message=str(problem)[:500])
            self._server.post(lambda: self._answer(routing_id, reply, *more))

        mover.order(Job(look))

    def _answer(self, routing_id: bytes, reply: Ready | Told | ScenarioRefused, *more: bytes) -> None:
        self._at_work.discard(reply.id)
        self._done[reply.id] = (reply, more)
        while len(self._done) > LIMITS.most_replies // 8:
            self._done.popitem(last=False)
        self._server.send_scenario(routing_id, reply, *more)


def _tell(physics: Physics, message: Ask) -> tuple[Told, tuple[bytes, ...]]:
    """What a judge asks."""
    if message.kind in ("start", "truth"):
        seen = physics.start() if message.kind == "start" else physics.truth()
        return Told(id=message.id, observation=seen), ()
    if message.kind == "damage":
        return Told(id=message.id, damage=physics.damage()), ()
    if message.kind == "events":
        return Told(id=message.id, events=physics.events()), ()
    return Told(id=message.id), (physics.jpeg(),)


def build(scenario: Scenario, seed: int) -> SetUp:
    """The simulated robot of a scenario, as the seed draws it."""
    drawn = scenario.seeded(seed)
    robot, physics = open_robot("sim", drawn, seed)
    return SetUp(robot, drawn.codebook, physics)
