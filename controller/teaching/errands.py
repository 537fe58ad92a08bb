"""What else is asked of an arm at a table than where things are to be: commands of skills that no goal needs, for which
its codebooks have room beside those that goals are reached by.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from string import Formatter
from typing import Any

from codeword.codebook import Codebook, Entity, Observation, Value, parse_codebook
from codeword.codebook.action_prompt import MOST_SKILLS
from codeword.codebook.arguments import ChoiceArgument, EntityArgument, NumberArgument
from codeword.codebook.command_codec import make_command
from codeword.codebook.skills import Skill
from codeword.codebook.task_plan import Do, TaskPlan

from .absences import gone, mistaken
from .book_skills import distractor_entry
from .codebook_generator import Book
from .corpus_reader import Entry
from .multiply import Said, beside, foreign, joined, repeated, said
from .pools_of import training_pools

_MOST_ADDED = 4
_LONGEST = 140
"""Tasks that are joined to another one are so long at most, in characters."""
_JOINED, _REPEATED, _GONE, _MISTAKEN, _FOREIGN = 0.3, 0.06, 0.05, 0.1, 0.06
"""How often an errand is made into something else, each way."""


def with_errands(rng: random.Random, book: Book) -> Book:
    """A codebook with some more skills that no goal needs, as somebody would add them to it."""
    codebook = book.codebook
    room = min(_MOST_ADDED, MOST_SKILLS - len(codebook.skills))
    fitting = [name for name, entry in _pool().items() if "needs" not in entry and name not in codebook.skills]
    if room < 1 or not fitting:
        return book
    names = rng.sample(fitting, rng.randint(1, room))
    entries = {name: distractor_entry(_pool()[name], book.names, rng) for name in names}
    made = parse_codebook(json.dumps({**_ALONE, "entities": list(codebook.kinds), "skills": {**entries, **_ENDS}}))
    skills: Mapping[str, Skill] = {**codebook.skills, **{name: made.skills[name] for name in names}}
    order = rng.sample(list(skills), len(skills))
    return replace(book, codebook=replace(codebook, skills={name: skills[name] for name in order}))


_ALONE: Mapping[str, Any] = {
    "codebook": "errands",
    "description": "More skills.",
    "robot": "arm",
    "workspace": {axis: [-1.0, 1.0] for axis in ("x_m", "y_m", "z_m")},
}
_ENDS: Mapping[str, Any] = {
    "done": {"description": "end"},
    "cannot": {"description": "give up", "args": {"reason": {"choice": ["missing"]}}},
}
"""What a codebook needs for its skills to be read."""


_FILLED = (EntityArgument, NumberArgument, ChoiceArgument)


class Errands:
    """Errands under one codebook; some are those of another robot whose skills stand beside its own."""

    def __init__(self, rng: random.Random, book: Book, other: Entry | None) -> None:
        self.rng, self.other = rng, other
        self.book = book
        added: frozenset[str] = frozenset()
        if other is not None:
            codebook, _ = beside(rng, book.codebook, other.codebook)
            added = frozenset(codebook.skills) - frozenset(book.codebook.skills)
            self.book = replace(book, codebook=codebook)
        self._theirs = [task for task in other.tasks if _only(task.plans, added)] if other is not None else []
        roles = {book.names.skills[role]: role for role in _own() if role in book.names.skills}
        says = {name: entry["say"] for name, entry in _pool().items() if self._is_asked_for_so(name, entry["say"])}
        self._says = says | {name: texts for name, role in roles.items() if (texts := _worded(book, role))}

    @property
    def codebook(self) -> Codebook:
        return self.book.codebook

    def _is_asked_for_so(self, name: str, texts: Sequence[str]) -> bool:
        """Whether there is such a skill, all of whose arguments are said, and not another robot's of the same name."""
        skill = self.codebook.skills.get(name)
        if skill is None or not all(isinstance(argument, _FILLED) for argument in skill.args.values()):
            return False
        return all({field for _, field, _, _ in Formatter().parse(text) if field} == set(skill.args) for text in texts)

    def one(self, seen: Observation) -> Said | None:
        """What is asked for in a scene, and what is right; None where nothing of it can be."""
        if self._theirs and self.rng.random() < 0.4:
            task = said(self.rng, self.rng.choice(self._theirs))
            return replace(task, observation=seen)
        if not self._says:
            return None
        name = self.rng.choice(sorted(self._says))
        values, told = self._filled(self.codebook.skills[name], seen)
        if values is None:
            return None
        text = str(self.rng.choice(self._says[name])).format(**told)
        plan = TaskPlan((Do(make_command(self.codebook, name, values)),))
        return Said("number" if any(map(_is_number, values.values())) else "single", text, (plan,), (), seen)

    def varied(self, seen: Observation, aimed: tuple[str, TaskPlan] | None) -> Said | None:
        """An errand, often made into another one, or said together with another or with a task that has a goal:
        `aimed` are that task and its plan.
        """
        one, rng = self.one(seen), self.rng
        if one is None:
            return None
        draw = rng.random()
        if draw < _JOINED:
            if aimed is not None and rng.random() < 0.6:
                return _with_goal(rng, one, *aimed) or one
            other = self.one(seen)
            return (joined(rng, one, other) if other is not None else None) or one
        if (draw := draw - _JOINED) < _REPEATED:
            return repeated(rng, one, self.codebook) or one
        if (draw := draw - _REPEATED) < _GONE:
            return gone(rng, one, self.codebook) or one
        if (draw := draw - _GONE) < _MISTAKEN:
            return mistaken(rng, one, self.codebook) or one
        if draw - _MISTAKEN < _FOREIGN and self.other is not None:
            return foreign(rng, self.codebook, seen, self.other) or one
        return one

    def _filled(self, skill: Skill, seen: Observation) -> tuple[dict[str, Value] | None, dict[str, str]]:
        """Values for a skill's arguments at random, no thing twice, and how each is said; None where there is none."""
        values: dict[str, Value] = {}
        told: dict[str, str] = {}
        for name, argument in skill.args.items():
            if isinstance(argument, EntityArgument):
                things = [e for e in seen.entities if e.kind in argument.kinds and e.id not in values.values()]
                if not things:
                    return None, {}
                thing = self.rng.choice(things)
                values[name], told[name] = thing.id, _spoken(self.rng, thing)
            elif isinstance(argument, NumberArgument):
                ticks = [n for n in range(argument.low, argument.high + 1) if argument.value(n) not in (0, 1)]
                tick = self.rng.choice(ticks)
                values[name], told[name] = argument.value(tick), argument.text_of(tick)
            else:
                assert isinstance(argument, ChoiceArgument)
                values[name] = word = self.rng.choice(argument.texts)
                told[name] = word.replace("_", " ")
        return values, told


def _spoken(rng: random.Random, thing: Entity) -> str:
    """A thing as people speak of it."""
    letter, words = thing.properties.get("letter"), thing.id.replace("_", " ")
    if letter is not None:
        return f"the letter {str(letter).upper()}"
    return thing.id if rng.random() < 0.12 else words if rng.random() < 0.12 else f"the {words}"


def _with_goal(rng: random.Random, one: Said, task: str, plan: TaskPlan) -> Said | None:
    """An errand before or after a task that has a goal."""
    task, text = task.rstrip(".!? "), one.text.rstrip(".!?")
    if len(task) > _LONGEST or len(one.plans[0].items) != 1:
        return None
    first, sentences = rng.random() < 0.5, any(mark in task for mark in ".!?\n")
    form = rng.choice(_SENTENCES if sentences else _THEN)
    begins = task[0].lower() + task[1:] if task[1:2].islower() and not sentences else task
    items = (*one.plans[0].items, *plan.items) if first else (*plan.items, *one.plans[0].items)
    told = form.format(text, begins) if first else form.format(task, text)
    return Said("sequence", told, (TaskPlan(items),), (), one.observation)


_THEN = ("{0}, then {1}", "{0} and then {1}", "first {0}, then {1}", "{0}. After that {1}")
_SENTENCES = ("{0}. After that {1}", "{0}. Then {1}", "{0}. When that is done, {1}")


def _only(plans: Sequence[TaskPlan], names: frozenset[str]) -> bool:
    """Whether plans have nothing but commands of these skills."""
    return bool(plans) and all(
        isinstance(item, Do) and item.command.skill in names for plan in plans for item in plan.items
    )


def _worded(book: Book, role: str) -> list[str]:
    """What asks for a skill that codebooks of this kind have, by the names that its arguments have here."""
    skill = book.codebook.skills[book.names.skills[role]]
    names = book.names.arguments[role]
    if skill.args.keys() != set(names.values()):
        return []
    if not all(isinstance(argument, NumberArgument) for argument in skill.args.values()):
        return []
    return [text.format(**{usual: f"{{{name}}}" for usual, name in names.items()}) for text in _own()[role]]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _pool() -> Mapping[str, Mapping[str, Any]]:
    return {str(name): entry for name, entry in training_pools().names["distractors"].items()}


@cache
def _own() -> Mapping[str, Sequence[str]]:
    return {str(role): texts for role, texts in training_pools().names["own"].items()}
