"""One item of a public set: a task with what is seen, and what its set wants of it."""

import random
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Protocol

from codeword.codebook import Codebook, Observation, load_codebook
from codeword.codebook.errors import CodebookError
from codeword.codebook.plan_trace import Trace
from codeword.codebook.task_plan import TaskPlan
from codeword.codebook.yaml_source import parse_yaml, plain, read_text
from codeword.runtime.trial import Trial


@lru_cache(maxsize=16)
def book(name: str) -> Codebook:
    """The codebook of that name."""
    return load_codebook(_folder() / "codebooks" / f"{name}.yaml")


@lru_cache(maxsize=64)
def shuffled_book(name: str, seed: int) -> Codebook:
    """The codebook of that name, the skills that do something in an order drawn by seed."""
    made = book(name)
    doing = [skill for skill in made.skills.values() if skill.ends is None]
    random.Random(seed).shuffle(doing)
    order = [*doing, *(skill for skill in made.skills.values() if skill.ends is not None)]
    return replace(made, skills={skill.name: skill for skill in order})


def table(name: str) -> Any:
    """What a YAML file of this package says."""
    path = _folder() / name
    return plain(parse_yaml(read_text(path, CodebookError), str(path), CodebookError).root)


def _folder() -> Path:
    return Path(str(resources.files(__package__)))


@dataclass(frozen=True)
class Score:
    """Whether an item was done rightly; where conditions are compared one by one, how many of those that were written
    are wanted (`found`) and not (`spurious`), and how many of those wanted are `missed`.
    """

    right: bool
    found: int = 0
    spurious: int = 0
    missed: int = 0


@dataclass(frozen=True)
class Written:
    """What was written for an item: the plan, how sure whoever wrote it is (0 to 1; None where that is not told),
    whether it does anything, and what carrying it out comes to; None where it is not carried out.
    """

    plan: TaskPlan
    sureness: float | None
    acts: bool
    trace: Trace | None = None

    @classmethod
    def of(cls, trial: Trial) -> "Written":
        """A plan that was carried out in a world of facts."""
        return cls(trial.plan, trial.decision.sureness, trial.carried_out, trial.trace)


class WantedAnswer(Protocol):
    """What a set wants of an item. `of_plan` says that it asks what a plan says, and not what carrying it out does."""

    of_plan: ClassVar[bool]

    def plan(self, codebook: Codebook, observation: Observation) -> TaskPlan:
        """The answer as a plan; one that gives up where the codebook has no words for it."""

    def score(self, written: Written, codebook: Codebook, observation: Observation) -> Score:
        """How right what was written is."""


@dataclass(frozen=True)
class Item:
    """A task of a set, under its id there."""

    name: str
    task: str
    codebook: Codebook
    observation: Observation
    answer: WantedAnswer
