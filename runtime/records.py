"""What is recorded of an episode beside observations, decisions and results."""

from collections.abc import Mapping
from typing import Any

from codeword.codebook.observation import Record
from codeword.sim.installed import SYMBOLS

from .migration import SCHEMA

# JSON Schemas as viewers of MCAP files read them: Foxglove and Lichtblick know no references, no choices between
# types, and no arrays of fixed places. Where null may stand the schema says the other type, as they take null
# anywhere.


def flat_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema with every reference written out, one type for each value, and properties in every object.

    >>> flat_schema({"$defs": {"N": {"type": "number"}}, "type": "object", "properties": {
    ...     "at_m": {"anyOf": [{"type": "array", "prefixItems": [{"$ref": "#/$defs/N"}]}, {"type": "null"}]}}})
    {'type': 'object', 'properties': {'at_m': {'type': 'array', 'items': {'type': 'number'}}}}
    """
    return _flat(schema, schema.get("$defs", {}))


def _flat(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key not in ("$defs", "$ref", "anyOf", "prefixItems")}
    if "$ref" in schema:
        return {**_flat(known[schema["$ref"].rpartition("/")[2]], known), **kept}
    if "anyOf" in schema:
        told = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return {**_flat(told, known), **kept}
    if "prefixItems" in schema:
        kept["items"] = schema["prefixItems"][0]  # numbers all
    if kept.get("type") == "array":
        kept["items"] = _flat(kept["items"], known)
    if kept.get("type") == "object":
        kept["properties"] = {name: _flat(one, known) for name, one in kept.get("properties", {}).items()}
    return kept


class Header(Record):
    """What an episode is a function of, and what it ran on. Hashes are SHA-256 in hex.

    `suite` is the folder of the scenario. `held` names the profile in which weights are held, `profile` says with
    what kernels; `policy` what the model writes,
    `plan` the plan that was given in its place, `sampling` how tokens are drawn (empty: the likeliest is taken). Of a
    model elsewhere `model` is the address, `fallback` the model that decides when it does not answer (or `hold`), with
    the adapter and `held` of that one.
    `senses` are those of a simulated robot: `symbols` out of physics, or a `camera`.
    What the model was less `sure` of was not carried out; 0 where anything was. `clock` says what physics did while
    decisions were made: paused, live, or a latency that was given. `processor` names what last digits depend on; files
    of earlier versions do not say it. `left_out` are the parts that the file does not tell; `schema_version` is the
    schema of its records.
    Where the robot had earlier tasks in the same world, `before` has the commands of each; `remade` is false where the
    world cannot be made again by them, since one was stopped in the middle or broke.
    """

    version: str
    scenario: str
    suite: str = ""
    scenario_hash: str
    codebook: str
    codebook_hash: str
    task: str
    seed: int
    controller: str
    model: str = ""
    weights_hash: str = ""
    adapter: str = ""
    adapter_hash: str = ""
    profile: str = ""
    held: str = ""
    fallback: str = ""
    contract: int
    policy: str = ""
    plan: str = ""
    sampling: Mapping[str, float] = {}
    sure: float = 0.0
    clock: str = "paused"
    robot: str
    senses: str = SYMBOLS
    before: tuple[tuple[str, ...], ...] = ()
    remade: bool = True
    libraries: Mapping[str, str] = {}
    processor: str = ""
    schema_version: int = SCHEMA
    left_out: tuple[str, ...] = ()


class CommandRecord(Record):
    """A command on its way to the robot, and what the guard said of it. Refused ones name the check and why; a
    `fallback` came in place of one that was too late.
    """

    step: int
    text: str
    allowed: bool
    check: str = ""
    message: str = ""
    fallback: bool = False


class BudgetRecord(Record):
    """How long each stage of a step took [ms, wall time], and which hard limits were missed.

    `passed_s` is how long physics went on meanwhile, before the command was begun [s, simulated time].
    """

    step: int
    stage_ms: dict[str, float]
    missed: tuple[str, ...] = ()
    passed_s: float = 0.0


class CodebookRecord(Record):
    """A codebook that came into use in the middle of an episode, whole."""

    step: int
    text: str
    hash: str


class EventRecord(Record):
    """Something that happened beside the loop: by the scenario's script, or an edit of the codebook not taken up.

    `kind` is that of a decision's note (`poisoned`, `cache`, `remote`, `fallback`, `goal`, `stop`, `hold`); empty for
    all others.
    """

    step: int
    time_s: float
    what: str
    scripted: bool = True
    kind: str = ""


def schema_of(record: type[Record]) -> dict[str, Any]:
    """The JSON Schema of a record as it is written, for viewers."""
    return flat_schema(record.model_json_schema(mode="serialization"))
