"""One name for what may be written: a digest of a graph of choices."""

import hashlib
from collections.abc import Iterable, Sequence

from codeword.codebook.choice_graph import END, Distinct, Joined, Node

from .prior.weighted import Weighted


def graph_digest(graph: Node) -> str:
    """One name for a graph's texts in their order: a SHA-256 over its edges, each node visited once, and over their
    prior where they have one."""
    name = _Digests().of(graph)
    return (_digest((name, graph.prior.digest.encode())) if isinstance(graph, Weighted) else name).hex()


class _Digests:
    """The digests of nodes, by their ids. Of nodes that are joined or choose some of many names the edges are not made
    for it.
    """

    def __init__(self) -> None:
        self._names: dict[int, bytes] = {id(END): b"end"}
        self._joined: dict[int, dict[int, bytes]] = {}
        self._edges: dict[int, list[tuple[str, bytes, Node]]] = {}

    def of(self, node: Node) -> bytes:
        """The digest of a node."""
        waiting = [node]
        while waiting:
            last = waiting[-1]
            if id(last) in self._names:
                waiting.pop()
                continue
            ahead = last.tail if isinstance(last, Joined) else last.closing if isinstance(last, Distinct) else last
            edges = ahead.edges
            behind = [child for _, child in edges if id(child) not in self._names]
            if behind:
                waiting += behind
            elif isinstance(last, Joined):
                tail = [(piece, self._names[id(child)]) for piece, child in edges]
                self._names[id(last)] = self._before(last.head, tail, self._joined.setdefault(id(last.tail), {}))
            else:
                parts = [_counted(piece) + self._names[id(child)] for piece, child in edges]
                self._names[id(last)] = _digest([*_told(last), *parts])
        return self._names[id(node)]

    def _before(self, head: Node, tail: Sequence[tuple[str, bytes]], names: dict[int, bytes]) -> bytes:
        """The digest of a node with a tail in place of its ends; `names` are those of others with the same tail."""
        name = names.get(id(head))
        if name is None:
            parts = _told(head)
            for piece, counted, child in self._edges_of(head.closing if isinstance(head, Distinct) else head):
                if child is END:
                    parts += [_counted(piece + more) + behind for more, behind in tail]
                else:
                    parts.append(counted + self._before(child, tail, names))
            name = names[id(head)] = _digest(parts)
        return name

    def _edges_of(self, node: Node) -> list[tuple[str, bytes, Node]]:
        """A node's edges, each with its piece as it is counted in: made once, however often the node is joined."""
        found = self._edges.get(id(node))
        if found is None:
            found = self._edges[id(node)] = [(piece, _counted(piece), child) for piece, child in node.edges]
        return found


def _told(node: Node) -> list[bytes]:
    return [_counted(node.told)] if isinstance(node, Distinct) else []


def _counted(piece: str) -> bytes:
    text = piece.encode()
    return len(text).to_bytes(4) + text


def _digest(parts: Iterable[bytes]) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
