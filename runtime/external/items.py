"""One item of a public set: a task with what is seen, and what its set wants of it."""

from dataclasses import dataclass
from typing import Protocol

from codeword.codebook import Codebook, Observation
from codeword.codebook.task_plan import TaskPlan
from codeword.runtime.trial import Trial


@dataclass(frozen=True)
class Score:
    """Whether an item was done rightly; where conditions are compared one by one, how many of those that were written
    are wanted (`found`) and not (`spurious`), and how many of those wanted are `missed`.
    """

    right: bool
    found: int = 0
    spurious: int = 0
    missed: int = 0


class Answer(Protocol):
    """What a set wants of an item."""

    def plan(self, codebook: Codebook, observation: Observation) -> TaskPlan:
        """The answer as a plan; one that gives up where the codebook has no words for it."""

    def score(self, trial: Trial, codebook: Codebook, observation: Observation) -> Score:
        """What a plan that was tried comes to."""


@dataclass(frozen=True)
class Item:
    """A task of a set, under its id there."""

    name: str
    task: str
    codebook: Codebook
    observation: Observation
    answer: Answer
