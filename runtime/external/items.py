"""One item of a public set: a task with what is seen, and what its set wants of it."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from codeword.codebook import Codebook, Observation
from codeword.codebook.plan_trace import Trace
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
