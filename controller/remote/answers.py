"""From what a model elsewhere wrote to one of the legal texts, or to words that tell it what was wrong."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import permutations
from math import isfinite
from typing import Any

from codeword.codebook.choice_graph import END, Node

MOST_CHARACTERS = 4096
"""Of an answer no more is looked at."""

_MOST_NAMES, _MOST_SHOWN = 5, 24


def first_object(said: str) -> str:
    """The first JSON object in a text, as it stands there; the whole text where there is none."""
    text = said[:MOST_CHARACTERS]
    start = text.find("{")
    if start < 0:
        return text.strip()
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return text[start:].strip()
    return text[start:end]


def canonical(said: str, graph: Node) -> str | None:
    """The legal text that says the same as some JSON, whatever its blanks, order and forms of numbers; None where
    there is none.
    """
    if len(said) > MOST_CHARACTERS:
        return None
    try:
        given = json.loads(said, object_pairs_hook=_distinct, parse_constant=_refused)
        if not isinstance(given, Mapping):
            return None
        return next((text for text in _orders(given) if graph.accepts(text)), None)
    except (ValueError, RecursionError):
        return None


def right_part(said: str, graph: Node) -> str:
    """How far a text is right, with all behind that which leaves no choice."""
    return _walk(_plainly(said), graph)[0]


def what_is_wrong(said: str, graph: Node) -> str:
    """Why a text is no legal one: how far it was right, and what may come there."""
    text = _plainly(said)
    right, node = _walk(text, graph)
    parts = (at for at, pair in enumerate(zip(text, right, strict=False)) if pair[0] != pair[1])
    wrong = text[next(parts, len(right)) :][:60] or "the end"
    if node is END:
        return f"after {right} nothing may come" if len(text) > len(right) else f"it is {right}, and not {wrong}"
    pieces = [piece for piece, _ in node.edges]
    more = ", …" if len(pieces) > _MOST_SHOWN else ""
    return f"after {right} may come {', '.join(pieces[:_MOST_SHOWN])}{more}, and not {wrong}"


def _plainly(said: str) -> str:
    """A text without blanks where it is JSON, else as one line."""
    try:
        return _compact(json.loads(said))
    except (ValueError, RecursionError):
        return " ".join(said.split())


def _walk(text: str, graph: Node) -> tuple[str, Node]:
    """As far along a graph as a text goes, and on from there for as long as there is no choice."""
    at, node = _reached(text, 0, graph)
    right = text[:at]
    while len(node.edges) == 1:
        right, node = right + node.edges[0][0], node.edges[0][1]
    return right, node


def _reached(text: str, at: int, node: Node) -> tuple[int, Node]:
    """How far a text goes along a graph from a place on, by the pieces that lead farthest, and the node there."""
    ways = (_reached(text, at + len(piece), child) for piece, child in node.edges if text.startswith(piece, at))
    return max(ways, key=lambda way: way[0], default=(at, node))


def _orders(given: Mapping[str, Any]) -> Iterator[str]:
    """An object's compact texts in every order of its names but the first, as it was given first of all; a plan's also
    with what each command is called first.
    """
    names = list(given)
    yield _compact(given)
    if isinstance(given.get("plan"), list):
        yield _compact({**given, "plan": [_skill_first(item) for item in given["plan"]]})
    if "skill" in names and len(names) <= _MOST_NAMES + 1:
        for order in permutations([name for name in names if name != "skill"]):
            yield _compact({name: given[name] for name in ("skill", *order)})


def _skill_first(item: Any) -> Any:
    if not isinstance(item, Mapping) or "skill" not in item:
        return item
    return {"skill": item["skill"], **item}


def _compact(value: Any) -> str:
    """JSON without blanks, its numbers in their canonical form."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{_compact(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    if isinstance(value, float):
        if not isfinite(value) or abs(value) > 1e12:
            raise ValueError("a number beyond all bounds")
        number = Decimal(repr(value))
        return "0" if number == 0 else format(number.normalize(), "f")
    return json.dumps(value, ensure_ascii=False)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands there twice")
    return made


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
