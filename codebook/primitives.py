"""The primitives that each kind of robot declares, with typed arguments; codebooks are checked against them.

A robot is a YAML file: `robot`, `description`, `primitives`, and `ros2` where it is driven over ROS 2 (runtime/ros2).
Those shipped go by name; a codebook may name a file beside itself instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

from .command import Value
from .errors import CodebookError, did_you_mean
from .facts import ID
from .yaml_source import Mapping_, Source, check_keys, parse_yaml, read_text, read_words, shown

MOST_CHARACTERS = 10_000
"""The longest text that a primitive may take."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_KINDS = ("entity", "boolean")
_FORMS = ("{number: {min, max}}", "{text: {max_chars}}", "{choice: [words]}")


@dataclass(frozen=True)
class Parameter:
    """An argument of a primitive: an entity's id, yes or no, a number within bounds (unit in its name), a text of one
    line and at most `max_chars` characters, or one of some `choices`.
    """

    kind: Literal["entity", "number", "boolean", "text", "choice"]
    low: float = 0.0
    high: float = 0.0
    default: float | bool | str | None = None
    max_chars: int = 0
    choices: tuple[str, ...] = ()

    def describe(self) -> str:
        if self.kind == "number":
            return f"{self.low:g}..{self.high:g}"
        if self.kind == "text":
            return f"text of at most {self.max_chars} characters"
        return "|".join(self.choices) if self.kind == "choice" else self.kind

    def takes(self, text: str) -> bool:
        """Whether a text or choice argument may be this text."""
        if self.kind == "choice":
            return text in self.choices
        return self.kind == "text" and 0 < len(text) <= self.max_chars and not _CONTROLS.search(text)


@dataclass(frozen=True)
class Primitive:
    """One thing that a robot can do by itself."""

    name: str
    description: str
    parameters: Mapping[str, Parameter]

    def refusal(self, args: Mapping[str, Value]) -> str:
        """Why these arguments, computed while a skill runs, cannot be used; empty where they can."""
        for name, value in args.items():
            parameter = self.parameters[name]
            if parameter.kind == "number" and not parameter.low <= float(str(value)) <= parameter.high:
                return f"'{name}' of '{self.name}' would be {value:.4g}, outside {parameter.describe()}"
            if parameter.kind in ("text", "choice") and not (isinstance(value, str) and parameter.takes(value)):
                length = f" ({len(str(value))} characters)" if parameter.kind == "text" else ""
                return f"'{name}' of '{self.name}' would be '{value}'{length}, and takes {parameter.describe()}"
        return ""


def shipped_robots() -> dict[str, Path]:
    """The robots that come with the package, by name."""
    folder = Path(str(resources.files(__package__))) / "robots"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_robot(path: Path) -> Mapping[str, Primitive]:
    """The primitives that a robot file declares. Raises CodebookError with every fault found."""
    return read_robot(path)[1]


def read_robot(path: Path) -> tuple[str, Mapping[str, Primitive]]:
    """What a robot file calls the robot, and the primitives that it declares. Raises CodebookError with every fault."""
    return _read_robot(read_text(path, CodebookError), str(path))


@lru_cache(maxsize=16)
def _read_robot(text: str, name: str) -> tuple[str, Mapping[str, Primitive]]:
    """A file is read again where its text has changed."""
    source = parse_yaml(text, name, CodebookError)
    primitives = parse_robot(source, source.root)
    if source.faults:
        raise CodebookError(*source.faults)
    return str(source.root.get("robot")), primitives


def parse_robot(source: Source, root: Mapping_) -> Mapping[str, Primitive]:
    """The primitives of a robot's mapping; faults are noted in its source."""
    check_keys(source, root, "the robot", ("robot", "primitives"), ("description", "ros2"))
    listed = root.get("primitives")
    primitives: dict[str, Primitive] = {}
    if not isinstance(listed, Mapping_):
        if "primitives" in root:
            source.fault("'primitives' maps names to what they do", root.value_at("primitives"))
        return primitives
    for name, value in listed.items():
        if not isinstance(name, str) or not ID.fullmatch(name) or not isinstance(value, Mapping_):
            source.fault(f"'{name}' needs an id for a name and at least a description", listed.key_at(name))
        elif check_keys(source, value, f"the primitive '{name}'", ("description",), ("args",)):
            primitives[name] = Primitive(name, str(value.get("description")), _parameters(source, value))
    return primitives


def _parameters(source: Source, primitive: Mapping_) -> dict[str, Parameter]:
    args = primitive.get("args")
    if not isinstance(args, Mapping_):
        if args is not None:
            source.fault("'args' maps names to what they may be", primitive.value_at("args"))
        return {}
    parameters: dict[str, Parameter] = {}
    for name, value in args.items():
        if value in _KINDS:
            parameters[name] = Parameter(value)
        elif isinstance(value, Mapping_) and list(value) == ["number"] and isinstance(value.get("number"), Mapping_):
            bounds: Mapping_ = value.get("number")
            if check_keys(source, bounds, f"the number '{name}'", ("min", "max"), ("default",)):
                parameters[name] = _number(source, bounds, name)
        elif isinstance(value, Mapping_) and next(iter(value), None) in ("text", "choice"):
            kind = next(iter(value))
            if check_keys(source, value, f"the argument '{name}'", (kind,), ("default",)):
                parameters[name] = _words(source, value, name)
        else:
            hint = did_you_mean(shown(value), [*_KINDS, *_FORMS])
            source.fault(f"'{name}' cannot be '{shown(value)}'{hint}", args.value_at(name))
    return parameters


def _number(source: Source, bounds: Mapping_, name: str) -> Parameter:
    given = [bounds.get("min"), bounds.get("max"), bounds.get("default") if "default" in bounds else bounds.get("min")]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in given):
        source.fault(f"min, max and default of '{name}' are numbers", bounds.place)
    elif not given[0] <= given[2] <= given[1]:
        source.fault(f"'{name}' needs min <= max, and a default between them", bounds.place)
    else:
        default = float(given[2]) if "default" in bounds else None
        return Parameter("number", float(given[0]), float(given[1]), default)
    return Parameter("number")


def _words(source: Source, value: Mapping_, name: str) -> Parameter:
    """A text or a choice, with a default beside it where it has one; where it has a fault, any text."""
    before, parameter = len(source.faults), Parameter("text", max_chars=MOST_CHARACTERS)
    if "choice" in value:
        choices = read_words(source, value, "choice", "a choice")
        parameter = parameter if len(source.faults) > before else Parameter("choice", choices=choices)
    elif not isinstance(value.get("text"), Mapping_):
        source.fault(f"the text '{name}' needs max_chars", value.value_at("text"))
    elif check_keys(source, value.get("text"), f"the text '{name}'", ("max_chars",), ()):
        most, at = value.get("text").get("max_chars"), value.get("text").value_at("max_chars")
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_CHARACTERS:
            source.fault(f"max_chars of '{name}' is a whole number from 1 to {MOST_CHARACTERS}, not '{most}'", at)
        else:
            parameter = Parameter("text", max_chars=most)
    if "default" not in value:
        return parameter
    default = value.get("default")
    if len(source.faults) == before and not (isinstance(default, str) and parameter.takes(default)):
        source.fault(f"the default of '{name}' is {parameter.describe()}, not '{default}'", value.value_at("default"))
    return replace(parameter, default=str(default))
