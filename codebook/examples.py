"""Ways in which people ask for things, as a codebook gives them, and which of them are nearest to a task.

skills:
  bark:
    examples:
      - speak                                # no arguments
      - bark three times: {times: 3}           # the skill's arguments
examples:                                    # of the codebook: whole tasks with their plans
  - task: sit down, then bark twice
    plan: [sit, bark: {times: 2}]
  - task: sing me a song
    cannot: unclear

A plan says a skill by the name that it has in the files, as steps do, or by the name that `rename` gives it. What an
included file says of a skill that was removed is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .action_prompt import rarity, simple_words
from .compose import Parts
from .errors import did_you_mean
from .load_skills import Entry
from .plan_notation import read_notation
from .skills import Codebook
from .task_plan import TaskPlan, reasons
from .yaml_source import List_, Mapping_, Place, Source, check_keys, shown

MOST_CHARACTERS = 300


@dataclass(frozen=True)
class Example:
    """What somebody may say, and the plan that is right for it."""

    task: str
    plan: TaskPlan


def read_examples(
    codebook: Codebook, entries: Iterable[Entry], names: Mapping[str, str], parts: Parts
) -> Iterator[Example]:
    """The examples of a codebook's skills, by their entries and the names that these have now, and those of its files;
    faults are noted in their sources.
    """
    for entry in entries:
        if isinstance(entry.value, Mapping_) and "examples" in entry.value:
            reader = _Reader(codebook, entry.source, names)
            at = entry.value.value_at("examples")
            yield from reader.of_skill(names[entry.name], entry.value.get("examples"), at)
    for source in parts.sources:
        if "examples" in source.root:
            reader = _Reader(codebook, source, names)
            listed = reader.listed(
                source.root.get("examples"), source.root.value_at("examples"), "whole tasks with their plans"
            )
            yield from reader.of_codebook(one for one in listed if not parts.is_removed(source, one[0]))


class _Reader:
    def __init__(self, codebook: Codebook, source: Source, names: Mapping[str, str]) -> None:
        self.codebook, self.source, self.names = codebook, source, names

    def of_skill(self, skill: str, value: Any, at: Place) -> Iterator[Example]:
        for given, place in self.listed(value, at, "ways to ask for it, such as: bark twice: {times: 2}"):
            task: Any = given
            item: Any = skill
            if isinstance(given, Mapping_) and len(given.data) == 1:
                ((task, arguments),) = given.data.items()
                item = Mapping_(type(given.data)({skill: arguments}), place)
            if not isinstance(task, str) or "{" in task:
                self.source.fault(
                    "an example is what is said, or 'what is said: {argument: value}' with no quotes around the whole, "
                    f"not '{shown(given)}'",
                    place,
                )
                continue
            plan = read_notation(self.codebook, self.source, item, place)
            if plan is not None and self.is_said(task, place):
                yield Example(task, plan)

    def of_codebook(self, listed: Iterable[tuple[Any, Place]]) -> Iterator[Example]:
        for given, place in listed:
            if not isinstance(given, Mapping_):
                self.source.fault(f"an example has a task and a plan, not '{shown(given)}'", place)
                continue
            if not check_keys(self.source, given, "the example", ("task",), ("plan", "cannot")):
                continue
            if ("plan" in given) == ("cannot" in given):
                self.source.fault("an example has either a plan or 'cannot'", place)
                continue
            task = given.get("task")
            plan = self.cannot(given) if "cannot" in given else self.plan(given)
            if plan is not None and self.is_said(task, given.value_at("task")):
                yield Example(task, plan)

    def listed(self, value: Any, at: Place, what: str) -> Iterable[tuple[Any, Place]]:
        if not isinstance(value, List_):
            self.source.fault(f"'examples' lists {what}", at)
            return ()
        return value

    def plan(self, given: Mapping_) -> TaskPlan | None:
        return read_notation(self.codebook, self.source, given.get("plan"), given.value_at("plan"), self.names)

    def cannot(self, given: Mapping_) -> TaskPlan | None:
        reason, known = given.get("cannot"), reasons(self.codebook)
        if reason in known:
            return TaskPlan((), str(reason))
        self.source.fault(f"unknown reason '{reason}'{did_you_mean(str(reason), known)}", given.value_at("cannot"))
        return None

    def is_said(self, task: Any, at: Place) -> bool:
        if isinstance(task, str) and task.strip() and len(task) <= MOST_CHARACTERS and "\n" not in task.strip():
            return True
        self.source.fault(f"a task is one line of at most {MOST_CHARACTERS} characters", at)
        return False


def nearest(codebook: Codebook, task: str, most: int) -> list[Example]:
    """The examples that share most words with a task, rarer words counting more, the nearest last; none that shares
    nothing. Equals stand in the codebook's order.
    """
    said, weights = simple_words(task), rarity(codebook)
    scored: list[tuple[float, int, Example]] = []
    for number, example in enumerate(codebook.examples):
        words = simple_words(example.task)
        shared = sum(weights.get(word, 1.0) for word in said & words)
        if shared:
            scored.append((shared / max(1, len(words | said)), -number, example))
    return [example for _, _, example in sorted(scored, key=lambda one: one[:2])[-most:]]
