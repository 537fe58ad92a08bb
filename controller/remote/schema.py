"""The legal commands as a JSON Schema: what holds a model to them that another program decodes.

One alternative per skill, with `const` and `enum`; where one argument's values depend on another's, as few alternatives
as products of values allow.
"""

import json
from collections.abc import Sequence
from typing import Any

from codeword.codebook.choice_graph import Node

Row = tuple[str, ...]
"""The values of one command's arguments, each as JSON."""


def schema_of(graph: Node) -> dict[str, Any]:
    """The JSON Schema that admits exactly the commands of a graph, properties in their canonical order."""
    rows: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for text in graph.texts():
        command = json.loads(text)
        skill = command.pop("skill")
        row = tuple(json.dumps(value) for value in command.values())
        rows.setdefault((skill, tuple(command)), []).append(row)
    return {
        "anyOf": [
            _alternative(skill, names, product)
            for (skill, names), commands in rows.items()
            for product in products(commands)
        ]
    }


def products(rows: Sequence[Row]) -> list[tuple[tuple[str, ...], ...]]:
    """The rows as products of value sets, such that each row is in exactly one; values that go on alike share one."""
    if not rows[0]:
        return [()]
    rests: dict[str, list[Row]] = {}
    for row in rows:
        rests.setdefault(row[0], []).append(row[1:])
    alike: dict[frozenset[Row], list[str]] = {}
    for first, rest in rests.items():
        alike.setdefault(frozenset(rest), []).append(first)
    return [
        (tuple(firsts), *product)
        for firsts in alike.values()
        for product in products(rests[firsts[0]])
    ]  # fmt: skip


def _alternative(skill: str, names: Sequence[str], values: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    properties: dict[str, Any] = {"skill": {"const": skill}}
    for name, texts in zip(names, values, strict=True):
        one = [json.loads(text) for text in texts]
        properties[name] = {"const": one[0]} if len(one) == 1 else {"enum": one}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
