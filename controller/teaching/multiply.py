"""More tasks out of those of the corpus: two joined, one repeated, other numbers, tasks of other codebooks, the same
skills in another order and beside skills of other robots.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from codeword.codebook import Codebook, Observation
from codeword.codebook.action_prompt import MOST_SKILLS, simple_words
from codeword.codebook.arguments import NumberArgument
from codeword.codebook.command_codec import make_command
from codeword.codebook.quantities import find_quantities
from codeword.codebook.quantities.offer import number_slots, number_text
from codeword.codebook.skills import NOTHING, Skill
from codeword.codebook.task_plan import MOST_ITEMS, UNCLEAR, Do, TaskPlan

from .corpus_reader import Entry, Task

_THEN = ("{0}, then {1}", "{0} and then {1}", "first {0}, then {1}", "{0}. After that {1}", "{0}, and after that {1}")
_TIMES = {2: ("twice", "two times", "2x"), 3: ("three times", "3 times", "thrice"), 4: ("four times", "4 times"),
          5: ("five times", "5 times")}  # fmt: skip
_MOST_FOREIGN = 4
_TRIED = 8


@dataclass(frozen=True)
class Said:
    """One thing that is said, and what is right for it under a codebook: any of some plans, or of some reasons."""

    kind: str
    text: str
    plans: tuple[TaskPlan, ...]
    cannot: tuple[str, ...]
    observation: Observation


def said(rng: random.Random, task: Task) -> Said:
    """A task in one of its wordings."""
    return Said(task.kind, rng.choice(task.say), task.plans, task.cannot, task.observation)


def joined(rng: random.Random, one: Said, other: Said) -> Said | None:
    """Both in one sentence, in their order; None where that is no plan, or where it is not clear what would be right.

    Only what stands by itself is joined: commands, in the same scene, whose words do not hang on what was said before.
    """
    if one.observation != other.observation or not (one.plans and other.plans) or len(one.text + other.text) > 140:
        return None
    first, second = one.plans[0], other.plans[0]
    if not all(isinstance(item, Do) for item in (*first.items, *second.items)) or first == second:
        return None
    if len(first.items) + len(second.items) > MOST_ITEMS or first.items[-1:] == second.items[:1]:
        return None
    text = rng.choice(_THEN).format(one.text.rstrip(".!?"), other.text)
    return Said("sequence", text, (TaskPlan(first.items + second.items),), (), one.observation)


def repeated(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """One command several times, where nothing says that once is as good as twice."""
    if len(one.plans) != 1 or len(one.plans[0].items) != 1 or find_quantities(one.text):
        return None
    (item,) = one.plans[0].items
    if not isinstance(item, Do) or item.times > 1:
        return None
    skill = codebook.skills[item.command.skill]
    if skill.effects or any(isinstance(argument, NumberArgument) for argument in skill.args.values()):
        return None
    times = rng.choice(list(_TIMES))
    text = f"{one.text.rstrip('.!?')} {rng.choice(_TIMES[times])}"
    return Said("sequence", text, (TaskPlan((Do(item.command, times),)),), (), one.observation)


def renumbered(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """Another number in words and plan, where one number of the text is one number of the plan, in the same unit."""
    if len(one.plans) != 1:
        return None
    quantities = find_quantities(one.text, [e.id for e in one.observation.entities])
    slots = {(slot.skill, slot.name): slot for slot in number_slots(codebook)}
    places = [
        (at, item, name, value)
        for at, item in enumerate(one.plans[0].items)
        if isinstance(item, Do)
        for name, value in item.command.args.items()
        if isinstance(codebook.skills[item.command.skill].args[name], NumberArgument)
    ]
    if len(quantities) != 1 or len(places) != 1:
        return None
    (quantity,), ((at, item, name, value),) = quantities, places
    argument = codebook.skills[item.command.skill].args[name]
    assert isinstance(argument, NumberArgument) and isinstance(value, int | float)
    slot = slots.get((item.command.skill, name))
    if quantity.unit is not None and (slot is None or slot.unit != quantity.unit):
        return None
    written, number = number_text(quantity.value), Fraction(str(value))
    if abs(number) != quantity.value or one.text.count(written) != 1 or written not in quantity.words:
        return None
    step = Fraction(argument.step)
    sign = -1 if number < 0 else 1
    values = [n * step for n in range(argument.low, argument.high + 1) if n * step * sign > 0]
    if len(values) < 2:
        return None
    chosen = rng.choice(values)
    args = dict(item.command.args) | {name: _plain(chosen)}
    items = list(one.plans[0].items)
    items[at] = Do(make_command(codebook, item.command.skill, args), item.times)
    text = one.text.replace(written, number_text(abs(chosen)))
    return replace(one, text=text, plans=(TaskPlan(tuple(items)),))


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def foreign(rng: random.Random, codebook: Codebook, seen: Observation, other: Entry) -> Said | None:
    """A task of another codebook, none of whose words this one knows: to be refused."""
    known = words_of(codebook, seen)
    tasks = [task for task in other.tasks if task.plans]
    for task in rng.sample(tasks, min(len(tasks), _TRIED)):
        text = rng.choice(task.say)
        if not stems(text) & known:
            return Said("refusal", text, (), (UNCLEAR,), seen)
    return None


def words_of(codebook: Codebook, seen: Observation) -> frozenset[str]:
    """The stems of all words of a codebook's texts and things."""
    texts = [codebook.description, *(skill.description for skill in codebook.skills.values())]
    texts += [name for skill in codebook.skills.values() for name in (skill.name, *skill.args)]
    texts += [*codebook.kinds, *codebook.predicates, *(entity.id for entity in seen.entities)]
    texts += [example.task for example in codebook.examples]
    return frozenset().union(*map(stems, texts))


def stems(text: str) -> frozenset[str]:
    """The first five letters of every word that says something."""
    return frozenset(word[:5] for word in simple_words(text.replace("_", " ")))


def shuffled(rng: random.Random, codebook: Codebook) -> Codebook:
    """The same codebook with its skills in another order."""
    names = list(codebook.skills)
    rng.shuffle(names)
    return replace(codebook, skills={name: codebook.skills[name] for name in names})


def undescribed(codebook: Codebook) -> Codebook:
    """The same codebook with nothing said of its skills but their names."""
    skills = {name: replace(skill, description=name.replace("_", " ")) for name, skill in codebook.skills.items()}
    return replace(codebook, skills=skills)


def without_facts(codebook: Codebook) -> Codebook:
    """The same codebook as somebody writes it who declares no facts: its skills can be named and not planned with."""
    skills = {name: replace(skill, preconditions=NOTHING, effects=()) for name, skill in codebook.skills.items()}
    return replace(codebook, skills=skills, predicates={}, derived={})


def seen_without_facts(one: Said) -> Said:
    """The same task where nobody looks at facts."""
    return replace(one, observation=one.observation.model_copy(update={"facts": ()}))


def beside(rng: random.Random, codebook: Codebook, other: Codebook) -> tuple[Codebook, frozenset[str]]:
    """A codebook with some skills of another one, of which nothing that it says reminds; and the stems of these."""
    mine = frozenset().union(*(stems(f"{s.name} {s.description}") for s in codebook.skills.values()))
    fitting = {
        name: skill
        for name, skill in other.skills.items()
        if _is_alone(skill) and name not in codebook.skills and not stems(f"{name} {skill.description}") & mine
    }
    room = min(_MOST_FOREIGN, MOST_SKILLS - len(codebook.skills), len(fitting))
    if room < 1:
        return codebook, frozenset()
    taken = rng.sample(sorted(fitting), rng.randint(1, room))
    skills: Mapping[str, Skill] = {**codebook.skills, **{name: fitting[name] for name in taken}}
    names = list(skills)
    rng.shuffle(names)
    strange = frozenset().union(*(stems(f"{name} {fitting[name].description}") for name in taken))
    return replace(codebook, skills={name: skills[name] for name in names}), strange


def _is_alone(skill: Skill) -> bool:
    """Whether a skill speaks of nothing but itself: no things, no facts."""
    return skill.ends is None and not skill.entity_args and not skill.effects and skill.preconditions == NOTHING
