"""What a scenario leaves to the seed: words drawn out of lists, and put in wherever the scenario names them.

    draw:
      side: [left_side, right_side]                    # one of these
      colors: {take: [3, 5], of: [red, green, ...]}    # three to five different ones
      rest: {take: 2, of: $letters, except: [word]}    # of what was drawn, or not of it
      word: [[letter_d, letter_o], [letter_g, ...]]    # one of these lists

`$side` stands for its word, also in `$side_zone`; `$word.1` for the first of several. An entry of a list in `world`
that names several is there once for each of them. In sentences underscores are spaces, several words are told as `red,
green and blue`, and single letters as the word that they spell.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codeword.codebook.errors import did_you_mean
from codeword.codebook.facts import ID
from codeword.codebook.yaml_source import Source, locate

NAMED = re.compile(r"\$([a-z][a-z0-9_]*)(?:\.(\d+))?")

Path = tuple[str | int, ...]
Drawn = Mapping[str, tuple[str, ...]]


class DrawError(ValueError):
    """A drawing that cannot be made, or a name that was not drawn; `at` is the path of what is wrong."""

    def __init__(self, message: str, at: Path) -> None:
        self.at = at
        super().__init__(message)


@dataclass(frozen=True)
class Choice:
    """One line of `draw`: how many words are taken, at least and at most, and out of what: lists, or what was drawn."""

    name: str
    low: int
    high: int
    of: tuple[tuple[str, ...], ...] | str
    without: tuple[str, ...] = ()

    def take(self, drawn: Drawn, rng: random.Random) -> tuple[str, ...]:
        """The words taken: out of the file's lists in any order, out of what was drawn in the order that it has."""
        pool = tuple((word,) for word in drawn[self.of]) if isinstance(self.of, str) else self.of
        taken = {word for name in self.without for word in drawn[name]}
        left = [words for words in pool if not taken & set(words)]
        count = rng.randint(self.low, self.high)
        if count > len(left):
            raise DrawError(f"'{self.name}' takes {count} of {len(left)}", ("draw", self.name))
        chosen = rng.sample(range(len(left)), count)
        return tuple(word for at in (sorted(chosen) if isinstance(self.of, str) else chosen) for word in left[at])


def read_choices(source: Source, data: object) -> tuple[Choice, ...]:
    """The choices of a scenario's `draw`, faults noted in the source."""
    if not isinstance(data, dict):
        source.fault("draw: expected names, each with what is drawn", locate(source.root, ("draw",)))
        return ()
    choices: list[Choice] = []
    for name, said in data.items():
        try:
            choices.append(_choice(str(name), said, [choice.name for choice in choices]))
        except DrawError as problem:
            source.fault(f"draw: {problem}", locate(source.root, problem.at))
    return tuple(choices)


def _choice(name: str, said: object, before: list[str]) -> Choice:
    at: Path = ("draw", name)
    if not ID.fullmatch(name):
        raise DrawError(f"'{name}' is no name (lower-case letters, digits and _ between them)", at)
    given = said if isinstance(said, dict) else {"of": said}
    for key in given:
        if key not in ("take", "of", "except"):
            raise DrawError(f"unknown key '{key}'{did_you_mean(str(key), ['take', 'of', 'except'])}", (*at, str(key)))
    take = given.get("take", 1)
    low, high = take if isinstance(take, list) and len(take) == 2 else (take, take)
    if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high):
        raise DrawError(f"'take' of '{name}' is a number from 1 on, or [least, most]", (*at, "take"))
    listed = given.get("except", [])
    without: list[Any] = listed if isinstance(listed, list) else [listed]
    for other in without:
        if other not in before:
            raise DrawError(
                f"'{other}' is not drawn before '{name}'{did_you_mean(str(other), before)}", (*at, "except")
            )
    return Choice(name, low, high, _pool(name, given.get("of"), before), tuple(without))


def _pool(name: str, of: object, before: list[str]) -> tuple[tuple[str, ...], ...] | str:
    at: Path = ("draw", name)
    if isinstance(of, str) and NAMED.fullmatch(of):
        if of[1:] not in before:
            raise DrawError(f"'{of[1:]}' is not drawn before '{name}'{did_you_mean(of[1:], before)}", at)
        return of[1:]
    if not isinstance(of, list) or not of:
        raise DrawError(f"'{name}' needs a list to draw from, or the name of one as $name", at)
    words = tuple(tuple(item) if isinstance(item, list) else (item,) for item in of)
    for word in (word for several in words for word in several):
        if not isinstance(word, str) or not ID.fullmatch(word):
            raise DrawError(f"'{word}' of '{name}' is no word (lower-case letters, digits and _ between them)", at)
    return words


def draw(choices: tuple[Choice, ...], scenario: str, seed: int) -> Drawn:
    """What a seed draws for the scenario of that name. Raises DrawError where a list is too short."""
    rng = random.Random(f"{scenario} {seed}")
    drawn: dict[str, tuple[str, ...]] = {}
    for choice in choices:
        drawn[choice.name] = choice.take(drawn, rng)
    return drawn


@dataclass
class Filler:
    """Puts what was drawn into a scenario's data, and remembers which entry of a list came from which."""

    drawn: Drawn
    came_from: dict[Path, list[int]] = field(default_factory=dict)

    def fill(self, data: object, at: Path = ()) -> Any:
        """The data with every name replaced. Raises DrawError for a name that was not drawn."""
        if isinstance(data, dict):
            return {key: self.fill(value, (*at, key)) for key, value in data.items()}
        if isinstance(data, list):
            filled = [(index, item) for index, one in enumerate(data) for item in self.each(one, (*at, index))]
            self.came_from[at] = [index for index, _ in filled]
            return [item for _, item in filled]
        return self.text(data, at) if isinstance(data, str) else data

    def each(self, item: object, at: Path) -> Iterator[Any]:
        """An entry of a list, once for each word that it names."""
        names = {self.named(text, at)[0] for text in _names(item)}
        several = sorted(name for name in names if len(self.drawn[name]) > 1)
        if at[0] != "world" or not several:
            yield self.fill(item, at)
            return
        if len(several) > 1:
            raise DrawError(f"one entry names both ${' and $'.join(several)}, which stand for several words each", at)
        for word in self.drawn[several[0]]:
            yield Filler({**self.drawn, several[0]: (word,)}).fill(item, at)

    def text(self, text: str, at: Path) -> str:
        """A text with names replaced: in sentences without underscores and joined, elsewhere as they are."""
        spoken = at[0] in ("task", "wordings") or (at[0] == "then" and at[1] in ("task", "wordings"))

        def word(match: re.Match[str]) -> str:
            name, after = self.named(match[1], at)
            words = self.drawn[name]
            if match[2] is not None:
                if not 1 <= int(match[2]) <= len(words):
                    raise DrawError(f"${name} has {len(words)} words, and no {match[2]}. one", at)
                words = (words[int(match[2]) - 1],)
            if spoken:
                return _listed([word.replace("_", " ") for word in words]) + after
            if len(words) > 1:
                raise DrawError(f"${name} stands for {len(words)} words here; say which as ${name}.1", at)
            return words[0] + after

        return NAMED.sub(word, text)

    def named(self, text: str, at: Path) -> tuple[str, str]:
        """The name that a text begins with, and the rest of it: `block_zone` names `block` if that was drawn."""
        name = text
        while name not in self.drawn:
            name, underscore, _ = name.rpartition("_")
            if not underscore:
                raise DrawError(f"'${text}' is not drawn{did_you_mean(text, list(self.drawn))}", at)
        return name, text[len(name) :]

    def origin(self, at: Path) -> Path:
        """The path in the file of what stands at a path in the filled data."""
        path: Path = ()
        for step in at:
            source = self.came_from.get(path, [])
            path = (*path, source[step] if isinstance(step, int) and step < len(source) else step)
        return path


def _names(item: object) -> Iterator[str]:
    """What in an entry names all words of a drawing."""
    if isinstance(item, dict):
        for value in item.values():
            yield from _names(value)
    elif isinstance(item, str):
        yield from (match[1] for match in NAMED.finditer(item) if match[2] is None)


def _listed(words: list[str]) -> str:
    if all(len(word) == 1 for word in words):
        return "".join(words)
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
