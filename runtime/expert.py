"""The scripted expert: the planner over the codebook's own model, given the goal. It shows what is possible."""

import time
from collections.abc import Callable

from codeword.codebook import Codebook, Command, Observation, make_command
from codeword.codebook.arguments import EntityArgument, ListArgument
from codeword.codebook.conditions import Condition
from codeword.codebook.facts import Fact
from codeword.codebook.legal import legal_in
from codeword.codebook.planner import Plan, SymbolicWorld, plan
from codeword.controller.decision import Decision, decision_key
from codeword.controller.engine import never

from .scenario import Scenario

_PATIENCE = 2
"""So many looks are waited for a thing that was there before and is not seen now."""
_DEAR = 2.0
"""What each failure of a command beyond the first adds to what it costs in plans."""


class Expert:
    """Follows a plan for as long as the world is as foretold, and plans afresh where it is not.

    Commands that keep failing become dear, so that another way is found where there is one.
    """

    def __init__(self, scenario: Scenario) -> None:
        if scenario.goal is None:
            raise ValueError("the expert needs a scenario with a goal")
        self.codebook = scenario.codebook
        self.goal = scenario.goal
        later = scenario.changed()
        self._later = dict.fromkeys((later.spec.task, *later.spec.wordings), later.goal) if later.spec.then else {}
        self._start_over(self.goal)

    def _start_over(self, goal: Condition) -> None:
        self.goal = goal
        self._rest: tuple[Command, ...] = ()
        self._foretold: frozenset[Fact] | None = None
        self._failures: dict[str, int] = {}
        self._known: set[str] = set()
        self._waited = 0

    def use(self, codebook: Codebook) -> None:
        """Plan with this codebook from now on."""
        self.codebook = codebook
        self._foretold = None

    def decide(self, task: str, observation: Observation, cancelled: Callable[[], bool] = never) -> Decision:
        """The next command of the plan, `done` where the goal holds, `cannot` where there is no plan."""
        del cancelled
        started = time.perf_counter()
        goal = self._later.get(task)
        if goal is not None and goal is not self.goal:
            self._start_over(goal)
        world = SymbolicWorld.of(self.codebook, observation)
        command = self._next(world, observation)
        total = (time.perf_counter() - started) * 1000
        key = decision_key(
            {"codebook": self.codebook.hash, "goal": str(self.goal), "facts": sorted(map(str, world.state.facts))}
        )
        return Decision(
            text=command.text, logprob=0.0, path="expert", stage_ms={"plan": total, "total": total}, key=key
        )

    def _next(self, world: SymbolicWorld, observation: Observation) -> Command:
        last = observation.last
        if last is not None and last.status != "done" and last.command:
            self._failures[last.command] = self._failures.get(last.command, 0) + 1
        there = {entity.id for entity in observation.entities}
        lost, self._known = self._known - there, self._known | there
        if self._foretold != world.state.facts or lost:
            found = self._plan(world)
            idle = self._idle(world) if found.failure and lost and self._waited < _PATIENCE else None
            if idle is not None:
                self._waited += 1
                return idle
            if found.failure:
                return make_command(self.codebook, "cannot", {"reason": found.failure})
            self._rest, self._waited = found.commands, 0
        if not self._rest:
            self._foretold = None
            return make_command(self.codebook, "done", {})
        command, *rest = self._rest
        self._rest, self._foretold = tuple(rest), world.facts_after(command)
        return command

    def _plan(self, world: SymbolicWorld) -> Plan:
        dear = {text: _DEAR * (times - 1) for text, times in self._failures.items() if times > 1}
        return plan(world, self.goal, dear=dear)

    def _idle(self, world: SymbolicWorld) -> Command | None:
        """A command that changes nothing, to look again after it: what is not seen may be hidden behind the arm."""
        idle = [
            skill
            for skill in self.codebook.skills.values()
            if not skill.effects
            and skill.ends is None
            and not any(isinstance(argument, EntityArgument | ListArgument) for argument in skill.args.values())
        ]
        return next(legal_in(self.codebook, world.state, world.reachable, idle, 1).commands(), None)
