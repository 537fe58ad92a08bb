"""Runs scenarios over seeds, one episode file each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from codeword.codebook import Codebook
from codeword.codebook.conversation import FORMS, Conversation
from codeword.codebook.errors import InputError, did_you_mean
from codeword.codebook.live import LiveCodebook
from codeword.codebook.offer import stable_text
from codeword.codebook.prompt import CONTRACT
from codeword.controller import Controller, ModelController, RandomController
from codeword.controller.adapter import load_adapter
from codeword.controller.engine import Engine
from codeword.controller.profiles import AUTO
from codeword.controller.registry import resolve
from codeword.controller.sampling import GREEDY, Sampling
from codeword.controller.store import Progress

from .episode import Adaptable, Episode, Listener, run_episode
from .expert import Expert
from .recording import EpisodeWriter
from .records import Header
from .robots import open_robot
from .scenario import Scenario

CONTROLLERS = ("llm", "expert", "random")
_LIBRARIES = ("torch", "transformers", "outlines", "llguidance", "pybullet", "numpy")


@dataclass(frozen=True)
class Who:
    """Who decides: the kind of controller, and for `llm` the model, its adapter, in which profile it is held, in which
    form prompts tell of earlier decisions, and how tokens are picked (its seed is replaced by the episode's).
    """

    controller: str
    model: str
    adapter: str
    profile: str = AUTO
    history: str = FORMS[0]
    sampling: Sampling = GREEDY


class Controllers:
    """Makes controllers; the model is loaded once and serves every codebook."""

    def __init__(self, who: Who, progress: Progress) -> None:
        """Raises InputError for an unknown controller, ModelError where model or adapter cannot be had."""
        if who.controller not in CONTROLLERS:
            raise InputError(f"there is no controller '{who.controller}'{did_you_mean(who.controller, CONTROLLERS)}")
        self.who = who
        self.engine: Engine | None = None
        if who.controller == "llm":
            Conversation(who.history)  # refuses an unknown form before anything is loaded
            model, adapter = resolve(who.model, progress), load_adapter(who.adapter)
            self.engine = Engine(model, profile=who.profile, adapter=adapter, progress=progress)

    def make(self, scenario: Scenario, seed: int) -> Controller:
        """A controller for one episode. The model has read the codebook when it is handed over."""
        if self.engine is not None:
            self.engine.warm(stable_text(scenario.codebook))
            sampling = replace(self.who.sampling, seed=seed)
            return ModelController(self.engine, scenario.codebook, history=self.who.history, sampling=sampling)
        if self.who.controller == "random":
            return RandomController(scenario.codebook, seed)
        if scenario.goal is None:
            raise InputError(f"{scenario.path}: the expert plans for a goal, and a typed task has none")
        return Expert(scenario)

    def header(self, scenario: Scenario, seed: int, robot: str) -> Header:
        """What an episode is a function of."""
        return Header(
            version=metadata.version("codeword"),
            scenario=scenario.name,
            suite=scenario.suite,
            scenario_hash=scenario.hash,
            codebook=scenario.codebook.name,
            codebook_hash=scenario.codebook.hash,
            task=scenario.wording(seed),
            seed=seed,
            controller=self.who.controller,
            model=self.engine.model.name if self.engine else "",
            weights_hash=self.engine.model.weights_sha256 if self.engine else "",
            adapter=self.engine.adapter.name if self.engine else "",
            profile=self.engine.profile if self.engine else "",
            held=self.engine.held if self.engine else "",
            contract=CONTRACT,
            history=self.who.history if self.engine else "",
            sampling=self._sampling() if self.engine else {},
            robot=robot,
            libraries={name: metadata.version(name) for name in _LIBRARIES},
        )

    def _sampling(self) -> dict[str, float]:
        how = self.who.sampling
        return {"temperature": how.temperature, "top_k": how.top_k, "top_p": how.top_p} if how.temperature else {}


@dataclass(frozen=True)
class Plan:
    """What to run: every scenario with every seed, on that robot, into that folder."""

    scenarios: tuple[Scenario, ...]
    seeds: range
    robot: str
    out: Path
    film: bool = True
    live: LiveCodebook | None = None

    def __len__(self) -> int:
        return len(self.scenarios) * len(self.seeds)


def run(
    plan: Plan,
    controllers: Controllers,
    on_episode: Callable[[Path], None] | None = None,
    listener: Callable[[Codebook], Listener] | None = None,
) -> list[Path]:
    """Run a plan; the episode files in the order run. `on_episode` hears of each as it is written.

    Raises InputError where a file cannot be written.
    """
    files: list[Path] = []
    for scenario in plan.scenarios:
        for seed in plan.seeds:
            path = plan.out / f"{scenario.name}-{seed}.mcap"
            _run_one(plan, controllers, scenario, seed, path, listener)
            files.append(path)
            if on_episode is not None:
                on_episode(path)
    return files


def _run_one(
    plan: Plan,
    controllers: Controllers,
    scenario: Scenario,
    seed: int,
    path: Path,
    listener: Callable[[Codebook], Listener] | None,
) -> None:
    if plan.live is not None:
        scenario = replace(scenario, codebook=plan.live.codebook)
    scenario = scenario.seeded(seed)
    header = controllers.header(scenario, seed, plan.robot)
    controller = controllers.make(scenario, seed)
    robot, physics = open_robot(plan.robot, scenario, seed)
    try:
        if plan.live is not None and not isinstance(robot, Adaptable):
            raise InputError(f"robot '{plan.robot}' has no method `use` to take up an edited codebook; leave --watch")
        with EpisodeWriter(path, header, scenario.codebook.text, scenario.text) as writer:
            listeners: tuple[Listener, ...] = (writer,) if listener is None else (writer, listener(scenario.codebook))
            then = scenario.changed().wording(seed)
            run_episode(
                Episode(
                    scenario, header.task, controller, robot, physics, listeners, plan.live, plan.film, then, path.stem
                )
            )
    finally:
        robot.stop()
        robot.close()
