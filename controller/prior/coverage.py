"""How well a whole plan covers the words of its task: what is said and not taken up, and what is done that nobody said.

A model writes from left to right and is surest of short plans; whether something was forgotten shows at the end alone.
So the few likeliest plans are ranked once more, by a log-linear model over features of the whole (as parses are in
Collins and Koo 2005), its weights learned from the plans that the shipped model thinks of in the domains of validation.
Of goals it says nothing: what a goal needs not be said. Nor of whether the task can be done at all.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from codeword.codebook.arguments import ChoiceArgument
from codeword.codebook.observation import Observation
from codeword.codebook.quantities.offer import quantities_said
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Do, TaskPlan, things_named

from .plan_prior import PlanPrior
from .words import stems

FEATURES = (
    "a thing is named and left out", "a thing is used that nobody named", "a number is said and left out",
    "a number is used that nobody said", "a part of the task has no command", "the skill of a part is left out",
    "a known word is not taken up", "commands",
)  # fmt: skip


@cache
def learned() -> tuple[float, ...]:
    """The weights that are shipped. `python -m tests.benchmarks coverage --write FILE` makes them."""
    told = json.loads((Path(__file__).parent / "coverage.json").read_text(encoding="utf-8"))
    return tuple(told[name] for name in FEATURES)


@dataclass(frozen=True)
class Coverage:
    """What a task says that a plan can take up: `things`, the stems of those that are there by id; `named`, those of
    which the whole name is said; how many `numbers`; by part of the task the probability of each skill (`parts`, none
    where the task does not tell their order, which is `in_order`); the stems that are `known` to the codebook, and
    which of them each skill takes up by its own words (`told`).
    """

    said: frozenset[str]
    things: Mapping[str, frozenset[str]]
    named: tuple[tuple[str, ...], ...]
    numbers: int
    parts: tuple[Mapping[str, float], ...]
    in_order: bool
    known: frozenset[str]
    told: Mapping[str, frozenset[str]]

    def features(self, codebook: Codebook, plan: TaskPlan) -> list[float] | None:
        """FEATURES of a plan of commands [features]; None of any other."""
        commands = [item for item in plan.items if isinstance(item, Do)]
        if not commands or len(commands) < len(plan.items):
            return None
        texts = [value for item in commands for value in item.command.args.values()]
        written = frozenset(stems(" ".join(item.command.text for item in commands)))
        skills = {item.command.skill for item in commands}
        things = {thing for item in commands for thing, _ in things_named(codebook, item.command)}
        numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in texts)
        numbers += sum(item.times > 1 for item in commands)
        taken = written.union(*(self.told[skill] for skill in skills))
        open_parts = len(self.parts) - len(commands) if self.in_order else 0
        likeliest = [max(odds, key=lambda name: odds[name]) for odds in self.parts]
        return [
            float(sum(not written.issuperset(name) for name in self.named)),
            float(sum(self.said.isdisjoint(self.things.get(thing, frozenset())) for thing in things)),
            float(max(0, self.numbers - numbers)), float(max(0, numbers - self.numbers)), float(max(0, open_parts)),
            sum(odds[skill] for odds, skill in zip(self.parts, likeliest, strict=True) if skill not in skills),
            float(len((self.said & self.known) - taken)), float(len(commands)),
        ]  # fmt: skip

    def shared(self, codebook: Codebook, weights: Mapping[TaskPlan, float]) -> dict[TaskPlan, float]:
        """What each of some plans has once those of commands have shared their weight anew by what they cover; goals,
        and that the task cannot be done, keep theirs.
        """
        raised = {
            plan: weight * math.exp(sum(w * x for w, x in zip(learned(), found, strict=True)))
            for plan, weight in weights.items()
            if (found := self.features(codebook, plan)) is not None
        }
        whole = sum(weights[plan] for plan in raised) / (sum(raised.values()) or 1.0)
        return {plan: raised[plan] * whole if plan in raised else weight for plan, weight in weights.items()}


def coverage(codebook: Codebook, task: str, observation: Observation, prior: PlanPrior) -> Coverage:
    """What a task says, in front of what is seen; parts and names are those of its prior."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    things = {entity.id: frozenset(stems(entity.id)) for entity in observation.entities}
    choices = [
        text
        for skill in doing
        for argument in skill.args.values()
        if isinstance(argument, ChoiceArgument)
        for text in argument.texts
    ]
    known = frozenset(stems(" ".join((*(skill.name for skill in doing), *choices)))).union(*things.values())
    told = {skill.name: frozenset(stems(" ".join((skill.name, skill.description, *skill.args)))) for skill in doing}
    parts = tuple({name: math.exp(value) for name, value in part.skills.items()} for part in prior.parts)
    numbers = len(quantities_said(codebook, task, list(things)))
    return Coverage(frozenset(stems(task)), things, prior.named, numbers, parts, prior.in_order, known, told)
