"""Tasks of the corpus for somebody who has not seen their plans, and how often that reader agrees with it.

A part of a sample is a text to read, with each codebook and what is seen, and a file to answer in:

    answers:
      - {task: 12, plan: [drive: {distance_m: 0.5}, stop]}
      - {task: 13, cannot: true}
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codeword.codebook.errors import FileError, InputError
from codeword.codebook.plan_notation import read_notation
from codeword.codebook.plan_trace import same_outcome
from codeword.codebook.task_plan import TaskPlan
from codeword.codebook.yaml_source import List_, Mapping_, parse_yaml
from codeword.controller.teaching.corpus_reader import Entry, Task, files
from codeword.controller.teaching.plan_lessons import read_once

_KEYS = "sample.json"


@dataclass(frozen=True)
class Asked:
    """A task in one of its wordings."""

    entry: Entry
    task: Task
    words: str


@dataclass(frozen=True)
class Answered:
    """What a reader would do for a task, None where nothing; and whether the corpus says the same."""

    asked: Asked
    plan: TaskPlan | None
    agrees: bool


def drawn(n: int, seed: int) -> list[Asked]:
    """n tasks by seed, from as many codebooks as there can be, in the order of codebooks."""
    rng, paths = random.Random(seed), files()
    chosen: list[tuple[Path, int]] = []
    while len(chosen) < n:
        for path in rng.sample(paths, min(len(paths), n - len(chosen))):
            left = set(range(len(read_once(path).tasks))) - {number for other, number in chosen if other == path}
            if not left:
                raise InputError(f"there are fewer than {n} tasks")
            chosen.append((path, rng.choice(sorted(left))))
    entries = [(read_once(path), number) for path, number in sorted(chosen)]
    return [Asked(entry, entry.tasks[number], rng.choice(entry.tasks[number].say)) for entry, number in entries]


def write_sample(folder: Path, n: int, seed: int, parts: int) -> None:
    """Write a sample in parts to read; nothing in them tells what is right."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _KEYS).write_text(json.dumps({"n": n, "seed": seed, "parts": parts}))
    some = list(enumerate(drawn(n, seed)))
    for part in range(parts):
        own = some[part * n // parts : (part + 1) * n // parts]
        (folder / f"part-{part}.md").write_text("".join(_told(own)), encoding="utf-8")


def read_sample(folder: Path) -> list[Answered]:
    """The answers to a sample, as far as there are any. Raises InputError where they cannot be read."""
    told = json.loads((folder / _KEYS).read_text())
    some = drawn(told["n"], told["seed"])
    return [one for path in sorted(folder.glob("answers-*.yaml")) for one in _answers(path, some)]


def _told(some: Sequence[tuple[int, Asked]]) -> Iterator[str]:
    shown: Entry | None = None
    for number, asked in some:
        if asked.entry is not shown:
            shown = asked.entry
            yield f"\n# Codebook {shown.codebook.name}\n\n```yaml\n{shown.path.read_text(encoding='utf-8')}```\n"
        seen = asked.task.observation
        there = ", ".join(f"{entity.id} ({entity.kind})" for entity in seen.entities) or "nothing"
        facts = ", ".join(map(str, seen.facts)) or "none"
        yield f"\n## Task {number}\n\nThere: {there}\nTrue now: {facts}\nSomebody says: {asked.words}\n"


def _answers(path: Path, some: Sequence[Asked]) -> Iterator[Answered]:
    source = parse_yaml(path.read_text(encoding="utf-8"), str(path), FileError)
    listed = source.root.get("answers")
    if not isinstance(listed, List_):
        raise InputError(f"{path}: 'answers' is a list")
    for value, at in listed:
        number = value.get("task") if isinstance(value, Mapping_) else None
        if not isinstance(value, Mapping_) or not isinstance(number, int) or not 0 <= number < len(some):
            raise InputError(f"{path}:{at[0]}: an answer names its task by a number below {len(some)}")
        asked, plan = some[number], None
        if "plan" in value:
            plan = read_notation(asked.entry.codebook, source, value.get("plan"), value.value_at("plan"))
            if plan is None:
                raise InputError("; ".join(map(str, source.faults)))
        yield Answered(asked, plan, _agrees(asked, plan))


def _agrees(asked: Asked, plan: TaskPlan | None) -> bool:
    if plan is None:
        return not asked.task.plans
    book, seen = asked.entry.codebook, asked.task.observation
    return any(same_outcome(book, one, plan, seen) for one in asked.task.plans)
