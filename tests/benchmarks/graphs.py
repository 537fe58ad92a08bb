"""Graphs of legal texts on their way to another process, where the end of every text must be the same one again."""

from codeword.codebook.choice_graph import END, Node

from .side import PackedGraph


def pack(graph: Node) -> PackedGraph:
    """A graph as a table; nodes that are shared stay shared."""
    numbers: dict[int, int] = {id(END): 0}
    table: list[tuple[tuple[str, int], ...]] = [()]

    def visit(node: Node) -> int:
        if id(node) not in numbers:
            edges = tuple((text, visit(child)) for text, child in node.edges)
            numbers[id(node)] = len(table)
            table.append(edges)
        return numbers[id(node)]

    visit(graph)
    return tuple(table)


def unpack(table: PackedGraph) -> Node:
    """The graph that a table stands for; its root comes last."""
    nodes = [END]
    for edges in table[1:]:
        nodes.append(Node(tuple((text, nodes[number]) for text, number in edges)))
    return nodes[-1]
