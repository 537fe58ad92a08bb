"""Who decides, what is to be run, and one episode of it into its file."""

import atexit
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path

from codeword.codebook import Codebook, Observation
from codeword.codebook.command import Command
from codeword.codebook.command_codec import give_up
from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.goal_executor import GoalExecutor
from codeword.codebook.live import LiveCodebook
from codeword.codebook.task_plan import TaskPlan, read_plan
from codeword.controller import Controller, RandomController
from codeword.controller.controller import model_controller, prompt_opening
from codeword.controller.decider_config import NO_CACHE, DeciderConfig, ModelInfo
from codeword.controller.decision import Decision, decision_key
from codeword.controller.engine import never
from codeword.controller.open_backend import open_backend
from codeword.controller.plan_controller import GivenPlan
from codeword.controller.plan_writer import ask_for_plan
from codeword.controller.processor import processor
from codeword.controller.store import Progress
from codeword.sim.installed import SYMBOLS

from .episode import Adaptable, Episode, Listener, run_episode
from .recording import EpisodeWriter, RecordedEpisode
from .records import Header
from .robots import check_fit, check_robot_name, check_robot_senses, open_robot
from .scenario import Scenario
from .scenario_spec import Clock
from .signals import held_at_the_end


class Expert:
    """Pursues the goal of a scenario, and the later goal where the task changes."""

    def __init__(self, scenario: Scenario) -> None:
        if scenario.goal is None:
            raise ValueError("the expert needs a scenario with a goal")
        later = scenario.changed()
        self._later = dict.fromkeys((later.spec.task, *later.spec.wordings), later.goal) if later.spec.then else {}
        self._pursuit = GoalExecutor(scenario.codebook, scenario.goal)

    def use(self, codebook: Codebook) -> None:
        """Plan with this codebook from now on."""
        self._pursuit.use(codebook)

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool] = never) -> Decision:
        """The next command of the plan, `done` where the goal holds, `cannot` where there is no plan."""
        del cancelled
        started = time.perf_counter()
        goal = self._later.get(task)
        if goal is not None and goal is not self._pursuit.goal:
            self._pursuit = GoalExecutor(self._pursuit.codebook, goal)
        codebook = self._pursuit.codebook
        found = self._pursuit.next(observation)
        if not isinstance(found, Command):
            found = give_up(codebook, found.failure)
        total = (time.perf_counter() - started) * 1000
        facts = sorted(map(str, codebook.state(observation).facts))
        key = decision_key({"codebook": codebook.hash, "goal": str(self._pursuit.goal), "facts": facts})
        return Decision(text=found.text, logprob=0.0, path="expert", stage_ms={"plan": total, "total": total}, key=key)


CONTROLLERS = ("llm", "expert", "random")
NOBODY = "nobody"
"""Who decides what needs no deciding: a task that is a stop word. No model is loaded for it."""
GIVEN = "given"
"""Who decided, in an episode's header, where a plan was given."""
_LIBRARIES = ("torch", "transformers", "outlines", "llguidance", "pybullet", "numpy")


class Controllers:
    """Makes controllers; the model is loaded once and serves every codebook."""

    def __init__(self, who: DeciderConfig, progress: Progress, processes: int = 1) -> None:
        """`processes` is how many share the machine. Raises what `open_backend` does, InputError for an unknown
        controller.
        """
        check_controller(who)
        self.who = who
        opened = open_backend(who, progress, processes=processes) if who.asks_a_model else None
        self.loaded = ModelInfo() if opened is None else opened.info
        self.engine = None if opened is None else opened.engine
        self.store = None if opened is None else opened.store
        if self.store is not None:
            atexit.register(self.store.close)
        self._backend = None if opened is None else opened.backend

    def warm(self, codebook: Codebook) -> None:
        """Have the model read a codebook; what it keeps of other texts is only what they begin with."""
        if self._backend is not None:
            self._backend.warm(prompt_opening(self.loaded.policy, codebook))
            self._backend.settle()

    def model_for(self, codebook: Codebook, seed: int) -> Controller | None:
        """The model as a controller of a codebook that it has read; None where no model decides."""
        if self._backend is None:
            return None
        self.warm(codebook)
        return model_controller(
            self._backend,
            codebook,
            policy=self.loaded.policy,
            sampling=replace(self.who.sampling, seed=seed),
            sure=self.who.sure,
        )

    def asked_for_plan(self, codebook: Codebook, task: str, observation: Observation) -> tuple[TaskPlan, float | None]:
        """The plan that the model writes, and how sure it is of it (see `ask_for_plan`); there has to be a model."""
        assert self._backend is not None
        self.warm(codebook)
        return ask_for_plan(self._backend, codebook, task, observation, self.who.sampling)

    def make(self, scenario: Scenario, seed: int) -> Controller:
        """A controller for one episode."""
        model = self.model_for(scenario.codebook, seed)
        if model is not None:
            return model
        if self.who.given:
            return GivenPlan(scenario.codebook, read_plan(scenario.codebook, self.who.given))
        if self.who.controller in ("random", NOBODY):
            return RandomController(scenario.codebook, seed)
        return Expert(scenario)

    def header(self, scenario: Scenario, seed: int, robot: str, senses: str = SYMBOLS) -> Header:
        """What an episode is a function of."""
        return header(self.who, self.loaded, scenario, seed, robot, senses)


def check_controller(who: DeciderConfig) -> None:
    """Raises InputError for an unknown kind of controller."""
    if not who.given and who.controller not in (*CONTROLLERS, NOBODY):
        raise InputError(f"there is no controller '{who.controller}'{did_you_mean(who.controller, CONTROLLERS)}")


def header(
    who: DeciderConfig, loaded: ModelInfo, scenario: Scenario, seed: int, robot: str, senses: str = SYMBOLS
) -> Header:
    """What an episode is a function of."""
    how = who.sampling
    drawn = {"temperature": how.temperature, "top_k": how.top_k, "top_p": how.top_p} if how.temperature else {}
    return Header(
        version=metadata.version("codeword"),
        scenario=scenario.name,
        suite=scenario.suite,
        scenario_hash=scenario.hash,
        codebook=scenario.codebook.name,
        codebook_hash=scenario.codebook.hash,
        task=scenario.wording(seed),
        seed=seed,
        controller=GIVEN if who.given else who.controller,
        model=loaded.model,
        weights_hash=loaded.weights_hash,
        adapter=loaded.adapter,
        adapter_hash=loaded.adapter_hash,
        profile=loaded.profile,
        held=loaded.held,
        fallback=loaded.fallback,
        contract=loaded.contract,
        policy=loaded.policy,
        plan=who.given,
        sampling=drawn if loaded.model else {},
        sure=who.sure if loaded.policy not in ("", "direct") else 0.0,
        clock=str(scenario.spec.clock),
        robot=robot,
        senses=senses,
        libraries=_versions(),
        processor=processor(),
    )


@cache
def _versions() -> dict[str, str]:
    """The versions of the libraries that numbers may depend on, where they are here."""
    found = {}
    for name in _LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


@dataclass(frozen=True)
class Task:
    """One episode of a plan: its place in it, which of the scenarios, and the seed."""

    number: int
    scenario: int
    seed: int


@dataclass(frozen=True)
class Plan:
    """What to run: every scenario with every seed, on that robot, into that folder, but for parts to be left out; with
    `lookahead` decisions are made ahead where they can be. A `clock` comes before the scenarios' own. `senses` are
    what a simulated robot looks with.
    """

    scenarios: tuple[Scenario, ...]
    seeds: range
    robot: str
    out: Path
    film: bool = True
    live: LiveCodebook | None = None
    lookahead: bool = False
    clock: Clock | None = None
    leave_out: frozenset[str] = frozenset()
    senses: str = SYMBOLS

    def __len__(self) -> int:
        return len(self.scenarios) * len(self.seeds)

    @property
    def tasks(self) -> list[Task]:
        """Every episode, in the order in which results are told."""
        pairs = product(range(len(self.scenarios)), self.seeds)
        return [Task(number, scenario, seed) for number, (scenario, seed) in enumerate(pairs)]

    def drawn(self, scenario: Scenario, seed: int) -> Scenario:
        """A scenario as a seed draws it, by the clock of this plan."""
        scenario = scenario.seeded(seed)
        return scenario if self.clock is None else scenario.by_clock(self.clock)

    def path(self, task: Task) -> Path:
        """The file of an episode."""
        return self.out / f"{self.scenarios[task.scenario].name}-{task.seed}.mcap"


Telling = Callable[[Codebook], Listener]
"""Makes a listener for an episode with that codebook."""


def check_plan(plan: Plan, who: DeciderConfig) -> None:
    """Raises InputError where some scenario cannot be run by them, before any is."""
    check_controller(who)
    check_robot_name(plan.robot)
    check_robot_senses(plan.robot, plan.senses)
    if who.cache != NO_CACHE and who.controller != "llm":
        raise InputError(f"--cache keeps decisions of a model, and {who.controller} needs none; leave it, or take llm")
    for scenario in plan.scenarios:
        if who.controller == "expert" and scenario.goal is None:
            raise InputError(f"{scenario.path}: the expert plans for a goal, and a typed task has none")
        check_fit(plan.robot, scenario)


def run(
    plan: Plan,
    controllers: Controllers,
    on_episode: Callable[[Path], None] | None = None,
    listener: Telling | None = None,
) -> list[Path]:
    """Run a plan; the episode files in the order run. `on_episode` hears of each as it is written.

    Raises what the first episode that breaks raises, InputError where the disk took no more of one.
    """
    check_plan(plan, controllers.who)
    files: list[Path] = []
    for task in plan.tasks:
        ran = run_one(plan, controllers, task, listener)
        if ran.stopped:
            raise InputError(ran.stopped)
        files.append(ran.path)
        if on_episode is not None:
            on_episode(files[-1])
    return files


@dataclass(frozen=True)
class Ran:
    """An episode that was run: its file, all that was told of it, and why logging stopped where it did."""

    path: Path
    episode: RecordedEpisode
    stopped: str = ""


def run_one(plan: Plan, controllers: Controllers, task: Task, listener: Telling | None = None) -> Ran:
    """Run an episode into its file. Raises InputError where that cannot be begun, RobotError where the robot fails,
    and whatever a user's own robot or skills do.
    """
    scenario, path = plan.scenarios[task.scenario], plan.path(task)
    if plan.live is not None:
        scenario = replace(scenario, codebook=plan.live.codebook)
    scenario = plan.drawn(scenario, task.seed)
    head = controllers.header(scenario, task.seed, plan.robot, plan.senses)
    controller = controllers.make(scenario, task.seed)
    robot, physics = open_robot(plan.robot, scenario, task.seed, plan.senses)
    with held_at_the_end(robot):
        if plan.live is not None and not isinstance(robot, Adaptable):
            raise InputError(f"robot '{plan.robot}' has no method `use` to take up an edited codebook; leave --watch")
        with EpisodeWriter(path, head, scenario.codebook.text, scenario.text, plan.leave_out) as writer:
            listeners: tuple[Listener, ...] = (writer,) if listener is None else (writer, listener(scenario.codebook))
            then = scenario.changed().wording(task.seed)
            run_episode(
                Episode(
                    scenario, head.task, controller, robot, physics, listeners, plan.live, plan.film, then, path.stem,
                    plan.lookahead,
                )
            )  # fmt: skip
    return Ran(path, writer.episode(), writer.stopped)
