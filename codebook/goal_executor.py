"""Carries out a goal: commands by the planner, while the world is as predicted, and replanned where it is not."""

from collections.abc import Mapping
from copy import copy
from typing import Self

from .action_space import legal_in
from .command import Command, Value
from .command_codec import make_command
from .conditions import Condition
from .facts import Fact
from .observation import Observation
from .planner import Plan, SymbolicWorld, plan
from .skills import Codebook, Skill

PATIENCE = 2
"""So many looks are waited for a thing that was there before and is not seen now."""
_DEAR = 2.0
"""What each failure of a command beyond the first adds to what it costs in plans."""


class GoalExecutor:
    """Follows a plan to one goal. Commands that keep failing become dear, so that another way is found, if any."""

    def __init__(self, codebook: Codebook, goal: Condition) -> None:
        self.codebook, self.goal = codebook, goal
        self._rest: tuple[Command, ...] = ()
        self._predicted: frozenset[Fact] | None = None
        self._failures: dict[str, int] = {}
        self._known: set[str] = set()
        self._waited = 0

    def copy(self) -> Self:
        """Another one that is as far, and goes on by itself."""
        other = copy(self)
        other._failures, other._known = dict(self._failures), set(self._known)
        return other

    def seek(self, goal: Condition) -> None:
        """Go after this goal from now on."""
        if goal != self.goal:
            self.goal, self._predicted = goal, None

    def use(self, codebook: Codebook) -> None:
        """Plan with this codebook from now on."""
        self.codebook = codebook
        self._predicted = None

    def next(self, observation: Observation) -> Command | Plan:
        """The next command, `done` where the goal holds; the failed plan where there is no way."""
        world = SymbolicWorld.of(self.codebook, observation)
        last = observation.last
        if last is not None and last.status != "done" and last.command:
            self._failures[last.command] = self._failures.get(last.command, 0) + 1
        there = {entity.id for entity in observation.entities}
        lost, self._known = self._known - there, self._known | there
        if self._predicted != world.state.facts or lost:
            found = self._plan(world)
            idle = idle_command(world) if found.failure and lost and self._waited < PATIENCE else None
            if idle is not None:
                self._waited += 1
                return idle
            if found.failure:
                return found
            self._rest, self._waited = found.commands, 0
        if not self._rest:
            self._predicted = None
            return make_command(self.codebook, "done", {})
        command, *rest = self._rest
        self._rest, self._predicted = tuple(rest), world.facts_after(command)
        return command

    def _plan(self, world: SymbolicWorld) -> Plan:
        return plan(world, self.goal, dear=dear(self._failures))


def dear(failures: Mapping[str, int]) -> dict[str, float]:
    """What commands, by their text, cost more in plans for having failed so often."""
    return {text: _DEAR * (times - 1) for text, times in failures.items() if times > 1}


def idle_command(world: SymbolicWorld) -> Command | None:
    """A command that declares that it merely waits, to look again after it: what is not seen may be hidden.

    It is as the codebook's defaults have it, or else the first in its order that waits for more than nothing.
    """
    found = legal_in(world.codebook, world.state, world.reachable, idle(world.codebook), 1)
    first = None
    for command in found.commands():
        arguments = world.codebook.skills[command.skill].args
        usual = all(argument.default in (None, command.args[name]) for name, argument in arguments.items())
        if usual and not any(_is_nothing(value) for value in command.args.values()):
            return command
        first = first or command
    return first


def _is_nothing(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= 0


def idle(codebook: Codebook) -> list[Skill]:
    """The skills that declare that they merely wait: to look again after them. A skill without effects is none of
    them: what it does is not declared, and it may well move the robot.
    """
    return [skill for skill in codebook.skills.values() if skill.waits]
