"""Scenario files: a world, a task in several wordings, what counts as done, and the budgets to keep."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from codeword.codebook import Codebook, CodebookError, load_codebook, parse_codebook
from codeword.codebook.conditions import And, Condition
from codeword.codebook.errors import Fault, ScenarioError, did_you_mean
from codeword.codebook.observation import Id
from codeword.codebook.parse import ParseError, Vocabulary, parse_condition
from codeword.codebook.yaml_source import List_, Place, Source, locate, parse_yaml, plain, read_text, rejoined
from codeword.sim import EventSpec, WorldSpec

Stage = Literal["observe_ms", "decision_ms", "validate_ms"]
Positive = Annotated[float, Field(gt=0)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Budget(_Part):
    """How long a stage may take [ms]: `p95` over a whole run, `hard` every single time."""

    p95: Positive | None = None
    hard: Positive | None = None


class ScenarioSpec(_Part):
    """What a scenario file says. `cannot` lists the reasons that are right where the task cannot be done."""

    scenario: Id
    codebook: str
    task: Text
    wordings: tuple[Text, ...] = ()
    world: WorldSpec
    goal: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    max_decisions: Annotated[int, Field(ge=1, le=200)] = 20
    budgets: dict[Stage, Budget] = {}
    clock: Literal["paused"] = "paused"
    events: tuple[EventSpec, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.goal and self.cannot:
            raise ValueError("'cannot' goes with a goal: the one that cannot be reached")
        for stage, budget in self.budgets.items():
            if budget.hard is not None and stage != "decision_ms":
                raise ValueError(f"budgets: only decision_ms has a hard limit, not {stage}")
        for event in self.events:
            event.check_against(self.world)
        return self


@dataclass(frozen=True)
class Scenario:
    """A scenario ready to run. `goal` is None where nothing is judged; `text` is the file's own."""

    name: str
    spec: ScenarioSpec
    codebook: Codebook
    goal: Condition | None
    text: str
    path: str

    @property
    def hash(self) -> str:
        """SHA-256 of the scenario's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def wording(self, seed: int) -> str:
        """The task in the words that a seed picks."""
        wordings = (self.spec.task, *self.spec.wordings)
        return wordings[seed % len(wordings)]


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


def parse_scenario(text: str, path: str, codebook_text: str | None = None) -> Scenario:
    """The scenario that a YAML text says, with the codebook that it names or the one given as text.

    Raises ScenarioError or CodebookError.
    """
    source = parse_yaml(text, path, ScenarioError)
    data = plain(source.root)
    goal_items = source.root.get("goal")
    goal_at = list(rejoined(goal_items)) if isinstance(goal_items, List_) else []
    if goal_at:
        data["goal"] = [item for item, _ in goal_at]
    try:
        spec = ScenarioSpec.model_validate(data)
    except ValidationError as problem:
        raise ScenarioError(*(_fault(source, dict(error)) for error in problem.errors())) from problem
    codebook = _codebook(source, spec, path) if codebook_text is None else parse_codebook(codebook_text)
    goal = tuple(_goal_part(source, codebook, spec, text, place) for text, place in goal_at)
    _check_against(source, codebook, spec)
    if source.faults:
        raise ScenarioError(*source.faults)
    parts = tuple(part for part in goal if part is not None)
    return Scenario(spec.scenario, spec, codebook, And(parts) if parts else None, text, path)


def _fault(source: Source, error: dict[str, object]) -> Fault:
    location = error["loc"]
    assert isinstance(location, tuple)
    where = ".".join(str(part) for part in location)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown key{did_you_mean(str(location[-1]), _keys_beside(location))}"
    return Fault(f"{where}: {message}" if where else message, source.name, *locate(source.root, location))


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    fields: dict[tuple[str, ...], type[BaseModel]] = {(): ScenarioSpec, ("world",): WorldSpec, ("events",): EventSpec}
    model = fields.get(tuple(part for part in location[:-1] if isinstance(part, str)))
    return list(model.model_fields) if model else []


def _codebook(source: Source, spec: ScenarioSpec, path: str) -> Codebook:
    beside = Path(path).parent / spec.codebook
    try:
        return load_codebook(beside if beside.is_file() else spec.codebook)
    except CodebookError as problem:
        if problem.faults[0].line == 0:
            fault = Fault(str(problem), source.name, *locate(source.root, ("codebook",)))
            raise ScenarioError(fault) from problem
        raise


def _goal_part(source: Source, codebook: Codebook, spec: ScenarioSpec, text: str, place: Place) -> Condition | None:
    world = spec.world
    blocks = [block.id for block in (*world.blocks, *world.wide_blocks)]
    ids = (*blocks, *(bowl.id for bowl in world.bowls), *(zone.id for zone in world.zones), "table")
    named = None if spec.cannot else ids
    vocabulary = Vocabulary(codebook.places(), codebook.kinds, entities=named, properties=codebook.properties)
    try:
        return parse_condition(text, vocabulary)
    except ParseError as problem:
        source.fault(f"goal: {problem}", (place[0], place[1] + problem.offset))
    except RecursionError:
        source.fault("goal: is nested too deeply", place)
    return None


def _check_against(source: Source, codebook: Codebook, spec: ScenarioSpec) -> None:
    reasons = getattr(codebook.skills["cannot"].args.get("reason"), "choices", ())
    for index, reason in enumerate(spec.cannot):
        if reason not in reasons:
            source.fault(
                f"unknown reason '{reason}'{did_you_mean(reason, reasons)}", locate(source.root, ("cannot", index))
            )
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
    words = "".join(character if character.isprintable() else " " for character in task)
    quoted = (json.dumps(text, ensure_ascii=False) for text in (words, codebook))
    return parse_scenario(_TYPED.format(**dict(zip(("task", "codebook"), quoted, strict=True))), "--task")
