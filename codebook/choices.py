"""A finite language as a graph of choices: what a command may be, here and now, piece by piece.

One graph serves everyone: the decoder walks it token by token, the grammar is written from it, and it is counted,
enumerated and searched. Paths from the root to END spell exactly the legal texts.

Pieces are cut where no tokenizer joins: between a run of letters, digits or underscores that starts with a letter (or a
whole number) and the punctuation beside it. So the tokens of a path are the tokens of its pieces, one after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outlines.types.dsl import Term


@dataclass(frozen=True, eq=False)
class Node:
    """A place in the graph. Each edge is a piece of text and the node behind it; no two edges share a text."""

    edges: "tuple[tuple[str, Node], ...]"

    def texts(self) -> Iterator[str]:
        """Every text from here to the end, in the graph's order. There may be very many."""
        if self is END:
            yield ""
        for piece, child in self.edges:
            for rest in child.texts():
                yield piece + rest

    def count(self) -> int:
        """How many texts there are from here to the end."""
        counts: dict[int, int] = {id(END): 1}

        def visit(node: Node) -> int:
            if id(node) not in counts:
                counts[id(node)] = sum(visit(child) for _, child in node.edges)
            return counts[id(node)]

        return visit(self)

    def accepts(self, text: str) -> bool:
        """Whether the text is one of those that the graph spells."""
        if self is END:
            return not text
        return any(text.startswith(piece) and child.accepts(text[len(piece) :]) for piece, child in self.edges)

    def grammar(self) -> "Term":
        """The same language as an outlines term, for any generator that takes one."""
        from outlines.types.dsl import Alternatives, Sequence, String

        def visit(node: Node) -> "Term | None":
            if node is END:
                return None
            by_child: dict[int, tuple[Node, list[str]]] = {}
            for piece, child in node.edges:
                by_child.setdefault(id(child), (child, []))[1].append(piece)
            options: list[Term] = []
            for child, pieces in by_child.values():
                head: Term = String(pieces[0]) if len(pieces) == 1 else Alternatives([String(p) for p in pieces])
                tail = visit(child)
                options.append(head if tail is None else Sequence([head, tail]))
            return options[0] if len(options) == 1 else Alternatives(options)

        term = visit(self)
        return String("") if term is None else term

    def regex(self) -> str:
        """The same language as a regular expression."""
        from outlines.types.dsl import to_regex

        return str(to_regex(self.grammar()))


END = Node(())
"""The end of every text."""
