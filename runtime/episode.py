"""The episode loop: observe, decide, guard, carry out, until the controller ends it or its decisions are used up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from codeword.codebook import Codebook, Command, CommandError, Observation, Result, Robot, RobotError, make_command
from codeword.codebook.budgets import Stage
from codeword.codebook.live import LiveCodebook
from codeword.codebook.observation import Record
from codeword.codebook.reflexes import reflex
from codeword.controller import Controller, Decision
from codeword.controller.decision import DecisionCancelled, Note
from codeword.controller.lookahead import LooksAhead
from codeword.sim.damage_report import Damage

from .guard import Guard
from .judge import UNHARMED, Ended, Verdict, judge
from .limits import deadlines_of, overrun, stages_of
from .records import BudgetRecord, CodebookRecord, CommandRecord, EventRecord
from .scenario import Scenario
from .scenario_spec import Latency

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


@runtime_checkable
class Linked(Protocol):
    """A robot at the other end of a link."""

    link_ms: float
    """How long the last round trip took [ms]."""


class Physics(Protocol):
    """The scenario channel of a simulated robot: what judge and camera may ask, and no controller."""

    def start(self) -> Observation:
        """The world as it is now."""

    def truth(self) -> Observation:
        """The world after it has settled."""

    def pass_time(self, duration_s: float) -> None:
        """Let physics go on for so long with the robot holding still."""

    def damage(self) -> Damage:
        """What has fallen off the table, and how hard the arm has bumped into things."""

    def events(self) -> tuple[tuple[float, str], ...]:
        """What happened by the scenario's script so far: when [s], and in words."""

    def jpeg(self) -> bytes:
        """A picture of the scene."""

    def watch(self, every_s: float, on_frame: Callable[[float], None]) -> None:
        """Call back with the time after every so much of simulated time, between two ticks of physics."""


def check_observation(codebook: Codebook, seen: Observation) -> None:
    """Raises RobotError where a robot reports what nothing could be decided by: an id twice, a fact of another form, or
    of things of other kinds than the codebook declares.
    """
    ids = [entity.id for entity in seen.entities]
    for name in ids:
        if ids.count(name) > 1:
            raise RobotError(f"the robot reports two entities with the id '{name}'")
    places = {name: len(predicate.places) for name, predicate in codebook.predicates.items()}
    kinds = {entity.id: entity.kind for entity in seen.entities}
    for fact in seen.facts:
        if len(fact.args) != places.get(fact.name, len(fact.args)):
            raise RobotError(f"the robot reports {fact}; '{fact.name}' is of {places[fact.name]}")
        declared = codebook.predicates[fact.name].kinds if fact.name in places else ()
        for arg, takes in zip(fact.args, declared, strict=False):
            if takes and arg in kinds and kinds[arg] not in takes:
                what = f"'{arg}' is of the kind {kinds[arg]}, and '{fact.name}' takes {'|'.join(takes)}"
                raise RobotError(f"the robot reports {fact}; {what}")


@dataclass(frozen=True)
class Episode:
    """What is needed to run one episode. With a `live` codebook, edits of its file come into use between decisions.

    `task` is the task in words, and `then` what it is once the scenario's event `retask` has come. With `lookahead` a
    controller that can decides ahead while commands are carried out. `name` is for people.
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
    lookahead: bool = False


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
    missed: list[str] = field(default_factory=list)
    refusal: str = ""
    caught_up_ms: float | None = None
    commands: int = 0

    def tell(self, topic: str, record: Record, time_s: float) -> None:
        for listener in self.episode.listeners:
            listener.write(topic, record, time_s)

    def timed(self, stage: str, started: float) -> None:
        self.stage_ms[stage] = (time.perf_counter() - started) * 1000

    def observe(self, step: int) -> Observation:
        started = time.perf_counter()
        seen = self.episode.robot.observe()
        self.timed("observe_ms", started)
        if isinstance(self.episode.robot, Linked):
            self.stage_ms["link_ms"] = self.episode.robot.link_ms
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
        """The decision, or None where one of its hard limits was missed."""
        deadlines, started = deadlines_of(self.scenario.budgets), time.perf_counter()
        try:
            decision = self.episode.controller.decide(self.task, seen, deadlines)
        except DecisionCancelled as given_up:
            self.timed("decision_ms", started)
            self.tell_notes(seen, given_up.notes)
            self.missed.append(deadlines.missed or "decision_ms")
            return None
        self.timed("decision_ms", started)
        self.tell_notes(seen, decision.notes)
        clock = self.scenario.spec.clock
        given_ms = clock.latency_ms if isinstance(clock, Latency) else 0.0
        whole: dict[Stage, float] = {"decision_ms": max(self.stage_ms["decision_ms"], given_ms)}
        late = overrun(self.scenario.budgets, stages_of(decision) | whole)
        self.missed += late
        if late:
            return None
        self.tell("decision", decision, seen.time_s)
        return decision

    def tell_notes(self, seen: Observation, notes: tuple[Note, ...]) -> None:
        for note in notes:
            what = EventRecord(step=seen.step, time_s=seen.time_s, what=note.text, scripted=False, kind=note.kind)
            self.tell("event", what, seen.time_s)

    def check(self, step: int, text: str, seen: Observation, *, fallback: bool = False) -> Command | None:
        """The command if the guard lets it pass."""
        started = time.perf_counter()
        command: Command | None = None
        try:
            command = self.guard.check(text, seen, self.task)
            record = CommandRecord(step=step, text=command.text, allowed=True, fallback=fallback)
        except CommandError as problem:
            self.refusal = str(problem)
            record = CommandRecord(
                step=step, text=text, allowed=False, check=problem.check, message=str(problem), fallback=fallback
            )
        if not fallback:
            self.timed("validate_ms", started)
        self.tell("command", record, seen.time_s)
        return command

    def tell_poisoned(self, decision: Decision, seen: Observation) -> None:
        """What came from a cache and did not pass the guard: its entry is told to be poisoned."""
        if decision.path == "cache":
            why = f"poisoned cache entry {decision.key[:12]} refused by the guard: {self.refusal}"
            self.tell_notes(seen, (Note(kind="poisoned", text=why),))

    def carry_out(self, command: Command, seen: Observation, *, ahead: bool) -> Result:
        """Have the robot carry out a command; what comes after it may be decided ahead meanwhile."""
        started, controller = time.perf_counter(), self.episode.controller
        execution = self.episode.robot.execute(command)
        self.commands += 1
        if not (ahead and self.episode.lookahead) or not isinstance(controller, LooksAhead):
            return execution.result()
        controller.look_ahead(self.task, seen, command)
        result = execution.result()
        if self.episode.physics is not None and result.status == "done":
            # Simulated time runs ahead of the clock on the wall: a robot would have given all of it to decide in.
            ended = time.perf_counter()
            controller.catch_up(result.duration_s - (ended - started))
            self.caught_up_ms = (time.perf_counter() - ended) * 1000
        return result

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

    def stopped(self) -> Note | None:
        """Stop the robot, latched, where the task is a stop word: before it is even looked at, and nothing is asked."""
        found = reflex(self.guard.codebook, self.task)
        if found is None or found.kind != "stop":
            return None
        self.episode.robot.stop()
        return Note(kind=found.kind, text=found.why)

    def end_stopped(self, seen: Observation, note: Note) -> Result:
        """What is recorded of a turn in which the robot was stopped by a word."""
        self.tell_notes(seen, (note,))
        result = Result(command="", status="stopped", reason="stopped", message=note.text)
        self.tell("budget", BudgetRecord(step=seen.step, stage_ms=self.stage_ms), seen.time_s)
        self.tell("result", result, seen.time_s)
        return result

    def turn(self, step: int) -> tuple[Command | None, Result | None]:
        """One turn: the command that passed the guard, if any, and how it went, if it moved the robot."""
        self.stage_ms, self.missed = {} if self.caught_up_ms is None else {"catch_up_ms": self.caught_up_ms}, []
        self.caught_up_ms = None
        note = self.stopped()
        seen = self.observe(step)
        note = note or self.stopped()  # looking may have brought another task
        if note is not None:
            return None, self.end_stopped(seen, note)
        looked = time.perf_counter()
        if self.episode.live is not None and self.episode.live.refresh():
            self.renew(step, seen.time_s, self.episode.live)
        self.note_overrun("observe_ms", "link_ms")
        decision = self.decide(seen) if not self.missed else None
        command = self.check(step, decision.text, seen) if decision is not None else None
        if decision is not None and command is None:
            self.tell_poisoned(decision, seen)
        self.note_overrun("validate_ms")
        late = bool(self.missed)
        if late:
            command = self.fall_back(step, seen)
        budget = BudgetRecord(
            step=step, stage_ms=self.stage_ms, missed=tuple(self.missed), passed_s=self.pass_time(looked)
        )
        self.tell("budget", budget, seen.time_s)
        if command is None:
            self.refused = (
                Result(command="", status="timeout", reason="late")
                if late or decision is None
                else Result(command=decision.text, status="refused", reason="refused")
            )
            self.tell("result", self.refused, seen.time_s)
            return None, self.refused
        if self.guard.codebook.skills[command.skill].ends is not None:
            return command, None
        result = self.carry_out(command, seen, ahead=not late)
        self.tell("result", result, seen.time_s + result.duration_s)
        return command, result

    def pass_time(self, looked: float) -> float:
        """Let physics go on for as long as it took to decide since a look, by the scenario's clock; how long [s]."""
        clock, physics = self.scenario.spec.clock, self.episode.physics
        if clock == "paused" or physics is None:
            return 0.0
        taken_s = clock.latency_ms / 1000 if isinstance(clock, Latency) else time.perf_counter() - looked
        physics.pass_time(taken_s)
        return taken_s

    def note_overrun(self, *stages: Stage) -> None:
        """Note which of these stages took longer than they ever may."""
        self.missed += overrun(
            self.scenario.budgets, {stage: self.stage_ms[stage] for stage in stages if stage in self.stage_ms}
        )

    def fall_back(self, step: int, seen: Observation) -> Command | None:
        """What is carried out in place of what came too late, as far as the guard lets it pass; None to hold still."""
        skill = self.guard.codebook.fallback
        if not skill:
            return None
        text = make_command(self.guard.codebook, skill, {}).text
        return self.check(step, text, seen, fallback=True)


def run_episode(episode: Episode, on_step: Callable[[int], None] | None = None) -> Verdict:
    """Run an episode to its end and judge it.

    Where a hard limit is missed, what was decided is not carried out: the codebook's fallback is, or the robot holds
    and the next observation says so. Raises RobotError where the robot fails to do what robots do.
    """
    scenario = episode.scenario
    for listener in episode.listeners:
        if isinstance(listener, Spectator):
            listener.begin(episode)
    try:
        return _run(_Loop(episode, Guard(scenario.codebook), scenario, episode.task), on_step)
    finally:
        if isinstance(episode.controller, LooksAhead):
            episode.controller.rest()


def _run(loop: _Loop, on_step: Callable[[int], None] | None) -> Verdict:
    episode, scenario = loop.episode, loop.scenario
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
    verdict = judge(loop.scenario, start or loop.first or truth, truth, ended, said, decisions, damage, loop.commands)
    loop.film(truth.time_s)
    loop.tell("verdict", verdict, truth.time_s)
    return verdict
