"""The episode loop: observe, decide, guard, carry out, until the controller ends it or its decisions are used up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from codeword.codebook import Codebook, Command, CommandError, Observation, Result, Robot, RobotError
from codeword.codebook.live import LiveCodebook
from codeword.codebook.observation import Record
from codeword.controller import Controller, Decision
from codeword.controller.decision import DecisionCancelled, Note
from codeword.sim import Damage

from .guard import Guard
from .judge import UNHARMED, Ended, Verdict, judge
from .records import BudgetRecord, CodebookRecord, CommandRecord, EventRecord
from .scenario import Scenario

RETASK = "retask"
"""What an event says from which on the task is another."""


class Listener(Protocol):
    """Whoever wants to know what happens: the episode file, the terminal."""

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """A record of that topic, at the robot's own time."""

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """A camera picture."""


@runtime_checkable
class Spectator(Protocol):
    """A listener that wants to know of an episode before it begins, and to look at the scene while it goes on."""

    def begin(self, episode: "Episode") -> None:
        """An episode is about to begin."""


@runtime_checkable
class Adaptable(Protocol):
    """A robot that can take another codebook between commands."""

    def use(self, codebook: Codebook) -> None:
        """Interpret commands by this codebook from now on."""


class Physics(Protocol):
    """The scenario channel of a simulated robot: what judge and camera may ask, and no controller."""

    def start(self) -> Observation:
        """The world as it is now."""

    def truth(self) -> Observation:
        """The world after it has settled."""

    def damage(self) -> Damage:
        """What has fallen off the table, and how hard the arm has bumped into things."""

    def events(self) -> tuple[tuple[float, str], ...]:
        """What happened by the scenario's script so far: when [s], and in words."""

    def jpeg(self) -> bytes:
        """A picture of the scene."""

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Call back with the time after every so much of simulated time, between two ticks of physics."""


def check_observation(codebook: Codebook, seen: Observation) -> None:
    """Raises RobotError where a robot reports what nothing could be decided by: an id twice, a fact of another form."""
    ids = [entity.id for entity in seen.entities]
    for name in ids:
        if ids.count(name) > 1:
            raise RobotError(f"the robot reports two entities with the id '{name}'")
    places = {name: len(predicate.places) for name, predicate in codebook.predicates.items()}
    for fact in seen.facts:
        if len(fact.args) != places.get(fact.name, len(fact.args)):
            raise RobotError(f"the robot reports {fact}; '{fact.name}' is of {places[fact.name]}")


@dataclass(frozen=True)
class Episode:
    """What is needed to run one episode. With a `live` codebook, edits of its file come into use between decisions.

    `task` is the task in words, and `then` what it is once the scenario's event `retask` has come. `name` is for
    people.
    """

    scenario: Scenario
    task: str
    controller: Controller
    robot: Robot
    physics: Physics | None
    listeners: tuple[Listener, ...] = ()
    live: LiveCodebook | None = None
    film: bool = True
    then: str = ""
    name: str = ""


@dataclass
class _Loop:
    episode: Episode
    guard: Guard
    scenario: Scenario
    task: str
    events_told: int = 0
    first: Observation | None = None
    refused: Result | None = None
    stage_ms: dict[str, float] = field(default_factory=dict)

    def tell(self, topic: str, record: Record, time_s: float) -> None:
        for listener in self.episode.listeners:
            listener.write(topic, record, time_s)

    def timed(self, stage: str, started: float) -> None:
        self.stage_ms[stage] = (time.perf_counter() - started) * 1000

    def observe(self, step: int) -> Observation:
        started = time.perf_counter()
        seen = self.episode.robot.observe()
        self.timed("observe_ms", started)
        check_observation(self.guard.codebook, seen)
        # A command that the guard held back never reached the robot, which therefore cannot report it.
        seen = seen.model_copy(update={"step": step, **({"last": self.refused} if self.refused else {})})
        self.refused = None
        self.first = self.first or seen
        self.tell_events(step)
        self.tell("observation", seen, seen.time_s)
        self.film(seen.time_s)
        return seen

    def tell_events(self, step: int) -> None:
        events = self.episode.physics.events() if self.episode.physics is not None else ()
        for time_s, what in events[self.events_told :]:
            self.tell("event", EventRecord(step=step, time_s=time_s, what=what), time_s)
            if what == RETASK:
                self.task, self.scenario = self.episode.then, self.scenario.changed()
        self.events_told = len(events)

    def film(self, time_s: float) -> None:
        if self.episode.film and self.episode.physics is not None and self.episode.listeners:
            jpeg = self.episode.physics.jpeg()
            for listener in self.episode.listeners:
                listener.picture(jpeg, time_s)

    def decide(self, seen: Observation) -> Decision | None:
        """The decision, or None where its hard limit was missed."""
        budget = self.episode.scenario.spec.budgets.get("decision_ms")
        started = time.perf_counter()
        limit = started + budget.hard / 1000 if budget is not None and budget.hard is not None else float("inf")
        try:
            decision = self.episode.controller.decide(self.task, seen, lambda: time.perf_counter() > limit)
        except DecisionCancelled as given_up:
            self.timed("decision_ms", started)
            self.tell_notes(seen, given_up.notes)
            return None
        self.timed("decision_ms", started)
        self.tell_notes(seen, decision.notes)
        if time.perf_counter() > limit:
            return None
        self.tell("decision", decision, seen.time_s)
        return decision

    def tell_notes(self, seen: Observation, notes: tuple[Note, ...]) -> None:
        for note in notes:
            what = EventRecord(step=seen.step, time_s=seen.time_s, what=note.text, scripted=False, kind=note.kind)
            self.tell("event", what, seen.time_s)

    def check(self, step: int, decision: Decision, seen: Observation) -> Command | None:
        """The command if the guard lets it pass. Where one from a cache does not, its entry is told to be poisoned."""
        text = decision.text
        started = time.perf_counter()
        command: Command | None = None
        try:
            command = self.guard.check(text, seen)
            record = CommandRecord(step=step, text=command.text, allowed=True)
        except CommandError as problem:
            record = CommandRecord(step=step, text=text, allowed=False, check=problem.check, message=str(problem))
        self.timed("validate_ms", started)
        self.tell("command", record, seen.time_s)
        if command is None and decision.path == "cache":
            why = f"poisoned cache entry {decision.key[:12]} refused by the guard: {record.message}"
            self.tell_notes(seen, (Note(kind="poisoned", text=why),))
        return command

    def renew(self, step: int, time_s: float, live: LiveCodebook) -> None:
        """Take up an edited codebook, or say why not."""
        if live.fault:
            what = f"the codebook's edit is not in use: {live.fault}"
            self.tell("event", EventRecord(step=step, time_s=time_s, what=what, scripted=False), time_s)
            return
        book = live.codebook
        self.guard = Guard(book)
        self.episode.controller.use(book)
        if isinstance(self.episode.robot, Adaptable):
            self.episode.robot.use(book)
        self.tell("codebook", CodebookRecord(step=step, text=book.text, hash=book.hash), time_s)

    def turn(self, step: int) -> tuple[Command | None, Result | None]:
        """One turn: the command that passed the guard, if any, and how it went, if it moved the robot."""
        self.stage_ms = {}
        seen = self.observe(step)
        if self.episode.live is not None and self.episode.live.refresh():
            self.renew(step, seen.time_s, self.episode.live)
        decision = self.decide(seen)
        missed = () if decision is not None else ("decision_ms",)
        command = self.check(step, decision, seen) if decision is not None else None
        self.tell("budget", BudgetRecord(step=step, stage_ms=self.stage_ms, missed=missed), seen.time_s)
        if command is None:
            self.refused = (
                Result(command="", status="timeout", reason="late")
                if decision is None
                else Result(command=decision.text, status="refused", reason="refused")
            )
            self.tell("result", self.refused, seen.time_s)
            return None, self.refused
        if self.guard.codebook.skills[command.skill].ends is not None:
            return command, None
        result = self.episode.robot.execute(command).result()
        self.tell("result", result, seen.time_s + result.duration_s)
        return command, result


def run_episode(episode: Episode, on_step: Callable[[int], None] | None = None) -> Verdict:
    """Run an episode to its end and judge it.

    A decision that misses its hard limit is not carried out: the robot holds, and the next observation says so.
    Raises RobotError where the robot fails to do what robots do.
    """
    scenario = episode.scenario
    for listener in episode.listeners:
        if isinstance(listener, Spectator):
            listener.begin(episode)
    loop = _Loop(episode, Guard(scenario.codebook), scenario, episode.task)
    start = episode.physics.start() if episode.physics is not None else None
    ended: Ended = "max_decisions"
    said, decisions = "", 0
    for step in range(scenario.spec.max_decisions):
        command, result = loop.turn(step)
        decisions += 1
        if on_step is not None:
            on_step(decisions)
        ends = loop.guard.codebook.skills[command.skill].ends if command is not None else None
        if command is not None and ends is not None:
            ended = "done" if ends == "done" else "cannot"
            said = str(command.args.get("reason", ""))
            break
        if result is not None and result.status == "stopped":
            ended = "stopped"
            break
    physics = episode.physics
    truth = physics.truth() if physics is not None else episode.robot.observe()
    loop.tell_events(decisions)
    damage = physics.damage() if physics is not None else UNHARMED
    verdict = judge(loop.scenario, start or loop.first or truth, truth, ended, said, decisions, damage)
    loop.film(truth.time_s)
    loop.tell("verdict", verdict, truth.time_s)
    return verdict
