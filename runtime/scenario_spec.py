"""What a scenario file may say, apart from the world: task, goal, budgets, and what changes on the way."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from codeword.codebook.budgets import SOFT_ONLY, Budget, Stage
from codeword.codebook.observation import Id
from codeword.sim import WorldSpec
from codeword.sim.event_spec import EventSpec

LONGEST_TEXT = 20_000
"""So many characters a task has at most."""
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Latency(Part):
    """A clock by which every decision takes a given time, however long it took."""

    latency_ms: Annotated[float, Field(ge=0, le=60_000)]

    def __str__(self) -> str:
        return f"{self.latency_ms:g} ms"


Clock = Literal["paused", "live"] | Latency
"""What physics does while a decision is made: it waits, goes on for as long, or for a latency that is given."""


def _read_clock(value: object) -> object:
    """What stands in a file, refused in one line where it is no clock."""
    if isinstance(value, dict):
        try:
            return Latency.model_validate(value)
        except ValidationError as problem:
            raise ValueError("it is given as {latency_ms: 500}, from 0 to 60000") from problem
    if value not in ("paused", "live") and not isinstance(value, Latency):
        raise ValueError(f"'{value}' is unknown (expected paused, live, or {{latency_ms: 500}})")
    return value


class TaskSpec(Part):
    """A task in words and what counts as done. `cannot` lists the reasons that are right where it cannot be done."""

    task: Text
    wordings: tuple[Text, ...] = ()
    goal: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _cannot_has_goal(self) -> Self:
        if not self.goal and self.cannot:
            raise ValueError("'cannot' goes with a goal: the one that cannot be reached")
        return self


class ScenarioSpec(TaskSpec):
    """What a scenario file says once a seed has drawn what it leaves open.

    The goal is judged when everything has come to rest, after `settle_s` at the latest; a thing is in a zone if its
    centre is, or not more than `tolerance_m` outside. Budgets come before the codebook's, stage by
    stage. By the clock `paused` physics waits for decisions; by `live` it goes on for as long as they take, or for a
    latency that is given. `then` is the task from the event `retask` on.
    """

    scenario: Id
    codebook: str
    world: WorldSpec
    max_decisions: Annotated[int, Field(ge=1, le=200)] = 20
    budgets: dict[Stage, Budget] = {}
    clock: Annotated[Clock, BeforeValidator(_read_clock)] = "paused"
    events: tuple[EventSpec, ...] = ()
    then: TaskSpec | None = None
    settle_s: Annotated[float, Field(ge=0.5, le=10.0)] = 2.0
    tolerance_m: Annotated[float, Field(ge=0.0, le=0.02)] = 0.005

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for stage, budget in self.budgets.items():
            if budget.hard is not None and stage in SOFT_ONLY:
                raise ValueError(f"budgets: {stage} has no hard limit: {SOFT_ONLY[stage]}")
        for event in self.events:
            event.check_against(self.world)
        if (self.then is not None) != any(event.do == "retask" for event in self.events):
            raise ValueError("an event that does retask goes with 'then', the task from then on")
        return self
