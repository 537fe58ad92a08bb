"""What a task names: things that are there, what can be chosen, and numbers, and where it does."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .arguments import ChoiceArgument
from .observation import Observation
from .quantities import find_quantities
from .skills import Codebook

NUMBER = "number"
"""The sort of a number that is named."""

_WORD = re.compile(r"[a-z]+|[0-9]+", re.IGNORECASE)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS)}
"""Numbers in words, as digits."""

NO_NAMES = frozenset("the a an of and or to in on at by for with from no not one ones it you i is".split())  # noqa: SIM905
"""Words that name nothing by themselves."""

_ARTICLE = re.compile(r"(?:\b(?:the|a|an|my|your|that|this|our|number|no\.|nr\.?)\s+)*$", re.IGNORECASE)
_ONE = ("one", "ones")
"""Words that may stand for the noun of a name."""
_BEFORE_NUMBERS = ("number", "no", "nr")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, numbers up to twelve as digits.

    >>> words_of("Locker one, blue_box")
    ['locker', '1', 'blue', 'box']
    """
    return [DIGITS.get(word, word) for word in map(str.lower, _WORD.findall(text))]


class KnownName(NamedTuple):
    """Something that can be named: a thing of a kind (its sort), or a choice (its sort is `skill.argument`)."""

    name: str
    sort: str
    words: frozenset[str]

    @property
    def is_thing(self) -> bool:
        return "." not in self.sort


@dataclass(frozen=True)
class Mention:
    """Where a text names something, from `begin` to `end` with its article, in which words, and what that may be; a
    number has the `unit` that is said with it.
    """

    begin: int
    end: int
    text: str
    among: tuple[KnownName, ...]
    unit: str = ""

    @property
    def sorts(self) -> frozenset[str]:
        """Kinds of things, arguments whose choices are meant, or NUMBER."""
        return frozenset(name.sort for name in self.among) or frozenset((NUMBER,))

    @property
    def thing(self) -> str:
        """The one thing that is meant; empty where it may be another one, or none."""
        things = {name.name for name in self.among if name.is_thing}
        return things.pop() if len(things) == 1 else ""


Things = tuple[tuple[str, str], ...]
"""The things that are seen: their ids, with their kinds."""


def things_of(observation: Observation) -> Things:
    """The things of an observation."""
    return tuple((entity.id, entity.kind) for entity in observation.entities)


@lru_cache(maxsize=16)
def known_names(codebook: Codebook, things: Things) -> "KnownNames":
    """What can be named in front of some things."""
    return KnownNames(codebook, things)


class KnownNames:
    """What can be named in front of what is seen."""

    def __init__(self, codebook: Codebook, things: Things) -> None:
        self._seen = tuple(thing for thing, _ in things)
        named = list(things)
        for skill in codebook.skills.values():
            for argument, about in skill.args.items() if skill.ends is None else ():
                if isinstance(about, ChoiceArgument):
                    named += [(text, f"{skill.name}.{argument}") for text in about.texts]
        self.names = tuple(KnownName(name, sort, frozenset(words_of(name))) for name, sort in named)

    def mentions(self, text: str) -> Iterator[Mention]:
        """What a text names, from left to right: words that stand together and are of one name. Numbers come last."""
        words = list(_WORD.finditer(text))
        said = [words_of(word[0])[0] for word in words]
        at = 0
        while at < len(words):
            among = self._with({said[at]}) if said[at] not in NO_NAMES else ()
            if not among:
                at += 1
                continue
            so_far, end = {said[at]}, at + 1
            while end < len(words) and not text[words[end - 1].end() : words[end].start()].strip(" _"):
                more = self._with(so_far | {said[end]})
                counts = said[end] in _BEFORE_NUMBERS and said[end + 1 : end + 2] and said[end + 1].isdigit()
                if not more and not counts and words[end][0].lower() not in _ONE:
                    break
                so_far |= {said[end]} if more else set()
                among, end = more or among, end + 1
            before = _ARTICLE.search(text, 0, words[at].start())
            begin = words[at].start() if before is None else before.start()
            last = words[end - 1].end()
            yield Mention(begin, last, text[begin:last], self._whole(so_far, among))
            at = end
        for number in find_quantities(text, self._seen):
            unit = re.search(r"(?<=[\d\s])[^\W\d]+\.?$|%$", text[number.start : number.end]) if number.unit else None
            said_as = text[number.start : number.end]
            yield Mention(number.start, number.end, said_as, (), unit[0] if unit is not None else "")

    def among(self, text: str, things: Collection[str]) -> tuple[str, ...]:
        """Those of some things that a text names; none where it names one of several in the same words."""
        named = [{name.name for name in one.among} & set(things) for one in self.mentions(text)]
        return tuple(thing for some in named if len(some) == 1 for thing in some)

    def _with(self, said: set[str]) -> tuple[KnownName, ...]:
        return tuple(one for one in self.names if said <= one.words)

    def _whole(self, said: set[str], among: Iterable[KnownName]) -> tuple[KnownName, ...]:
        """The things that are named in full, where some are ("kitchen" where there is a kitchen_table too), and the
        choices that are.
        """
        things = [one for one in among if one.is_thing]
        choices = [one for one in among if not one.is_thing]
        return tuple(one for some in (things, choices) for one in [each for each in some if each.words == said] or some)
