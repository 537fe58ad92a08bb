"""Episode files of earlier versions: how their records are brought to today's form, and what they could not say.

A header says by which schema its file was written. Whatever is renamed or changes its meaning gets a step here, under
the schema that it leads away from; a field that is only added needs none, and is told as not recorded.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from codeword.codebook.errors import EpisodeError, Fault
from codeword.codebook.observation import Record

SCHEMA = 3
"""What is written today. Schema 0 is that of files from before headers said so."""

Step = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Takes a topic (`header`, `observation`, …) and a record of one schema; returns it in the next one's form."""


def _said(topic: str, record: dict[str, Any]) -> dict[str, Any]:
    """From 0 to 1: the header says by which schema it is written."""
    return {**record, "schema_version": 1} if topic == "header" else record


def _fresh(topic: str, record: dict[str, Any]) -> dict[str, Any]:
    """From 1 to 2: prompts tell of no decisions before; the few files whose prompts did are read as if they had not."""
    if topic != "header":
        return record
    return {name: value for name, value in record.items() if name != "history"} | {"schema_version": 2}


def _planned(topic: str, record: dict[str, Any]) -> dict[str, Any]:
    """From 2 to 3: what was written as a goal alone is a plan with that goal."""
    if topic == "header":
        return record | {"schema_version": 3}
    if topic != "decision":
        return record
    kept = {name: value for name, value in record.items() if name != "written_goal"}
    if goal := record.get("written_goal"):
        said = json.loads(goal)
        kept["plan"] = json.dumps({"plan": [said["goal"]]} if "goal" in said else said, separators=(",", ":"))
    return kept


STEPS: Mapping[int, Step] = {0: _said, 1: _fresh, 2: _planned}


def schema_of_header(header: Mapping[str, Any], path: str) -> int:
    """The schema by which a file says that it is written. Raises EpisodeError for one that is newer than this code."""
    schema = header.get("schema_version", 0)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 0:
        raise EpisodeError(Fault(f"is damaged: schema_version is {schema!r}, not a number from 0 on", path))
    if schema > SCHEMA:
        by = f"version {header.get('version', 'unknown')}"
        cure = "a newer version of codeword reads it"
        raise EpisodeError(
            Fault(f"was written by {by} with schema {schema}, and this one reads up to {SCHEMA}; {cure}", path)
        )
    return schema


def migrated(topic: str, record: dict[str, Any], schema: int) -> dict[str, Any]:
    """A record of an earlier schema in today's form."""
    for number in range(schema, SCHEMA):
        record = STEPS[number](topic, record)
    return record


def unrecorded(topic: str, record: Mapping[str, Any], kind: type[Record]) -> set[str]:
    """The fields, as `topic.name`, that a record lacks because they were not known when it was written."""
    return {f"{topic}.{name}" for name in kind.model_fields if name not in record}
