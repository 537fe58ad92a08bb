"""Tasks one after another with one robot: each is an episode of its own, and the model is loaded once."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from codeword.codebook import Codebook, Observation, Result, Robot
from codeword.codebook.errors import InputError
from codeword.codebook.facts import Fact
from codeword.codebook.goals import Goal
from codeword.codebook.grounding import changing
from codeword.codebook.observation import Record
from codeword.codebook.robot import Rearmable
from codeword.codebook.task_plan import MOST_ITEMS, Achieve, TaskPlan
from codeword.controller import Controller, Decision
from codeword.controller.decider_config import ModelInfo
from codeword.controller.plan_controller import GivenPlan

from .episode import Episode, Listener, Physics, check_observation, run_episode
from .judge import Verdict
from .recording import EpisodeWriter
from .run import Controllers, header
from .scenario import Scenario, typed_scenario

_NAMED = 40
"""So many characters of a task stand in the name of its file."""


class Heard:
    """A listener that keeps what it hears of one episode, but for pictures."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.records: list[tuple[str, Record, float]] = []

    def write(self, topic: str, record: Record, time_s: float) -> None:
        """Keep a record."""
        self.records.append((topic, record, time_s))

    def picture(self, jpeg: bytes, time_s: float) -> None:
        """Pictures are for files."""

    @property
    def first(self) -> Observation | None:
        """What was seen at the start."""
        return next((record for _, record, _ in self.records if isinstance(record, Observation)), None)

    @property
    def last_decision(self) -> Decision | None:
        """The decision made last."""
        return next((record for _, record, _ in reversed(self.records) if isinstance(record, Decision)), None)

    @property
    def results(self) -> list[Result]:
        """How commands ended, those refused among them, which never reached the robot."""
        return [record for _, record, _ in self.records if isinstance(record, Result) and record.command]

    def tell(self, listener: Listener) -> None:
        """Tell it all to somebody else."""
        for topic, record, time_s in self.records:
            listener.write(topic, record, time_s)


class Session:
    """One robot and one model. Once the robot was stopped it takes no task until `rearm`."""

    def __init__(
        self, controllers: Controllers, codebook: str, robot: tuple[str, Robot, Physics | None], *, seed: int = 0,
        folder: Path | None = None, listeners: Sequence[Listener] = (),
    ) -> None:  # fmt: skip
        """`robot` is its name, itself, and its physics where it is simulated; episodes go into `folder`."""
        self.robot_name, self.robot, self._physics = robot
        self._controllers, self._name, self._seed, self._folder = controllers, codebook, seed, folder
        self._listeners = tuple(listeners)
        self.codebook: Codebook = typed_scenario("look", codebook).codebook
        self.heard: Heard | None = None
        """What was told of the last task."""
        self.task = ""
        """The last task that was asked for, whether or not it was taken."""
        self.stopped = False
        self._before: list[tuple[str, ...]] = []
        self._remade = True
        self._changed: list[tuple[str, frozenset[Fact]]] = []
        """Tasks that changed something, with what was so before each."""
        self._count = 0
        controllers.warm(self.codebook)

    def do(self, task: str, *listeners: Listener) -> Verdict:
        """Have the model plan a task in words, and carry the plan out.

        Raises InputError while the robot is stopped, and for a task that is empty or too long; RobotError where the
        robot fails.
        """
        scenario = typed_scenario(_said(task), self._name)
        self.task = task
        return self._run(scenario, None, listeners)

    def carry_out(self, plan: TaskPlan, task: str, *listeners: Listener) -> Verdict:
        """Carry out a plan that was chosen for a task; no model is asked. Raises what `do` does."""
        return self._run(typed_scenario(task, self._name), plan, listeners)

    def undo(self, *listeners: Listener) -> Verdict:
        """Make so again what was so before the last task that changed something, as far as skills change it.

        Raises InputError where nothing changed that effects name, or too much has, and what `do` raises.
        """
        task, goal = self.undoing()
        known = len(self._changed)
        verdict = self.carry_out(TaskPlan((Achieve(goal),)), f"undo: {task}", *listeners)
        if verdict.carried_out:
            del self._changed[known - 1 :]  # the task, and what undid it
        return verdict

    def undoing(self) -> tuple[str, Goal]:
        """The last task that changed something, and the goal that undoes it. Raises InputError where there is none."""
        if not self._changed:
            raise InputError("nothing changed that an effect in the codebook names, so there is nothing to undo")
        task, then = self._changed[-1]
        now = self._changeable(self.look())
        goal = Goal(tuple(sorted(then - now, key=str)), denied=tuple(sorted(now - then, key=str)))
        changed = len(goal.facts) + len(goal.denied)
        if not changed:
            raise InputError(f"all is as it was before '{task}'")
        if changed > MOST_ITEMS:
            raise InputError(f"{changed} facts changed, and a plan has room for {MOST_ITEMS}: undo it by tasks")
        return task, goal

    def _changeable(self, seen: Observation) -> frozenset[Fact]:
        """The base facts that are seen and that some skill's effects name."""
        known = changing(self.codebook) - self.codebook.derived.keys()
        return frozenset(fact for fact in self.codebook.state(seen).facts if fact.name in known)

    def plan(self, task: str) -> tuple[TaskPlan, float | None]:
        """The plan that the model would make for a task now, and how sure it is of it (0 to 1; None where it does not
        tell). Nothing moves. Raises InputError for a task that is empty or too long.
        """
        scenario = typed_scenario(_said(task), self._name)
        return self._controllers.asked_for_plan(scenario.codebook, scenario.spec.task, self.look())

    def stop(self) -> None:
        """Stop the robot, from any thread; it takes no task until `rearm`."""
        self.stopped = True
        self.robot.stop()

    def look(self) -> Observation:
        """What is seen now."""
        seen = self.robot.observe()
        check_observation(self.codebook, seen)
        return seen

    def rearm(self) -> None:
        """Take tasks again after a stop."""
        if isinstance(self.robot, Rearmable):
            self.robot.rearm()
        self.stopped = False

    def _run(self, scenario: Scenario, plan: TaskPlan | None, listeners: Sequence[Listener]) -> Verdict:
        if self.stopped:
            raise InputError("the robot is stopped, and takes no task until it is re-armed")
        self._count += 1
        made, seed, name = self._controllers, self._seed, _file_name(self._count, scenario.spec.task)
        if plan is None:
            controller: Controller = made.make(scenario, seed)
            head = made.header(scenario, seed, self.robot_name)
        else:
            controller = GivenPlan(scenario.codebook, plan)
            head = header(replace(made.who, given=plan.text), ModelInfo(), scenario, seed, self.robot_name)
        head = head.model_copy(update={"before": tuple(self._before), "remade": self._remade})
        self.heard = Heard(head.task)
        is_remade, self._remade = self._remade, False  # until it is known what was carried out
        with ExitStack() as stack:
            told: list[Listener] = [self.heard, *self._listeners, *listeners]
            if self._folder is not None:
                path = self._folder / f"{name}.mcap"
                told.append(stack.enter_context(EpisodeWriter(path, head, scenario.codebook.text, scenario.text)))
            verdict = run_episode(
                Episode(
                    scenario, head.task, controller, self.robot, self._physics, tuple(told), name=name, lookahead=True
                )
            )
        self.stopped = self.stopped or verdict.ended == "stopped"
        results = self.heard.results
        self._before.append(tuple(one.command for one in results if one.status != "refused"))
        self._remade = is_remade and all(one.status != "stopped" for one in results)
        if (first := self.heard.first) is not None and verdict.commands:
            before = self._changeable(first)
            if before != self._changeable(self.look()):
                self._changed.append((scenario.spec.task, before))
        return verdict


def _said(task: str) -> str:
    if not task.strip():
        raise InputError("the task is empty; say what is to be done")
    return task


def _file_name(number: int, task: str) -> str:
    """A name for a task's file: `003-put_the_red_block_in_the_blue_bowl`."""
    words = "_".join(re.findall(r"\w+", task.lower()))[:_NAMED].strip("_")
    return f"{number:03d}-{words or 'task'}"
