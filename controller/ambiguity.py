"""Whether a plan's things were told, or guessed: "grab the bottle" where two stand there, "stop the lift" of three."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from codeword.codebook.arguments import EntityArgument
from codeword.codebook.command import Command
from codeword.codebook.command_codec import bindings_of
from codeword.codebook.conditions import holds_for_each
from codeword.codebook.facts import Fact
from codeword.codebook.known_names import Mention, Things, known_names, things_of, words_of
from codeword.codebook.observation import Observation
from codeword.codebook.quantifiers import named_together, says_everything, says_which, universals
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Achieve, Do, TaskPlan

from .prior.words import stems

_DEFINITE = re.compile(r"(?:the|this|that|my|your|our)\s", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:it|its|them|they|he|him|she|her|there|here|this|(?<!do )that|these|those|one|ones|another|any|some|same|next"
    r"|again|first|second|third|last|other|others|rest|all|both|every|each|me|us|you|i|we)\b",
    re.IGNORECASE,
)
"""Words that may stand for something that is not named."""

_SMALL = frozenset(stems(
    "please now right just let's lets go thanks thank hey hi ok okay be so kind do make get have need needs want wants "
    "should must has is are was on off in up down at by from to over out away back again quickly slowly will would can "
    "could time moment want like bit little than more much very too also what robot dear mate love pls plz thx ta"
))  # fmt: skip
"""Words by which nothing is told from another."""


@dataclass(frozen=True)
class _Choice:
    """A thing that a plan takes, what for in words, of which kinds it may be, and whether another one could stand in
    its place now.
    """

    thing: str
    told: str
    kinds: Collection[str]
    is_possible: Callable[[str], bool]


def check_ambiguous(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> str:
    """Why a plan must not be carried out, in words; empty where it may. It must not where it takes one of several
    things that the task's words fit equally, with which the same can be done now.
    """
    there = things_of(observation)
    together = (*universals(codebook, task, there), *named_together(codebook, task, there))
    if says_everything(task):
        return ""
    spoken_of = {thing for one in together for thing in (*one.things, *one.left_out)}
    mentions = list(known_names(codebook, there).mentions(task))
    said = {one.thing for one in mentions}
    for choice in _choices(codebook, observation, plan):
        if choice.thing in said or choice.thing in spoken_of:
            continue
        may_be = [one for one in mentions if choice.thing in {known.name for known in one.among}]
        if may_be:
            same = [_equals(one, choice.kinds, there) for one in may_be if _is_bare(task, one)]
            equals = same[0] if len(same) == len(may_be) else []
        else:
            unnamed = not _POINTS.search(task) and not _unexplained(codebook, task, plan, mentions)
            equals = [thing for thing, kind in there if kind in choice.kinds] if unnamed else []
        found = list(filter(choice.is_possible, equals)) or equals
        if len(found) > 1:
            what = f"'{may_be[0].text}'" if may_be else choice.told
            return f"{what} may be {' or '.join(found)}; say which"
    return ""


def _choices(codebook: Codebook, observation: Observation, plan: TaskPlan) -> Iterator[_Choice]:
    """The things that the commands and the goals of a plan take."""
    kinds = dict(things_of(observation))
    for item in plan.items:
        if isinstance(item, Achieve):
            for fact in (*item.goal.facts, *item.goal.denied):
                is_open = partial(_is_open, observation, fact, holds=fact in item.goal.facts)
                for place, thing in enumerate(fact.args):
                    told = f"what is to be {fact.name}"
                    yield _Choice(thing, told, {kinds.get(thing, "")}, partial(is_open, place))
            continue
        skill = codebook.skills[item.command.skill]
        for name, value in item.command.args.items():
            about = skill.args[name]
            if isinstance(about, EntityArgument):
                can = partial(_can, codebook, observation, item.command, name)
                yield _Choice(str(value), f"{name} of {skill.name}", about.kinds, can)


def _can(codebook: Codebook, observation: Observation, command: Command, name: str, thing: str) -> bool:
    """Whether a command can be carried out now with a thing for one of its arguments."""
    bindings, state = bindings_of(command) | {name: thing}, codebook.state(observation)
    return all(holds_for_each(condition, state, bindings) for condition in codebook.skills[command.skill].conjuncts)


def _is_open(observation: Observation, fact: Fact, place: int, thing: str, *, holds: bool) -> bool:
    """Whether a fact that is to hold, or not to, with a thing in one of its places is otherwise yet."""
    args = (*fact.args[:place], thing, *fact.args[place + 1 :])
    return (Fact(fact.name, args) in observation.facts) is not holds


def _is_bare(task: str, mention: Mention) -> bool:
    """Whether a task names something by a noun with an article, or at its beginning, and says no more of it."""
    begins = _DEFINITE.match(mention.text) is not None or mention.begin == 0
    return begins and not says_which(task, mention.end)


def _equals(mention: Mention, kinds: Collection[str], there: Things) -> list[str]:
    """The things of some kinds that a mention may be; those whose noun it is, where there are any: "the desk" is not a
    desk lamp.
    """
    allowed = {thing for thing, kind in there if kind in kinds}
    found = list(dict.fromkeys(name.name for name in mention.among if name.name in allowed))
    nouns = [[word for word in words_of(thing) if word.isalpha()][-1:] for thing in found]
    last = [word for word in words_of(mention.text) if word.isalpha()][-1:]
    return [thing for thing, noun in zip(found, nouns, strict=True) if noun == last] or found


def _unexplained(codebook: Codebook, task: str, plan: TaskPlan, mentions: Sequence[Mention]) -> set[str]:
    """The words of a task that neither its skills nor what it names explain: one may mean a thing by another name."""
    known = set(_SMALL)
    for item in plan.items:
        if isinstance(item, Do):
            skill = codebook.skills[item.command.skill]
            kinds = [kind for about in skill.args.values() if isinstance(about, EntityArgument) for kind in about.kinds]
            known |= set(stems(" ".join((skill.name, skill.description, *skill.args, *kinds))))
        else:
            facts = [
                codebook.predicates[fact.name]
                for fact in (*item.goal.facts, *item.goal.denied)
                if fact.name in codebook.predicates
            ]
            known |= set(stems(" ".join(word for fact in facts for word in (fact.name, fact.description))))
    for one in mentions:
        known |= set(stems(one.text))
    return {stem for stem in stems(task) if stem not in known and not stem.isdigit()}
