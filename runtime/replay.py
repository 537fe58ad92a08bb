"""Replay: an episode file is carried out again, and every difference from what was logged is named."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from codeword.codebook import Codebook, Command, CommandError, Result, Robot, parse_codebook
from codeword.codebook.observation import Record
from codeword.controller import Controller

from .episode import RETASK, Adaptable, Physics
from .guard import Guard
from .judge import Ended, judge
from .recording import Episode, Step
from .records import CommandRecord
from .robots import open_robot
from .scenario import Scenario
from .summary import scenario_of, task_at


@dataclass(frozen=True)
class Difference:
    """One place in which a replay parts from the log: `field` is the path in the step's record."""

    episode: str
    step: int
    field: str
    logged: Any
    now: Any

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def replay(
    episode: Episode, controller: Controller | None = None, on_step: Callable[[int], None] | None = None
) -> list[Difference]:
    """Every difference between an episode file and what happens now, in order; empty where there is none.

    The logged commands are carried out again in a world made anew from the file's scenario, codebook and seed, guarded
    as they were; observations, results and verdict are compared bit by bit, and each command with its decision. With a
    controller every decision is made again too, from the logged observation, and its essence is compared. Of a robot
    that is not simulated there is no world to make anew: its commands are guarded again, and decisions compared.
    """
    again = _Replay(episode, scenario_of(episode), controller)
    try:
        again.header()
        for number, step in enumerate(episode.steps):
            again.turn(number, step)
            if on_step is not None:
                on_step(number + 1)
            if again.stopped:
                break
        again.verdict()
    finally:
        if again.robot is not None:
            again.robot.close()
    return again.found


class _Replay:
    """One episode carried out again; `held` is a result that the robot never saw, because nothing reached it."""

    def __init__(self, episode: Episode, scenario: Scenario, controller: Controller | None) -> None:
        self.episode = episode
        self.scenario = scenario
        self.controller = controller
        self.guard = Guard(scenario.codebook)
        self.robot: Robot | None = None
        self.physics: Physics | None = None
        if episode.header.robot == "sim":
            self.robot, self.physics = open_robot("sim", scenario, episode.header.seed)
        self.start = self.physics.start() if self.physics is not None else None
        self.held: Result | None = None
        self.ended: Ended = "max_decisions"
        self.said = ""
        self.stopped = False
        self.found: list[Difference] = []

    def compare(self, step: int, path: str, logged: Any, now: Any) -> None:
        """Note the innermost places in which two values part."""
        if isinstance(logged, Record) and isinstance(now, Record):
            logged, now = logged.model_dump(mode="json"), now.model_dump(mode="json")
        if isinstance(logged, dict) and isinstance(now, dict) and logged.keys() == now.keys():
            for key in logged:
                self.compare(step, f"{path}.{key}", logged[key], now[key])
        elif isinstance(logged, list) and isinstance(now, list) and len(logged) == len(now):
            for index, (one, other) in enumerate(zip(logged, now, strict=True)):
                self.compare(step, f"{path}[{index}]", one, other)
        elif logged != now:
            self.found.append(Difference(str(self.episode.path), step, path, logged, now))

    def header(self) -> None:
        """Codebook and scenario in the file are those that the episode was made with."""
        self.compare(0, "header.codebook_hash", self.episode.header.codebook_hash, self.scenario.codebook.hash)
        self.compare(0, "header.scenario_hash", self.episode.header.scenario_hash, self.scenario.hash)

    def use(self, codebook: Codebook) -> None:
        """Go on with the codebook that came into use here."""
        self.guard = Guard(codebook)
        if isinstance(self.robot, Adaptable):
            self.robot.use(codebook)
        if self.controller is not None:
            self.controller.use(codebook)

    def turn(self, number: int, step: Step) -> None:
        """One step of the log again."""
        changes: dict[str, Any] = {"step": number}
        if self.held is not None:
            changes["last"] = self.held
        self.held = None
        if self.robot is not None:
            self.compare(number, "observation", step.observation, self.robot.observe().model_copy(update=changes))
        if step.codebook is not None:
            self.use(parse_codebook(step.codebook.text, f"{self.episode.path}:codebook of step {number}"))
        if self.controller is not None and step.decision is not None:
            now = self.controller.decide(task_at(self.episode, self.scenario, number), step.observation)
            self.compare(number, "decision", step.decision.essence(), now.essence())
        last = number == len(self.episode.steps) - 1
        for part in ("decision", "command", "budget"):
            late = step.budget is not None and bool(step.budget.missed) and part != "budget"
            if getattr(step, part) is None and not late and (self.episode.whole or not last):
                self.compare(number, part, "missing", "recorded")
        if self.physics is not None and step.budget is not None and step.budget.passed_s:
            self.physics.pass_time(step.budget.passed_s)
        too_late = step.budget is not None and bool(step.budget.missed)
        if step.command is None or (too_late and not step.command.fallback):
            self.held = step.result
            return
        if step.decision is not None and not step.command.fallback:
            self.compare(number, "command.text", step.decision.text, step.command.text)
        command = self.check(number, step, step.command)
        if command is not None:
            self.carry_out(number, step, command)

    def check(self, number: int, step: Step, logged: CommandRecord) -> Command | None:
        """The logged command if the guard lets it pass today."""
        try:
            command = self.guard.check(logged.text, step.observation)
        except CommandError as problem:
            self.compare(number, "command.allowed", logged.allowed, False)
            self.compare(number, "command.message", logged.message, str(problem))
            self.held = step.result
            return None
        self.compare(number, "command.allowed", logged.allowed, True)
        return command

    def carry_out(self, number: int, step: Step, command: Command) -> None:
        """A command again: it ends the episode, or its result is compared."""
        ends = self.guard.codebook.skills[command.skill].ends
        if ends is not None:
            self.ended, self.said = ("done" if ends == "done" else "cannot"), str(command.args.get("reason", ""))
            return
        if self.robot is None:
            return
        result = self.robot.execute(command).result()
        if step.result is not None:
            self.compare(number, "result", step.result, result)
        elif self.episode.whole or number < len(self.episode.steps) - 1:
            self.compare(number, "result", "missing", result.model_dump(mode="json"))
        if result.status == "stopped":
            self.ended, self.stopped = "stopped", True

    def verdict(self) -> None:
        """The judge again, and what happened by the scenario's script."""
        if self.episode.verdict is None or self.physics is None:
            return
        steps = len(self.episode.steps)
        truth, events = self.physics.truth(), self.physics.events()
        scenario = self.scenario.changed() if any(what == RETASK for _, what in events) else self.scenario
        now = judge(scenario, self.start or truth, truth, self.ended, self.said, steps, self.physics.damage())
        logged = [[event.time_s, event.what] for event in self.episode.events if event.scripted]
        self.compare(steps, "events", logged, [list(event) for event in events])
        self.compare(steps, "verdict", self.episode.verdict, now)
