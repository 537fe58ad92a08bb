"""JSON Schemas as viewers of MCAP files read them: Foxglove and Lichtblick know no references, no choices between
types, and no arrays of fixed places. Where null may stand the schema says the other type, as they take null anywhere.
"""

from collections.abc import Mapping
from typing import Any


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
