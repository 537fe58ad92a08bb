"""The scripted expert: the planner over the codebook's own model, given the goal. It shows what is possible."""

import time
from collections.abc import Callable

from codeword.codebook import Codebook, Observation, make_command
from codeword.codebook.planner import SymbolicWorld, plan
from codeword.controller.decision import Decision, decision_key
from codeword.controller.engine import never

from .scenario import Scenario


class Expert:
    """Plans afresh at every observation and takes the first command of the plan."""

    def __init__(self, scenario: Scenario) -> None:
        if scenario.goal is None:
            raise ValueError("the expert needs a scenario with a goal")
        self.codebook = scenario.codebook
        self.goal = scenario.goal

    def use(self, codebook: Codebook) -> None:
        """Plan with this codebook from now on."""
        self.codebook = codebook

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool] = never) -> Decision:
        """The next command of the cheapest plan, `done` where the goal holds, `cannot` where there is no plan."""
        del task, cancelled
        started = time.perf_counter()
        world = SymbolicWorld.of(self.codebook, observation)
        found = plan(world, self.goal)
        if found.failure:
            command = make_command(self.codebook, "cannot", {"reason": found.failure})
        else:
            command = found.commands[0] if found.commands else make_command(self.codebook, "done", {})
        total = (time.perf_counter() - started) * 1000
        key = decision_key(
            {"codebook": self.codebook.hash, "goal": str(self.goal), "facts": sorted(map(str, world.state.facts))}
        )
        return Decision(
            text=command.text, logprob=0.0, path="expert", stage_ms={"plan": total, "total": total}, key=key
        )
