"""Lessons of one codebook, out of nothing but itself: its examples, multiplied, and wordings made of its skills' names
and descriptions, in scenes made up of its things; with some lessons of other codebooks, so that these are not
forgotten. The same for the same seed.

A plan is taught only in a scene in which it can be carried out.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from codeword.codebook import Codebook, Observation
from codeword.codebook.errors import InputError
from codeword.codebook.plan_numbers import check_numbers
from codeword.codebook.plan_trace import trace
from codeword.codebook.stop_words import is_stop, plain_words

from .absences import gone, mistaken
from .domains import TAUGHT
from .exchange import exchanged
from .lessons import Lesson
from .made_scenes import Kinds, made_scene, scene_for, things_of
from .multiply import Said, foreign, joined, renumbered, repeated
from .noise import noisy
from .plan_lessons import PlanLesson, books_of, plan_lesson, plan_lessons, read_once
from .set_aside import Saying, Split, Words
from .wordings_of_skills import asked

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
        lot = rng.random()
        if lot < _JOINED:
            other, source = self._another(rng, one.observation)
            both = joined(rng, one, other) if other is not None and self._is_right(other) else None
            one, sources = (both, [*sources, *source]) if both is not None else (one, sources)
        elif (lot := lot - _JOINED) < _REPEATED:
            one = repeated(rng, one, self._codebook) or one
        elif (lot := lot - _REPEATED) < _GONE:
            one = gone(rng, one, self._codebook) or one
        elif (lot := lot - _GONE) < _MISTAKEN:
            one = mistaken(rng, one, self._codebook) or one
        elif lot - _MISTAKEN < _FOREIGN:
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
