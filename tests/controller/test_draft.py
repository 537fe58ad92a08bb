"""What is read ahead: chains and trees of tokens, each following the right ones, as many as were asked for."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeword.codebook.choices import END, Node
from codeword.controller.automaton import Automaton
from codeword.controller.draft import ROOT, Draft, guess, nothing, tree
from tests.controller.test_automaton import random_graph, spelt

CLOSE = Node((("}", END),))
GRAPH = Node((("ab", Node((("c", CLOSE), ("dd", CLOSE)))), ("e", Node((("f", CLOSE), ("g", Node((("h", END), ("i", END)))))))))  # fmt: skip


def letters(text: str) -> tuple[int, ...]:
    """A tokenizer whose tokens are letters."""
    return tuple(map(ord, text))


def automaton(graph: Node = GRAPH) -> Automaton:
    return Automaton(graph, letters)


def text(draft: Draft, place: int = -2) -> str:
    """The letters of a draft in their order, or those up to a place."""
    places = range(len(draft.tokens)) if place == -2 else draft.path(place)
    return "".join(chr(draft.tokens[one]) for one in places)


def test_nothing_ahead_is_only_the_next_choice() -> None:
    start = automaton().start
    draft = nothing(start)
    assert (draft.tokens, draft.parents, draft.choices) == ([], [], {ROOT: start})
    assert draft.is_chain
    assert draft.visible(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert draft.depths(3) == [0, 1, 2]


def test_extending_gives_the_last_place() -> None:
    draft = Draft()
    first = draft.extend(ROOT, letters("ab"))
    second = draft.extend(ROOT, letters("c"))
    assert (first, second) == (1, 2)
    assert draft.extend(first, ()) == first
    assert draft.extend(ROOT, ()) == ROOT
    assert draft.extend(first, letters("de")) == 4
    assert draft.parents == [-1, 0, -1, 1, 3]


def test_a_tree_of_tokens_follows_its_branches() -> None:
    draft = Draft()
    stem = draft.extend(ROOT, letters("ab"))
    left = draft.extend(stem, letters("c"))
    right = draft.extend(stem, letters("de"))
    other = draft.extend(ROOT, letters("f"))
    assert [text(draft, place) for place in (stem, left, right, other)] == ["ab", "abc", "abde", "f"]
    assert draft.path(ROOT) == []
    assert not draft.is_chain
    seen = draft.visible(2)
    rows = ["".join("*" if one else "." for one in row) for row in seen]
    assert rows == [
        "*.......",
        "**......",
        "***.....",
        "****....",
        "*****...",
        "****.*..",
        "****.**.",
        "**.....*",
    ]  # fmt: skip
    assert draft.depths(2) == [0, 1, 2, 3, 4, 4, 5, 2]
    assert draft.depths(0) == [0, 1, 2, 2, 3, 0]


@pytest.mark.parametrize(("most", "read"), [(0, ""), (1, "e"), (2, "eg")])
def test_a_guess_is_read_up_to_a_limit(most: int, read: str) -> None:
    made = automaton()
    assert text(guess(made, made.start, letters("egi"), most)) == read


def test_following_a_draft() -> None:
    draft = nothing(automaton().start)
    end = draft.branch(ROOT, ord("a"), letters("b"))
    assert draft.follow(ROOT, ord("a")) == end == 1
    assert draft.follow(ROOT, ord("e")) is None
    assert draft.follow(end, ord("a")) is None


@pytest.mark.parametrize(
    ("guessed", "read"),
    [
        ("abc}", "ab"),
        ("egi", "eg"),
        ("ef}", "e"),
        ("abx}", "ab"),
        ("e", "e"),
        ("x", ""),
        ("", ""),
        ("abdd}abdd}", "ab"),
    ],
)
def test_a_guess_is_read_as_far_as_a_choice_stands_behind_it(guessed: str, read: str) -> None:
    made = automaton()
    draft = guess(made, made.start, letters(guessed), 99)
    assert text(draft) == read
    assert draft.is_chain
    assert next(iter(draft.choices)) == ROOT
    assert len(draft.choices) == 1 + {"": 0, "ab": 1, "e": 1, "eg": 2}[read]


@pytest.mark.parametrize(("most", "read"), [(0, ""), (1, ""), (2, "ab"), (3, "abe"), (4, "abeg"), (99, "abeg")])
def test_a_tree_reads_the_nearest_choices_first(most: int, read: str) -> None:
    made = automaton()
    draft = tree(made, made.start, most)
    assert text(draft) == read
    for place, state in draft.choices.items():
        assert not state.is_end and not state.is_forced
        assert place == ROOT or draft.parents[place] < place


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), most=st.integers(0, 60), certain=st.integers(0, 3))
def test_any_tree_holds_beginnings_of_texts_only(seed: int, most: int, certain: int) -> None:
    made = automaton(random_graph(random.Random(seed)))
    texts = spelt(made.start)
    run, start = made.forced_run(made.start)
    draft = tree(made, start, most)
    assert len(draft.tokens) <= most
    seen, depths = draft.visible(certain), draft.depths(certain)
    for place in range(len(draft.tokens)):
        path = draft.path(place)
        beginning = (*run, *(draft.tokens[one] for one in path))
        assert any(whole[: len(beginning)] == beginning for whole in texts)
        assert np.flatnonzero(seen[certain + place]).tolist() == [*range(certain), *(certain + one for one in path)]
        assert depths[certain + place] == certain + len(path) - 1
    assert not np.triu(seen, 1).any()
    beginnings = [tuple(draft.tokens[one] for one in draft.path(place)) for place in draft.choices]
    assert len(set(beginnings)) == len(beginnings)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), cut=st.integers(0, 60))
def test_any_text_is_guessed_up_to_its_last_choice(seed: int, cut: int) -> None:
    lot = random.Random(seed)
    made = automaton(random_graph(lot))
    run, start = made.forced_run(made.start)
    whole = lot.choice(spelt(made.start))
    draft = guess(made, start, whole[len(run) :], 999)
    assert draft.is_chain
    assert whole[len(run) :][: len(draft.tokens)] == tuple(draft.tokens)
    place, rest = ROOT, list(whole[len(run) :])
    while (following := draft.follow(place, rest[0])) is not None:
        rest = rest[len(draft.path(following)) - len(draft.path(place)) :]
        place = following
    assert place == len(draft.tokens) - 1
    assert made.forced_run(draft.choices[place].next[rest[0]])[1].is_end
    shorter = guess(made, start, whole[len(run) :], cut)
    assert len(shorter.tokens) <= cut
    assert draft.tokens[: len(shorter.tokens)] == shorter.tokens
