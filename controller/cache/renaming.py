"""The same situation with other colors, letters or sizes: what was decided there is likely here, in the words of here.

Words that entities bear as properties (`red`) are renamed one to one, in ids, facts and the task alike; all others,
such as those of zones, stay. Two situations are the same up to a renaming where their texts are the same in the order
of their words' first appearance, and every computed fact about one thing that asks for properties (`warm`) has the same
truth of each thing. Nothing makes a language model decide the same under other words, so that what is found is only
ever a guess for the engine to read ahead and verify.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from codeword.codebook.observation import Observation
from codeword.codebook.prompt import observation_text, one_line
from codeword.codebook.skills import Codebook

_WORD = re.compile(r"[^\W\d_]+")
_PLACE = re.compile(r"<(\d+)>")


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
