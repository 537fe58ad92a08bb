"""Ways to ask for a skill that its codebook itself has the words for: its name, its description, its arguments.

drive_to(spot: site): roll to a site          drive to the ridge, roll to the ridge
drive(distance_m: -2..2 step 0.1)             drive 0.5 m, drive straight ahead, 0.5 metres
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from codeword.codebook import Codebook, Observation
from codeword.codebook.arguments import (
    Argument,
    BooleanArgument,
    ChoiceArgument,
    EntityArgument,
    ListArgument,
    NumberArgument,
    TextArgument,
)
from codeword.codebook.command import Value
from codeword.codebook.command_codec import make_command
from codeword.codebook.quantities.offer import number_text
from codeword.codebook.skills import Skill
from codeword.codebook.task_plan import Do, TaskPlan
from codeword.codebook.units import UNITS, Unit, unit_of

from .multiply import Said
from .pools_of import training_words

_OMITTED = 0.6
"""How often an argument that has a default is left to it."""

_BY_NAME, _OTHER_UNIT = 0.5, 0.4
_MOST_WHOLE = 500
_MOST_LISTED, _MOST_COPIED = 3, 3
_PREPOSITIONS = frozenset(
    ("to", "from", "into", "onto", "in", "on", "at", "with", "for", "by", "over", "under", "near")
)
_SPELLED = {
    "m": "metres", "cm": "centimetres", "mm": "millimetres", "deg": "degrees", "s": "seconds", "min": "minutes",
    "h": "hours", "percent": "percent", "C": "degrees", "g": "grams", "kg": "kilograms", "ml": "millilitres",
}  # fmt: skip
_CLAUSE = re.compile(r"[,;:.(]")


@dataclass(frozen=True)
class _Words:
    """An argument's value as it is said, alone and with the argument's name before it."""

    alone: str
    labelled: str


def asked(rng: random.Random, codebook: Codebook, skill: Skill, seen: Observation) -> Said | None:
    """One way to ask for a skill, with arguments at random; None where there are no things for it, or no words."""
    drawn: dict[str, Value] = {}
    for name, argument in skill.args.items():
        if argument.default is not None and rng.random() < _OMITTED:
            continue
        value = _value(rng, argument, codebook.within_reach(seen), drawn)
        if value is None:
            return None
        drawn[name] = value
    said = {name: _said(rng, name, skill.args[name], value) for name, value in drawn.items()}
    text = _by_name(skill, said) if rng.random() < _BY_NAME else _by_description(codebook, skill, said)
    if not text:
        return None
    plan = TaskPlan((Do(make_command(codebook, skill.name, drawn)),))
    return Said("wording", text, (plan,), (), seen)


def _value(
    rng: random.Random, argument: Argument, there: Mapping[str, list[str]], drawn: Mapping[str, Value]
) -> Value | None:
    """A value at random, of things none that was drawn already."""
    if isinstance(argument, EntityArgument | ListArgument):
        taken = {thing for value in drawn.values() for thing in (value if isinstance(value, tuple) else (value,))}
        things = [thing for kind in argument.kinds for thing in there[kind] if thing not in taken]
        if isinstance(argument, EntityArgument):
            return rng.choice(things) if things else None
        most = min(len(things), argument.high, max(argument.low, _MOST_LISTED))
        return tuple(rng.sample(things, rng.randint(max(1, argument.low), most))) if most >= argument.low else None
    if isinstance(argument, NumberArgument):
        ticks = [tick for tick in (argument.low, argument.high) if tick] or [0]
        drawn_tick = rng.randint(argument.low, argument.high)
        return argument.value(drawn_tick or rng.choice(ticks))
    if isinstance(argument, TextArgument):
        return " ".join(rng.sample(training_words(), rng.randint(1, min(argument.max_words, _MOST_COPIED))))
    if isinstance(argument, BooleanArgument):
        return rng.random() < 0.5
    return rng.choice(argument.texts)


def _said(rng: random.Random, name: str, argument: Argument, value: Value) -> _Words:
    label = name.replace("_", " ")
    if isinstance(argument, EntityArgument | ListArgument):
        things = [_thing(rng, thing) for thing in (value if isinstance(value, tuple) else (str(value),))]
        alone = " and ".join([", ".join(things[:-1]), things[-1]]) if len(things) > 1 else "".join(things)
    elif isinstance(argument, NumberArgument):
        unit = argument.unit or unit_of(name)
        if unit is None:
            number = number_text(Fraction(str(value)))
            alone = f"{number} {label}" if name == "times" else number
        else:
            alone = _measured(rng, Fraction(str(value)), unit)
            label = label.rpartition(" ")[0] or label
    elif isinstance(argument, BooleanArgument):
        alone = f"{label} {'yes' if value else 'no'}"
        return _Words(alone, alone)
    else:
        assert isinstance(value, str)
        alone = value.replace("_", " ") if isinstance(argument, ChoiceArgument) else value
    says_itself = name == "times" or (isinstance(argument, ChoiceArgument) and rng.random() < 0.5)
    return _Words(alone, alone if says_itself else f"{label} {alone}")


def _measured(rng: random.Random, value: Fraction, unit: Unit) -> str:
    """A value in its unit, or in another one in which it is a whole number."""
    others = [other for name in _SPELLED if (other := UNITS[name]).dimension == unit.dimension and other != unit]
    said = {other: unit.convert(value, other) for other in others}
    whole = [other for other, amount in said.items() if amount.denominator == 1 and 0 < abs(amount) <= _MOST_WHOLE]
    if whole and rng.random() < _OTHER_UNIT:
        unit = rng.choice(whole)
        value = said[unit]
    spelled = _SPELLED.get(unit.name)
    return f"{number_text(value)} {spelled if spelled and rng.random() < 0.5 else unit}"


def _thing(rng: random.Random, thing: str) -> str:
    draw = rng.random()
    return thing if draw < 0.15 else f"{'the ' if draw < 0.75 else ''}{thing.replace('_', ' ')}"


def _by_name(skill: Skill, said: Mapping[str, _Words]) -> str:
    """The skill's name and what it is given: the first by itself, what follows by its argument's name."""
    text = skill.name.replace("_", " ")
    for number, (name, words) in enumerate(said.items()):
        if name in _PREPOSITIONS:
            text += f" {words.labelled}"
        else:
            text += f" {words.alone}" if number == 0 else f", {words.labelled}"
    return text


def _by_description(codebook: Codebook, skill: Skill, said: Mapping[str, _Words]) -> str:
    """The first clause of the description, with things in the places of their kinds, and behind it what else is given.
    Empty where that says no more than another skill's, or leaves open what it is about.
    """
    text = first_clause(skill.description)
    if any(first_clause(other.description) == text for other in codebook.skills.values() if other is not skill):
        return ""
    if not text or (said and re.search(r"\bor\b", text)) or any(words.alone[:1] == "-" for words in said.values()):
        return ""
    more = []
    for name, words in said.items():
        argument = skill.args[name]
        if not isinstance(argument, EntityArgument | ListArgument):
            more.append(words.labelled if sum(n not in skill.entity_args for n in said) > 1 else words.alone)
            continue
        nouns = "|".join(re.escape(noun.replace("_", " ")) for noun in dict.fromkeys((name, *argument.kinds)))
        place = re.compile(rf"\b(?:a|an|the|another|one) (?:{nouns})\b")
        if len(place.findall(text)) != 1:
            return ""
        text = place.sub(lambda _, said=words.alone: said, text)  # type: ignore[misc]
    return ", ".join([text, *more])


def first_clause(description: str) -> str:
    """What a description says first, as one would ask for it.

    >>> first_clause("Lifts its ears, both at once")
    'lift its ears'
    """
    clause = _CLAUSE.split(description)[0].strip()
    return imperative(clause[:1].lower() + clause[1:])


def imperative(text: str) -> str:
    """A text without the ending that tells what somebody else does.

    >>> [imperative(text) for text in ("hums softly", "carries it", "press on", "goes home", "switches it on")]
    ['hum softly', 'carry it', 'press on', 'go home', 'switch it on']
    """
    verb, blank, rest = text.partition(" ")
    if verb.endswith("ies") and len(verb) > 4:
        verb = f"{verb[:-3]}y"
    elif verb.endswith(("ches", "shes", "sses", "xes", "oes")):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith(("ss", "us", "is", "as")) and len(verb) > 3:
        verb = verb[:-1]
    return f"{verb}{blank}{rest}"
