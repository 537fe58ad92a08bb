"""Lessons in writing plans: the tasks of the corpus, multiplied, and those of the tabletop lessons whose goal is asked
for. The same for the same seed.
"""

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from codeword.codebook import Codebook, Observation
from codeword.codebook.choice_graph import Node
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.plan_prompt import plan_prompt
from codeword.codebook.prompt import Prompt
from codeword.codebook.task_plan import TaskPlan, read_plan
from codeword.controller.prior.of_task import plan_prior
from codeword.controller.prior.weighted import Weighted

from .absences import gone, mistaken
from .corpus_reader import Entry, files, read_entry
from .domains import LAYOUTS, TAUGHT, split_of
from .errands import Errands, with_errands
from .lessons import GoalLesson, Lesson, lessons
from .mixes import training_mix
from .multiply import (
    Said,
    beside,
    foreign,
    joined,
    renumbered,
    repeated,
    said,
    seen_without_facts,
    shuffled,
    undescribed,
    without_facts,
    words_of,
)
from .noise import noisy
from .pools_of import synonyms
from .things import crowded, described, placed, recast, renamed

_BEGINNING = (
    r"(?:(?<=^)|(?<=, )|(?<=; )|(?<=\. )|(?<=: )|(?<=\band )|(?<=\bthen )|(?<=\bplease )|(?<=\byou )|(?<=\bnow ))"
)
"""Where an order begins."""
_MOST = 2
"""So many words or phrases of a task are replaced at most."""


def reworded(rng: random.Random, task: str, known: Collection[str]) -> str:
    """A task in which a word or phrase or two have become others that mean the same. None comes in that has a word of
    those that are `known`, by the first five letters: it could mean something else there.
    """
    found = list(_pattern().finditer(task))
    rng.shuffle(found)
    changes: list[tuple[int, int, str]] = []
    for match in found[:_MOST]:
        others = [
            other
            for other in _others()[match[0].lower()]
            if not any(word[:5] in known for word in other.split() if len(word) > 3)
        ]
        if others:
            changes.append((*match.span(), rng.choice(others)))
    for begin, end, other in sorted(changes, reverse=True):
        as_begun = other[:1].upper() + other[1:] if task[begin].isupper() else other
        task = task[:begin] + as_begun + task[end:]
    return task


@cache
def _others() -> Mapping[str, Sequence[str]]:
    """By each word or phrase what may stand in its place."""
    found: dict[str, list[str]] = {}
    for group in (*synonyms()["orders"], *synonyms()["anywhere"]):
        for phrase in group:
            some = found.setdefault(phrase, [])
            some += [other for other in group if other != phrase and other not in some]
    return found


@cache
def _pattern() -> re.Pattern[str]:
    """Any of them in its place, the longest first, but within no id; one with a particle of its own is another."""
    orders, anywhere = (_one_of(synonyms()[where]) for where in ("orders", "anywhere"))
    return re.compile(
        rf"(?:{_BEGINNING}(?:{orders})|(?<![\w-])(?:{anywhere}))(?![\w-])(?!\s+(?:up|down|on|off|out|over|in)\b)",
        re.IGNORECASE,
    )


def _one_of(groups: Sequence[Sequence[str]]) -> str:
    phrases = {phrase for group in groups for phrase in group}
    return "|".join(map(re.escape, sorted(phrases, key=lambda phrase: (-len(phrase), phrase))))


_JOINED, _REPEATED, _RENUMBERED, _GONE, _MISTAKEN, _FOREIGN = 0.18, 0.06, 0.15, 0.07, 0.08, 0.05
"""How often a task is made into another one, each way."""
_TABLETOP, _DIRECT = 0.45, 0.04
"""How many codebooks of those that are taught are for the tabletop, with plans and with single commands as answers."""
_ERRANDS, _ERRAND = 0.45, 0.5
"""How many tabletop codebooks have tasks for skills that no goal needs, and how many of their tasks these are."""

_TRIED = 4

_SHUFFLED, _BESIDE = 0.5, 0.2
"""How often the skills stand in another order, and beside those of another robot."""
_UNDESCRIBED, _WITHOUT_FACTS = 0.08, 0.1
"""How often skills have no description, and nothing is told of facts."""
_RECAST, _DESCRIBED, _PLACED, _CROWDED = 0.2, 0.12, 0.12, 0.25
"""How often a task is said of other things, tells what one is like, or where, and is among more, where it can be."""
_REWORDED, _RENAMED = 0.4, 0.3
"""How often a task is said in other words, and a thing has another name than people say, where it can be."""


@dataclass(frozen=True)
class PlanLesson:
    """A plan that is asked for: what is seen and told, what may be written, and what of it is right. `taught` is one of
    `right`. `act` is `plan` or `cannot`.
    """

    codebook: Codebook
    kind: str
    task: str
    observation: Observation
    prompt: Prompt
    graph: Node
    right: tuple[str, ...]
    taught: str
    act: str


def plan_lessons(seed: int, split: str, *, per_book: int, begin: int = 0) -> Iterator[Sequence["PlanLesson | Lesson"]]:
    """Lessons without end, so many of each codebook together, from one codebook by its number. Tasks of domains that
    are not taught are as the corpus has them.
    """
    number = begin
    while True:
        rng = random.Random(f"{seed}/plans/{number}")
        draw = rng.random() if split == TAUGHT else 1.0
        if split == LAYOUTS or draw < _TABLETOP:
            yield _of_tabletop(seed, number, per_book, errands=_ERRANDS if split == TAUGHT else 0.0)
        elif draw < _TABLETOP + _DIRECT:
            mix = replace(training_mix(), goals=False)
            group = next(lessons(seed, mix, per_book=per_book, begin=number))
            yield [lesson for lesson in group if isinstance(lesson, Lesson)]
        else:
            yield _of_corpus(rng, split, number, per_book)
        number += 1


def _of_tabletop(seed: int, number: int, most: int, errands: float) -> list[PlanLesson]:
    """Plans for one made-up tabletop codebook, or a few where one has no tasks whose goal can be asked for. In a share
    of them, `errands`, skills that no goal needs are asked for as well.
    """
    rng = random.Random(f"{seed}/tabletop/{number}")
    found: list[PlanLesson] = []
    for group in islice(lessons(seed, training_mix(), per_book=2 * most, begin=number), _TRIED):
        found = list(_with_errands(rng, group) if rng.random() < errands else filter(None, map(of_goal, group)))
        if len(found) >= most:
            break
    return found[:most]


def _with_errands(rng: random.Random, group: Sequence[Lesson | GoalLesson]) -> Iterator[PlanLesson]:
    """The plans of a group whose codebook has more skills that no goal needs, and some that are for these."""
    book = with_errands(rng, group[0].book) if rng.random() < 0.7 else group[0].book
    errands = Errands(rng, book, _another(rng) if rng.random() < 0.5 else None)
    for lesson in group:
        plan = of_goal(replace(lesson, book=errands.book))
        if plan is None:
            continue
        aimed = (lesson.task, read_plan(errands.codebook, plan.taught)) if plan.act == "plan" else None
        said = errands.varied(lesson.observation, aimed) if rng.random() < _ERRAND else None
        text = "" if said is None else noisy(rng, said.text, _kept(lesson.observation))
        yield (plan_lesson(rng, errands.codebook, said, text) if said is not None else None) or plan


def _of_corpus(rng: random.Random, split: str, number: int, most: int) -> list[PlanLesson]:
    books = books_of(split)
    entry = read_once(rng.choice(books) if split == TAUGHT else books[number % len(books)])
    found: list[PlanLesson] = []
    while len(found) < most:
        found += _varied(rng, entry, most) if split == TAUGHT else _plain(rng, entry, most)
    return found[:most]


@cache
def books_of(split: str) -> tuple[Path, ...]:
    """The files of a split's codebooks."""
    return tuple(path for path in files() if split_of(path.parent.name) == split)


@cache
def read_once(path: Path) -> Entry:
    """A codebook with its tasks, kept for next time."""
    return read_entry(path)


def _plain(rng: random.Random, entry: Entry, most: int) -> list[PlanLesson]:
    tasks = rng.sample(entry.tasks, min(most, len(entry.tasks)))
    return [lesson for task in tasks if (lesson := plan_lesson(rng, entry.codebook, said(rng, task)))]


def _another(rng: random.Random) -> Entry:
    """Any codebook that is taught."""
    return read_once(rng.choice(books_of(TAUGHT)))


def _varied(rng: random.Random, entry: Entry, most: int) -> list[PlanLesson]:
    """Some lessons of a codebook as somebody else might have written it."""
    codebook, strange = entry.codebook, frozenset[str]()
    if rng.random() < _SHUFFLED:
        codebook = shuffled(rng, codebook)
    if rng.random() < _BESIDE:
        codebook, strange = beside(rng, codebook, _another(rng).codebook)
    codebook = undescribed(codebook) if rng.random() < _UNDESCRIBED else codebook
    codebook = without_facts(codebook) if rng.random() < _WITHOUT_FACTS else codebook
    found = []
    for task in rng.sample(entry.tasks, min(most, len(entry.tasks))):
        one = _changed(rng, codebook, entry, said(rng, task))
        one = one if codebook.predicates or codebook.derived else seen_without_facts(one)
        if one.cannot and strange:
            continue  # one of the other robot's skills may do it
        if rng.random() < _REWORDED:
            one = replace(one, text=reworded(rng, one.text, words_of(codebook, one.observation)))
        if rng.random() < _RENAMED:
            one = renamed(rng, one, codebook) or one
        lesson = plan_lesson(rng, codebook, one, noisy(rng, one.text, _kept(one.observation)))
        found += [lesson] if lesson is not None else []
    return found


def _kept(seen: Observation) -> frozenset[str]:
    """The words of things' names, in which nobody mistypes."""
    return frozenset(word for entity in seen.entities for word in entity.id.split("_"))


def _elsewhere(rng: random.Random, codebook: Codebook, one: Said) -> Said:
    """A task, often among other things."""
    if rng.random() < _RECAST:
        one = recast(rng, one, codebook) or one
    if rng.random() < _DESCRIBED:
        one = described(rng, one) or one
    if rng.random() < _PLACED:
        one = placed(rng, one) or one
    return (crowded(rng, one, codebook) if rng.random() < _CROWDED else None) or one


def _changed(rng: random.Random, codebook: Codebook, entry: Entry, one: Said) -> Said:
    """A task, often made into another one, and often among other things."""
    if rng.random() < _RENUMBERED:
        one = renumbered(rng, one, codebook) or one
    draw = rng.random()
    if draw < _JOINED + _REPEATED:  # what is joined must be of one scene
        return _elsewhere(rng, codebook, _made(rng, draw, codebook, entry, one) or one)
    one = _elsewhere(rng, codebook, one)
    one = _made(rng, draw, codebook, entry, one) or one
    return (mistaken(rng, one, codebook) if rng.random() < _MISTAKEN else None) or one


def _made(rng: random.Random, draw: float, codebook: Codebook, entry: Entry, one: Said) -> Said | None:
    """Another task out of one, in a way that a draw (0 to 1) chooses; None where there is none."""
    if draw < _JOINED:
        return joined(rng, one, said(rng, rng.choice(entry.tasks)))
    if (draw := draw - _JOINED) < _REPEATED:
        return repeated(rng, one, codebook)
    if (draw := draw - _REPEATED) < _GONE:
        return gone(rng, one, codebook)
    if draw - _GONE < _FOREIGN:
        return foreign(rng, codebook, one.observation, _another(rng))
    return None


def plan_lesson(rng: random.Random, codebook: Codebook, one: Said, text: str = "") -> PlanLesson | None:
    """The lesson of one thing that is said; None where nothing that is right can be written for it."""
    text = text or one.text
    graph = _graph(codebook, one.observation, text)
    plans = [plan for plan in one.plans if graph.accepts(plan.text)]
    right = [plan.text for plan in plans] or [TaskPlan((), reason).text for reason in one.cannot]
    if not right:
        return None
    taught = right[0] if rng.random() < 0.8 else rng.choice(right)
    prompt = plan_prompt(codebook, text, one.observation)
    act = "plan" if one.plans else "cannot"
    return PlanLesson(codebook, one.kind, text, one.observation, prompt, graph, tuple(right), taught, act)


def _graph(codebook: Codebook, observation: Observation, task: str) -> Node:
    return Weighted.of(plan_graph(codebook, observation, task), plan_prior(codebook, task, observation, {}))


def of_goal(lesson: Lesson | GoalLesson) -> PlanLesson | None:
    """A tabletop lesson that asks for a goal, as one that asks for a plan; None for another, and where the plan that is
    taught cannot be written.
    """
    if not isinstance(lesson, GoalLesson):
        return None
    codebook = lesson.book.codebook
    graph = _graph(codebook, lesson.observation, lesson.task)
    right = tuple(plan.text for plan in lesson.right if graph.accepts(plan.text))
    taught = lesson.taught.text
    if taught not in right:
        return None
    act = "cannot" if lesson.taught.cannot else "plan"
    prompt = plan_prompt(codebook, lesson.task, lesson.observation)
    return PlanLesson(codebook, lesson.kind, lesson.task, lesson.observation, prompt, graph, right, taught, act)
