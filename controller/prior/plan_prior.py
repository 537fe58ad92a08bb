"""How likely a plan is by the words of its task alone, and how likely what one begins with: the prior of its texts.

A product: of the skill of each command, by the words of its part of the task (see `words`); of the things and words
that it names, by how much of them is said; of its numbers, by whether they are said; of how many commands there are, by
how many parts the task has; and of whether anything can be done at all. What words tell nothing of counts for nothing.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

_PLAN, _CANNOT, _SKILL = '{"plan":[', '{"cannot":"', '{"skill":"'
_NUMBER = re.compile(r"-?\d*\.?\d*")
_COUNT = re.compile(r"\d+")
_QUOTED = re.compile(r'"([^"]*)"')

_SAID_NUMBER, _SAID_COUNT, _UNSAID_COUNT, _LAST, _GOAL, _MORE = 0.97, 0.9, 0.02, 0.95, 0.15, 0.15
"""How likely a number is one of those said; a command that is said to be repeated has a count, another one has; a plan
ends behind as many commands as its task has parts; an item is a goal; a fact of a goal is followed by another.
"""
_LEFT_OUT = 0.1
"""How likely a command leaves out a number that is said and that it could take."""
_AGAIN = 0.02
"""How likely a command stands twice in a row, where a count says the same."""
_INSTEAD = 0.02
"""How much less likely a plan is that takes one thing for another, which its task names and which is not there. Of
10,589 wordings of tasks that are right with a plan, of the corpus without the domains of evaluation, one is like that.
"""
_SURELY_NOT = 1e-4
_OTHER_SIGN = -20.0
"""What is left, as the natural logarithm of odds, of a number whose sign is not that of the direction that is said: the
codebook declares it, and no model is to think otherwise.
"""

Place = str
"""What stands next in a text: `opening`, `skill`, `word`, `number`, `next` (an end, a count or another item), or `free`
where words tell nothing."""


@dataclass(frozen=True)
class Asked:
    """What one part of a task asks for: the `skills` by their probability, as its natural logarithm; by skill and
    argument (`drive.distance_m`) the `words` of choices and ids of things by theirs, and the `numbers` that are said;
    the words that goals may take and that are said, each with a score; and how many times it is said to be done.
    """

    skills: Mapping[str, float]
    words: Mapping[str, Mapping[str, float]]
    numbers: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, float]
    times: int = 1


@dataclass(frozen=True)
class PlanPrior:
    """A prior over the plans of one task: the probability that it `cannot` be done, and what is asked for part by part.

    Where the parts are not `in_order`, how many there are tells nothing. `named` are the things that the task names, by
    the stems of their words, and `mistaken` the ids of those that could be taken for one that it names and that is not
    there. A model's own odds count `trust` as much at each place; 1 where it is not said.
    """

    cannot: float
    parts: tuple[Asked, ...]
    in_order: bool
    named: tuple[tuple[str, ...], ...]
    trust: Mapping[Place, float]
    mistaken: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """One name for all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def weigh(self, before: str, options: Sequence[str]) -> tuple[float, list[float]]:
        """What a model's logits are multiplied with behind a text, and what is added to that of each option [options],
        the text that follows there.
        """
        _, place = self.score(before)
        return self.trust.get(place, 1.0), [self.score(before + option)[0] for option in options]

    def score(self, text: str) -> tuple[float, Place]:
        """The natural logarithm of the probability of all plans that begin with a text, and what stands next."""
        if text.startswith(_PLAN):
            return self._items(text, len(_PLAN), _log(1 - self.cannot))
        ways = [
            probability
            for opening, probability in ((_PLAN, 1 - self.cannot), (_CANNOT, self.cannot))
            if opening.startswith(text[: len(opening)])
        ]
        return _log(sum(ways)), "free" if text.startswith(_CANNOT) else "opening"

    def of_whole(self, plan: str) -> float:
        """By how much a whole plan is less likely for taking one thing for another, as the natural logarithm: no choice
        on the way should pay for it in the place of another.
        """
        if not plan.startswith(_PLAN):
            return 0.0
        return 0.0 if set(self.mistaken).isdisjoint(_QUOTED.findall(plan)) else math.log(_INSTEAD)

    def _items(self, text: str, at: int, score: float) -> tuple[float, Place]:
        number, last = 0, ""
        while at < len(text):
            asked = self.parts[min(number, len(self.parts) - 1)]
            read = _command(asked, text, at) if text[at] == "{" else _goal(asked, text, at)
            score += read.score
            if read.place:
                return score, read.place
            number, begun = number + 1, at
            score += _log(_AGAIN) if text[begun : read.at] == last else 0.0
            last = text[begun : read.at]
            more, at, place = self._behind(asked, number, text, read.at)
            score += more
            if place:
                return score, place
        return score, "opening"

    def _behind(self, asked: Asked, number: int, text: str, at: int) -> tuple[float, int, Place]:
        """What follows an item: its score, where the next one begins, and what stands next where the text ends."""
        last = 0.5 if not self.in_order else _LAST if number >= len(self.parts) else 1 - _LAST
        counted = _SAID_COUNT if asked.times > 1 else _UNSAID_COUNT
        is_command = text[at - 1] == "}"
        if not is_command:
            counted = 0.0
        if at == len(text):
            return 0.0, at, "next"
        if text[at] == "]":
            return _log((1 - counted) * last), at, "free"
        if at + 1 == len(text):
            return _log(counted + (1 - counted) * (1 - last)), at, "next"
        digits = _COUNT.match(text, at + 1)
        if digits is None:
            return _log((1 - counted) * (1 - last)), at + 1, ""
        score = _log(counted)
        said, end = str(asked.times), digits.end()
        if end == len(text):
            fits = asked.times > 1 and said.startswith(digits[0])
            return score + _log(_SAID_NUMBER if fits else 1 - _SAID_NUMBER), end, "next"
        score += _log(_SAID_NUMBER if said == digits[0] else 1 - _SAID_NUMBER)
        if text[end] == "]":
            return score + _log(last), end, "free"
        return score + _log(1 - last), end + 1, ""


@dataclass(frozen=True)
class _Read:
    """An item: its score, where it ends; or what stands next where the text ends within it."""

    score: float
    at: int = 0
    place: Place = ""


def _command(asked: Asked, text: str, at: int) -> _Read:
    """A command that begins there."""
    begins, score = at + len(_SKILL), _log(1 - _GOAL)
    if len(text) < begins:
        return _Read(score, place="opening")
    end = text.find('"', begins)
    if end < 0:
        name = text[begins:]
        begun = _sum(value for skill, value in asked.skills.items() if skill.startswith(name))
        return _Read(score + begun, place="skill")
    skill = text[begins:end]
    score, at = score + asked.skills.get(skill, _log(0.0)), end + 1
    written: set[str] = set()
    while at < len(text):
        if text[at] == "}":
            left_out = sum(name.startswith(f"{skill}.") and name not in written for name in asked.numbers)
            return _Read(score + left_out * _log(_LEFT_OUT), at + 1)
        colon = text.find(":", at)
        if colon < 0 or colon + 1 == len(text):
            return _Read(score, place="free" if colon < 0 else _value_at(asked, f"{skill}.{text[at + 2 : colon - 1]}"))
        name = f"{skill}.{text[at + 2 : colon - 1]}"
        written.add(name)
        read = _value(asked, name, text, colon + 1)
        score += read.score
        if read.place:
            return _Read(score, place=read.place)
        at = read.at
    return _Read(score, place="next")


def _value_at(asked: Asked, name: str) -> Place:
    return "number" if name in asked.numbers else "word" if name in asked.words else "free"


def _value(asked: Asked, name: str, text: str, at: int) -> _Read:
    """The value of an argument, `skill.argument`."""
    first = text[at]
    if first == '"':
        return _choice(asked.words.get(name, {}), text, at)
    if first == "[":
        score = 0.0
        at += 1
        while at < len(text) and text[at] == '"':
            read = _choice(asked.words.get(name, {}), text, at)
            score += read.score
            if read.place:
                return _Read(score, place=read.place)
            at = read.at
            if at < len(text) and text[at] == ",":
                at += 1
        return _Read(score, at + 1) if at < len(text) else _Read(score, place="free")
    if first.isalpha():
        end = re.compile("[a-z]*").match(text, at)
        assert end is not None
        return _Read(0.0, end.end()) if end.end() < len(text) else _Read(0.0, place="free")
    return _number(asked.numbers.get(name, ()), text, at)


def _number(said: Sequence[str], text: str, at: int) -> _Read:
    found = _NUMBER.match(text, at)
    assert found is not None
    written, end = found[0], found.end()
    if not said:
        return _Read(0.0, end) if end < len(text) else _Read(0.0, place="free")
    if all((number[0] == "-") is not (written[:1] == "-") for number in said) and written:
        return _Read(_OTHER_SIGN, end, "" if end < len(text) else "number")
    other = (1 - _SAID_NUMBER) * 10.0 ** -len(written)
    if end < len(text):
        return _Read(_log(_SAID_NUMBER * (written in said) / len(said) + other), end)
    fitting = sum(number.startswith(written) for number in said)
    return _Read(_log(_SAID_NUMBER * fitting / len(said) + other), place="number")


def _choice(known: Mapping[str, float], text: str, at: int) -> _Read:
    """One of some texts in quotes, or what some of them begin with; nothing is known of any other."""
    end = text.find('"', at + 1)
    if end >= 0:
        return _Read(known.get(text[at + 1 : end], 0.0), end + 1)
    if not known:
        return _Read(0.0, place="free")
    begun = text[at + 1 :]
    return _Read(_sum(value for word, value in known.items() if word.startswith(begun)), place="word")


def _fact_word(said: Mapping[str, float], text: str, at: int) -> _Read:
    """A word of a fact: its own score, or the highest of those that it begins; 0 for one that is not said."""
    end = text.find('"', at + 1)
    if end >= 0:
        return _Read(said.get(text[at + 1 : end], 0.0), end + 1)
    begun = text[at + 1 :]
    score = max((value for word, value in said.items() if word.startswith(begun)), default=0.0)
    return _Read(score, place="free")


def _goal(asked: Asked, text: str, at: int) -> _Read:
    """A list of facts."""
    score, depth = _log(_GOAL), 0
    while at < len(text):
        if text[at] == '"':
            read = _fact_word(asked.facts, text, at)
            score += read.score
            if read.place:
                return _Read(score, place="free")
            at = read.at
            continue
        if text[at] == "]" and depth == 2 and at + 1 < len(text):
            score += _log(_MORE if text[at + 1] == "," else 1 - _MORE)
        depth += (text[at] == "[") - (text[at] == "]")
        at += 1
        if depth == 0:
            return _Read(score, at)
    return _Read(score, place="next" if depth == 1 else "free")


def _log(probability: float) -> float:
    return math.log(max(probability, _SURELY_NOT))


def _sum(logs: Iterable[float]) -> float:
    """The logarithm of a sum of probabilities, given as logarithms."""
    return _log(sum(map(math.exp, logs)))
