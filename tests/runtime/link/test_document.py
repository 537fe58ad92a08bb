"""The protocol's document and schemas are as the messages in use make them."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from codeword.runtime.link import document
from codeword.runtime.link.messages import Hello, RobotHeartbeat, Stop
from codeword.runtime.link.wire import write


def test_the_page_and_the_schemas_have_not_drifted() -> None:
    text = document.PAGE.read_text()
    assert document.page(text) == text, "write it again: python -m codeword.runtime.link.document"
    assert document.SCHEMAS.read_text() == document.schemas_text()


@pytest.mark.parametrize(
    ("direction", "message", "good"),
    [
        ("from_controller", json.loads(write(Stop(id="x"))), True),
        ("from_controller", json.loads(write(Hello(id="x", protocol=1, controller="0" * 16))), True),
        ("from_controller", {"kind": "stop", "id": "x", "surprise": 1}, False),
        ("from_controller", {"kind": "stop"}, False),
        ("from_robot", json.loads(write(RobotHeartbeat(session="0" * 16, time_ms=1, sequence=1, state="armed", epoch=0, progress=0))), True),
        ("from_robot", {"kind": "heartbeat", "session": "0" * 16, "state": "asleep"}, False),
    ],
)  # fmt: skip
def test_the_schemas_take_what_travels_and_nothing_else(direction: str, message: dict[str, Any], good: bool) -> None:
    whole = document.schemas()
    validator = Draft202012Validator({**whole, "$ref": f"#/$defs/{direction}"})
    assert validator.is_valid(message) is good


def test_every_message_is_told_in_the_page() -> None:
    page = document.PAGE.read_text()
    for kinds in document.CHANNELS.values():
        for kind in kinds:
            assert " ".join((kind.__doc__ or "").split()) in page, kind
