"""Lessons of one codebook, out of nothing but itself: its examples, multiplied, and wordings made of its skills' names
and descriptions, in scenes made up of its things; with some lessons of other codebooks, so that these are not
forgotten. The same for the same seed.

A plan is taught only in a scene in which it can be carried out.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codeword.codebook import Codebook, Observation
from codeword.codebook.arguments import ChoiceArgument, EntityArgument, ListArgument
from codeword.codebook.command import Value
from codeword.codebook.command_codec import make_command, things_in
from codeword.codebook.errors import InputError
from codeword.codebook.fact_kinds import place_kinds
from codeword.codebook.facts import Fact
from codeword.codebook.goals import read_goal
from codeword.codebook.grounding import Grounder, changing, literals
from codeword.codebook.observation import Entity
from codeword.codebook.operators import Operator, operators
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.plan_trace import trace
from codeword.codebook.state import FactState
from codeword.codebook.stop_words import is_stop, plain_words
from codeword.codebook.task_plan import Achieve, Do, Item, TaskPlan, goal_words, things_named

from .absences import gone, mistaken
from .domains import TAUGHT
from .lessons import Lesson
from .multiply import Said, foreign, joined, renumbered, repeated
from .noise import noisy
from .plan_lessons import PlanLesson, books_of, plan_lesson, plan_lessons, read_once
from .set_aside import Saying, Split, Words
from .wordings_of_skills import asked

_MOST_OF_KIND = 4
_QUALITIES = (
    "big", "small", "old", "new", "left", "right", "front", "rear", "first", "second", "upper", "lower", "north",
    "south", "east", "west", "near", "far", "round", "long", "wide", "main", "spare",
)  # fmt: skip
_SO = 0.6
"""How often a thing has a fact that no skill brings about."""

_SCENES_TRIED = 12
"""So many scenes are made up before it is said that a plan can be carried out in none."""

Kinds = Mapping[str, str]
"""Things by their ids, each with its kind."""


# Scenes made up for a codebook, with things and facts at random, in which plans can be carried out.
#
# Facts that skills change are those that carrying skills out leaves behind, so that they go together as effects say.


def things_of(codebook: Codebook, plans: Sequence[TaskPlan]) -> dict[str, str]:
    """The things that plans name, each with a kind that it can be of; without those of which nothing tells a kind."""
    takes: dict[str, tuple[str, ...]] = {}
    for plan in plans:
        for thing, kinds in _named(codebook, plan):
            narrower = tuple(kind for kind in takes.get(thing, kinds) if kind in kinds)
            takes[thing] = narrower or takes[thing]
    return {thing: _likeliest(thing, kinds) for thing, kinds in takes.items() if kinds}


def _named(codebook: Codebook, plan: TaskPlan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The ids that a plan names, each with the kinds that stand there."""
    known = place_kinds(codebook)
    for item in plan.items:
        if isinstance(item, Do):
            yield from things_named(codebook, item.command)
            continue
        for fact in (*item.goal.facts, *item.goal.denied):
            yield from zip(fact.args, known.get(fact.name, ()), strict=False)
        for group in item.goal.groups:
            yield from zip(group.places, known.get(group.name, ())[1:], strict=False)


def _likeliest(thing: str, kinds: Sequence[str]) -> str:
    """The kind that a thing's id tells, else the first."""
    return next((kind for kind in kinds if kind in thing), kinds[0])


def scene_for(rng: random.Random, codebook: Codebook, plans: Sequence[TaskPlan], known: Kinds) -> Observation | None:
    """A scene in which each of these plans can be carried out; None where none was found. Some of the things are
    `known`: such as the codebook's examples name.
    """
    needed = things_of(codebook, plans)
    for _ in range(_SCENES_TRIED):
        seen = made_scene(rng, codebook, needed, known)
        if all(plan.cannot or not trace(codebook, plan, seen).failure for plan in plans):
            return seen
    return None


def made_scene(rng: random.Random, codebook: Codebook, needed: Kinds, known: Kinds) -> Observation:
    """Things of every kind, the `needed` ones among them and some that are `known`, and facts that fit them."""
    kinds = dict(needed)
    listed = {name: words for name, words in codebook.properties.items() if words}
    for kind in codebook.kinds:
        mine = [thing for thing, of in known.items() if of == kind and thing not in kinds]
        there = sum(of == kind for of in kinds.values())
        wanted = max(there, rng.randint(1, _MOST_OF_KIND))
        for thing in rng.sample(mine, min(len(mine), wanted - there)):
            kinds[thing] = kind
        for name in _names(rng, kind):
            if sum(of == kind for of in kinds.values()) >= wanted:
                break
            kinds.setdefault(name, kind)
    ids = list(kinds)
    rng.shuffle(ids)
    entities = tuple(
        Entity(id=thing, kind=kinds[thing], properties={name: rng.choice(words) for name, words in listed.items()})
        for thing in sorted(ids, key=lambda thing: codebook.kinds.index(kinds[thing]))
    )
    bare = Observation(step=0, time_s=0.0, entities=entities, facts=())
    fixed = bare.model_copy(update={"facts": tuple(_fixed(rng, codebook, bare))})
    return fixed.model_copy(update={"facts": tuple(sorted(_left_behind(rng, codebook, fixed)))})


def _names(rng: random.Random, kind: str) -> Iterator[str]:
    """Ids for things of a kind: with numbers, or told apart by a quality."""
    if rng.random() < 0.4:
        yield from (f"{kind}_{number}" for number in range(1, _MOST_OF_KIND + 1))
    yield from (f"{quality}_{kind}" for quality in rng.sample(_QUALITIES, len(_QUALITIES)))


def _fixed(rng: random.Random, codebook: Codebook, seen: Observation) -> Iterator[Fact]:
    """Facts that no skill brings about, of things of the kinds that they take: at most one of a name for each thing."""
    made = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects if effect.adds}
    there, known = codebook.within_reach(seen), place_kinds(codebook)
    for name in codebook.predicates:
        if name in made:
            continue
        places = [[thing for kind in kinds for thing in there[kind]] for kinds in known[name]]
        if not places and rng.random() < _SO:
            yield Fact(name, ())
        for thing in places[0] if places else ():
            others = [[other for other in place if other != thing] for place in places[1:]]
            if all(others) and rng.random() < _SO:
                yield Fact(name, (thing, *(rng.choice(other) for other in others)))


def _left_behind(rng: random.Random, codebook: Codebook, seen: Observation) -> frozenset[Fact]:
    """The facts after some skills were carried out, the first of them as if what they need had been so."""
    state = codebook.state(seen)
    steps = operators(codebook, codebook.within_reach(seen), Grounder(codebook, state, changing(codebook)))
    rng.shuffle(steps)
    left = rng.randint(1, len(seen.entities) + 2)
    for step in steps:
        if left and (step.possible(state) or _may_have_been(step, state)):
            state, left = state.after(step.facts_after(state)), left - 1
    return state.facts


def _may_have_been(step: Operator, state: FactState) -> bool:
    """Whether a skill may have been carried out before anything that is so now: nothing like what it brings about is
    so, and nothing is that it needs not to be.
    """
    if not all(one.holds(state) for one in literals(step.needs) if not one.positive):
        return False
    added = [change for change in step.changes if change.adds]
    alike = [
        any(
            fact.name == change.name and (len(fact.args) < 2 or fact.args[0] == change.places[0])
            for fact in state.facts
        )
        for change in added
    ]
    return bool(added) and not any(alike)


def exchanged(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same with another thing of the same kind, or another word of a choice, where the text says the one that is
    there just once, in its own words; None where it says none.
    """
    if len(one.plans) != 1 or not one.plans[0].items:
        return None
    ways = list(dict.fromkeys((*_things(one, codebook), *_choices(one.plans[0], codebook))))
    rng.shuffle(ways)
    for old, new, is_thing in ways:
        text = _replaced(one.text, old, new)
        if text is not None:
            items = tuple(_with(codebook, item, old, new, is_thing) for item in one.plans[0].items)
            return replace(one, text=text, plans=(TaskPlan(items),))
    return None


def _things(one: Said, codebook: Codebook) -> Iterator[tuple[str, str, bool]]:
    """Things of a plan, each with others of its kind that the plan does not name."""
    kinds = {entity.id: entity.kind for entity in one.observation.entities}
    named = {word for item in one.plans[0].items for word in _words(codebook, item) if word in kinds}
    for old in sorted(named):
        yield from ((old, new, True) for new, kind in kinds.items() if kind == kinds[old] and new not in named)


def _words(codebook: Codebook, item: Item) -> Iterator[str]:
    if isinstance(item, Achieve):
        yield from (word for words in goal_words(item.goal) for word in words)
        return
    args = codebook.skills[item.command.skill].args
    for name, value in item.command.args.items():
        yield from things_in(args[name], value)


def _choices(plan: TaskPlan, codebook: Codebook) -> Iterator[tuple[str, str, bool]]:
    """Words of choices that a plan has once, each with the others."""
    found: list[tuple[str, ChoiceArgument]] = [
        (str(value), argument)
        for item in plan.items
        if isinstance(item, Do)
        for name, value in item.command.args.items()
        if isinstance(argument := codebook.skills[item.command.skill].args[name], ChoiceArgument)
    ]
    for old, argument in found:
        if sum(old == other for other, _ in found) == 1 and argument.pattern is None:
            yield from ((old, new, False) for new in argument.choices if new != old)


def _replaced(text: str, old: str, new: str) -> str | None:
    """A text with one word, or an id, for another, blanks in place of underscores as before; None where it is not
    there just once.
    """
    plain = old.replace("_", " ")
    found = list(re.finditer(rf"(?<![\w-])(?:{re.escape(old)}|{re.escape(plain)})(?![\w-])", text, re.IGNORECASE))
    if len(found) != 1:
        return None
    word = new if "_" in found[0].group() else new.replace("_", " ")
    return f"{text[: found[0].start()]}{word}{text[found[0].end() :]}"


def _with(codebook: Codebook, item: Item, old: str, new: str, is_thing: bool) -> Item:
    if isinstance(item, Achieve):
        words = [[new if is_thing and word == old else word for word in fact] for fact in goal_words(item.goal)]
        return Achieve(read_goal(json.dumps({"goal": words})))
    declared = codebook.skills[item.command.skill].args
    kinds = (EntityArgument, ListArgument) if is_thing else (ChoiceArgument,)
    args = {
        name: _value(value, old, new) if isinstance(declared[name], kinds) else value
        for name, value in item.command.args.items()
    }
    return Do(make_command(codebook, item.command.skill, args), item.times)


def _value(value: Value, old: str, new: str) -> Value:
    if isinstance(value, tuple):
        return tuple(new if thing == old else thing for thing in value)
    return new if value == old else value


_OTHERS = 0.25
"""How many groups are of other codebooks."""

_EXAMPLE = 0.6
"""How often an example is said, and not what is made of a skill's name or description."""

_EXCHANGED, _RENUMBERED = 0.4, 0.4
_JOINED, _REPEATED, _GONE, _MISTAKEN, _FOREIGN = 0.16, 0.05, 0.05, 0.05, 0.08
"""How often what is said is made into something else, each way."""

_TOLD = 0.5
"""How often an example is told where what is said was made out of it. One that is said as it is is never told."""

_TRIED = 300
"""So many times one lesson is tried for."""


class CodebookLessons:
    """What a codebook is taught with. Nothing of the examples that are kept aside is in it, nor what says the same."""

    def __init__(self, split: Split, seed: int) -> None:
        """Raises InputError where none of the examples can be taught: `untaught` tells which cannot, and why."""
        self._split, self._seed, self._codebook = split, seed, split.codebook
        self._kept: frozenset[Words] = frozenset(one.words for one in split.kept)
        plans = [plan for one in split.taught for plan in one.plans]
        self._known: Kinds = things_of(self._codebook, plans)
        self._doing = [skill for skill in self._codebook.skills.values() if skill.ends is None]
        why = {one: self._why_not(one) for one in split.taught}
        self.untaught = {one.text: reason for one, reason in why.items() if reason}
        self._taught = [one for one, reason in why.items() if not reason]
        if not self._taught:
            text, reason = next(iter(self.untaught.items()))
            raise InputError(f"{self._codebook.name}: none of its examples can be taught; of '{text}' {reason}")

    def groups(self, per_group: int, begin: int = 0) -> Iterator[Sequence[PlanLesson | Lesson]]:
        """Lessons without end, so many of a codebook together, from one group by its number."""
        number = begin
        while True:
            rng = random.Random(f"{self._seed}/{self._codebook.name}/{number}")
            group: Sequence[PlanLesson | Lesson] = ()
            if rng.random() < _OTHERS:
                others = next(plan_lessons(self._seed, TAUGHT, per_book=per_group, begin=number))
                group = [lesson for lesson in others if plain_words(lesson.task) not in self._kept]
            yield group or [self.lesson(rng) for _ in range(per_group)]
            number += 1

    def lesson(self, rng: random.Random) -> PlanLesson:
        """One lesson of the codebook."""
        for _ in range(_TRIED):
            found = self._tried(rng)
            if found is not None:
                return found
        raise InputError(f"{self._codebook.name}: no lesson came of {_TRIED} tries")

    def scene(self, one: Saying) -> Observation:
        """The scene in which an example is tried, the same for the same seed: its plans can be carried out there if
        that can be.
        """
        rng = random.Random(f"{self._seed}/{self._codebook.name}/{one.text}")
        found = scene_for(rng, self._codebook, one.plans, self._known)
        return found or made_scene(rng, self._codebook, things_of(self._codebook, one.plans), self._known)

    def _why_not(self, one: Saying) -> str:
        """Why an example cannot be taught; empty where it can."""
        rng = random.Random(f"{self._seed}/{one.text}")
        said = self._said(rng, one)
        if said is None:
            return "the plan can be carried out in no scene that was made up for it"
        there = [entity.id for entity in said.observation.entities]
        refusals = [check_numbers(self._codebook, one.text, there, plan).refusal for plan in one.plans]
        if any(refusals):
            return f"the plan has other numbers than the text: {max(refusals)}"
        return "" if self._lesson(rng, said, one.text, self._codebook) else "the plan cannot be written for this text"

    def _tried(self, rng: random.Random) -> PlanLesson | None:
        sources = [rng.choice(self._taught)] if rng.random() < _EXAMPLE else []
        first = one = self._said(rng, sources[0]) if sources else self._asked(rng)
        if one is None:
            return None
        if sources and rng.random() < _EXCHANGED:
            one = exchanged(rng, one, self._codebook) or one
        if rng.random() < _RENUMBERED:
            one = renumbered(rng, one, self._codebook) or one
        draw = rng.random()
        if draw < _JOINED:
            other, source = self._another(rng, one.observation)
            both = joined(rng, one, other) if other is not None and self._is_right(other) else None
            one, sources = (both, [*sources, *source]) if both is not None else (one, sources)
        elif (draw := draw - _JOINED) < _REPEATED:
            one = repeated(rng, one, self._codebook) or one
        elif (draw := draw - _REPEATED) < _GONE:
            one = gone(rng, one, self._codebook) or one
        elif (draw := draw - _GONE) < _MISTAKEN:
            one = mistaken(rng, one, self._codebook) or one
        elif draw - _MISTAKEN < _FOREIGN:
            entry = read_once(rng.choice(books_of(TAUGHT)))
            one = foreign(rng, self._codebook, one.observation, entry) or one
        if not self._is_right(one):
            return None
        hidden = {source.words for source in sources if one is first or rng.random() >= _TOLD}
        told = tuple(example for example in self._codebook.examples if plain_words(example.task) not in hidden)
        whole = len(told) == len(self._codebook.examples)
        codebook = self._codebook if whole else replace(self._codebook, examples=told)
        things = frozenset(word for entity in one.observation.entities for word in entity.id.split("_"))
        return self._lesson(rng, one, noisy(rng, one.text, things), codebook)

    def _said(self, rng: random.Random, one: Saying, seen: Observation | None = None) -> Said | None:
        """An example in a scene; None where it goes into none."""
        seen = seen or scene_for(rng, self._codebook, one.plans, self._known)
        if seen is None:
            return None
        plans = tuple(plan for plan in one.plans if not plan.cannot)
        reasons = tuple(plan.cannot for plan in one.plans if plan.cannot) if not plans else ()
        return Said("refusal" if reasons else "example", one.text, plans, reasons, seen)

    def _asked(self, rng: random.Random, seen: Observation | None = None) -> Said | None:
        """A skill asked for in its own words."""
        seen = seen or made_scene(rng, self._codebook, {}, self._known)
        return asked(rng, self._codebook, rng.choice(self._doing), seen)

    def _another(self, rng: random.Random, seen: Observation) -> tuple[Said | None, list[Saying]]:
        """Something else that is said in a scene, and the example that it is."""
        if rng.random() >= _EXAMPLE:
            return self._asked(rng, seen), []
        one = rng.choice(self._taught)
        return self._said(rng, one, seen), [one]

    def _is_right(self, one: Said) -> bool:
        """Whether what is said may be taught: it is nothing that is kept aside and no stop word, its plans can be
        carried out where it is said, and their numbers are the text's.
        """
        if plain_words(one.text) in self._kept or is_stop(one.text, self._codebook.stop_words):
            return False
        there = [entity.id for entity in one.observation.entities]
        return all(
            not trace(self._codebook, plan, one.observation).failure
            and not check_numbers(self._codebook, one.text, there, plan).refusal
            for plan in one.plans
        )

    def _lesson(self, rng: random.Random, one: Said, text: str, codebook: Codebook) -> PlanLesson | None:
        if plain_words(text) in self._kept:
            return None
        return plan_lesson(rng, codebook, one, text)
