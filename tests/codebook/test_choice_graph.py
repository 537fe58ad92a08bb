"""Graphs of choices: what is joined spells what either part does, one after the other, and is told by its parts."""

import random
import re

import pytest

from codeword.codebook.choice_graph import END, Joined, Node
from codeword.controller.digest import graph_digest

SENTENCE = Node((("", END),))
"""A graph that ends at once, for others to follow."""


def random_part(rng: random.Random, depth: int = 3) -> Node:
    """A small graph without two edges alike, some of whose nodes are shared."""
    if not depth:
        return END
    below = [random_part(rng, depth - 1) for _ in range(2)]
    return Node(tuple((word, rng.choice([*below, END])) for word in rng.sample(("ab", "cd", "ef", "gh", "ij"), 3)))


def plain(node: Node, made: dict[int, Node]) -> Node:
    """The same graph with every edge written out."""
    if node is END:
        return END
    if id(node) not in made:
        made[id(node)] = Node(tuple((piece, plain(child, made)) for piece, child in node.edges))
    return made[id(node)]


@pytest.mark.parametrize("seed", range(20))
def test_joined_graphs_spell_every_text_of_one_behind_every_text_of_the_other(seed: int) -> None:
    rng = random.Random(seed)
    one, two, three = (random_part(rng) for _ in range(3))
    tail = Node(tuple((f",{piece}", child) for piece, child in two.edges))
    end = Node(tuple((f";{piece}", child) for piece, child in three.edges))
    joined = one.then(tail).then(end)
    expected = [f"{a},{b};{c}" for a in one.texts() for b in two.texts() for c in three.texts()]
    assert list(joined.texts()) == expected
    assert joined.count() == len(expected)
    for text in rng.sample(expected, 5):
        assert joined.accepts(text) and not joined.accepts(text + ";") and not joined.accepts(text[:-1])
        assert re.fullmatch(joined.regex(), text)
        assert list(joined.beginning(text[:4]).texts()) == [other for other in expected if other.startswith(text[:4])]
    assert graph_digest(joined) == graph_digest(plain(joined, {}))


def test_a_part_that_is_empty_is_followed_at_once() -> None:
    words = Node((("red", SENTENCE), ("blue", Node((("_", Node((("block", END),))), *SENTENCE.edges)))))
    joined = words.then(Node((("!", END), ("?", END))))
    assert list(joined.texts()) == ["red!", "red?", "blue_block!", "blue_block?", "blue!", "blue?"]
    assert graph_digest(joined) == graph_digest(plain(joined, {}))


def test_nodes_are_made_when_they_are_asked_for_and_told_by_their_parts() -> None:
    step = Node(tuple((f"{number}", SENTENCE) for number in range(50)))
    graph: Node = Node(((".", END),))
    for _ in range(100):
        graph = step.then(Node(((",", graph), (".", END))))
    assert isinstance(graph, Joined) and "edges" not in vars(graph)
    assert len(graph.lark()) < 10_000, "what comes again is told once"
    assert "edges" not in vars(graph)
    assert graph.accepts("7," * 100 + ".") and graph.accepts("49.") and not graph.accepts("50.")
