"""How well a whole plan covers the words of its task: what is said and not taken up, and what is done that nobody said.

A model writes from left to right and is surest of short plans; whether something was forgotten shows at the end alone.
So the few likeliest plans are ranked once more, by a log-linear model over features of the whole (as parses are in
Collins and Koo 2005), its weights learned from the plans that the shipped model thinks of in the domains of validation.
Of goals it says nothing (what a goal needs need not be said), nor of how many commands there are, nor of whether the
task can be done at all.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from codeword.codebook.arguments import ChoiceArgument
from codeword.codebook.mentions import without_exceptions
from codeword.codebook.observation import Observation
from codeword.codebook.quantities.offer import quantities_said
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Do, TaskPlan, things_named

from .plan_prior import PlanPrior
from .words import stems

FEATURES = (
    "a thing is named and left out", "a thing is used that nobody named", "a number is said and left out",
    "the skill of a part is left out", "a known word is not taken up",
)  # fmt: skip


@cache
def learned() -> tuple[float, ...]:
    """The weights that are shipped. `python -m tests.benchmarks coverage --write FILE` makes them."""
    told = json.loads((Path(__file__).parent / "coverage.json").read_text(encoding="utf-8"))
    return tuple(told[name] for name in FEATURES)


@dataclass(frozen=True)
class Coverage:
    """What a task says that a plan can take up: `things`, the stems of those that are there by id; `named`, those of
    which the whole name is said; how many `numbers`; by part of the task the probability of each skill (`parts`); the
    stems that are `known` to the codebook, and those that each skill takes up by its own words (`told`).
    """

    said: frozenset[str]
    things: Mapping[str, frozenset[str]]
    named: tuple[tuple[str, ...], ...]
    numbers: int
    parts: tuple[Mapping[str, float], ...]
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
        likeliest = [max(odds, key=lambda name: odds[name]) for odds in self.parts]
        return [
            float(sum(not written.issuperset(name) for name in self.named)),
            float(sum(self.said.isdisjoint(self.things.get(thing, frozenset())) for thing in things)),
            float(max(0, self.numbers - numbers)),
            sum(odds[skill] for odds, skill in zip(self.parts, likeliest, strict=True) if skill not in skills),
            float(len((self.said & self.known) - taken)),
        ]  # fmt: skip

    def shared(self, codebook: Codebook, weights: Mapping[TaskPlan, float]) -> dict[TaskPlan, float]:
        """What each of some plans has once those of as many commands redistributed their weight by what they cover;
        goals, and that the task cannot be done, keep theirs.
        """
        rows = [self.features(codebook, plan) for plan in weights]
        sizes = [len(plan.items) for plan in weights]
        return dict(zip(weights, redistribute(list(weights.values()), rows, sizes, learned()), strict=True))


def redistribute(
    weights: Sequence[float], rows: Sequence[Sequence[float] | None], sizes: Sequence[int], learned: Sequence[float]
) -> list[float]:
    """Weights [plans] once those of one size have shared theirs by FEATURES, `rows`; those without keep theirs."""
    raised = [
        None if row is None else weight * math.exp(sum(w * x for w, x in zip(learned, row, strict=True)))
        for weight, row in zip(weights, rows, strict=True)
    ]
    before: dict[int, float] = defaultdict(float)
    after: dict[int, float] = defaultdict(float)
    for weight, more, size in zip(weights, raised, sizes, strict=True):
        if more is not None:
            before[size] += weight
            after[size] += more
    return [
        weight if more is None or not after[size] else more * before[size] / after[size]
        for weight, more, size in zip(weights, raised, sizes, strict=True)
    ]


def coverage(codebook: Codebook, task: str, observation: Observation, prior: PlanPrior) -> Coverage:
    """What a task says, but for exceptions, in front of what is seen; parts and names are those of its prior."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    things = {entity.id: frozenset(stems(entity.id)) for entity in observation.entities}
    task = without_exceptions(task, list(things))
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
    return Coverage(frozenset(stems(task)), things, prior.named, numbers, parts, known, told)
