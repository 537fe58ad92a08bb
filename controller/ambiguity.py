"""Whether a plan's things were told, or guessed: "grab the bottle" where two stand there, "stop the lift" of three."""

import re
from collections.abc import Iterator, Sequence

from codeword.codebook.arguments import EntityArgument
from codeword.codebook.command import Command
from codeword.codebook.command_codec import bindings_of, make_command
from codeword.codebook.conditions import holds_for_each
from codeword.codebook.known_names import KnownNames, Mention, words_of
from codeword.codebook.observation import Observation
from codeword.codebook.quantifiers import named_together, says_everything, says_which, universals
from codeword.codebook.skills import Codebook
from codeword.codebook.task_plan import Do, TaskPlan

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


def check_ambiguous(codebook: Codebook, task: str, observation: Observation, plan: TaskPlan) -> str:
    """Why a plan must not be carried out, in words; empty where it may. It must not where it takes one of several
    things that the task's words fit equally, with which the same can be done now.
    """
    together = [*universals(codebook, task, observation), *named_together(codebook, task, observation)]
    if says_everything(task):
        return ""
    spoken_of = {thing for one in together for thing in (*one.things, *one.left_out)}
    mentions = list(KnownNames(codebook, observation).mentions(task))
    said = {one.thing for one in mentions}
    for command, name, thing in _chosen(codebook, plan):
        if thing in said or thing in spoken_of:
            continue
        may_be = [one for one in mentions if thing in {known.name for known in one.among}]
        kinds = _kinds(codebook, command, name)
        if may_be:
            same = [_equals(one, kinds, observation) for one in may_be if _is_bare(task, one)]
            equals = same[0] if len(same) == len(may_be) else []
        else:
            unnamed = not _POINTS.search(task) and not _unexplained(codebook, task, plan, mentions)
            equals = [entity.id for entity in observation.entities if entity.kind in kinds] if unnamed else []
        if len(found := _possible(codebook, observation, command, name, equals)) > 1:
            what = f"'{may_be[0].text}'" if may_be else f"{name} of {command.skill}"
            return f"{what} may be {' or '.join(found)}; say which"
    return ""


def _chosen(codebook: Codebook, plan: TaskPlan) -> Iterator[tuple[Command, str, str]]:
    """The things that commands take: the command, the argument, the thing."""
    for item in plan.items:
        for name, value in item.command.args.items() if isinstance(item, Do) else ():
            if isinstance(item, Do) and isinstance(codebook.skills[item.command.skill].args[name], EntityArgument):
                yield item.command, name, str(value)


def _kinds(codebook: Codebook, command: Command, name: str) -> Sequence[str]:
    about = codebook.skills[command.skill].args[name]
    assert isinstance(about, EntityArgument)
    return tuple(about.kinds)


def _is_bare(task: str, mention: Mention) -> bool:
    """Whether a task names something by a noun with an article, or at its beginning, and says no more of it."""
    begins = _DEFINITE.match(mention.text) is not None or mention.begin == 0
    return begins and not says_which(task, mention.end)


def _equals(mention: Mention, kinds: Sequence[str], observation: Observation) -> list[str]:
    """The things of some kinds that a mention may be; those whose noun it is, where there are any: "the desk" is not a
    desk lamp.
    """
    allowed = {entity.id for entity in observation.entities if entity.kind in kinds}
    found = list(dict.fromkeys(name.name for name in mention.among if name.name in allowed))
    nouns = [[word for word in words_of(thing) if word.isalpha()][-1:] for thing in found]
    last = [word for word in words_of(mention.text) if word.isalpha()][-1:]
    return [thing for thing, noun in zip(found, nouns, strict=True) if noun == last] or found


def _possible(
    codebook: Codebook, observation: Observation, command: Command, name: str, things: Sequence[str]
) -> list[str]:
    """Those of some things with which a command can be carried out now; all where it can with none."""
    state, conditions = codebook.state(observation), codebook.skills[command.skill].conjuncts
    others = [make_command(codebook, command.skill, {**command.args, name: thing}) for thing in things]
    now = [
        thing
        for thing, other in zip(things, others, strict=True)
        if all(holds_for_each(condition, state, bindings_of(other)) for condition in conditions)
    ]
    return now or list(things)


def _unexplained(codebook: Codebook, task: str, plan: TaskPlan, mentions: Sequence[Mention]) -> set[str]:
    """The words of a task that neither its skills nor what it names explain: one may mean a thing by another name."""
    known = set(_SMALL)
    for item in plan.items:
        if isinstance(item, Do):
            skill = codebook.skills[item.command.skill]
            kinds = [kind for about in skill.args.values() if isinstance(about, EntityArgument) for kind in about.kinds]
            known |= set(stems(" ".join((skill.name, skill.description, *skill.args, *kinds))))
    for one in mentions:
        known |= set(stems(one.text))
    return {stem for stem in stems(task) if stem not in known and not stem.isdigit()}
