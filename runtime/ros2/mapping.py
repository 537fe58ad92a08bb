"""The `ros2:` part of a robot file: which topic, service or action stands for each primitive and fact."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from codeword.codebook import Codebook, CodebookError, Entity
from codeword.codebook.errors import Fault, InputError, did_you_mean
from codeword.codebook.yaml_source import Mapping_, Source, locate, parse_yaml, plain, read_text

_NAME = r"/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*"
Name = Annotated[str, Field(pattern=rf"^{_NAME}$")]
"""The name of a topic, a service or an action, as ROS 2 allows it."""
Seconds = Annotated[float, Field(gt=0, le=3600)]
ARGUMENT = re.compile(r"\$([a-z][a-z0-9_]*)(?:\.(x_m|y_m|z_m))?")
"""What stands for an argument of the primitive in a field: `$mark`, or `$mark.x_m` for where the entity is."""


MessageType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*$")]
ServiceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/srv/[A-Z][A-Za-z0-9]*$")]
ActionType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/action/[A-Z][A-Za-z0-9]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Topic(_Part):
    """A topic that is listened to, and the field of its messages that counts.

    What is older than `fresh_s` [s] counts no more, unless the topic is `latched`: published once, and kept for whoever
    comes later.
    """

    topic: Name
    type: MessageType
    field: str
    fresh_s: Seconds = 1.0
    latched: bool = False


class Within(_Part):
    """A fact of one place that holds for entities this near to the robot's pose [m]."""

    within_m: Annotated[float, Field(gt=0)]


class Publish(_Part):
    """A message that is sent once, or every `every_s` [s]. The primitive is done after `for_s` [s], or as soon as the
    fact `until` is observed, or at once where neither is given.
    """

    publish: Name
    type: MessageType
    fields: dict[str, Any] = {}
    every_s: Seconds | None = None
    for_s: Seconds | Annotated[str, Field(pattern=r"^\$[a-z][a-z0-9_]*$")] | None = None
    until: str | None = None

    @property
    def name(self) -> str:
        """The topic."""
        return self.publish

    @model_validator(mode="after")
    def _ends_in_one_way(self) -> Self:
        if self.for_s is not None and self.until is not None:
            raise ValueError("'for_s' and 'until' exclude each other")
        if self.every_s is not None and self.for_s is None and self.until is None:
            raise ValueError("'every_s' needs 'for_s' or 'until'")
        return self


class Call(_Part):
    """A request to a service. It went well where the response's field `ok` is true, or in any case where none is named;
    `message` is the field that says why not.
    """

    call: Name
    type: ServiceType
    fields: dict[str, Any] = {}
    ok: str | None = None
    message: str | None = None

    @property
    def name(self) -> str:
        """The service."""
        return self.call


class Act(_Part):
    """A goal of an action: done when the action succeeds, cancelled when the robot is to stand still."""

    action: Name
    type: ActionType
    fields: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The action."""
        return self.action


Verb = Publish | Call | Act


def _by_key(*keys: str) -> Discriminator:
    """Tells forms apart by the key that each alone has."""

    def which(value: Any) -> str | None:
        given = [key for key in keys if (key in value if isinstance(value, dict) else hasattr(value, key))]
        return given[0] if len(given) == 1 else None

    return Discriminator(which, "form", f"needs exactly one of {', '.join(keys)}")


_Publish = Annotated[Publish, Tag("publish")]
_Call = Annotated[Call, Tag("call")]
AnyVerb = Annotated[_Publish | _Call | Annotated[Act, Tag("action")], _by_key("publish", "call", "action")]
AnyStop = Annotated[_Publish | _Call, _by_key("publish", "call")]
AnySource = Annotated[Annotated[Topic, Tag("topic")] | Annotated[Within, Tag("within_m")], _by_key("topic", "within_m")]


class Ros2Mapping(_Part):
    """How a robot is observed and moved. `entities` do not move; `seen` is a topic with a JSON list of those that do.
    Positions are in the frame that `pose` is published in [m]. `hold` makes the robot stand still.
    """

    entities: tuple[Entity, ...] = ()
    seen: Topic | None = None
    pose: Topic | None = None
    facts: dict[str, AnySource] = {}
    primitives: dict[str, AnyVerb]
    hold: tuple[AnyStop, ...] = ()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Everything that is listened to."""
        listed = (self.seen, self.pose, *self.facts.values())
        return tuple(one for one in listed if isinstance(one, Topic))

    @property
    def messages(self) -> Iterator[tuple[tuple[str | int, ...], Verb]]:
        """Everything that is sent, with the keys that lead to it."""
        yield from ((("primitives", name), verb) for name, verb in self.primitives.items())
        yield from ((("hold", index), verb) for index, verb in enumerate(self.hold))


class MappingFile:
    """A codebook's mapping with the place of each of its parts in the robot's file."""

    def __init__(self, codebook: Codebook) -> None:
        """Read and check it. Raises CodebookError with every fault found, and InputError where there is none."""
        self._source, self._root = _ros2_of(codebook)
        self.mapping = self._parsed()
        self._check(codebook)

    def fault(self, path: tuple[str | int, ...], message: str) -> CodebookError:
        """What is wrong with the part that keys lead to."""
        return CodebookError(self._fault(path, message))

    def _fault(self, path: tuple[str | int, ...], message: str) -> Fault:
        return Fault(f"{'.'.join(('ros2', *map(str, path)))}: {message}", self._source.name, *locate(self._root, path))

    def _parsed(self) -> Ros2Mapping:
        try:
            return Ros2Mapping.model_validate(plain(self._root))
        except ValidationError as problem:
            errors = (dict(error) for error in problem.errors())
            raise CodebookError(*(self._fault(*_told(error)) for error in errors)) from problem

    def _check(self, codebook: Codebook) -> None:
        mapping, faults = self.mapping, list[Fault]()
        for key, known in (("primitives", codebook.primitives), ("facts", codebook.predicates)):
            listed: Mapping[str, object] = getattr(mapping, key)
            faults += [
                self._fault((key, name), f"there is no such {key[:-1]}{did_you_mean(name, list(known))}")
                for name in listed
                if name not in known
            ]
            if missing := sorted(set(known) - set(listed)):
                faults.append(self._fault((key,), f"nothing stands for {', '.join(missing)}"))
        for name, source in mapping.facts.items():
            places = len(codebook.predicates[name].places) if name in codebook.predicates else 0
            if isinstance(source, Within) and (places != 1 or mapping.pose is None):
                why = "needs 'pose' beside 'facts'" if places == 1 else f"is for facts of one place; it has {places}"
                faults.append(self._fault(("facts", name), f"within_m {why}"))
            elif places > 1:
                faults.append(self._fault(("facts", name), f"a topic tells of at most one place; it has {places}"))
        for path, verb in mapping.messages:
            primitive = codebook.primitives.get(str(path[1]))
            args = primitive.parameters if path[0] == "primitives" and primitive is not None else {}
            faults += [
                self._fault(path, f"there is no argument '${name}'{did_you_mean(name, list(args))}")
                for name in _named(verb.model_dump())
                if name not in args
            ]
        if not mapping.hold and any(not isinstance(verb, Act) for verb in mapping.primitives.values()):
            faults.append(self._fault((), "lacks 'hold': what makes the robot stand still, as a message or a call"))
        if faults:
            raise CodebookError(*faults)


def _ros2_of(codebook: Codebook) -> tuple[Source, Mapping_]:
    """The file that has the mapping, and where in it. Raises InputError where there is none."""
    for path in codebook.files:
        source = parse_yaml(read_text(path, CodebookError), str(path), CodebookError)
        robot = (
            source.root if "primitives" in source.root else source.root.get("robot") if "robot" in source.root else 0
        )
        if isinstance(robot, Mapping_) and "ros2" in robot:
            found = robot.get("ros2")
            if not isinstance(found, Mapping_):
                raise CodebookError(Fault("'ros2' maps primitives and facts", str(path), *robot.value_at("ros2")))
            return source, found
    raise InputError(
        f"codebook '{codebook.name}': its robot file says nothing of ROS 2; it needs 'ros2:' beside 'primitives:' "
        "(runtime/guide/ros2.md has an example)"
    )


def _told(error: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    """Where one of pydantic's errors is, without the key of its form, and what it says."""
    path = tuple(error["loc"])
    if path[:1] in (("primitives",), ("facts",), ("hold",)):
        path = (*path[:2], *path[3:])
    if error["type"] == "extra_forbidden":
        return path, "unknown key"
    return path, str(error["msg"]).removeprefix("Value error, ")


def _named(value: object) -> Iterator[str]:
    """The arguments that are named anywhere in a message."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _named(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _named(one)
    elif isinstance(value, str):
        yield from (match.group(1) for match in ARGUMENT.finditer(value))
