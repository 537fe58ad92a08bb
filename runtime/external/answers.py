"""What the sets want, and when a plan is right: by its commands, or by the facts in the end."""

from dataclasses import dataclass
from typing import ClassVar

from codeword.codebook import Codebook, CommandError, Fact, Observation
from codeword.codebook.arguments import Argument, ChoiceArgument, EntityArgument
from codeword.codebook.command import Value
from codeword.codebook.command_codec import make_command
from codeword.codebook.goals import Goal
from codeword.codebook.task_plan import MOST_ITEMS, UNCLEAR, Achieve, Do, TaskPlan

from .items import Score, Written

UNSAID = TaskPlan((), UNCLEAR)
"""Stands for an answer that the codebook has no words for."""


@dataclass(frozen=True)
class MainArgument:
    """A skill, and the argument that is compared with the thing that it is to name."""

    skill: str
    name: str
    thing: str


@dataclass(frozen=True)
class Commands:
    """Some commands in this order and no others; of each its skill and its main argument count."""

    wanted: tuple[MainArgument, ...]
    of_plan: ClassVar[bool] = False

    def plan(self, codebook: Codebook, observation: Observation) -> TaskPlan:
        """The commands, with any value in the arguments that do not count."""
        items = []
        for one in self.wanted:
            args = codebook.skills[one.skill].args
            others = {name: _any_value(args[name], observation, one.thing) for name in args if name != one.name}
            given = {name: value for name, value in others.items() if value is not None}
            main = args[one.name]
            seen = observation.entity(one.thing)
            if not isinstance(main, EntityArgument) or seen is None or seen.kind not in main.kinds:
                return UNSAID
            try:
                items.append(Do(make_command(codebook, one.skill, {one.name: one.thing, **given})))
            except CommandError:
                return UNSAID
        return TaskPlan(tuple(items))

    def score(self, written: Written, codebook: Codebook, observation: Observation) -> Score:
        """Right where just these commands are carried out, and nothing is given up on the way."""
        del codebook, observation
        if written.trace is None:
            return Score(False)
        done = written.trace.commands
        pairs = zip(self.wanted, done, strict=False)
        alike = all(one.skill == did.skill and did.args.get(one.name) == one.thing for one, did in pairs)
        return Score(alike and len(done) == len(self.wanted) and not written.trace.failure)


@dataclass(frozen=True)
class EndState:
    """Facts that are to hold when the plan has been carried out, whatever commands that takes."""

    facts: tuple[Fact, ...]
    of_plan: ClassVar[bool] = False

    def plan(self, codebook: Codebook, observation: Observation) -> TaskPlan:
        """The facts as one goal."""
        del codebook, observation
        return TaskPlan((Achieve(Goal(self.facts)),)) if len(self.facts) <= MOST_ITEMS else UNSAID

    def score(self, written: Written, codebook: Codebook, observation: Observation) -> Score:
        """Right where the plan was carried out to its end and all the facts hold then."""
        del codebook, observation
        end = written.trace
        return Score(end is not None and not end.failure and end.facts.issuperset(self.facts))


def _any_value(argument: Argument, observation: Observation, but: str) -> Value | None:
    if argument.default is not None:
        return argument.default
    if isinstance(argument, ChoiceArgument):
        return argument.choices[0]
    if isinstance(argument, EntityArgument):
        things = (entity.id for entity in observation.entities if entity.kind in argument.kinds and entity.id != but)
        return next(things, None)
    return None
