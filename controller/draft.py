"""What is read ahead of being chosen: a guessed command, or many commands at once as a tree of tokens.

A draft stands behind the tokens that are certain. Where the model agrees with a branch, its tokens are read already;
the others are forgotten again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .automaton import Automaton, State
from .model import Mask

ROOT = -1
"""The place before a draft's first token: the last of the certain ones."""


@dataclass
class Draft:
    """Tokens in rising order of depth, each with the place of the one before it, and the choices met on the way.

    `choices` are the places (or ROOT) after which something is to be chosen.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    choices: dict[int, State] = field(default_factory=dict)
    _behind: dict[tuple[int, int], int] = field(default_factory=dict)

    def extend(self, place: int, run: Sequence[int]) -> int:
        """Put tokens behind a place; gives the place of the last, the one given where there are none."""
        for token in run:
            self.tokens.append(token)
            self.parents.append(place)
            place = len(self.tokens) - 1
        return place

    def branch(self, place: int, token: int, run: Sequence[int]) -> int:
        """A choice followed: a token behind a place, and what it forces; gives the place of the last."""
        end = self.extend(place, (token, *run))
        self._behind[place, token] = end
        return end

    def follow(self, place: int, token: int) -> int | None:
        """Where the draft goes on when a token is chosen behind a place, or None where it does not."""
        return self._behind.get((place, token))

    def path(self, place: int) -> list[int]:
        """The places from the first token to a place."""
        places: list[int] = []
        while place != ROOT:
            places.append(place)
            place = self.parents[place]
        return places[::-1]

    @property
    def is_chain(self) -> bool:
        """Whether each token follows the one before it."""
        return self.parents == list(range(-1, len(self.parents) - 1))

    def visible(self, certain: int) -> Mask:
        """What each token follows, behind so many certain ones [certain + tokens, certain + tokens]."""
        count = certain + len(self.tokens)
        mask = np.tril(np.ones((count, count), dtype=np.bool_))
        mask[certain:, certain:] = False
        for place, parent in enumerate(self.parents):
            if parent != ROOT:
                mask[certain + place, certain:] = mask[certain + parent, certain:]
            mask[certain + place, certain + place] = True
        return mask

    def depths(self, certain: int) -> list[int]:
        """How many tokens of the pass stand before each."""
        depths = list(range(certain))
        for parent in self.parents:
            depths.append((depths[certain + parent] if parent != ROOT else certain - 1) + 1)
        return depths


def nothing(state: State) -> Draft:
    """Only the next choice."""
    return Draft(choices={ROOT: state})


def guess(automaton: Automaton, state: State, tokens: Sequence[int], most_tokens: int) -> Draft:
    """What a guessed command goes on with, as far as it is legal and another choice stands behind it, up to so many
    tokens.
    """
    draft, place, left = nothing(state), ROOT, list(tokens)
    while left and left[0] in state.next:
        run, after = automaton.forced_run(state.next[left[0]])
        if after.is_end or len(draft.tokens) + 1 + len(run) > most_tokens:
            break
        place = draft.branch(place, left[0], run)
        draft.choices[place] = after
        left, state = left[1 + len(run) :], after
    return draft


def tree(automaton: Automaton, state: State, most_tokens: int) -> Draft:
    """All that may come, nearest choices first, up to so many tokens."""
    draft = nothing(state)
    ahead = [(ROOT, state)]
    while ahead:
        place, state = ahead.pop(0)
        for token, behind in state.next.items():
            run, after = automaton.forced_run(behind)
            if after.is_end:
                continue
            if len(draft.tokens) + 1 + len(run) > most_tokens:
                return draft
            end = draft.branch(place, token, run)
            draft.choices[end] = after
            ahead.append((end, after))
    return draft
