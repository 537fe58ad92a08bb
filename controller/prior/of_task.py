"""The prior over plans of a task: its parts, and what the words of each ask for."""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path

from codeword.codebook.arguments import ChoiceArgument, EntityArgument, ListArgument, NumberArgument
from codeword.codebook.goals import known_words
from codeword.codebook.mentions import mistaken, without_exceptions
from codeword.codebook.observation import Observation
from codeword.codebook.quantities import Quantity
from codeword.codebook.quantities.offer import number_slots, number_text, quantities_said
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import MOST_TIMES

from .plan_prior import Asked, Place, PlanPrior
from .words import WordWeights, features, speaks_of, stems

_ONE_PIECE = re.compile(r"\b(?:until|till|while|if|unless|except|but|instead)\b", re.IGNORECASE)
"""Words by which what is said first need not be what is done first, nor be done at all: such a task is left whole."""
_LATER = re.compile(r"\b(?:after|before|once|when|as soon as)\b", re.IGNORECASE)
_TURNED = (
    (re.compile(r"^\s*(?:after|once|when|as soon as)\s+(?P<first>[^,]+),\s*(?P<second>.+)$", re.IGNORECASE)),
    (re.compile(r"^\s*before\s+(?P<second>[^,]+),\s*(?P<first>.+)$", re.IGNORECASE)),
    (re.compile(r"^(?P<second>.+?),?\s+(?:after|once|when|as soon as)\s+(?P<first>.+)$", re.IGNORECASE)),
    (re.compile(r"^(?P<first>.+?),?\s+before\s+(?P<second>.+)$", re.IGNORECASE)),
)
"""What is done first and what second, where one word says so."""

_BETWEEN = re.compile(
    r"(?:[,;.!]|\s[-–—]|\s/)\s+(?:(?:and|then|next|finally|afterwards|after that|also)[,\s]+)*"
    r"|\s+(?:and\s+)?(?:then|afterwards|after that)[,\s]+|\s+and\s+(?:then\s+|finally\s+)?",
    re.IGNORECASE,
)
_AFTER_THAT = re.compile(
    r"\b(?:and )?after (?:that|this|which)\b|\b(?:and )?(?:when|once) (?:done|finished|that is done)\b", re.IGNORECASE
)


# The parts of a task, each of which asks for a command of its own, in the order in which they are to be done, as in
# "drive 2 m, then bark twice" and "bark after you drive 2 m".


def parts_of(task: str, kept: Sequence[tuple[int, int]] = ()) -> tuple[str, ...]:
    """A task cut where one thing that is asked for ends and the next one begins, but not within what is to be `kept`,
    each from a character to another; whole where it does not tell in which order.

    >>> parts_of("drive 2 m, then bark twice and stop"), parts_of("bark after you drive 2 m and turn")
    (('drive 2 m', 'bark twice', 'stop'), ('you drive 2 m', 'turn', 'bark'))
    """
    if not tells_order(task):
        return (task,)
    plain = _AFTER_THAT.sub(lambda match: "then".ljust(len(match[0])), task)  # places stay
    turned = next((found for pattern in _TURNED if (found := pattern.match(plain))), None)
    spans = [turned.span(name) for name in ("first", "second")] if turned else [(0, len(plain))]
    parts = [part for begin, end in spans for part in _cut(plain, begin, end, kept)]
    return tuple(part for part in parts if re.search(r"\w", part)) or (task,)


def _cut(text: str, begin: int, end: int, kept: Sequence[tuple[int, int]]) -> list[str]:
    """A stretch of a text cut where one thing ends and the next begins."""
    parts = []
    for cut in _BETWEEN.finditer(text, begin, end):
        if not any(first < cut.end() and cut.start() < last for first, last in kept):
            parts.append(text[begin : cut.start()])
            begin = cut.end()
    return [*parts, text[begin:end]]


def tells_order(task: str) -> bool:
    """Whether a task says in which order things are to be done."""
    plain = _AFTER_THAT.sub("then", task)
    return _ONE_PIECE.search(plain) is None and len(_LATER.findall(plain)) <= 1


_SIDES = (
    ("left",), ("right",),
    ("forward", "forwards", "ahead", "straight on"), ("back", "backward", "backwards", "reverse"),
    ("up", "upward", "upwards", "raise", "higher"), ("down", "downward", "downwards", "lower"),
    ("in", "inward", "inwards"), ("out", "outward", "outwards"),
    ("clockwise", "cw"), ("counterclockwise", "anticlockwise", "counter-clockwise", "anti-clockwise", "ccw"),
)  # fmt: skip
"""Directions in pairs: each and its opposite, in some words for it."""
_ROUND = {0: 9, 1: 8, 8: 1, 9: 0}
"""Sideways and round, each by the other's number."""
_NAMED = {word: number for number, words in enumerate(_SIDES) for word in words}
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_NAMED, key=len, reverse=True))})(?![\w-])", re.IGNORECASE)
_POSITIVE = re.compile(r"\b(?:positive|plus)\b|\+", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(?:negative|minus)\b|(?<!\w)[-−](?!\w)", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;.()]|\band\b")


# Which sign a direction has: what a codebook says of it ("left is positive", "backwards if negative"), and which
# direction a task names.


@lru_cache(maxsize=512)
def told_directions(description: str) -> frozenset[tuple[int, int]]:
    """The directions that a description gives a sign to, each by its number, with 1 or -1 for it and the other sign for
    its opposite.

    Who turns clockwise turns right.

    >>> sorted(told_directions("turn, left is positive")), sorted(told_directions("back if negative"))
    ([(0, 1), (1, -1), (8, -1), (9, 1)], [(2, 1), (3, -1)])
    """
    found: set[tuple[int, int]] = set()
    for clause in _CLAUSE.split(description):
        sides = {_NAMED[match[0].lower()] for match in _WORD.finditer(clause)}
        signs = [sign for pattern, sign in ((_POSITIVE, 1), (_NEGATIVE, -1)) if pattern.search(clause)]
        if len(sides) == len(signs) == 1:
            (side,), (sign,) = sides, signs
            found |= {(side, sign), (side ^ 1, -sign)}
    named = {side for side, _ in found}
    found |= {(_ROUND[side], sign) for side, sign in found if side in _ROUND and _ROUND[side] not in named}
    return frozenset(found)


def sign_of(description: str, part: str) -> int:
    """The sign, 1 or -1, that a number has in a task's words; 0 where the description and they do not tell.

    >>> sign_of("turn on the spot, left is positive", "turn right by 90 degrees")
    -1
    """
    named = {_NAMED[match[0].lower()] for match in _WORD.finditer(part)}
    signs = {sign for side, sign in told_directions(description) if side in named}
    return signs.pop() if len(signs) == 1 else 0


_WHOLE = 0.15
"""How much the words of the whole task count beside those of a part."""
_SAID, _ELSEWHERE = 4.0, 0.3
"""By how much, as the natural logarithm of odds, a thing is likelier that is said; so much of that counts where it is
said in another part of the task."""
_ABSENT = 0.95
"""How likely a task cannot be done that names a thing which is not there, beside others that could be taken for it: of
the corpus, without the domains of evaluation, nearly all such wordings are (counted by test_mistaken.py).
"""
_MOST_CANDIDATES = 100
"""Of more things or choices for one argument words tell nothing: that would take too long to weigh."""
_TIMES = re.compile(r"\b(?:\w*\s*times|twice|thrice|\d+\s?x)\b", re.IGNORECASE)


@cache
def learned() -> WordWeights:
    """The weights that are shipped. `python -m tests.benchmarks words --write FILE` makes them."""
    told = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
    return WordWeights(tuple(told["weights"].values()), tuple(told["of none"].values()))


def plan_prior(codebook: Codebook, task: str, observation: Observation, trust: Mapping[Place, float]) -> PlanPrior:
    """What the words of a task tell of its plan, but for those that name what it leaves out; `trust` is what a model
    counts beside them, by place.
    """
    task = without_exceptions(task, [entity.id for entity in observation.entities])
    whole = learned().odds(codebook, task, observation)
    whole.pop("")
    quantities = quantities_said(codebook, task, [entity.id for entity in observation.entities])
    parts = _telling(codebook, parts_of(task, [(one.start, one.end) for one in quantities]), observation)
    odds = [learned().odds(codebook, part, observation) for part in parts]
    cannot = min(some.pop("") for some in odds)
    asked = [
        _asked(codebook, part, some, task, observation, whole, quantities)
        for part, some in zip(parts, odds, strict=True)
    ]
    others = mistaken(task, [entity.id for entity in observation.entities], known_words(codebook, observation))
    cannot = max(cannot, _ABSENT) if others else cannot
    instead = tuple(sorted({thing for things in others.values() for thing in things}))
    return PlanPrior(round(cannot, 4), tuple(asked), tells_order(task), _named(task, observation), trust, instead)


def _named(task: str, observation: Observation) -> tuple[tuple[str, ...], ...]:
    """The things whose whole names a task says, by the stems of their words; none within a longer name."""
    said = tuple(stems(task))
    own = sorted({tuple(stems(entity.id)) for entity in observation.entities} - {()}, key=len, reverse=True)
    found: list[tuple[str, ...]] = []
    for name in own:
        if _within(name, said) and not any(_within(name, longer) for longer in found):
            found.append(name)
    return tuple(sorted(found))


def _within(name: Sequence[str], words: Sequence[str]) -> bool:
    return any(words[at : at + len(name)] == name for at in range(len(words) - len(name) + 1))


def _telling(codebook: Codebook, parts: Sequence[str], observation: Observation) -> list[str]:
    """Parts that speak of a skill, name a thing or say a number. One that names things alone ("and the blue one") goes
    with the last that speaks of a skill, if that takes such things. One that does nothing of this ("please") is left
    out.
    """
    found: list[str] = []
    verb = ""
    kinds = {stem: entity.kind for entity in observation.entities for stem in stems(entity.id)}
    for part in parts:
        named = {kinds[stem] for stem in stems(part) if stem in kinds}
        if any(map(speaks_of, features(codebook, part, observation).rows)):
            verb = part
            found.append(part)
        elif named and verb and named & _takes(codebook, verb, observation):
            found.append(f"{_without(verb, kinds)} {part}")
        elif named or quantities_said(codebook, part):
            found.append(part)
    return found or [" ".join(parts)]


def _takes(codebook: Codebook, part: str, observation: Observation) -> frozenset[str]:
    """The kinds of things that the skill takes of which a part speaks."""
    odds = learned().odds(codebook, part, observation)
    odds.pop("")
    arguments = codebook.skills[max(odds, key=lambda name: odds[name])].args.values()
    return frozenset(
        kind for argument in arguments if isinstance(argument, EntityArgument | ListArgument) for kind in argument.kinds
    )


def _without(part: str, things: Collection[str]) -> str:
    return " ".join(
        word for word in part.split() if not any(stem in things for stem in stems(word)) and not word[0].isdigit()
    )


def _asked(
    codebook: Codebook, part: str, odds: Mapping[str, float], task: str, observation: Observation,
    whole: Mapping[str, float], in_task: Sequence[Quantity],
) -> Asked:  # fmt: skip
    """What a part asks for, by the `odds` of skills. Those by the `whole` task count a little, and quantities that are
    in the task where the part has none.
    """
    mine, all_ = sum(odds.values()) or 1.0, sum(whole.values()) or 1.0
    skills = {
        name: round(math.log((1 - _WHOLE) * odds[name] / mine + _WHOLE * whole[name] / all_ + 1e-6), 4) for name in odds
    }
    here, there = frozenset(stems(part)), frozenset(stems(task))
    ids = {entity.id: entity.kind for entity in observation.entities}
    words: dict[str, dict[str, float]] = {}
    for skill in codebook.skills.values():
        for name, argument in skill.args.items():
            if isinstance(argument, EntityArgument | ListArgument):
                known: Iterable[str] = [one for one, kind in ids.items() if kind in argument.kinds]
            elif isinstance(argument, ChoiceArgument):
                known = argument.texts if argument.pattern is None else ()
            else:
                continue
            if 0 < len(candidates := list(known)) <= _MOST_CANDIDATES:
                words[f"{skill.name}.{name}"] = _normalized(candidates, _scores(candidates, here, there))
    quantities = quantities_said(codebook, part, list(ids))
    numbers = _numbers(codebook, part, quantities or in_task)
    likeliest = codebook.skills[max(skills, key=lambda name: skills[name])]
    counts = not any(isinstance(argument, NumberArgument) for argument in likeliest.args.values())
    facts = _scores([*ids, *codebook.predicates], here, there)
    return Asked(skills, words, numbers, facts, _times(quantities, numbers, counts=counts))


def _scores(known: Sequence[str], here: frozenset[str], there: frozenset[str]) -> dict[str, float]:
    """How much more likely each of some words is for what is said of it: what few of them have counts for more."""
    own = {word: frozenset(stems(word)) for word in known}
    counts: dict[str, int] = {}
    for some in own.values():
        for stem in some:
            counts[stem] = counts.get(stem, 0) + 1
    rare = {stem: math.log((len(known) + 1) / count) for stem, count in counts.items()}
    scores = {}
    for word, some in own.items():
        size = sum(rare[stem] for stem in some) or 1.0
        share = sum(rare[stem] * (1.0 if stem in here else _ELSEWHERE if stem in there else 0.0) for stem in some)
        if share:
            scores[word] = round(_SAID * share / size, 4)
    return scores


def _normalized(known: Sequence[str], scores: Mapping[str, float]) -> dict[str, float]:
    """Of each word the natural logarithm of its probability among them."""
    whole = math.log(sum(math.exp(scores.get(word, 0.0)) for word in known))
    return {word: round(scores.get(word, 0.0) - whole, 4) for word in known}


def _numbers(codebook: Codebook, part: str, quantities: Sequence[Quantity]) -> dict[str, tuple[str, ...]]:
    """By skill and argument, the numbers that are said, as it writes them: with both signs, unless the skill's
    description gives a sign to a direction that is said.
    """
    slots = {(slot.skill, slot.name): slot for slot in number_slots(codebook)}
    found: dict[str, tuple[str, ...]] = {}
    for skill in codebook.skills.values():
        for name, argument in skill.args.items():
            if not isinstance(argument, NumberArgument):
                continue
            slot = slots.get((skill.name, name))
            said: list[Fraction] = []
            for quantity in quantities:
                value = slot.exact(quantity) if slot is not None else None
                if slot is not None and value is not None:
                    said.append(slot.nearest(value))
                elif quantity.unit is None:
                    said.append(quantity.value)
            both = [number_text(sign * value) for value in said for sign in (1, -1)]
            texts = [text for text in dict.fromkeys(both) if argument.count(float(text)) is not None]
            sign = sign_of(skill.description, part)
            texts = [text for text in texts if not sign or (text[0] == "-") is (sign < 0)] or texts
            if texts:
                found[f"{skill.name}.{name}"] = tuple(texts)
    return found


def _times(quantities: Sequence[Quantity], numbers: Mapping[str, tuple[str, ...]], *, counts: bool) -> int:
    """How often it is said to be done; 1 where that is not said. Where the skill takes no numbers it `counts` what has
    one ("two pictures").
    """
    taken = {text for some in numbers.values() for text in some}
    for quantity in quantities:
        whole = quantity.unit is None and quantity.value.denominator == 1
        as_count = quantity.dimension == "count" and number_text(quantity.value) not in taken
        said = _TIMES.search(quantity.words) or as_count or (counts and quantity.dimension in ("count", "number"))
        if whole and said and 1 < quantity.value <= MOST_TIMES:
            return int(quantity.value)
    return 1
