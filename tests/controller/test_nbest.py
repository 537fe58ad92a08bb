"""Whole texts, the likeliest first: against every text of a graph, and where a word by word choice goes wrong."""

import math
import random

import pytest

from codeword.codebook.choice_graph import END, Node
from codeword.controller.decision import Choice, Decision, Option
from codeword.controller.plan_writer import NBest

Odds = dict[str, dict[str, float]]


class Model:
    """Knows after every text how likely each piece is; takes the likeliest, piece by piece."""

    def __init__(self, odds: Odds) -> None:
        self.odds = odds
        self.graphs: list[Node] = []

    @property
    def asked(self) -> int:
        return len(self.graphs)

    def __call__(self, graph: Node) -> Decision:
        self.graphs.append(graph)
        text, logprob, choices = "", 0.0, []
        while graph is not END:
            legal = dict(graph.edges)
            whole = sum(self.odds[text][piece] for piece in legal)
            odds = {piece: self.odds[text][piece] / whole for piece in legal}
            taken = max(odds, key=lambda piece: odds[piece])
            if len(odds) > 1:
                options = tuple(Option(text=p, probability=odds[p]) for p in sorted(odds, key=lambda p: -odds[p]))
                choices.append(Choice(after=text, options=options, taken=taken))
            logprob, text, graph = logprob + math.log(odds[taken]), text + taken, legal[taken]
        return Decision(text=text, logprob=logprob, choices=tuple(choices), stage_ms={}, path="decoded", key="k")


def by_lot(rng: random.Random) -> tuple[Node, Odds]:
    """A graph whose pieces are not cut alike, some of which begin others, and odds for every place in it."""
    odds: Odds = {}

    def grow(text: str, depth: int) -> Node:
        if depth == 4:
            return END
        pieces = rng.sample(["a", "b", "bc", "bcc", "b_", "d", "ef"], rng.randint(1, 5))
        shares = [rng.random() + 0.01 for _ in pieces]
        odds[text] = {piece: share / sum(shares) for piece, share in zip(pieces, shares, strict=True)}
        return Node(tuple((piece, grow(text + piece, depth + 1)) for piece in pieces))

    return grow("", 0), odds


def probabilities(graph: Node, odds: Odds, begun: str = "") -> dict[str, float]:
    if graph is END:
        return {begun: 1.0}
    return {
        text: odds[begun][piece] * share
        for piece, child in graph.edges
        for text, share in probabilities(child, odds, begun + piece).items()
    }


@pytest.mark.parametrize("seed", range(30))
def test_every_text_comes_once_with_its_probability_and_none_beats_the_bound(seed: int) -> None:
    graph, odds = by_lot(random.Random(seed))
    every, model = probabilities(graph, odds), Model(odds)
    first = model(graph)
    others = NBest(model, graph, first)
    found = {first.text: first.logprob}
    while others.bound > -math.inf:
        bound = others.bound
        left = [share for text, share in every.items() if text not in found]
        assert math.log(max(left)) <= bound + 1e-9
        made = others.next()
        assert made is not None
        assert made.text not in found
        found[made.text] = made.logprob
        chosen = [choice.after + choice.taken for choice in made.choices]
        assert all(made.text.startswith(text) for text in chosen)
    assert found == pytest.approx({text: math.log(share) for text, share in every.items()})


def test_a_way_that_leads_to_no_text_of_its_own_is_passed_over() -> None:
    graph = Node((("bc", END), ("a", END)))
    options = tuple(Option(text=text, probability=share) for text, share in (("a", 0.5), ("b", 0.3), ("bc", 0.2)))
    made = Decision(text="bc", logprob=0.0, stage_ms={}, path="decoded", key="k")
    first = made.model_copy(
        update={"text": "a", "logprob": math.log(0.5), "choices": (Choice(after="", options=options, taken="a"),)}
    )
    others = NBest(lambda _: made, graph, first)
    assert others.next() is None
    found = others.next()
    assert found is not None
    assert (found.text, found.logprob) == ("bc", pytest.approx(math.log(0.2)))


@pytest.mark.parametrize("seed", range(30))
def test_a_graph_that_begins_so_spells_what_begins_so_and_has_no_dead_ends(seed: int) -> None:
    rng = random.Random(200 + seed)
    graph, _ = by_lot(rng)
    texts = list(graph.texts())
    begins = rng.choice(texts)[: rng.randint(0, 6)]
    kept, others = graph.beginning(begins), graph.without(begins)
    assert list(kept.texts()) == [text for text in texts if text.startswith(begins)]
    assert list(others.texts()) == [text for text in texts if not text.startswith(begins)]

    def dead(node: Node) -> bool:
        return node is not END and (not node.edges or any(dead(child) for _, child in node.edges))

    assert not dead(kept)
    assert not others.edges or not dead(others)
    assert graph.beginning("zz").edges == ()
    assert list(graph.without("zz").texts()) == texts
