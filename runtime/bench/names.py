"""The same tasks with things that go by other names: shorter ones, and ones with a number at the end."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from codeword.codebook.choices import Node
from codeword.codebook.goals import goal_graph, goal_prompt
from codeword.codebook.observation import Observation
from codeword.codebook.prompt import Prompt
from codeword.controller.engine import Engine
from codeword.controller.teaching.lessons import Lesson
from codeword.runtime.statistics import quantile

from .unseen import figures, share, unseen

Naming = Callable[[Sequence[str]], dict[str, str]]


def _as_they_are(ids: Sequence[str]) -> dict[str, str]:
    return {each: each for each in ids}


def _short(ids: Sequence[str]) -> dict[str, str]:
    """Without the last word, where what is left is the name of nothing else."""
    cut = {each: each.rpartition("_")[0] or each for each in ids}
    taken = [*ids, *cut.values()]
    return {each: name if taken.count(name) == 1 else each for each, name in cut.items()}


def _numbered(ids: Sequence[str]) -> dict[str, str]:
    return {each: f"{each}_{number}" for number, each in enumerate(ids, 1)}


NAMINGS: Mapping[str, Naming] = {"as they are": _as_they_are, "short": _short, "numbered": _numbered}
"""Ways to name the things of a kind that has several, the first of them that of the shipped codebooks."""


class Asked(NamedTuple):
    """A goal that is asked for under other names."""

    prompt: Prompt
    graph: Node
    right: tuple[str, ...]


def asked_by(lesson: Lesson, naming: Naming) -> Asked:
    """A lesson about a goal with the things that are seen named otherwise, in the task as well where it says names."""
    codebook, seen = lesson.book.codebook, lesson.observation
    kinds = [entity.kind for entity in seen.entities]
    names = naming([entity.id for entity in seen.entities if kinds.count(entity.kind) > 1])

    def renamed(text: str) -> str:
        return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), text)

    observation = Observation.model_validate_json(renamed(seen.model_dump_json()))
    task = renamed(lesson.task)
    graph = goal_graph(codebook, observation, task)
    return Asked(goal_prompt(codebook, task, observation), graph, tuple(map(renamed, lesson.right)))


def bench_names(engine: Engine, split: str, n: int, advance: Callable[[], None]) -> dict[str, Any]:
    """So many goals that nobody was taught with, their things named in every way. Tasks about something that is not
    seen are left out: it goes by the name that the codebook's own names suggest.
    """
    right: dict[str, list[bool]] = {name: [] for name in NAMINGS}
    tokens: dict[str, list[int]] = {name: [] for name in NAMINGS}
    for ways in islice(_in_every_way(split), n):
        for name, asked in ways.items():
            made = engine.decide(asked.prompt, asked.graph)
            right[name].append(made.text in asked.right)
            tokens[name].append(made.prompt_tokens)
        advance()
    rows = [{"names": name, **share(right[name]), "prompt_tokens_p50": quantile(tokens[name], 0.5)} for name in NAMINGS]
    return figures(engine, split, rows)


def _in_every_way(split: str) -> Iterator[dict[str, Asked]]:
    for lesson in unseen(split):
        if lesson.act == "goal":
            ways = {name: asked_by(lesson, naming) for name, naming in NAMINGS.items()}
            if all(asked.graph.accepts(text) for asked in ways.values() for text in asked.right):
                yield ways
