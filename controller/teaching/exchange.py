"""Another thing, or another word of a choice, in what is said and in its plan."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace

from codeword.codebook import Codebook
from codeword.codebook.arguments import ChoiceArgument, EntityArgument, ListArgument
from codeword.codebook.command import Value
from codeword.codebook.command_codec import make_command, things_in
from codeword.codebook.goals import read_goal
from codeword.codebook.task_plan import Achieve, Do, Item, TaskPlan, goal_words

from .multiply import Said


def exchanged(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same with another thing of the same kind, or another word of a choice, where the text says the one that is
    there just once, in its own words; None where it says none.
    """
    if len(one.plans) != 1 or not one.plans[0].items:
        return None
    ways = list(dict.fromkeys((*_things(one, codebook), *_choices(one.plans[0], codebook))))
    rng.shuffle(ways)
    for old, new, is_thing in ways:
        text = _replaced(one.text, old, new)
        if text is not None:
            items = tuple(_with(codebook, item, old, new, is_thing) for item in one.plans[0].items)
            return replace(one, text=text, plans=(TaskPlan(items),))
    return None


def _things(one: Said, codebook: Codebook) -> Iterator[tuple[str, str, bool]]:
    """Things of a plan, each with others of its kind that the plan does not name."""
    kinds = {entity.id: entity.kind for entity in one.observation.entities}
    named = {word for item in one.plans[0].items for word in _words(codebook, item) if word in kinds}
    for old in sorted(named):
        yield from ((old, new, True) for new, kind in kinds.items() if kind == kinds[old] and new not in named)


def _words(codebook: Codebook, item: Item) -> Iterator[str]:
    if isinstance(item, Achieve):
        yield from (word for words in goal_words(item.goal) for word in words)
        return
    args = codebook.skills[item.command.skill].args
    for name, value in item.command.args.items():
        yield from things_in(args[name], value)


def _choices(plan: TaskPlan, codebook: Codebook) -> Iterator[tuple[str, str, bool]]:
    """Words of choices that a plan has once, each with the others."""
    found: list[tuple[str, ChoiceArgument]] = [
        (str(value), argument)
        for item in plan.items
        if isinstance(item, Do)
        for name, value in item.command.args.items()
        if isinstance(argument := codebook.skills[item.command.skill].args[name], ChoiceArgument)
    ]
    for old, argument in found:
        if sum(old == other for other, _ in found) == 1 and argument.pattern is None:
            yield from ((old, new, False) for new in argument.choices if new != old)


def _replaced(text: str, old: str, new: str) -> str | None:
    """A text with one word, or an id, for another, blanks in place of underscores as before; None where it is not
    there just once.
    """
    plain = old.replace("_", " ")
    found = list(re.finditer(rf"(?<![\w-])(?:{re.escape(old)}|{re.escape(plain)})(?![\w-])", text, re.IGNORECASE))
    if len(found) != 1:
        return None
    word = new if "_" in found[0].group() else new.replace("_", " ")
    return f"{text[: found[0].start()]}{word}{text[found[0].end() :]}"


def _with(codebook: Codebook, item: Item, old: str, new: str, is_thing: bool) -> Item:
    if isinstance(item, Achieve):
        words = [[new if is_thing and word == old else word for word in fact] for fact in goal_words(item.goal)]
        return Achieve(read_goal(json.dumps({"goal": words})))
    declared = codebook.skills[item.command.skill].args
    kinds = (EntityArgument, ListArgument) if is_thing else (ChoiceArgument,)
    args = {
        name: _value(value, old, new) if isinstance(declared[name], kinds) else value
        for name, value in item.command.args.items()
    }
    return Do(make_command(codebook, item.command.skill, args), item.times)


def _value(value: Value, old: str, new: str) -> Value:
    if isinstance(value, tuple):
        return tuple(new if thing == old else thing for thing in value)
    return new if value == old else value
