"""A finite language as a graph of choices: what a command may be, here and now, piece by piece.

One graph serves everyone: the decoder walks it token by token, the grammar is written from it, and it is counted,
enumerated and searched. Paths from the root to END spell exactly the legal texts.

Pieces are cut where no tokenizer joins: between a run of letters, digits or underscores that starts with a letter (or a
whole number) and the punctuation beside it. So the tokens of a path are the tokens of its pieces, one after the other.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import perm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outlines.types.dsl import CFG


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """A place in the graph. Each edge is a piece of text and the node behind it; no two edges share a text.

    An edge to END may have an empty piece in a graph that others are to follow (see `then`), and in no other.
    """

    edges: "tuple[tuple[str, Node], ...]"

    def __repr__(self) -> str:
        """The beginnings alone: whole graphs are too large to be shown."""
        return f"Node({', '.join(repr(piece) for piece, _ in self.edges)})"

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
                counts[id(node)] = node.counted(visit)
            return counts[id(node)]

        return visit(self)

    def counted(self, count: Callable[["Node"], int]) -> int:
        """How many texts there are from here to the end, by how many there are from other nodes."""
        return sum(count(child) for _, child in self.edges)

    def accepts(self, text: str) -> bool:
        """Whether the text is one of those that the graph spells."""
        waiting: list[tuple[int, Node]] = [(0, self)]
        seen = set(waiting)
        while waiting:
            at, node = waiting.pop()
            if node is END and at == len(text):
                return True
            ways = {(at + len(piece), child) for piece, child in node.edges if text.startswith(piece, at)}
            waiting += ways - seen
            seen |= ways
        return False

    def among(self, texts: Iterable[str]) -> "Node":
        """The same graph without the ways to other texts than these; those that it does not spell count for nothing."""
        some = tuple(texts)
        edges = []
        for piece, child in self.edges:
            rest = tuple(text[len(piece) :] for text in some if text.startswith(piece))
            kept = child if child is END else child.among(rest)
            if rest and (kept.edges or (child is END and "" in rest)):
                edges.append((piece, kept))
        return Node(tuple(edges))

    def beginning(self, text: str) -> "Node":
        """The same graph without the ways to texts that do not begin so; where it spells none, no way is left.

        >>> Node((("red", Node((("_block", END), ("_bowl", END)))), ("blue", END))).beginning("red_bl")
        Node('red')
        """
        edges = []
        for piece, child in self.edges:
            if piece.startswith(text):
                edges.append((piece, child))
            elif text.startswith(piece) and (kept := child.beginning(text[len(piece) :])).edges:
                edges.append((piece, kept))
        return Node(tuple(edges))

    def without(self, text: str) -> "Node":
        """The same graph without the ways to texts that begin so; where it spells no others, no way is left.

        >>> Node((("red_block", END), ("red_blocks", END))).without("red_blocks")
        Node('red_block')
        """
        edges = []
        for piece, child in self.edges:
            if piece.startswith(text):
                continue
            kept = child.without(text[len(piece) :]) if text.startswith(piece) and child is not END else child
            if kept.edges or kept is END:
                edges.append((piece, kept))
        return Node(tuple(edges))

    def then(self, tail: "Node") -> "Node":
        """The texts of this graph, each followed by one of another: its last piece and the other's first are one.

        >>> list(Node((("a", END), ("b", END))).then(Node(((",c", END), (",d", END)))).texts())
        ['a,c', 'a,d', 'b,c', 'b,d']
        """
        return Joined(self, tail)

    def grammar(self) -> "CFG":
        """The same language as an outlines term, for any generator that takes one."""
        from outlines.types.dsl import CFG

        return CFG(self.lark())

    def lark(self) -> str:
        """The same language as a grammar in Lark, every node a token of its own, so that it grows with the graph,
        however many texts that spells. Tokens and not rules, because those have a lexer cut texts up by rules of its
        own.
        """
        nodes: dict[int, Node] = {id(self): self}
        waiting = [self]
        while waiting:
            for part in waiting.pop().parts():
                if id(part) not in nodes:
                    nodes[id(part)] = part
                    waiting.append(part)
        names = {known: f"N{number}" for number, known in enumerate(nodes)}
        lines = ["start: N0"]
        for known, node in nodes.items():
            if isinstance(node, Joined):
                lines.append(f"{names[known]}: {names[id(node.head)]} {names[id(node.tail)]}")
                continue
            options = [f"({' | '.join(map(_quoted, pieces))}) {names[id(child)]}" for child, pieces in node.by_child()]
            lines.append(f"{names[known]}: {' | '.join(options) or _quoted('')}")
        return "\n".join(lines)

    def parts(self) -> "Iterable[Node]":
        """The nodes that this one is told by: those behind it, or what it joins."""
        return (child for _, child in self.edges)

    def regex(self) -> str:
        """The same language as a regular expression, in which a node is written out wherever it can be reached: with
        graphs that share as much as those of goals it is too long for any use.
        """
        from outlines.types.dsl import Alternatives, Sequence, String, Term, to_regex

        def visit(node: Node) -> Term:
            options: list[Term] = []
            for child, pieces in node.by_child():
                head: Term = String(pieces[0]) if len(pieces) == 1 else Alternatives([String(p) for p in pieces])
                options.append(head if child is END else Sequence([head, visit(child)]))
            return options[0] if len(options) == 1 else Alternatives(options)

        return str(to_regex(String("") if self is END else visit(self)))

    def by_child(self) -> "list[tuple[Node, list[str]]]":
        """The nodes behind this one, each once, with the pieces that lead to it."""
        found: dict[int, tuple[Node, list[str]]] = {}
        for piece, child in self.edges:
            found.setdefault(id(child), (child, []))[1].append(piece)
        return list(found.values())


class Joined(Node):
    """Texts of `head`, each followed by one of `tail`. Its edges are made when they are asked for, so that a long graph
    of parts that come again and again costs no more than these parts and the way that is walked.
    """

    head: Node
    tail: Node
    _made: dict[int, Node]

    def __init__(self, head: Node, tail: Node, made: dict[int, Node] | None = None) -> None:
        """`made` are the nodes that join parts of the same head with the same tail, by the part's id."""
        set_ = object.__setattr__  # immutable like every node
        set_(self, "head", head)
        set_(self, "tail", tail)
        set_(self, "_made", {} if made is None else made)

    @cached_property
    def edges(self) -> tuple[tuple[str, Node], ...]:
        edges: list[tuple[str, Node]] = []
        for piece, child in self.head.edges:
            if child is END:
                edges += [(piece + more, node) for more, node in self.tail.edges]
            else:
                edges.append((piece, self._behind(child)))
        return tuple(edges)

    def _behind(self, part: Node) -> Node:
        if id(part) not in self._made:
            self._made[id(part)] = Joined(part, self.tail, self._made)
        return self._made[id(part)]

    def parts(self) -> Iterable[Node]:
        return self.head, self.tail


class Distinct(Node):
    """Between `low` and `high` of some names, in any order, none of them twice, `taken` of them already; `","` stands
    between two, and what `closing` spells follows the last. Its edges are made when they are asked for: there are as
    many ways as there are ordered choices of names, and a text takes one of them.
    """

    names: tuple[str, ...]
    low: int
    high: int
    closing: Node
    taken: frozenset[str]
    _behind: dict[frozenset[str], Node]

    def __init__(
        self, names: Iterable[str], low: int, high: int, closing: Node, taken: frozenset[str] = frozenset(),
        behind: dict[frozenset[str], Node] | None = None,
    ) -> None:  # fmt: skip
        """`behind` are the nodes of the same choice behind a name, by all that is taken there."""
        set_ = object.__setattr__  # immutable like every node
        set_(self, "names", tuple(names))
        set_(self, "low", low)
        set_(self, "high", min(high, len(self.names)))
        set_(self, "closing", closing)
        set_(self, "taken", taken)
        set_(self, "_behind", {} if behind is None else behind)

    @cached_property
    def edges(self) -> tuple[tuple[str, Node], ...]:
        return tuple((name, self._node_behind(self.taken | {name})) for name in self.names if name not in self.taken)

    def _node_behind(self, taken: frozenset[str]) -> Node:
        if taken not in self._behind:
            edges = self.closing.edges if len(taken) >= self.low else ()
            if len(taken) < self.high:
                more = Distinct(self.names, self.low, self.high, self.closing, taken, self._behind)
                edges = (*edges, ('","', more))
            self._behind[taken] = Node(edges)
        return self._behind[taken]

    def counted(self, count: Callable[[Node], int]) -> int:
        chosen = len(self.taken)
        lengths = range(max(1, self.low - chosen), self.high - chosen + 1)
        return count(self.closing) * sum(perm(len(self.names) - chosen, length) for length in lengths)

    @property
    def told(self) -> str:
        """One text for all but what follows."""
        return json.dumps([*self.names, self.low, self.high, sorted(self.taken)])


def _quoted(piece: str) -> str:
    """A piece as Lark has it."""
    return json.dumps(piece, ensure_ascii=False)


END = Node(())
"""The end of every text."""
