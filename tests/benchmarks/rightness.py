"""Whether a command is right: it lies on a plan to the scenario's goal that costs no more than the best one found.

The planner is a weighted search, so that "best" means the best that it finds, as it does for the expert.
"""

from collections.abc import Iterable

from codeword.codebook import Codebook, Command
from codeword.codebook.planner import SymbolicWorld, plan

from .courses import Turn

_ROUNDING = 1e-9


class Judge:
    """Knows the goal of one moment, which nobody who decides is told."""

    def __init__(self, turn: Turn) -> None:
        """Plan once. Raises ValueError for a scenario without a goal."""
        if turn.scenario.goal is None:
            raise ValueError("rightness needs a scenario with a goal")
        self._goal = turn.scenario.goal
        self._codebook = turn.situation.codebook
        self._world = SymbolicWorld.of(self._codebook, turn.situation.observation)
        self._plan = plan(self._world, self._goal)

    def is_right(self, command: Command) -> bool:
        """Whether a legal command is the one to give, or one of them."""
        skill = self._codebook.skills[command.skill]
        if self._plan.failure:
            return skill.ends == "cannot" and command.args["reason"] == self._plan.failure
        if not self._plan.commands:
            return skill.ends == "done"
        if not skill.effects:
            return False
        rest = plan(self._world.after(command), self._goal)
        best = _cost(self._codebook, self._plan.commands)
        return not rest.failure and skill.cost + _cost(self._codebook, rest.commands) <= best + _ROUNDING


def _cost(codebook: Codebook, commands: Iterable[Command]) -> float:
    return sum(codebook.skills[command.skill].cost for command in commands)
