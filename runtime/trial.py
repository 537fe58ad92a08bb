"""Tasks tried on a codebook without a robot: what a model would do, and whether that is what an example says."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codeword.codebook import Codebook, Observation, read_command
from codeword.codebook.plan_trace import Trace, same_outcome, trace
from codeword.codebook.task_plan import UNCLEAR, Do, TaskPlan, read_plan
from codeword.controller import Controller, Decision
from codeword.controller.decision import REFUSED


@dataclass(frozen=True)
class Trial:
    """A task as it was tried: the plan, how sure the model was of it (0 to 1), what it would do and what it comes to,
    how long that took [s], and whether it is right; None where nobody said what is.
    """

    task: str
    plan: TaskPlan
    decision: Decision
    trace: Trace
    taken_s: float
    right: bool | None = None

    @property
    def carried_out(self) -> bool:
        """Whether the robot would do anything."""
        return _moves(self.decision)


def try_task(
    codebook: Codebook, controller: Controller, task: str, observation: Observation, right: Sequence[TaskPlan] = ()
) -> Trial:
    """What a controller would do for a task where everything goes as it should; `right` are the plans that are."""
    began = time.perf_counter()
    decision = controller.decide(task, observation)
    taken_s = time.perf_counter() - began
    plan = _plan(codebook, decision)
    # A scene may lack what a plan needs; that is no fault of the plan.
    refused = any(note.kind in REFUSED for note in decision.notes)
    stands = _moves(decision) or (plan in right and not refused)
    done = plan if stands else TaskPlan((), plan.cannot or UNCLEAR)
    is_right = None
    if right:
        is_right = any(
            bool(one.cannot) if done.cannot else same_outcome(codebook, one, done, observation) for one in right
        )
    return Trial(task, plan, decision, trace(codebook, done, observation), taken_s, is_right)


def try_examples(codebook: Codebook, controller: Controller, observation: Observation) -> Iterator[Trial]:
    """The codebook's own examples, each tried without being told it."""
    for example in codebook.examples:
        others = tuple(other for other in codebook.examples if other is not example)
        controller.use(replace(codebook, examples=others))
        yield try_task(codebook, controller, example.task, observation, (example.plan,))
    controller.use(codebook)


def _moves(decision: Decision) -> bool:
    """Whether a decision is anything but to give the task up."""
    return '"skill":"cannot"' not in decision.text


def _plan(codebook: Codebook, decision: Decision) -> TaskPlan:
    """What a decision was made by: a plan; else its command alone says something."""
    if decision.plan:
        return read_plan(codebook, decision.plan)
    command = read_command(codebook, decision.text)
    return TaskPlan((), UNCLEAR) if codebook.skills[command.skill].ends else TaskPlan((Do(command),))
