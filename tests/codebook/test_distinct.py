"""Lists of different things: a graph of choices that is made as it is walked, against every list written out."""

import time
from itertools import permutations, product

import pytest

from codeword.codebook import Entity, Fact, Observation, legal, parse_codebook
from codeword.codebook.choice_graph import END, Distinct, Node
from codeword.controller.digest import graph_digest

BEHIND = Node((('"]}', END), ('"],"n":"', Node((("a", Node((('"}', END),))), ("b", Node((('"}', END),))))))))
SHAPES = [
    (many, low, high) for many, low, high in product(range(1, 6), range(1, 4), range(1, 5)) if low <= min(many, high)
]

BOOK = """
codebook: tidy
robot: {robot: tidy, primitives: {take: {description: takes it, args: {block: entity}}}}
entities: [block]
facts: {"held(block)": it is held}
skills:
  gather:
    description: gather blocks
    args: {blocks: {list: block, min: 1, max: 4}}
    preconditions: [not held(blocks)]
    steps: [{each: $blocks, as: block, steps: [take: {block: $block}]}]
  done: {description: all is done}
  cannot: {description: gives up, args: {reason: {choice: [missing]}}}
"""


def names(many: int) -> list[str]:
    return [f"block_{number}" for number in range(many)]


def written(many: int, low: int, high: int) -> list[str]:
    lists = [one for size in range(low, high + 1) for one in permutations(names(many), size)]
    return ['","'.join(one) + rest for one in lists for rest in BEHIND.texts()]


@pytest.mark.parametrize(("many", "low", "high"), SHAPES)
def test_every_list_of_different_names_is_spelt_once(many: int, low: int, high: int) -> None:
    graph = Distinct(names(many), low, high, BEHIND)
    texts = list(graph.texts())
    assert sorted(texts) == sorted(written(many, low, high))
    assert len(texts) == graph.count()
    assert all(map(graph.accepts, texts))
    assert not graph.accepts('block_0","block_0"]}')
    joined = graph.then(Node(((",x", END),)))
    assert sorted(joined.texts()) == sorted(text + ",x" for text in texts)


def test_what_is_otherwise_has_another_digest() -> None:
    tail = Node(((",x", END),))
    graphs = [Distinct(names(many), low, high, BEHIND) for many, low, high in SHAPES if high <= many]
    others = [Distinct(names(3), 1, 2, Node((('"]}', END),))), Distinct(reversed(names(3)), 1, 2, BEHIND)]
    same = [Distinct(names(3), 1, 2, BEHIND), Distinct(names(3), 1, 2, BEHIND).then(tail)]
    digests = [graph_digest(one) for one in (*graphs, *others, *(one.then(tail) for one in (*graphs, *others)))]
    assert len(set(digests)) == len(digests)
    assert {graph_digest(one) for one in same} <= set(digests)


def test_a_graph_grows_with_the_things_and_not_with_the_lists() -> None:
    book = parse_codebook(BOOK)
    seen = Observation(
        step=0, time_s=0.0, entities=tuple(Entity(id=name, kind="block") for name in names(60)),
        facts=(Fact(name="held", args=("block_7",)),),
    )  # fmt: skip
    began_s = time.process_time()
    offered = legal(book, seen)
    assert offered.count == 59 * (1 + 58 * (1 + 57 * (1 + 56))) + 2  # done, cannot
    assert offered.allows('{"skill":"gather","blocks":["block_3","block_59","block_0","block_1"]}')
    assert not offered.allows('{"skill":"gather","blocks":["block_3","block_7"]}')
    assert not offered.allows('{"skill":"gather","blocks":["block_3","block_3"]}')
    assert graph_digest(offered.graph)
    assert time.process_time() - began_s < 1.0, "each of 11 million lists was looked at"
