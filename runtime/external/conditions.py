"""Goals that are compared condition by condition, as the Embodied Agent Interface counts them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from codeword.codebook import Codebook, Fact, Observation
from codeword.codebook.action_space import legal_in
from codeword.codebook.command import Command
from codeword.codebook.command_codec import bindings_of
from codeword.codebook.goal_tracker import GoalTracker, sayable_facts, settled
from codeword.codebook.goals import Goal, Sayable
from codeword.codebook.task_plan import MOST_ITEMS, Achieve, Do, TaskPlan

from .answers import UNSAID
from .items import Score, Written


@dataclass(frozen=True)
class Holds:
    """That a fact is to hold, or is not to."""

    fact: Fact
    denied: bool = False


@dataclass(frozen=True)
class Did:
    """That a command of one of these skills is to be carried out, whatever its arguments; of none where the codebook
    has no skill for it.
    """

    skills: tuple[str, ...]


Condition = Holds | Did


@dataclass(frozen=True)
class Conditions:
    """What is wanted, part by part; of each part one of its options."""

    parts: tuple[tuple[tuple[Condition, ...], ...], ...]
    of_plan: ClassVar[bool] = True

    def plan(self, codebook: Codebook, observation: Observation) -> TaskPlan:
        """Of each part its shortest option, as far as the codebook has words for it and a plan room."""
        wanted = dict.fromkeys(one for options in self.parts for one in min(options, key=len))
        said = Sayable.by_kinds(codebook, observation)
        known = {fact for group in said.facts for fact in group}
        commands = [Do(_first(codebook, observation, one)) for one in wanted if isinstance(one, Did) and one.skills][
            :MOST_ITEMS
        ]
        facts = [one.fact for one in wanted if isinstance(one, Holds) and not one.denied and one.fact in known]
        facts = facts[: MOST_ITEMS - len(commands)]
        denied = [one.fact for one in wanted if isinstance(one, Holds) and one.denied and one.fact in said.denied]
        denied = denied[: MOST_ITEMS - len(commands) - len(facts)]
        goal = [Achieve(Goal(tuple(facts), denied=tuple(denied)))] if facts or denied else []
        return TaskPlan((*goal, *commands)) if goal or commands else UNSAID

    def score(self, written: Written, codebook: Codebook, observation: Observation) -> Score:
        """Of each part the option counts of which most is said; a plan says its goals, and what its commands are for.
        Right where all is said and nothing else.
        """
        said = dict.fromkeys(_said(codebook, written.plan, observation))
        found, missed, used = 0, 0, set[Condition]()
        for options in self.parts:
            best = max(options, key=lambda option: sum(_meets(one, said) for one in option))
            met = [one for one in best if _meets(one, said)]
            found, missed = found + len(met), missed + len(best) - len(met)
            used.update(met)
        spurious = sum(not _is_wanted(one, used) for one in said)
        return Score(written.acts and not missed and not spurious, found, spurious, missed)


def _meets(wanted: Condition, said: Iterable[Condition]) -> bool:
    if isinstance(wanted, Holds):
        return wanted in said
    return any(isinstance(one, Did) and one.skills[0] in wanted.skills for one in said)


def _is_wanted(said: Condition, used: Iterable[Condition]) -> bool:
    if isinstance(said, Holds):
        return said in used
    return any(isinstance(one, Did) and said.skills[0] in one.skills for one in used)


def _said(codebook: Codebook, plan: TaskPlan, observation: Observation) -> Iterable[Condition]:
    """What a plan says: its goals fact by fact, and of its commands what they bring about, or that they are done where
    effects tell nothing.
    """
    for item in plan.items:
        if isinstance(item, Achieve):
            goal = settled(codebook, item.goal, observation, sayable_facts)
            yield from map(Holds, GoalTracker(codebook, goal, sayable_facts).facts(observation))
            yield from (Holds(fact, denied=True) for fact in goal.denied)
        else:
            yield from _brought_about(codebook, item.command)


def _brought_about(codebook: Codebook, command: Command) -> Iterable[Condition]:
    """What a command is for: the facts that it adds; of one that adds none, those that it ends."""
    effects = codebook.skills[command.skill].effects
    if not effects:
        yield Did((command.skill,))
    adds = any(effect.adds for effect in effects)
    for effect in effects:
        places: Sequence[str | None] = effect.atom.places(bindings_of(command))
        things = tuple(place for place in places if place is not None)
        if effect.adds == adds and len(things) == len(places):
            yield Holds(Fact(effect.atom.name, things), denied=not adds)


def _first(codebook: Codebook, observation: Observation, wanted: Did) -> Command:
    """A command of the first skill that would do."""
    skill = codebook.skills[wanted.skills[0]]
    graph = legal_in(codebook, codebook.state(observation), codebook.within_reach(observation), [skill], 1)
    return next(iter(graph.commands()))
