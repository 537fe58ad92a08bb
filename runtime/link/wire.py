"""Messages as bytes: written as UTF-8 JSON in one frame, and read strictly from whatever frames arrive."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from codeword.codebook.errors import CommandError
from codeword.codebook.observation import Record
from codeword.codebook.strict_json import read_json

from .limits import MOST_BYTES, MOST_BYTES_FROM_ROBOT, MOST_DEPTH
from .messages import FROM_CONTROLLER, FROM_ROBOT, FromController, FromRobot

_Read = TypeVar("_Read")


def write(message: Record) -> bytes:
    """A message as it travels."""
    return message.model_dump_json().encode()


def read_from_controller(frames: Sequence[bytes]) -> FromController:
    """What a controller says. Raises CommandError with the check `size`, `json` or `message`."""
    return read(FROM_CONTROLLER, frames, MOST_BYTES)


def read_from_robot(frames: Sequence[bytes]) -> FromRobot:
    """What a robot says. Raises CommandError with the check `size`, `json` or `message`."""
    return read(FROM_ROBOT, frames, MOST_BYTES_FROM_ROBOT)


def read(kinds: "TypeAdapter[_Read]", frames: Sequence[bytes], most_bytes: int) -> _Read:
    """The one message of those kinds in some frames: exactly one, of at most so many bytes.

    Raises CommandError with the check `size`, `json` or `message`.
    """
    if len(frames) != 1:
        raise CommandError("message", f"{len(frames)} frames; a message is one")
    read_json(frames[0], most_bytes, MOST_DEPTH)
    try:
        return kinds.validate_json(frames[0], strict=True)
    except (ValidationError, RecursionError, OverflowError) as problem:
        raise CommandError("message", _in_words(problem)) from problem


def _in_words(problem: Exception) -> str:
    if not isinstance(problem, ValidationError):
        return type(problem).__name__
    first = problem.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{f'at {place}: ' if place else ''}{first['msg']}"[:300]
