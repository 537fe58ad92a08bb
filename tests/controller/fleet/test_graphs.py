"""Graphs come out of a message as they went in, joined parts told once, and none costs more than it may."""

import json
import random

import pytest

from codeword.codebook import Codebook, load_codebook
from codeword.codebook.choices import END, Joined, Node
from codeword.codebook.goals import goal_graph
from codeword.codebook.plan_grammar import plan_graph
from codeword.codebook.prompt import Prompt
from codeword.controller.digest import graph_digest
from codeword.controller.fleet import graphs
from codeword.controller.fleet.errors import WireError
from codeword.controller.fleet.graphs import (
    MOST_DEPTH,
    MOST_EDGES,
    MOST_HEAD_DEPTH,
    MOST_NESTED,
    Row,
    pack,
    unpack,
)
from codeword.controller.fleet.wire import MOST_BYTES, Decide, Limits, read_said, written
from tests.codebook.test_choices import plain, random_part
from tests.codebook.test_task_plan import walk
from tests.observations import large_observation, random_observation


def sent(graph: Node) -> tuple[Node, int]:
    """A graph as it comes out of a message, and how large that was [bytes]."""
    content = written(Decide.of(1, Prompt("", "", ""), pack(graph), None, None, Limits()))
    said = read_said(content)
    assert isinstance(said, Decide)
    return unpack(said.graph), len(content)


@pytest.mark.parametrize("name", ["tabletop", "workbench", "packing", "lekiwi", "showcase"])
def test_plans_come_out_as_they_went_in_and_are_small(name: str) -> None:
    codebook, rng = load_codebook(name), random.Random(1)
    seen = random_observation(rng) if name == "lekiwi" else large_observation()
    graph = plan_graph(codebook, seen, "put the red block into the blue bowl")
    again, size = sent(graph)
    assert size < MOST_BYTES / 50
    assert graph_digest(again) == graph_digest(graph)
    for _ in range(10):
        text = walk(graph, rng)
        assert again.accepts(text) and not again.accepts(text[:-1])
        assert graph.accepts(walk(again, rng))
    assert len(again.grammar().definition) == len(graph.grammar().definition), "nothing is written out"


def test_a_workbench_of_many_things_is_far_within_a_message() -> None:
    seen = large_observation()
    assert len(seen.entities) > 20
    assert sent(plan_graph(load_codebook("workbench"), seen, "tidy up"))[1] < 40_000


def test_what_is_left_of_a_graph_when_ways_are_cut_comes_out_as_it_went_in(tabletop: Codebook) -> None:
    """As others than the first plan are looked for."""
    rng, compared = random.Random(3), 0
    for make in (plan_graph, goal_graph):
        graph = make(tabletop, large_observation(4), "x")
        for _ in range(12):
            text = walk(graph, rng)
            cut = rng.randrange(len(text) // 2, len(text))
            some = graph.beginning(text[: cut - 20]).without(text[:cut])
            if some.edges:
                again = sent(some)[0]
                assert graph_digest(again) == graph_digest(some)
                assert not again.accepts(text)
                assert some.accepts(walk(again, rng))
                compared += 1
    assert compared > 8


@pytest.mark.parametrize("seed", range(10))
def test_joined_graphs_spell_the_same_texts_in_the_same_order(seed: int) -> None:
    rng = random.Random(seed)
    one, two, three = (random_part(rng) for _ in range(3))
    comma = Node(tuple((f",{piece}", child) for piece, child in two.edges))
    graph = one.then(comma).then(Node((*((f";{piece}", child) for piece, child in three.edges), ("!", END))))
    again = sent(graph)[0]
    assert isinstance(again, Joined)
    assert list(again.texts()) == list(graph.texts())


def test_a_part_may_end_at_once_where_others_follow() -> None:
    words = Node((("red", Node((("", END),))), ("blue", Node((("_block", END), ("", END))))))
    again = sent(words.then(Node((("!", END), ("?", END)))))[0]
    assert list(again.texts()) == ["red!", "red?", "blue_block!", "blue_block?", "blue!", "blue?"]


def test_the_end_is_the_end_itself(tabletop: Codebook) -> None:
    node = sent(plan_graph(tabletop, large_observation(4), "x"))[0]
    while node.edges:
        node = node.edges[-1][1]
    assert node is END


def test_nothing_is_joined_before_it_is_walked(tabletop: Codebook) -> None:
    again = sent(plan_graph(tabletop, large_observation(), "x"))[0]
    waiting, found = [again], list[Node]()
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [] if node in found[:-1] else node.parts()
    joined = {node for node in found if isinstance(node, Joined)}
    assert len(joined) > 8
    assert not any("edges" in vars(node) for node in joined)


A: Row = (("a", 0),)
AB: Row = (("a", 0), ("b", 0))


def chain(length: int) -> tuple[Row, ...]:
    """The rows of a graph of one text of so many pieces."""
    return ((), *((("a", at),) for at in range(length)))


def joined(rows: tuple[Row, ...], *more: tuple[int, int]) -> tuple[Row, ...]:
    """Rows with others behind them that join, counted from the last of those given, which is 0."""
    return (*rows, *((len(rows) - 1 + head, len(rows) - 1 + tail) for head, tail in more))


def numbers(count: int, piece: str = "{}") -> Row:
    """A row with so many edges to the end."""
    return tuple((piece.format(number), 0) for number in range(count))


def one_head(head: Row, tails: list[Row]) -> tuple[Row, ...]:
    """One head that each of the tails follows."""
    joints = [(1, 2 + number) for number in range(len(tails))]
    root = tuple((f"j{number}", 2 + len(tails) + number) for number in range(len(tails)))
    return ((), head, *tails, *joints, root)


NO_GRAPHS: list[tuple[tuple[Row, ...], str]] = [
    ((), "begins with its end"),
    (((),), "begins with its end"),
    ((A, A), "begins with its end"),
    (((0, 0), A), "begins with its end"),
    (((), ()), "has no edges"),
    (((), (("a", 0), ("a", 0))), "two with one text"),
    (((), (("a", 1),)), "not before it"),
    (((), (("a", 2),), (("a", 1),)), "not before it"),
    (((), A, (2, 1)), "row 2 of a graph leads to one that is not before it"),
    (((), A, (1, 2)), "not before it"),
    (((), A, (1, 3), (1, 2)), "not before it"),
    (((), A, (0, 1)), "joins the end"),
    (((), A, (1, 0)), "joins the end"),
    (((), (("", 0),)), "end without a piece"),
    (((), (("a", 0), ("", 0)), (("b", 1),)), "end without a piece"),
    (((), (("a", 0), ("", 0)), A, (2, 1)), "end without a piece"),
    (((), A, (("", 1),)), "leads on without a text"),
]

TOO_COSTLY: list[tuple[tuple[Row, ...], str]] = [
    (chain(MOST_DEPTH + 1), f"texts of more than {MOST_DEPTH} pieces"),
    (joined(chain(MOST_HEAD_DEPTH), *((0, at) for at in range(4))), f"texts of more than {MOST_DEPTH} pieces"),
    (joined(chain(MOST_HEAD_DEPTH + 1), (0, 0)), f"more than {MOST_HEAD_DEPTH} pieces"),
    (joined(((), A), *((0, at) for at in range(MOST_NESTED + 1))), f"more than {MOST_NESTED} parts"),
    (joined(((), A), *((at, 0) for at in range(MOST_NESTED + 1))), f"more than {MOST_NESTED} parts"),
    (((), numbers(MOST_EDGES + 1)), f"more than {MOST_EDGES} edges"),
    (((), numbers(200), (1, 1)), "a node with 40000 edges"),
    (((), numbers(100), (1, 1), (2, 1)), "a node with 1000000 edges"),
    (((), A, (("b", 1), *numbers(200)), (("c", 2),), (3, 2)), "a node with 40200 edges"),
    (joined(((), AB), *((at, at) for at in range(5))), "edges"),
    (one_head(numbers(1000), [((f"t{at}", 0),) for at in range(600)]), "more than 500000 edges once its parts"),
    (one_head(numbers(300), [(("t" * 5000 + str(at), 0),) for at in range(20)]), "more than 20000000 characters once"),
]


@pytest.mark.parametrize(("rows", "why"), NO_GRAPHS)
def test_what_is_no_graph_is_refused(rows: tuple[Row, ...], why: str) -> None:
    with pytest.raises(WireError, match=why):
        unpack(rows)


@pytest.mark.parametrize(("rows", "why"), TOO_COSTLY)
def test_what_would_cost_too_much_is_refused_and_never_joined(
    rows: tuple[Row, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Joined, "edges", property(lambda _: pytest.fail("joined")))
    with pytest.raises(WireError, match=why) as told:
        unpack(rows)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("seed", range(10))
def test_no_graph_has_more_edges_than_were_counted(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    graph = random_part(rng)
    for number in range(4):
        other = Node(tuple((f"{number}{piece}", child) for piece, child in random_part(rng).edges))
        graph = graph.then(other) if number % 2 else random_part(rng).then(graph)
    rows, edges, waiting = pack(graph), 0, [graph]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        edges += len(node.edges)
        behind = {child for _, child in node.edges}
        waiting += behind - seen
        seen |= behind
    unpack(rows)
    monkeypatch.setattr(graphs, "MOST_JOINED_EDGES", edges - 1)
    with pytest.raises(WireError, match="once its parts are joined"):
        unpack(rows)


def test_what_doubles_again_and_again_is_refused_however_short_its_message() -> None:
    """One part within another, each twice as large: two to the thirtieth edges in thirty rows."""
    rows: list[Row] = [(), AB]
    for at in range(1, 8):
        rows.append((at, at))
    assert len(json.dumps(rows)) < 100
    with pytest.raises(WireError, match="edges"):
        unpack(rows)


def test_as_deep_as_may_be_is_walked_without_harm() -> None:
    deep = unpack(chain(MOST_DEPTH))
    assert deep.accepts("a" * MOST_DEPTH) and not deep.accepts("a" * (MOST_DEPTH - 1))
    assert graph_digest(deep) == graph_digest(unpack(pack(deep)))
    joint = unpack(joined(chain(MOST_HEAD_DEPTH), (0, 0), (0, 1)))
    left = unpack(joined(((), A), *((at, 0) for at in range(MOST_NESTED))))
    right = unpack(joined(((), A), *((0, at) for at in range(MOST_NESTED))))
    for graph, length in ((joint, 3 * MOST_HEAD_DEPTH), (left, MOST_NESTED + 1), (right, MOST_NESTED + 1)):
        assert graph_digest(graph) == graph_digest(plain(graph, {}))
        assert graph.accepts("a" * length) and not graph.accepts("a" * (length + 1))


def test_graphs_that_share_much_are_no_larger_for_it() -> None:
    """Written out as a tree this one would have more edges than there are atoms."""
    rows: tuple[Row, ...] = ((), *((("a", at), ("b", max(0, at - 1))) for at in range(MOST_DEPTH)))
    assert pack(unpack(rows)) == rows


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        ([[], [1, 2, 3]], r"graph\.1\.parts"),
        ([[], [True, 0]], r"graph\.1\.parts"),
        ([[], [["a", 0], 1]], r"graph\.1\.edges\.1"),
        ([[], [["a", -1]]], r"graph\.1\.edges\.0\.1: Input should be greater"),
        ([[], [["a" * 10_001, 0]]], r"graph\.1\.edges\.0\.0: String should have at most 10000"),
        ([[], {"head": 0}], r"graph\.1\.edges"),
        ([[], "ab"], r"graph\.1\.edges"),
    ],
)
def test_rows_that_are_none_are_refused(graph: object, why: str) -> None:
    message = {"kind": "decide", "id": 1, "system": "", "task": "", "observation": "", "graph": graph}
    with pytest.raises(WireError, match=why):
        read_said(json.dumps(message).encode())


def test_a_graph_with_too_many_edges_is_not_sent() -> None:
    with pytest.raises(WireError, match="too many choices"):
        pack(Node(tuple((str(number), END) for number in range(MOST_EDGES + 1))))
