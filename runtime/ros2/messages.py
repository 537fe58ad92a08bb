"""Messages of ROS 2: found by the name of their type, filled from a mapping, read by the path of a field."""

import importlib
import re
from collections.abc import Mapping
from typing import Any

from codeword.codebook.command import Value
from codeword.codebook.errors import did_you_mean
from codeword.codebook.observation import Entity

from .mapping import ARGUMENT

_OF_MESSAGES = re.compile(r"(?:sequence<)?([a-z][a-z0-9_]*)/([A-Z][A-Za-z0-9]*)(?:, \d+)?(?:>|\[\d+\])?")
"""A field's type where it is a message, or a list of messages."""


class MessageError(ValueError):
    """There is no such type or field, or a field does not take a value."""


def find_type(name: str) -> Any:
    """The class of a type, as `geometry_msgs/msg/Twist`. Raises MessageError where it is not installed."""
    package, kind, cls = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), cls)
    except ImportError as problem:
        cure = f"pip install ros-jazzy-{package.replace('_', '-')}, or apt install of the same name"
        raise MessageError(f"the package '{package}' is not installed; get it with {cure}") from problem
    except AttributeError as problem:
        known = [known for known in dir(importlib.import_module(f"{package}.{kind}")) if known[0].isupper()]
        raise MessageError(f"{package} has no {kind} '{cls}'{did_you_mean(cls, known)}") from problem


def bound(value: Any, args: Mapping[str, Value], entities: Mapping[str, Entity]) -> Any:
    """A value with arguments in place of their names: `$count` as it is, `$mark.x_m` where that entity is [m].

    Raises MessageError where it is not known where an entity is.
    """
    if isinstance(value, Mapping):
        return {name: bound(one, args, entities) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [bound(one, args, entities) for one in value]
    if not isinstance(value, str):
        return value
    whole = ARGUMENT.fullmatch(value)
    if whole is not None:
        return _argument(whole, args, entities)
    return ARGUMENT.sub(lambda found: str(_argument(found, args, entities)), value)


def _argument(found: re.Match[str], args: Mapping[str, Value], entities: Mapping[str, Entity]) -> Any:
    name, axis = found.groups()
    if axis is None:
        return args[name]
    position_m = entities[str(args[name])].position_m if str(args[name]) in entities else None
    if position_m is None:
        raise MessageError(f"nobody knows where '{args[name]}' is")
    return position_m[("x_m", "y_m", "z_m").index(axis)]


def fill(message: Any, fields: Mapping[str, Any], *, bound: bool = True) -> Any:
    """Set some fields of a message, and give it; those that stand for arguments not before these are `bound`.

    Raises MessageError naming the field that does not take its value.
    """
    types = message.get_fields_and_field_types()
    for name, value in fields.items():
        if name not in types:
            raise MessageError(f"{type(message).__name__} has no field '{name}'{did_you_mean(name, list(types))}")
        if not bound and isinstance(value, str) and ARGUMENT.search(value):
            continue
        try:
            setattr(message, name, _fitting(getattr(message, name), types[name], value, bound))
        except MessageError as problem:
            raise MessageError(f"{name}: {problem}") from None
        except (AssertionError, TypeError, ValueError) as problem:
            raise MessageError(f"'{name}' is {types[name]} and cannot be {value!r}") from problem
    return message


def _fitting(now: Any, declared: str, value: Any, bound: bool) -> Any:
    """A value as a field takes it that has another one now."""
    found = _OF_MESSAGES.fullmatch(declared)
    if found is not None and isinstance(value, list):
        return [fill(find_type(f"{found[1]}/msg/{found[2]}")(), one, bound=bound) for one in value]
    if found is not None:
        if not isinstance(value, Mapping):
            raise TypeError
        return fill(now, value, bound=bound)
    if isinstance(now, bool):
        if not isinstance(value, bool):
            raise TypeError
        return value
    if isinstance(now, int | float) and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError  # a word, or yes and no
    if isinstance(now, int):
        if value != int(value):
            raise ValueError
        return int(value)
    return float(value) if isinstance(now, float) else value


def read(message: Any, path: str) -> Any:
    """The field that a path leads to, as `pose.pose.position`. Raises MessageError where there is none."""
    for name in path.split("."):
        known = list(message.get_fields_and_field_types()) if hasattr(message, "get_fields_and_field_types") else []
        if name not in known:
            raise MessageError(f"{type(message).__name__} has no field '{name}'{did_you_mean(name, known)}")
        message = getattr(message, name)
    return message
