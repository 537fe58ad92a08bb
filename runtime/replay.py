"""Replay: an episode file is carried out again, and every difference from what was logged is named."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from codeword.codebook import Codebook, Command, CommandError, Result, Robot, parse_codebook, read_command
from codeword.codebook.errors import CodebookError
from codeword.codebook.yaml_source import parse_yaml, plain
from codeword.controller import Controller, Decision
from codeword.sim.installed import SYMBOLS

from .differences import Difference, differences
from .episode import RETASK, Adaptable, Physics
from .guard import Guard
from .judge import Ended, judge
from .privacy import UNCOMPARED
from .recording import RecordedEpisode, Step
from .records import CommandRecord
from .robots import open_robot
from .scenario import Scenario
from .summary import scenario_of, task_at
from .tolerances import BY_KERNELS, is_alike


@dataclass
class Replayed:
    """An episode carried out again: every difference in order, how long the stages took now, by their steps the
    decisions made again, and why some fields could not be compared.

    Of looking and checking `stage_ms` has the processor time, as nothing is waited for there and a busy machine would
    count; of deciding the time by the clock on the wall, as models have several threads or are elsewhere.
    """

    to_the_bit: list[Difference] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)
    uncompared: dict[str, str] = field(default_factory=dict)

    @property
    def differences(self) -> list[Difference]:
        """Those that are more than measured numbers apart within their tolerances."""
        return [found for found in self.to_the_bit if not is_alike(found)]


def replay(
    episode: RecordedEpisode,
    controller: Controller | None = None,
    on_step: Callable[[int], None] | None = None,
    *,
    exact: bool = False,
) -> list[Difference]:
    """Every difference between an episode file and what happens now, in order; empty where there is none.

    Measured numbers may be apart within their tolerances, unless it is to be `exact`, as on one processor.
    """
    again = replayed(episode, controller, on_step)
    return again.to_the_bit if exact else again.differences


def replayed(
    episode: RecordedEpisode,
    controller: Controller | None = None,
    on_step: Callable[[int], None] | None = None,
    codebook: Codebook | None = None,
    kernels: str | None = None,
    on_start: Callable[[Physics], None] | None = None,
) -> Replayed:
    """An episode file carried out again, and compared with what happens now.

    The logged commands are carried out again in a world made again from the file's scenario, codebook and seed, guarded
    as they were; observations, results and verdict are compared, and each command with its decision. With a controller
    every decision is made again too, from the logged observation, and its essence is compared; where its model computes
    with other `kernels` (a profile) than the logged one did, what depends on them is not. Of a robot that is not
    simulated there is no world to make again: its commands are guarded again, and decisions compared.

    Another `codebook` takes the place of the file's, and where the two differ is told. Raises ScenarioError where the
    scenario cannot be played with it. `on_start` is handed the simulated world before the first step.
    """
    again = _Replay(episode, scenario_of(episode, codebook), controller, codebook)
    if kernels is not None and kernels != episode.header.profile:
        again.now.uncompared |= _by_other_kernels(episode.header.profile, kernels)
    try:
        if on_start is not None and again.physics is not None:
            on_start(again.physics)
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
    return again.now


class _Replay:
    """One episode carried out again; `held` is a result that the robot never saw, because nothing reached it."""

    def __init__(
        self, episode: RecordedEpisode, scenario: Scenario, controller: Controller | None, other: Codebook | None
    ) -> None:
        self.episode = episode
        self.scenario = scenario
        self.controller = controller
        self.other = other
        self.guard = Guard(scenario.codebook)
        self.robot: Robot | None = None
        self.physics: Physics | None = None
        if episode.header.robot == "sim" and episode.header.remade:
            self.robot, self.physics = open_robot("sim", scenario, episode.header.seed)
            for task in episode.header.before:
                for text in task:
                    self.robot.execute(read_command(scenario.codebook, text)).result()
                if self.physics is not None:
                    self.physics.truth()  # the world settled before the next task began
        self.start = self.physics.start() if self.physics is not None else None
        self.held: Result | None = None
        self.ended: Ended = "max_decisions"
        self.said = ""
        self.stopped = False
        self.commands = 0
        self.now = Replayed(uncompared=uncompared(episode))

    @contextmanager
    def timed(self, stage: str, clock: Callable[[], float] = time.thread_time) -> Iterator[None]:
        started = clock()
        try:
            yield
        finally:
            self.now.stage_ms.setdefault(stage, []).append((clock() - started) * 1000)

    def compare(self, step: int, path: str, logged: Any, now: Any) -> None:
        """Note the innermost places in which two values part."""
        found = differences(str(self.episode.path), step, path, logged, now)
        self.now.to_the_bit += [one for one in found if not _within(one.field, self.now.uncompared)]

    def header(self) -> None:
        """Codebook and scenario in the file are those that the episode was made with; another codebook is compared."""
        used = self.scenario.codebook
        if self.other is None:
            self.compare(0, "header.codebook_hash", self.episode.header.codebook_hash, used.hash)
        elif used.hash != self.episode.header.codebook_hash:
            self.compare(0, "codebook", _contents(self.episode.codebook_text), _contents(used.text))
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
            with self.timed("observe_ms"):
                seen = self.robot.observe()
            self.compare(number, "observation", step.observation, seen.model_copy(update=changes))
        if step.codebook is not None and self.other is None:
            self.use(parse_codebook(step.codebook.text, f"{self.episode.path}:codebook of step {number}"))
        if self.controller is not None and step.decision is not None and "decision" not in self.now.uncompared:
            with self.timed("decision_ms", time.perf_counter):
                now = self.controller.decide(task_at(self.episode, self.scenario, number), step.observation)
            self.now.decisions[number] = now
            self.compare(number, "decision", step.decision.essence(), now.essence())
        if step.command is None and step.result is not None and step.result.status == "stopped":
            self.stop()
            return
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

    def stop(self) -> None:
        """A word stopped the robot, and nothing was decided."""
        self.ended, self.stopped = "stopped", True
        if self.robot is not None:
            self.robot.stop()

    def check(self, number: int, step: Step, logged: CommandRecord) -> Command | None:
        """The logged command if the guard lets it pass today."""
        try:
            with self.timed("validate_ms"):
                command = self.guard.check(logged.text, step.observation, self.task(number))
        except CommandError as problem:
            self.compare(number, "command.allowed", logged.allowed, False)
            self.compare(number, "command.message", logged.message, str(problem))
            self.held = step.result
            return None
        self.compare(number, "command.allowed", logged.allowed, True)
        return command

    def task(self, number: int) -> str | None:
        """The task at a step; None where it was left out of the file."""
        return None if "task" in self.episode.header.left_out else task_at(self.episode, self.scenario, number)

    def carry_out(self, number: int, step: Step, command: Command) -> None:
        """A command again: it ends the episode, or its result is compared."""
        ends = self.guard.codebook.skills[command.skill].ends
        if ends is not None:
            self.ended, self.said = ("done" if ends == "done" else "cannot"), str(command.args.get("reason", ""))
            return
        self.commands += 1
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
        damage = self.physics.damage()
        now = judge(scenario, self.start or truth, truth, self.ended, self.said, steps, damage, self.commands)
        logged = [{"time_s": event.time_s, "what": event.what} for event in self.episode.events if event.scripted]
        self.compare(steps, "events", logged, [{"time_s": time_s, "what": what} for time_s, what in events])
        self.compare(steps, "verdict", self.episode.verdict, now)


def uncompared(episode: RecordedEpisode) -> dict[str, str]:
    """The fields of an episode that nothing can be compared with, each with the reason."""
    found = dict.fromkeys(sorted(episode.unrecorded), "not recorded by the version that wrote the file")
    if episode.header.senses != SYMBOLS:
        looked = f"seen by {episode.header.senses}, and nothing is looked at again"
        found |= dict.fromkeys(("observation.entities", "observation.facts"), looked)
    for part in episode.header.left_out:
        found |= dict.fromkeys(
            UNCOMPARED.get(part, ()), f"the {part} {'were' if part.endswith('s') else 'was'} left out of the file"
        )
    return found


def _by_other_kernels(logged: str, now: str) -> dict[str, str]:
    """What of a decision may be another where the same model computes with other kernels; never the command."""
    why = f"it depends on kernels: decided with {logged or 'none'}, here {now or 'none'}"
    return dict.fromkeys([f"decision.{name}" for name in BY_KERNELS], why)


def _within(path: str, fields: Iterable[str]) -> bool:
    """Whether a path leads to one of some fields, or into it. Of decisions as a whole only the essence is meant."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in fields if one != "decision")


def _contents(text: str) -> dict[str, Any]:
    """A codebook's text as plain data."""
    contents: dict[str, Any] = plain(parse_yaml(text, "codebook.yaml", CodebookError).root)
    return contents
