"""The protocol's document: its generated part in PROTOCOL.md, and the JSON Schemas of every message.

`python -m codeword.runtime.link.document` writes both again; a test holds that they are as they would be written.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from codeword.codebook.observation import Record

from . import messages, scenario_messages
from .limits import LIMITS, MOST_BYTES, MOST_BYTES_FROM_ROBOT, MOST_DEPTH, PROTOCOL

PAGE = Path(__file__).parent / "PROTOCOL.md"
SCHEMAS = Path(__file__).parent / "protocol.schema.json"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"

CHANNELS: dict[str, tuple[Any, ...]] = {
    "From a controller to a robot": messages.FromController.__args__,
    "From a robot to a controller": messages.FromRobot.__args__,
    "To the scenario channel": scenario_messages.ToScenario.__args__,
    "From the scenario channel": scenario_messages.FromScenario.__args__,
}


def schemas() -> dict[str, Any]:
    """One JSON Schema (draft 2020-12) for each direction, by name."""
    adapters: dict[str, TypeAdapter[Any]] = {
        "from_controller": messages.FROM_CONTROLLER,
        "from_robot": messages.FROM_ROBOT,
        "to_scenario": scenario_messages.TO_SCENARIO,
        "from_scenario": scenario_messages.FROM_SCENARIO,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of the robot link, protocol {PROTOCOL}",
        "$defs": {
            name: adapter.json_schema(ref_template=f"#/$defs/{name}/$defs/{{model}}")
            for name, adapter in adapters.items()
        },
    }


def generated() -> str:
    """The generated part of the page: limits, and a table for each message."""
    lines = [
        "| limit | value |", "|---|---|",
        f"| protocol version | {PROTOCOL} |",
        f"| heartbeat, both ways | every {LIMITS.heartbeat_s * 1000:.0f} ms |",
        f"| nothing fresh heard: the robot stops | {LIMITS.hold_s * 1000:.0f} ms |",
        f"| nothing fresh heard: the lease is free | {LIMITS.lease_s * 1000:.0f} ms |",
        f"| `expires_at_ms` may lie ahead | {LIMITS.ahead_s * 1000:.0f} ms |",
        f"| no progress while a command runs: the robot stops | {LIMITS.stall_s * 1000:.0f} ms |",
        f"| largest gap between sequence numbers | {LIMITS.most_gap} |",
        f"| messages a second from one peer, and at once | {LIMITS.messages_per_s:g}, {LIMITS.burst:g} |",
        f"| largest message to a robot, and from one | {MOST_BYTES:,}, {MOST_BYTES_FROM_ROBOT:,} bytes |",
        f"| deepest nesting of JSON | {MOST_DEPTH} |", "",
    ]  # fmt: skip
    for channel, kinds in CHANNELS.items():
        lines += [f"### {channel}", ""]
        for kind in kinds:
            lines += _message(kind)
    checks = ", ".join(f"`{check}`" for check in messages.Check.__args__)  # type: ignore[attr-defined]
    return "\n".join([*lines, f"`check` of a refusal is one of {checks}.", ""])


def _message(kind: type[Record]) -> list[str]:
    about = " ".join((kind.__doc__ or "").split())
    name = kind.model_fields["kind"]
    title = f"`{name.default}`" if name.default is not None and not name.is_required() else "`start`, `truth`, …"
    lines = [f"#### {title}", "", about, "", "| field | type | else |", "|---|---|---|"]
    schema = kind.model_json_schema()
    for field, says in schema["properties"].items():
        if field == "kind" and "const" in says:
            continue
        default = "required" if field in schema.get("required", ()) else f"`{json.dumps(says.get('default'))}`"
        lines.append(f"| `{field}` | {_type(says)} | {default} |")
    return [*lines, ""]


def _type(says: dict[str, Any]) -> str:
    """A field's type in a few words."""
    if "anyOf" in says:
        return " or ".join(_type(one) for one in says["anyOf"])
    if "$ref" in says:
        return str(says["$ref"]).rpartition("/")[2]
    if "enum" in says:
        return ", ".join(f"`{value}`" for value in says["enum"])
    if says.get("type") == "array":
        return f"list of {_type(says['items'])}" if "items" in says else "list"
    bounds = [f"`{says['pattern']}`"] if "pattern" in says else []
    if "maximum" in says:
        bounds.append(f"{says.get('minimum', 0):g} to {says['maximum']:.3g}")
    if "maxLength" in says:
        bounds.append(f"at most {says['maxLength']} characters")
    return " ".join([str(says.get("type", "any")), *([f"({', '.join(bounds)})"] if bounds else [])]).replace("|", "\\|")


def page(before: str) -> str:
    """The page with its generated part as it is now."""
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{generated()}\n{END}{tail}"


def schemas_text() -> str:
    """The file of schemas."""
    return json.dumps(schemas(), indent=1) + "\n"


def main() -> None:
    """Write both files."""
    PAGE.write_text(page(PAGE.read_text()))
    SCHEMAS.write_text(schemas_text())


if __name__ == "__main__":
    main()
