"""LeKiwi's wire format: nine numbers in a JSON object each way, and pictures in either of its two forms.

It has no sequence numbers, no time stamps and no keys: how old something is can only be judged on arrival.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from codeword.codebook.errors import CommandError, RobotError
from codeword.codebook.strict_json import read_json

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
ARM = tuple(f"arm_{joint}.pos" for joint in JOINTS)
"""Angles of the arm's joints [degrees]."""
GRIPPER = "arm_gripper.pos"
"""How far the gripper is open, 0 to 100."""
BASE = ("x.vel", "y.vel", "theta.vel")
"""Velocity of the base in its own frame: ahead and left [m/s], to the left [degrees/s]."""
KEYS = (*ARM, GRIPPER, *BASE)
"""All nine, in the order in which they travel."""

COMMAND_PORT, OBSERVATION_PORT = 5555, 5556
MOST_BYTES = 8_000_000
_MOST_DEPTH = 3


@dataclass(frozen=True)
class HostState:
    """What a host told: the nine numbers, and pictures by camera (JPEG)."""

    state: Mapping[str, float]
    pictures: Mapping[str, bytes]


def write_command(values: Mapping[str, float]) -> bytes:
    """A command: all nine numbers, always. Raises RobotError where one is missing or not finite."""
    wrong = [key for key in KEYS if not isfinite(values.get(key, float("nan")))]
    if wrong or len(values) != len(KEYS):
        raise RobotError(f"a LeKiwi command has {', '.join(KEYS)}, all finite; wrong: {', '.join(wrong or values)}")
    return json.dumps({key: float(values[key]) for key in KEYS}).encode()


def read_command(raw: bytes) -> dict[str, float]:
    """The nine numbers of a command. Raises CommandError."""
    return _numbers(_mapping(raw))


def write_observation(look: HostState, *, old: bool) -> list[bytes]:
    """An observation as a host sends it: one string with base64 pictures to 0.6.0 (`old`), frames from 0.6.1 on."""
    if old:
        encoded = {name: base64.b64encode(jpeg).decode() for name, jpeg in look.pictures.items()}
        return [json.dumps({**look.state, **encoded}).encode()]
    header = {"_cams": list(look.pictures), **look.state}
    return [json.dumps(header).encode(), *look.pictures.values()]


def read_observation(frames: Sequence[bytes]) -> HostState:
    """What a host tells, in either form. Raises CommandError for what is neither."""
    data = _mapping(frames[0] if frames else b"")
    if "_cams" in data or len(frames) > 1:
        cams = data.pop("_cams", None)
        if not isinstance(cams, list) or not all(isinstance(cam, str) for cam in cams) or len(cams) != len(frames) - 1:
            raise CommandError("message", f"a header with {len(frames) - 1} pictures names as many in '_cams'")
        return HostState(_numbers(data), dict(zip(cams, frames[1:], strict=True)))
    pictures = {name: _decoded(data.pop(name)) for name in [k for k, v in data.items() if isinstance(v, str)]}
    return HostState(_numbers(data), pictures)


def _mapping(raw: bytes) -> dict[str, Any]:
    data = read_json(raw, MOST_BYTES, _MOST_DEPTH)
    if not isinstance(data, dict):
        raise CommandError("message", "not a JSON object")
    return data


def _numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """Exactly the nine, as finite numbers."""
    if set(data) != set(KEYS):
        odd = sorted(set(data) ^ set(KEYS))
        raise CommandError("message", f"the keys are not the nine of LeKiwi: {', '.join(odd)[:200]}")
    for key, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CommandError("message", f"'{key}' is no number")
    return {key: float(data[key]) for key in KEYS}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise CommandError("message", f"a picture is not base64: {problem}") from problem
