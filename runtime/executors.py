"""Whoever carries out a plan's episodes, and how one of them is kept from taking the others along when it breaks."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from codeword.codebook.errors import CommandError, FileError, InputError, ModelError, RobotError, ScenarioError
from codeword.controller.decider_config import DeciderConfig, ModelInfo

from .faults import in_one_line
from .outcome import Outcome, broken, outcome_of
from .recording import read_episode
from .run import Controllers, Plan, Task, Telling, header, run_one


class Executor(Protocol):
    """Carries out episodes, here or elsewhere; a context manager."""

    @property
    def loaded(self) -> ModelInfo:
        """The model that decides."""

    def carry_out(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each episode as it is over, in any order. Raises CodewordError where no other would go better."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True)
class Alone:
    """One episode after the other, in this process."""

    plan: Plan
    controllers: Controllers
    listener: Telling | None = None

    @property
    def loaded(self) -> ModelInfo:
        """The model that decides."""
        return self.controllers.loaded

    def carry_out(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each episode as it is over, in order."""
        for task in tasks:
            yield task, attempt(self.plan, self.controllers, task, self.listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace


def attempt(plan: Plan, controllers: Controllers, task: Task, listener: Telling | None = None) -> Outcome:
    """Run an episode, whatever becomes of it. Raises InputError where its file cannot be begun: no other's could."""
    try:
        ran = run_one(plan, controllers, task, listener)
        episode = ran.episode if ran.stopped else read_episode(ran.path, pictures=False)
        return outcome_of(episode, plan.drawn(plan.scenarios[task.scenario], task.seed), ran.stopped)
    except (RobotError, CommandError, FileError, ModelError) as problem:
        return failure(plan, controllers.who, controllers.loaded, task, "; ".join(str(problem).splitlines()))
    except InputError:
        raise
    except Exception as problem:  # noqa: BLE001 (a user's robot or skill may raise anything)
        return failure(plan, controllers.who, controllers.loaded, task, in_one_line(problem), traceback.format_exc())


def failure(plan: Plan, who: DeciderConfig, loaded: ModelInfo, task: Task, error: str, trace: str = "") -> Outcome:
    """The outcome of an episode that broke, in one line."""
    scenario = plan.scenarios[task.scenario]
    with suppress(ScenarioError):  # where that very seed cannot be drawn
        scenario = plan.drawn(scenario, task.seed)
    head = header(who, loaded, scenario, task.seed, plan.robot, plan.senses)
    return broken(head, scenario, plan.path(task).name, error, trace)
