"""Graphs of choices as they travel: rows that refer to earlier rows, within what a graph may cost whoever walks it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, cast

from pydantic import Discriminator, Field, Tag

from codeword.codebook.choices import END, Joined, Node

from .errors import WireError

MOST_EDGES, MOST_DEPTH = 200_000, 500
"""What a graph may have: edges as it travels, and pieces of a text."""

MOST_NESTED, MOST_HEAD_DEPTH, MOST_AT_ONCE = 30, 150, 20_000
"""What is joined may have: parts one within the other, pieces of a head's text, and edges of a node that are made where
heads end.
"""

MOST_JOINED_EDGES, MOST_CHARACTERS = 500_000, 20_000_000
"""What a graph may have once all its parts are joined: edges, and characters of their pieces."""

_Place = Annotated[int, Field(ge=0, lt=2**53)]
_Piece = Annotated[str, Field(max_length=10_000)]

Edges = tuple[tuple[_Piece, _Place], ...]
Parts = tuple[_Place, _Place]


def _kind(row: Any) -> str:
    return "parts" if isinstance(row, list | tuple) and len(row) > 0 and isinstance(row[0], int) else "edges"


Row = Annotated[Annotated[Edges, Tag("edges")] | Annotated[Parts, Tag("parts")], Discriminator(_kind)]
"""A node: its edges, each a piece of text and the place of an earlier row; or the places of the head and the tail that
it joins. The first row is the end and has no edges, the last is the root.
"""


def pack(graph: Node) -> tuple[Row, ...]:
    """A graph as rows; what is shared is told once, and what is joined by its parts. Raises WireError where it is too
    large.
    """
    places: dict[int, int] = {id(END): 0}
    rows: list[Row] = [()]
    waiting = [graph]
    while waiting:
        node = waiting[-1]
        before = [] if id(node) in places else [part for part in node.parts() if id(part) not in places]
        if before:
            waiting += reversed(before)
            continue
        waiting.pop()
        if id(node) not in places:
            places[id(node)] = len(rows)
            rows.append(_row(node, places))
    if sum(map(len, rows)) > MOST_EDGES:
        raise WireError(f"there are too many choices: more than {MOST_EDGES} edges")
    return tuple(rows)


def _row(node: Node, places: Mapping[int, int]) -> Row:
    if isinstance(node, Joined):
        return places[id(node.head)], places[id(node.tail)]
    return tuple((piece, places[id(child)]) for piece, child in node.edges)


def unpack(rows: Sequence[Row]) -> Node:
    """The graph that rows stand for, its end END itself. Raises WireError where they stand for none, or for one that
    costs too much: that is found out from its parts, and nothing is joined for it.
    """
    if len(rows) < 2 or rows[0]:
        raise WireError("a graph begins with its end, which has no edges, and has a root")
    if sum(map(len, rows)) > MOST_EDGES:
        raise WireError(f"a graph has more than {MOST_EDGES} edges")
    nodes, forms = [END], [_Form()]
    for place, row in enumerate(rows[1:], start=1):
        parts, edges = _read(row)
        if any(other >= place for other in parts or [child for _, child in edges]):
            raise WireError(f"row {place} of a graph leads to one that is not before it")
        if parts is not None:
            head, tail = parts
            if not head or not tail:
                raise WireError(f"row {place} of a graph joins the end, which has no edges")
            _check_joint(forms[head], forms[tail])
            nodes.append(Joined(nodes[head], nodes[tail]))
            forms.append(_Form.joined(forms[head], forms[tail]))
        else:
            if not edges or len({piece for piece, _ in edges}) < len(edges):
                raise WireError(f"row {place} of a graph has no edges, or two with one text")
            if any(child and not piece for piece, child in edges):
                raise WireError(f"row {place} of a graph leads on without a text")
            nodes.append(Node(tuple((piece, nodes[child]) for piece, child in edges)))
            forms.append(_Form.of(edges, forms))
        if forms[-1].depth > MOST_DEPTH:
            raise WireError(f"a graph has texts of more than {MOST_DEPTH} pieces")
        _check(forms[-1].own)
    if forms[-1].may_be_empty:
        raise WireError("a graph has texts that end without a piece")
    _check_whole(rows, forms)
    return nodes[-1]


class _Count(NamedTuple):
    """How many edges, and how many characters their pieces have: of those that lead on, and of those to the end."""

    on: int = 0
    on_characters: int = 0
    ends: int = 0
    end_characters: int = 0

    @property
    def edges(self) -> int:
        return self.on + self.ends

    @property
    def characters(self) -> int:
        return self.on_characters + self.end_characters

    def plus(self, other: "_Count") -> "_Count":
        return _Count(*map(sum, zip(self, other, strict=True)))

    def before(self, tail: "_Count") -> "_Count":
        """The same where each edge to the end goes on by every edge of a tail, their pieces one."""
        return _Count(
            self.on + self.ends * tail.on,
            self.on_characters + self.end_characters * tail.on + self.ends * tail.on_characters,
            self.ends * tail.ends,
            self.end_characters * tail.ends + self.ends * tail.end_characters,
        )


class _Form(NamedTuple):
    """What is known of a node: its own edges, the most pieces of a text, the most edges from one node to the end, how
    many joined parts lie one within the other, and whether a text may end with an empty piece.
    """

    own: _Count = _Count()
    depth: int = 0
    ends_at_once: int = 0
    nested: int = 0
    may_be_empty: bool = False

    @classmethod
    def of(cls, row: Edges, forms: "Sequence[_Form]") -> "_Form":
        behind = [forms[child] for _, child in row]
        ends = [len(piece) for piece, child in row if not child]
        characters = sum(len(piece) for piece, _ in row)
        return cls(
            _Count(len(row) - len(ends), characters - sum(ends), len(ends), sum(ends)),
            1 + max(form.depth for form in behind),
            max(len(ends), *(form.ends_at_once for form in behind)),
            max(form.nested for form in behind),
            not all(piece for piece, _ in row) or any(form.may_be_empty for form in behind),
        )

    @classmethod
    def joined(cls, head: "_Form", tail: "_Form") -> "_Form":
        return cls(
            head.own.before(tail.own),
            head.depth + tail.depth,
            max(head.ends_at_once * tail.own.ends, tail.ends_at_once),
            1 + max(head.nested, tail.nested),
            tail.may_be_empty,
        )


def _check_joint(head: _Form, tail: _Form) -> None:
    if max(head.nested, tail.nested) >= MOST_NESTED or head.depth > MOST_HEAD_DEPTH:
        raise WireError(
            f"a graph joins more than {MOST_NESTED} parts one within the other, or has a head with texts of more than "
            f"{MOST_HEAD_DEPTH} pieces"
        )
    edges = head.ends_at_once * tail.own.edges
    if edges > MOST_AT_ONCE:
        raise WireError(f"a graph has a node with {edges} edges where parts are joined (at most {MOST_AT_ONCE})")


def _check_whole(rows: Sequence[Row], forms: Sequence[_Form]) -> None:
    """Raises WireError where there is too much of a graph once its parts are joined, at the latest when so much of it
    was looked at.
    """
    wholes: dict[int, _Count] = {}
    looked_at = _Count()

    def whole(root: int) -> _Count:
        """All edges from a row to the end; the heads of what is joined there are counted already."""
        seen, waiting, count = {0, root}, [root], _Count()
        while waiting:
            place = waiting.pop()
            parts, edges = _read(rows[place])
            if parts is not None:
                count = count.plus(wholes[parts[0]].before(forms[parts[1]].own))
                behind = {parts[1]}
            else:
                count = count.plus(forms[place].own)
                behind = {child for _, child in edges}
            _check(count)
            waiting += behind - seen
            seen |= behind
        return count

    for row in rows:
        parts, _ = _read(row)
        if parts is not None and parts[0] not in wholes:
            wholes[parts[0]] = whole(parts[0])
            looked_at = looked_at.plus(wholes[parts[0]])
            _check(looked_at)
    whole(len(rows) - 1)


def _check(count: _Count) -> None:
    if count.edges > MOST_JOINED_EDGES:
        raise WireError(f"a graph has more than {MOST_JOINED_EDGES} edges once its parts are joined")
    if count.characters > MOST_CHARACTERS:
        raise WireError(f"a graph has more than {MOST_CHARACTERS} characters once its parts are joined")


def _read(row: Row) -> tuple[Parts | None, Edges]:
    """The parts that a row joins, or its edges."""
    return (cast(Parts, row), ()) if _kind(row) == "parts" else (None, cast(Edges, row))
