"""Decisions of situations nearly the same, found by embedding: ever only guesses for the engine to read ahead.

The embedding is the mean of the model's own token embeddings of task and observation, so that no other model is needed
and none runs: looking up a few hundred rows and adding them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from codeword.codebook.choice_graph import Node
from codeword.codebook.observation import Observation
from codeword.codebook.prompt import observation_text, one_line
from codeword.codebook.skills import Codebook
from codeword.controller.model import Floats

_WORD = re.compile(r"[^\W\d_]+")
_PLACE = re.compile(r"<(\d+)>")


# The same situation with other colors, letters or sizes: what was decided there is likely here, in the words of here.
#
# Words that entities bear as properties (`red`) are renamed one to one, in ids, facts and the task alike; all others,
# such as those of zones, stay. Two situations are the same up to a renaming where their texts are the same in the
# order of their words' first appearance, and every computed fact about one thing that asks for properties (`warm`)
# has the same truth of each thing. Nothing makes a language model decide the same under other words, so that what is
# found is only ever a guess for the engine to read ahead and verify.


@dataclass(frozen=True)
class Renaming:
    """The name of a situation up to a renaming, and its own words for the numbered places, each at its number."""

    key: str
    words: tuple[str, ...]

    def away(self, text: str) -> str:
        """A text with places for the words."""
        return _renamed(text, {word: f"<{number}>" for number, word in enumerate(self.words)})

    def back(self, text: str) -> str:
        """A text with the words for its places; a place that there is no word for stays."""
        words = dict(enumerate(self.words))
        return _PLACE.sub(lambda place: words.get(int(place[1]), place[0]) if len(place[1]) < 5 else place[0], text)


def renaming(codebook: Codebook, task: str, observation: Observation) -> Renaming:
    """How a situation is named up to a renaming: a SHA-256 over its texts with places for the words."""
    words: dict[str, None] = {}
    for entity in observation.entities:
        seen = [value.lower() for _, value in sorted(entity.properties.items())]
        in_id = set(_WORD.findall(entity.id))
        words |= dict.fromkeys(value for value in seen if _WORD.fullmatch(value) and value in in_id)
    state = codebook.state(observation)
    asked = [d.name for d in codebook.derived.values() if len(d.places) == 1 and d.condition.properties()]
    truths = [[state.holds(name, (entity.id,)) for name in asked] for entity in observation.entities]
    bare = Renaming("", tuple(words))
    texts = [codebook.hash, bare.away(one_line(task)), bare.away(observation_text(codebook, observation))]
    key = hashlib.sha256(json.dumps([*texts, truths]).encode()).hexdigest()
    return Renaming(key, bare.words)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return _WORD.sub(lambda word: names.get(word[0].lower(), word[0]), text)


MOST_KEPT = 1024
"""So many situations are remembered; then the oldest make room."""


def direction(embeddings: Floats) -> Floats:
    """The mean of embeddings [n, hidden], made a unit vector [hidden]; zeros where there are none."""
    if not len(embeddings):
        return np.zeros(embeddings.shape[1], np.float32)
    mean: Floats = embeddings.mean(axis=0, dtype=np.float32)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


class Near:
    """What was decided in the last situations of one codebook and policy, each with where it lies."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._directions: Floats | None = None
        self._decided: list[tuple[str, str]] = []
        self._next = 0

    def __len__(self) -> int:
        return len(self._decided)

    def guess(self, at: Floats, names: Renaming, graph: Node) -> str | None:
        """What was decided in the nearest situation: as it is where that is legal, else in the words of this one where
        that is, else None. `at` [hidden] is a unit vector.
        """
        if self._directions is None:
            return None
        nearest = int(np.argmax(self._directions[: len(self._decided)] @ at))
        text, bare = self._decided[nearest]
        return next((said for said in (text, names.back(bare)) if graph.accepts(said)), None)

    def learn(self, at: Floats, names: Renaming, text: str) -> None:
        """That text was decided in a situation."""
        if self._directions is None:
            self._directions = np.zeros((self._most, len(at)), np.float32)
        entry = (text, names.away(text))
        if len(self._decided) < self._most:
            self._decided.append(entry)
        else:
            self._decided[self._next] = entry
        self._directions[self._next] = at
        self._next = (self._next + 1) % self._most
