"""The scripted expert: the planner over the codebook's own model, given the goal. It shows what is possible."""

import time
from collections.abc import Callable

from codeword.codebook import Codebook, Observation
from codeword.codebook.command import Command
from codeword.codebook.command_codec import give_up
from codeword.codebook.goal_executor import GoalExecutor
from codeword.controller.decision import Decision, decision_key
from codeword.controller.engine import never

from .scenario import Scenario


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
