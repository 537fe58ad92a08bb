"""Asking a model for a plan of which nothing is carried out."""

from codeword.codebook.goals import read_goal
from codeword.codebook.observation import Observation
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Achieve, TaskPlan

from .backend import Backend
from .engine import never
from .goal_writer import GoalWriter
from .plan_writer import PlanWriter
from .sampling import GREEDY, Sampling


def ask_for_plan(
    engine: Backend, codebook: Codebook, task: str, observation: Observation, sampling: Sampling = GREEDY
) -> tuple[TaskPlan, float | None]:
    """The plan that a model writes for a task, and how sure it is of it (0 to 1; None where it does not tell). Of an
    adapter that writes goals alone, a plan with that goal.
    """
    if not engine.adapter.plans_are_goals:
        written = PlanWriter(engine, sampling).write(codebook, task, observation, never)
        return written.plan, written.sure
    made = GoalWriter(engine, sampling, sure=0.0).write(codebook, task, observation, never)
    wish = read_goal(made.written_goal)
    return TaskPlan((), wish.cannot) if wish.cannot else TaskPlan((Achieve(wish),)), made.sureness
