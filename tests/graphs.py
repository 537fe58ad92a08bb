"""Texts at random out of graphs of choices, of which there may be too many to go through."""

import random

from codeword.codebook.choice_graph import END, Node


def some_text(graph: Node, rng: random.Random) -> str:
    """One text of a graph."""
    text, node = "", graph
    while node is not END:
        piece, node = rng.choice(node.edges)
        text += piece
    return text


def some_texts(graph: Node, rng: random.Random, tries: int) -> list[str]:
    """Texts of a graph, each once."""
    return list(dict.fromkeys(some_text(graph, rng) for _ in range(tries)))
