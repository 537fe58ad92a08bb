"""Speculative decoding of a guessed command: it is read in one pass with the tokens that are certain. As far as the
model agrees with it, its tokens are read already; the others are forgotten again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .automaton import Automaton, State


@dataclass
class Speculation:
    """Tokens in a row, and the choices met on the way, by how many of the tokens come before: 0 is the next choice."""

    tokens: list[int] = field(default_factory=list)
    choices: dict[int, State] = field(default_factory=dict)


def guess(automaton: Automaton, state: State, tokens: Sequence[int], most_tokens: int) -> Speculation:
    """What a guessed command goes on with, as far as it is legal and another choice stands behind it, up to so many
    tokens.
    """
    draft, left = Speculation([], {0: state}), list(tokens)
    while left and left[0] in state.next:
        run, state = automaton.forced_run(state.next[left[0]])
        if state.is_end or len(draft.tokens) + 1 + len(run) > most_tokens:
            break
        draft.tokens += (left[0], *run)
        draft.choices[len(draft.tokens)] = state
        left = left[1 + len(run) :]
    return draft
