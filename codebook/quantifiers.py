"""What a task says of all things of a kind, and what it leaves out: "every room except the kitchen".

A command that a model writes for one of them is meant for each. A plan that does it with some of them alone, or with
one that is left out, is not carried out; where it can be, the task is told once more with each thing named, as people
say it of several.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as Collection
from dataclasses import dataclass

from .arguments import ChoiceArgument
from .command_codec import make_command
from .goal_tracker import GoalTracker, settled
from .mentions import excepted, exceptions_end, named, without_exceptions
from .observation import Observation
from .plan_executor import possible_facts
from .skills import Codebook
from .task_plan import MOST_ITEMS, Achieve, Do, TaskPlan, things_named

_PLURALS = {"person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "foot": "feet"}
_NUMBER = r"(?:\d|an?\b|half\b|one\b|two\b|three\b|four\b|five\b|six\b|ten\b|twenty\b|thirty\b|sixty\b)"
_WHICH = re.compile(
    r"(?!\s*(?:on|off|in|out|up|down)\s*(?:$|[.,;:!?]|(?:and|then|please|now)\b))\s*,?\s*(?:"
    rf"(?:with|for|by|at) (?!{_NUMBER}|me\b|us\b|them\b|once\b)"
    r"|(?:that|which|who|whose|where|without|in|on|off|under|over|above|below|behind|beside|near|next|between|from|of|outside|inside|upstairs|downstairs|here|there|still|left"
    r"|except|but|other|not|[a-z]+ed|[a-z]+ing)\b)"
)
"""What tells which of them are meant, where it stands behind all things of a kind."""

_ALL_OF = (
    r"\b(all|each and every|every|each|both)(?: single)?(?: one)?(?: of)?"
    r"(?: (?:the|my|our|your|these|those|their))?(?: (?:two|three|four|five|six))?"
)
"""What stands before the word for a kind where all of it are meant."""

_THE = r"\b(?<!of )(?:the|my|our|your|these|those)"
"""What stands before the word for several of a kind where all are meant, if none of them is named besides."""

_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


_GOES_ON = re.compile(r"\s*,?\s*and\b(?! then\b| after)")
"""With this something else may be asked for each of them: "go to every room and mop"."""


@dataclass(frozen=True)
class Universal:
    """Where a task speaks of all things of a kind, `begin` to `end`, and which these are, without those it excepts
    (`left_out`). They are `apart` where more may be asked for each of them.
    """

    begin: int
    end: int
    things: tuple[str, ...]
    left_out: tuple[str, ...]
    apart: bool


def universals(codebook: Codebook, task: str, observation: Observation) -> Iterator[Universal]:
    """Where a task speaks of all things of a kind that is seen, and says nothing of which of them it means."""
    seen = [entity.id for entity in observation.entities]
    by_word, text = _kinds_by_word(codebook.kinds), task.lower()
    if not by_word:
        return
    for found in re.finditer(rf"(?:{_ALL_OF} {_one_of(by_word)}|{_THE} {_one_of(_plurals(codebook))})\b", text):
        things = [entity.id for entity in observation.entities if entity.kind in by_word[found[2] or found[3]]]
        if found[3] and _others_named(text, found.start(), found.end(), things, seen):
            continue
        end = exceptions_end(text, found.end(), seen)
        besides = [thing for thing in things if end and named(text[found.end() : end], thing, seen)]
        left_out = tuple(thing for thing in things if thing in besides or thing in excepted(task, seen))
        end = end or found.end()
        if found[1] == "both" and len(things) != 2:
            continue
        if not _WHICH.match(text, end):
            apart = found[1] in ("every", "each", "each and every") and _GOES_ON.match(text, end) is not None
            members = tuple(thing for thing in things if thing not in left_out)
            yield Universal(found.start(), end, members, left_out, apart)


def spread(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> TaskPlan:
    """A plan with a command for each thing of a kind where its task speaks of all of them and it has one command for
    one of them; as it is where that is too long, or not clear.
    """
    items = list(plan.items)
    for one in universals(codebook, task, observation):
        group = {*one.things, *one.left_out}
        at = [n for n, item in enumerate(items) if isinstance(item, Do) and group & set(_things(codebook, item))]
        if one.apart or len(at) != 1 or len(items) + len(one.things) > MOST_ITEMS + 1:
            continue
        item = items[at[0]]
        assert isinstance(item, Do)
        names = [name for name, value in item.command.args.items() if value in group]
        if len(names) == 1 and one.things:
            commands = [
                make_command(codebook, item.command.skill, dict(item.command.args) | {names[0]: thing})
                for thing in one.things
            ]
            items[at[0] : at[0] + 1] = [Do(command, item.times) for command in commands]
    return TaskPlan(tuple(items), plan.cannot)


def _things(codebook: Codebook, item: Do) -> Iterable[str]:
    return (thing for thing, _ in things_named(codebook, item.command))


def spelled_out(codebook: Codebook, task: str, observation: Observation) -> str:
    """A task with each thing named where it speaks of all of a kind, and without what it leaves out."""
    text = task
    for one in reversed(list(universals(codebook, task, observation))):
        if 0 < len(one.things) <= MOST_ITEMS:
            text = text[: one.begin] + _listed(one.things) + text[one.end :]
    return without_exceptions(text, _names(codebook, observation))


def check_quantified(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> str:
    """Why a plan must not be carried out, in words; empty where it may. It must not where it names a thing, or makes a
    choice, that its task leaves out, or names but some of those that it asks for all of.
    """
    used = {*_used(codebook, plan, observation), *_choices_of(codebook, plan)}
    if wrong := [name for name in excepted(task, _names(codebook, observation)) if name in used]:
        return f"the task leaves out {', '.join(wrong)}, and the plan does not"
    if any(isinstance(item, Achieve) for item in plan.items):
        return ""
    for one in universals(codebook, task, observation):
        missing = [thing for thing in one.things if thing not in used]
        if 0 < len(missing) < len(one.things):
            return f"'{task[one.begin : one.end]}' was said, and the plan has nothing for {', '.join(missing)}"
    return _miscounted(codebook, task, observation, used)


def _miscounted(codebook: Codebook, task: str, observation: Observation, used: Collection[str]) -> str:
    """Why a plan that uses some things is not for as many of a kind as its task says; empty where it says no such
    thing.
    """
    seen, by_word, text = [entity.id for entity in observation.entities], _kinds_by_word(codebook.kinds), task.lower()
    if not (plurals := _plurals(codebook)):
        return ""
    for found in re.finditer(
        rf"\b({'|'.join(_COUNTS)}|[2-9])(?: of (?:the|my|our|your|these|those))? {_one_of(plurals)}\b", text
    ):
        things = [entity.id for entity in observation.entities if entity.kind in by_word[found[2]]]
        mine, count = used & set(things), _COUNTS.get(found[1]) or int(found[1])
        if mine and len(mine) != count and not _others_named(text, found.start(), found.end(), things, seen):
            return f"'{task[found.start() : found.end()]}' was said, and the plan has {', '.join(sorted(mine))}"
    return ""


def _others_named(text: str, begin: int, end: int, things: Sequence[str], seen: Sequence[str]) -> bool:
    """Whether a text names one of some things besides what it says from `begin` to `end`."""
    rest = f"{text[:begin]} {text[end:]}"
    return any(named(rest, thing, seen) for thing in things)


def _used(codebook: Codebook, plan: TaskPlan, observation: Observation) -> Iterator[str]:
    """The things that a plan does something with: those that its commands name, and those of which its goals want what
    is not so. A goal says of a thing that it stays where it is to leave it out of what it says of all.
    """
    for item in plan.items:
        if isinstance(item, Do):
            yield from _things(codebook, item)
        else:
            possible = possible_facts(item.goal)
            goal = settled(codebook, item.goal, observation, possible)
            wanted = GoalTracker(codebook, goal, possible).facts(observation)
            yield from (arg for fact in wanted if fact not in observation.facts for arg in fact.args)


def _names(codebook: Codebook, observation: Observation) -> list[str]:
    """What a task may name: the things that are there, and what can be chosen."""
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    choices = [arg for skill in doing for arg in skill.args.values() if isinstance(arg, ChoiceArgument)]
    things = (entity.id for entity in observation.entities)
    return list(dict.fromkeys((*things, *(text for choice in choices for text in choice.texts))))


def _choices_of(codebook: Codebook, plan: TaskPlan) -> Iterator[str]:
    """What a plan's commands choose."""
    for item in plan.items:
        if isinstance(item, Do):
            args = codebook.skills[item.command.skill].args
            yield from (str(v) for name, v in item.command.args.items() if isinstance(args[name], ChoiceArgument))


def _listed(things: Sequence[str]) -> str:
    """Things as people name several."""
    names = [thing.replace("_", " ") if thing[-1].isdigit() else f"the {thing.replace('_', ' ')}" for thing in things]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _one_of(words: Iterable[str]) -> str:
    return f"({'|'.join(map(re.escape, sorted(words, key=len, reverse=True))) or '(?!)'})"


def _plurals(codebook: Codebook) -> set[str]:
    """The words that mean several of a kind."""
    return _kinds_by_word(codebook.kinds).keys() - {kind.replace("_", " ") for kind in codebook.kinds}


def _kinds_by_word(kinds: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """The kinds that a word may mean, one of them or several."""
    found: dict[str, set[str]] = {}
    for kind in kinds:
        *before, last = kind.split("_")
        forms = {last, f"{last}s", f"{last}es", _PLURALS.get(last, last)}
        forms |= {f"{last[:-1]}ies"} if last.endswith("y") else set()
        forms |= {f"{last.removesuffix('e')[:-1]}ves"} if last.endswith(("f", "fe")) else set()
        for form in forms:
            found.setdefault(" ".join((*before, form)), set()).add(kind)
    return {word: frozenset(some) for word, some in found.items()}
