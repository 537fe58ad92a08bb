"""The steps of a skill, as trees: primitives, other skills, conditions, repeats and what to do when a step fails."""

from collections.abc import Mapping
from dataclasses import dataclass

from .conditions import Condition
from .expressions import Expression


@dataclass(frozen=True)
class Reference:
    """An argument of a step that is one of the skill's own: `$object`."""

    name: str


StepValue = Reference | Expression | str | int | float | bool


@dataclass(frozen=True)
class DoStep:
    """A primitive, or another skill with its own preconditions asked again."""

    name: str
    args: Mapping[str, StepValue]
    is_skill: bool = False


@dataclass(frozen=True)
class If:
    """One way or the other, by what is seen when the step is reached."""

    condition: Condition
    then: "tuple[Step, ...]"
    otherwise: "tuple[Step, ...]" = ()


@dataclass(frozen=True)
class Repeat:
    """The same steps again, at most so many times; ends early as soon as `until` holds."""

    times: int
    steps: "tuple[Step, ...]"
    until: Condition | None = None


@dataclass(frozen=True)
class Each:
    """The same steps for each thing of a list argument, in its order, under a name of its own."""

    argument: str
    name: str
    steps: "tuple[Step, ...]"


@dataclass(frozen=True)
class Try:
    """Steps that may fail: after a failure `undo` is done and they are tried again, so many times, before giving up."""

    steps: "tuple[Step, ...]"
    retry: int
    undo: "tuple[Step, ...]" = ()


@dataclass(frozen=True)
class Fail:
    """Give up, with a reason."""

    reason: str


Step = DoStep | If | Repeat | Each | Try | Fail
