"""What carrying a plan out comes to where every command goes as it should: its commands, and the facts in the end; and
whether it can be meant at all.
"""

from dataclasses import dataclass

from .command import Command
from .facts import Fact
from .goal_tracker import GoalTracker, settled
from .mutex import Mutexes
from .observation import Observation, Result
from .plan_executor import PlanExecutor
from .planner import SymbolicWorld
from .skills import Codebook
from .task_plan import Achieve, TaskPlan, unnamed_args

MOST_COMMANDS = 200


@dataclass(frozen=True)
class Trace:
    """The commands that were issued, the base facts after them, and why the plan broke off; empty where it did not."""

    commands: tuple[Command, ...]
    facts: frozenset[Fact]
    failure: str = ""


def trace(codebook: Codebook, plan: TaskPlan, observation: Observation) -> Trace:
    """Carry a plan out in a world that knows only facts, for MOST_COMMANDS commands at most."""
    executor, world = PlanExecutor(codebook, plan), SymbolicWorld.of(codebook, observation)
    seen, commands = observation, list[Command]()
    while len(commands) < MOST_COMMANDS:
        found = executor.next(seen)
        if not isinstance(found, Command):
            return Trace(tuple(commands), world.state.facts, found)
        if codebook.skills[found.skill].ends is not None:
            return Trace(tuple(commands), world.state.facts)
        commands.append(found)
        world = world.after(found)
        last = Result(command=found.text, status="done")
        facts = tuple(sorted(world.state.facts))
        seen = seen.model_copy(update={"step": seen.step + 1, "facts": facts, "last": last})
    return Trace(tuple(commands), world.state.facts, "too long")


def same_outcome(codebook: Codebook, plan: TaskPlan, other: TaskPlan, observation: Observation) -> bool:
    """Whether two plans come to the same: the same commands; or the same facts, and in the same order the same commands
    of those of which effects do not tell all.
    """
    if plan == other:
        return True
    if plan.cannot or other.cannot:
        return plan.cannot == other.cannot
    one, two = trace(codebook, plan, observation), trace(codebook, other, observation)
    if one.failure or two.failure:
        return False
    if one.commands == two.commands:
        return True
    return one.facts == two.facts and _telling(codebook, one) == _telling(codebook, two)


def _telling(codebook: Codebook, traced: Trace) -> list[Command]:
    """The commands of which effects do not tell all: those without any, and those with arguments that none names."""
    return [
        command
        for command in traced.commands
        if not codebook.skills[command.skill].effects or unnamed_args(codebook.skills[command.skill])
    ]


def contradicts_itself(codebook: Codebook, plan: TaskPlan, observation: Observation, mutexes: Mutexes) -> bool:
    """Whether a goal of a plan wants what can never hold together: one thing in two places."""
    goals = [settled(codebook, item.goal, observation) for item in plan.items if isinstance(item, Achieve)]
    return any(mutexes.exclusive(GoalTracker(codebook, goal).facts(observation)) for goal in goals)
