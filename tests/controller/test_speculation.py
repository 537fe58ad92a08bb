"""What is read ahead of a guess: as far as it is legal, up to the last choice, and no more than was asked for."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeword.codebook.choice_graph import END, Node
from codeword.controller.automaton import Automaton
from codeword.controller.sequence import Speculation, guess
from tests.controller.test_automaton import random_graph, spelt

CLOSE = Node((("}", END),))
GRAPH = Node((("ab", Node((("c", CLOSE), ("dd", CLOSE)))), ("e", Node((("f", CLOSE), ("g", Node((("h", END), ("i", END)))))))))  # fmt: skip


def letters(text: str) -> tuple[int, ...]:
    """A tokenizer whose tokens are letters."""
    return tuple(map(ord, text))


def automaton(graph: Node = GRAPH) -> Automaton:
    return Automaton(graph, letters)


def text(draft: Speculation) -> str:
    return "".join(map(chr, draft.tokens))


@pytest.mark.parametrize(("most", "read"), [(0, ""), (1, "e"), (2, "eg")])
def test_a_guess_is_read_up_to_a_limit(most: int, read: str) -> None:
    made = automaton()
    assert text(guess(made, made.start, letters("egi"), most)) == read


@pytest.mark.parametrize(
    ("guessed", "read", "choices"),
    [
        ("abc}", "ab", [0, 2]),
        ("egi", "eg", [0, 1, 2]),
        ("ef}", "e", [0, 1]),
        ("abx}", "ab", [0, 2]),
        ("e", "e", [0, 1]),
        ("x", "", [0]),
        ("", "", [0]),
        ("abdd}abdd}", "ab", [0, 2]),
    ],
)
def test_a_guess_is_read_as_far_as_a_choice_stands_behind_it(guessed: str, read: str, choices: list[int]) -> None:
    made = automaton()
    draft = guess(made, made.start, letters(guessed), 99)
    assert text(draft) == read
    assert list(draft.choices) == choices
    assert draft.choices[0] == made.start
    assert not any(state.is_end or state.is_forced for state in draft.choices.values())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), cut=st.integers(0, 60))
def test_any_text_is_guessed_up_to_its_last_choice(seed: int, cut: int) -> None:
    rng = random.Random(seed)
    made = automaton(random_graph(rng))
    run, start = made.forced_run(made.start)
    rest = rng.choice(spelt(made.start))[len(run) :]
    draft = guess(made, start, rest, 999)
    assert rest[: len(draft.tokens)] == tuple(draft.tokens)
    last = list(draft.choices)[-1]
    assert last == len(draft.tokens)
    assert made.forced_run(draft.choices[last].next[rest[last]])[1].is_end
    for place, state in draft.choices.items():
        assert rest[place] in state.next
    shorter = guess(made, start, rest, cut)
    assert len(shorter.tokens) <= cut
    assert draft.tokens[: len(shorter.tokens)] == shorter.tokens
