"""Scenario files: a world, a task in several wordings, what counts as done, and the budgets to keep."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from codeword.codebook import Codebook, CodebookError, load_codebook, parse_codebook
from codeword.codebook.budgets import Budget, Stage
from codeword.codebook.conditions import And, Condition
from codeword.codebook.errors import Fault, InputError, ScenarioError, did_you_mean
from codeword.codebook.parse import ParseError, Vocabulary, parse_condition
from codeword.codebook.yaml_source import List_, Mapping_, Place, Source, locate, parse_yaml, plain, read_text, rejoined
from codeword.sim import WorldSpec
from codeword.sim.event_spec import EventSpec

from .draw import Choice, DrawError, Filler, draw, read_choices
from .scenario_spec import LONGEST_TEXT, Clock, ScenarioSpec, TaskSpec

_SEEDS_CHECKED = 8
"""So many worlds of a scenario that draws are looked at when it is loaded."""


@dataclass(frozen=True)
class Scenario:
    """A scenario ready to run, with what its seed drew.

    `goal` is None where nothing is judged; `text` is the file's own, the same for every seed.
    """

    name: str
    spec: ScenarioSpec
    codebook: Codebook
    goal: Condition | None
    text: str
    path: str
    then_goal: Condition | None = None
    template: "_Template | None" = field(default=None, repr=False, compare=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the scenario's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def budgets(self) -> dict[Stage, Budget]:
        """How long each stage may take: as the scenario says, else as its codebook says."""
        return {**self.codebook.budgets, **self.spec.budgets}

    @property
    def suite(self) -> str:
        """The folder of the scenario's file; empty for one that was typed."""
        return Path(self.path).resolve().parent.name if Path(self.path).suffix else ""

    def seeded(self, seed: int) -> "Scenario":
        """The same scenario with what another seed draws."""
        if self.template is None or not self.template.choices:
            return self
        return replace(self.template.at(seed), codebook=self.codebook)

    def by_clock(self, clock: Clock) -> "Scenario":
        """The same scenario by another clock than its own."""
        return replace(self, spec=self.spec.model_copy(update={"clock": clock}), template=None)

    def wording(self, seed: int) -> str:
        """The task in the words that a seed picks."""
        wordings = (self.spec.task, *self.spec.wordings)
        return wordings[seed % len(wordings)]

    def changed(self) -> "Scenario":
        """The scenario from the event `retask` on; itself where it has none."""
        then = self.spec.then
        if then is None:
            return self
        task = {name: getattr(then, name) for name in TaskSpec.model_fields}
        return replace(self, spec=self.spec.model_copy(update=task), goal=self.then_goal)


def suites() -> Path:
    """The folder of the scenarios that come with the package."""
    return Path(str(resources.files("codeword.scenarios")))


def find_scenarios(names: tuple[str, ...]) -> list[Path]:
    """The scenario files that names stand for: files, folders, or shipped ones such as `tabletop/put_in_bowl`.

    Raises ScenarioError naming what was not found.
    """
    found: list[Path] = []
    for name in names:
        places = [Path(name), suites() / name, suites() / f"{name}.yaml"]
        place = next((place for place in places if name and _is_there(place)), None)
        if place is None:
            known = sorted(str(p.relative_to(suites()).with_suffix("")) for p in suites().rglob("*.yaml"))
            raise ScenarioError(
                Fault(f"no such scenario file, folder or shipped scenario{did_you_mean(name, known)}", name)
            )
        files = sorted(place.rglob("*.yaml")) if place.is_dir() else [place]
        if not files:
            raise ScenarioError(Fault("has no scenario (*.yaml) in it", name))
        found += files
    return found


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):  # no name that a file could have
        return False


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises ScenarioError with every fault found, each with line and column."""
    return parse_scenario(read_text(path, ScenarioError), str(path))


def parse_scenario(text: str, path: str, codebook_text: str | None = None, seed: int = 0) -> Scenario:
    """The scenario that a YAML text says, as the seed draws it. Its codebook is the one that it names, or a text given.

    With a codebook's text it was run before, and other seeds are not looked at. Raises ScenarioError or CodebookError.
    """
    source = parse_yaml(text, path, ScenarioError)
    data = plain(source.root)
    choices = read_choices(source, data.pop("draw")) if "draw" in data else ()
    if source.faults:
        raise ScenarioError(*source.faults)
    codebook = _codebook(source, data.get("codebook"), path) if codebook_text is None else _parsed(codebook_text)
    template = _Template(source, data, choices, codebook)
    for other in range(_SEEDS_CHECKED if choices and codebook_text is None else 0):
        template.at(other)
    return template.at(seed)


@lru_cache(maxsize=32)
def _parsed(codebook_text: str) -> Codebook:
    """The codebook that a text says: many episodes carry the same."""
    return parse_codebook(codebook_text)


@dataclass(frozen=True)
class _Template:
    """A scenario before a seed has drawn."""

    source: Source
    data: Mapping[str, Any]
    choices: tuple[Choice, ...]
    codebook: Codebook | None

    def at(self, seed: int) -> Scenario:
        """The scenario of a seed. Raises ScenarioError with every fault found."""
        source = Source(self.source.name, self.source.text, self.source.root)
        goal, then = _goal_texts(source, ("goal",)), _goal_texts(source, ("then", "goal"))
        data = dict(self.data)
        if goal:
            data["goal"] = [text for text, _ in goal]
        if then:
            data["then"] = {**data["then"], "goal": [text for text, _ in then]}
        filler = Filler({})
        if self.choices:
            try:
                filler = Filler(draw(self.choices, str(data.get("scenario")), seed))
                data = filler.fill(data)
            except DrawError as problem:
                place = _place(source, problem.at, {("goal",): goal, ("then", "goal"): then})
                raise ScenarioError(Fault(f"{problem}", source.name, *place)) from problem
        try:
            spec = ScenarioSpec.model_validate(data)
        except ValidationError as problem:
            raise ScenarioError(*(_fault(source, dict(error), filler) for error in problem.errors())) from problem
        wanted = self.goal(source, spec, spec, [place for _, place in goal])
        later = None if spec.then is None else self.goal(source, spec, spec.then, [place for _, place in then])
        assert self.codebook is not None, "a scenario without a codebook is refused above"
        _check_against(source, self.codebook, spec)
        if source.faults:
            raise ScenarioError(*source.faults)
        return Scenario(spec.scenario, spec, self.codebook, wanted, source.text, source.name, later, self)

    def goal(self, source: Source, spec: ScenarioSpec, task: TaskSpec, places: list[Place]) -> Condition | None:
        """A task's goal, faults noted; None where there is none."""
        parts = [self.part(source, spec, task, *part) for part in zip(task.goal, places, strict=True)]
        found = tuple(part for part in parts if part is not None)
        return And(found) if found else None

    def part(self, source: Source, spec: ScenarioSpec, task: TaskSpec, text: str, place: Place) -> Condition | None:
        """One part of a goal, or None with a fault noted."""
        assert self.codebook is not None
        named = None if task.cannot else (*spec.world.ids, "table")
        book = self.codebook
        vocabulary = Vocabulary(book.places(), book.kinds, entities=named, properties=book.properties)
        try:
            return parse_condition(text, vocabulary)
        except ParseError as problem:
            # what was drawn may be longer or shorter than its name
            source.fault(f"goal: {problem}", place if self.choices else (place[0], place[1] + problem.offset))
        except RecursionError:
            source.fault("goal: is nested too deeply", place)
        return None


def _goal_texts(source: Source, at: tuple[str, ...]) -> list[tuple[Any, Place]]:
    """The parts of a goal as they stand in the file."""
    here: Any = source.root
    for key in at:
        here = here.get(key) if isinstance(here, Mapping_) else None
    return list(rejoined(here)) if isinstance(here, List_) else []


def _place(
    source: Source, at: tuple[str | int, ...], goals: Mapping[tuple[str | int, ...], list[tuple[Any, Place]]]
) -> Place:
    """Where something stands in the file; parts of a goal are counted after they were joined again."""
    index = at[-1]
    return goals[at[:-1]][index][1] if at[:-1] in goals and isinstance(index, int) else locate(source.root, at)


def _fault(source: Source, error: dict[str, object], filler: Filler) -> Fault:
    location = error["loc"]
    assert isinstance(location, tuple)
    location = filler.origin(location)
    where = ".".join(str(part) for part in location)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown key{did_you_mean(str(location[-1]), _keys_beside(location))}"
    return Fault(f"{where}: {message}" if where else message, source.name, *locate(source.root, location))


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    fields: dict[tuple[str, ...], type[BaseModel]] = {
        (): ScenarioSpec,
        ("world",): WorldSpec,
        ("events",): EventSpec,
        ("then",): TaskSpec,
    }
    model = fields.get(tuple(part for part in location[:-1] if isinstance(part, str)))
    return [*model.model_fields, *(["draw"] if model is ScenarioSpec else [])] if model else []


def _codebook(source: Source, name: object, path: str) -> Codebook | None:
    """The codebook that a scenario names; None where it names none, which is told with what else is wrong."""
    if not isinstance(name, str):
        return None
    beside = Path(path).parent / name
    try:
        return load_codebook(beside if beside.is_file() else name)
    except CodebookError as problem:
        if problem.faults[0].line == 0:
            fault = Fault(str(problem), source.name, *locate(source.root, ("codebook",)))
            raise ScenarioError(fault) from problem
        raise


def _check_against(source: Source, codebook: Codebook, spec: ScenarioSpec) -> None:
    reasons = getattr(codebook.skills["cannot"].args.get("reason"), "choices", ())
    for at, task in ((("cannot",), spec), (("then", "cannot"), spec.then)):
        for index, reason in enumerate(task.cannot if task is not None else ()):
            if reason not in reasons:
                hint = did_you_mean(reason, reasons)
                source.fault(f"unknown reason '{reason}'{hint}", locate(source.root, (*at, index)))
    for index, event in enumerate(spec.events):
        if event.after is not None and event.after not in codebook.skills:
            hint = did_you_mean(event.after, list(codebook.skills))
            source.fault(f"unknown skill '{event.after}'{hint}", locate(source.root, ("events", index, "after")))


_TYPED = """\
scenario: typed_task
codebook: {codebook}
task: {task}
world:
  blocks: [red, green, blue, yellow]
  bowls: [blue, yellow]
  zones: [left, right]
max_decisions: 12
"""


def typed_scenario(task: str, codebook: str) -> Scenario:
    """A task typed by a user, in a default world, without a goal to judge it by. What cannot be printed is left out."""
    load_codebook(codebook)  # what is wrong with it is not the task's fault
    words = "".join(character if character.isprintable() else " " for character in task)
    if len(words) > LONGEST_TEXT:
        raise InputError(f"--task: {len(words):,} characters, and a task has at most {LONGEST_TEXT:,}")
    quoted = (json.dumps(text, ensure_ascii=False) for text in (words, codebook))
    return parse_scenario(_TYPED.format(**dict(zip(("task", "codebook"), quoted, strict=True))), "--task")
