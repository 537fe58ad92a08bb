"""Which skills a task speaks of, by its words: a learned prior over a codebook's skills, beside the model's own odds.

Every skill gets a score that is linear in a few features of how its words and arguments meet those of the task; one
more score stands for none of them.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codeword.codebook.arguments import ChoiceArgument, EntityArgument, ListArgument, NumberArgument
from codeword.codebook.known_names import DIGITS
from codeword.codebook.observation import Observation
from codeword.codebook.quantities import Quantity
from codeword.codebook.quantities.offer import number_slots, quantities_said
from codeword.codebook.skills import Codebook, Skill
from codeword.codebook.task_plan import Do

from .vectors import Likeness

FEATURES = (
    "rare words of the name", "rare words of description and examples", "words of choices", "share of the name said",
    "number that an argument takes", "takes a number", "takes a number and one is said", "takes a kind that is said",
    "takes things", "share of the task that is described", "has choices", "has a choice that is said",
    "a word begins as one of the name", "changes facts", "things named that it cannot take",
    "things that it takes and none is named", "a number is said and it takes none",
    "it alone takes numbers of a unit that is said", "words like those of the name",
    "words like those of description and examples", "words like choices", "its name is the likest",
    "its description is the likest",
)  # fmt: skip
OF_NONE = (
    "always", "a word of none of them", "asks a question", "most of the task that one describes",
    "most that words are like those of one",
)  # fmt: skip
"""Features of the task itself, by which none of the skills is asked for."""

_SPEAKING = [
    FEATURES.index(name)
    for name in (
        "rare words of the name", "rare words of description and examples", "words of choices",
        "number that an argument takes",
    )
]  # fmt: skip
"""Features by which a text speaks of a skill, whatever else is said of things."""

_DESCRIBED = FEATURES.index("share of the task that is described")

_WORD = re.compile(r"[^\W\d_]+|\d+")
_QUESTION = re.compile(r"\s*(?:what|who|whose|how|why|where|when|which|is|are|was|do|does|did)\b", re.IGNORECASE)
_EMPTY = frozenset(
    "the a an of and or to it is that with for you your me my i please could can would then".split()  # noqa: SIM905
)
_ENDINGS = ("ing", "ed", "es", "s", "en", "er", "e")


def stems(text: str) -> list[str]:
    """The words of a text that say something, without their endings; numbers as digits."""
    words = [word for word in _WORD.findall(text.lower().replace("_", " ")) if word not in _EMPTY]
    return [DIGITS.get(word) or _stem(word) for word in words]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return word[: -len(ending)]
    return word


@dataclass(frozen=True)
class _Told:
    """The words of a skill."""

    name: frozenset[str]
    about: frozenset[str]
    choices: frozenset[str]
    things: tuple[frozenset[str], ...]
    """Of each argument for things, the kinds that it takes."""
    takes_number: bool
    has_choices: bool
    changes: bool

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset().union(*self.things)


@lru_cache(maxsize=64)
def _told(codebook: Codebook) -> tuple[tuple[str, ...], tuple[_Told, ...], Mapping[str, float]]:
    """The skills that do something, what is told of each, and how rare each word is among them."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    said: dict[str, list[str]] = {}
    for example in codebook.examples:
        for item in example.plan.items[:1] if len(example.plan.items) == 1 else ():
            if isinstance(item, Do):
                said.setdefault(item.command.skill, []).append(example.task)
    told = tuple(_of(skill, said.get(skill.name, ())) for skill in doing)
    counts: dict[str, int] = {}
    for one in told:
        for word in one.name | one.about:
            counts[word] = counts.get(word, 0) + 1
    rare = {word: math.log((len(told) + 1) / count) for word, count in counts.items()}
    return tuple(skill.name for skill in doing), told, rare


@lru_cache(maxsize=64)
def _likenesses(codebook: Codebook) -> tuple[Likeness, Likeness, Likeness]:
    """How alike words are to the name, the description and the choices of each skill that does something."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    choices = [[t for a in s.args.values() if isinstance(a, ChoiceArgument) for t in a.texts] for s in doing]
    return (
        Likeness([_words(skill.name) for skill in doing]),
        Likeness([_words(" ".join((skill.description, *skill.args))) for skill in doing]),
        Likeness([_words(" ".join(texts)) for texts in choices]),
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("_", " "))


def _of(skill: Skill, said: Sequence[str]) -> _Told:
    arguments = list(skill.args.values())
    choices = [text for argument in arguments if isinstance(argument, ChoiceArgument) for text in argument.texts]
    things = [frozenset(a.kinds) for a in arguments if isinstance(a, EntityArgument | ListArgument)]
    return _Told(
        frozenset(stems(skill.name)), frozenset(stems(" ".join((skill.description, *skill.args, *said)))),
        frozenset(stems(" ".join(choices))), tuple(things),
        any(isinstance(argument, NumberArgument) for argument in arguments), bool(choices), bool(skill.effects),
    )  # fmt: skip


@dataclass(frozen=True)
class Features:
    """What a text says of the skills that do something: their `names`; FEATURES of each, `rows` [skills, features]; and
    `of_none` [OF_NONE].
    """

    names: tuple[str, ...]
    rows: list[list[float]]
    of_none: list[float]


def features(codebook: Codebook, text: str, observation: Observation) -> Features:
    """The features of a text in front of what is seen."""
    names, told, rare = _told(codebook)
    words = frozenset(stems(text)) or frozenset(("it",))
    things = {entity.id: frozenset(stems(entity.id)) for entity in observation.entities}
    kinds = {entity.kind for entity in observation.entities if words & things[entity.id]}
    named = {entity.kind for entity in observation.entities if things[entity.id] and things[entity.id] <= words}
    quantities = quantities_said(codebook, text, list(things))
    fits, units = _fits(codebook, quantities), _units(codebook, quantities)
    numbers = any(quantity.dimension != "count" for quantity in quantities)
    of_things = {word for thing in things for word in _words(thing)}
    other = [word for word in _words(text) if word not in of_things]
    like_name, like_about, like_choices = (likeness.of(other) for likeness in _likenesses(codebook))
    rows = []
    for number, (name, one) in enumerate(zip(names, told, strict=True)):
        said_name, said_about = words & one.name, words & one.about
        rows.append(
            [
                sum(rare[word] for word in said_name), sum(rare[word] for word in said_about),
                float(len(words & one.choices)), len(said_name) / max(1, len(one.name)),
                float(min(2, fits.get(name, 0))), float(one.takes_number), float(one.takes_number and numbers),
                float(bool(kinds & one.kinds)), float(bool(one.kinds)), len(said_about) / len(words),
                float(one.has_choices), float(bool(words & one.choices)),
                float(any(len(w) > 3 and any(s[:4] == w[:4] for s in words) for w in one.name)), float(one.changes),
                float(len(named - one.kinds)), float(sum(kinds.isdisjoint(some) for some in one.things)),
                float(numbers and not one.takes_number), float(units == {name}), like_name[number],
                like_about[number], like_choices[number], _is_likest(like_name, number), _is_likest(like_about, number),
            ]
        )  # fmt: skip
    known = frozenset().union(*(one.name | one.about | one.choices for one in told), *things.values())
    counted = frozenset(stems(" ".join(quantity.words for quantity in quantities)))
    strange = any(word not in known and not word.isdigit() for word in words - counted)
    described = max((row[_DESCRIBED] for row in rows), default=0.0)
    asks = _QUESTION.match(text) is not None
    likest = max(map(sum, zip(like_name, like_about, like_choices, strict=True)), default=0.0)
    return Features(names, rows, [1.0, float(strange), float(asks), described, likest])


def _is_likest(values: Sequence[float], number: int) -> float:
    return float(values[number] > 0 and values[number] == max(values))


def _fits(codebook: Codebook, quantities: Sequence[Quantity]) -> dict[str, int]:
    """By skill, how many of its arguments take a number that is said."""
    slots = {(slot.skill, slot.name): slot for slot in number_slots(codebook)}
    plain = [float(quantity.value) for quantity in quantities if quantity.unit is None]
    found: dict[str, int] = {}
    for skill in codebook.skills.values():
        for name, argument in skill.args.items():
            slot = slots.get((skill.name, name))
            if isinstance(argument, NumberArgument) and (
                any(argument.count(value) is not None for value in plain)
                if slot is None
                else any(slot.exact(quantity) is not None for quantity in quantities)
            ):
                found[skill.name] = found.get(skill.name, 0) + 1
    return found


def _units(codebook: Codebook, quantities: Sequence[Quantity]) -> set[str]:
    """The skills that take numbers of a unit that is said."""
    said = [quantity for quantity in quantities if quantity.unit is not None]
    return {slot.skill for slot in number_slots(codebook) if any(slot.exact(quantity) is not None for quantity in said)}


def speaks_of(row: Sequence[float]) -> bool:
    """Whether a text speaks of a skill at all, by its FEATURES [features]."""
    return any(row[number] > 0 for number in _SPEAKING)


@dataclass(frozen=True)
class WordWeights:
    """What each of FEATURES counts for a skill, and each of OF_NONE for none of them: logits, of a softmax over all of
    these.
    """

    features: tuple[float, ...]
    of_none: tuple[float, ...]

    def odds(self, codebook: Codebook, text: str, observation: Observation) -> dict[str, float]:
        """The probability of every skill, and of none under the empty name."""
        said = features(codebook, text, observation)
        scores = [_dot(self.features, row) for row in said.rows] + [_dot(self.of_none, said.of_none)]
        top = max(scores)
        raised = [math.exp(score - top) for score in scores]
        whole = sum(raised)
        return {name: value / whole for name, value in zip((*said.names, ""), raised, strict=True)}


def _dot(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(w * x for w, x in zip(weights, values, strict=True))
