"""What the model reads: the codebook, the task and the observation as text, in the order in which they change."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from .arguments import described
from .facts import Fact
from .observation import Observation, Result
from .skills import NOTHING, Codebook, Skill

CONTRACT = 8
"""Version of the prompt contract: text, order and tokenization of all that the model sees, and
what commands it may choose. An adapter names the one that it was taught under, and is refused under another."""


class Prompt(NamedTuple):
    """The parts of a prompt. `system` stays the same for a codebook, `task` for an episode."""

    system: str
    task: str
    observation: str


def write_prompt(codebook: Codebook, task: str, observation: Observation) -> Prompt:
    """The prompt for one decision."""
    return Prompt(codebook_text(codebook), task_text(task), observation_text(codebook, observation))


def task_text(task: str) -> str:
    """A task as the model reads it."""
    return f"Task: {one_line(task)}"


@lru_cache(maxsize=32)
def codebook_text(codebook: Codebook, whole: bool = True) -> str:
    """The codebook as the model reads it: the stable part of every prompt. Unless `whole`, its skills are left to be
    told with each task.
    """
    lines = [
        "You control a robot. Answer with the next command as one line of JSON, for example:",
        form_text(next(iter(codebook.skills.values()))),
    ]
    if whole:
        lines.append(skills_text(codebook.skills.values()))
    if codebook.predicates:
        lines.append("Facts:")
        lines += [f"- {predicate.name}: {predicate.description}" for predicate in codebook.predicates.values()]
    # What a fact says of colors, letters or sizes is nowhere else: not in the skills, and not in the observation.
    lines += [f"- {fact.name}: {fact.condition}" for fact in codebook.derived.values() if fact.condition.properties()]
    return "\n".join(lines)


def skills_text(skills: Iterable[Skill]) -> str:
    """Skills as the model reads them."""
    return "\n".join(["Skills:", *map(_skill_text, skills)])


def form_text(skill: Skill) -> str:
    """The form of a skill's commands, with what each argument may be: `{"skill":"walk","steps":<-2..2 step 1>}`."""
    args = "".join(f',"{name}":<{described(argument)}>' for name, argument in skill.args.items())
    return f'{{"skill":"{skill.name}"{args}}}'


def _skill_text(skill: Skill) -> str:
    args = ", ".join(f"{name}: {described(argument)}" for name, argument in skill.args.items())
    parts = [f"- {skill.name}({args}): {skill.description}."]
    if skill.preconditions != NOTHING:
        parts.append(f"Needs {', '.join(map(str, skill.conjuncts))}.")
    if skill.effects:
        parts.append(f"Then {', '.join(map(str, skill.effects))}.")
    return " ".join(parts)


def observation_text(codebook: Codebook, observation: Observation) -> str:
    """An observation as the model reads it: what is there, what is true of it, and how the last command ended.

    What changes seldom stands first, so that the beginning is the same from one observation to the next.
    """
    return f"{situation_text(codebook, observation)}\n{_last_text(observation)}"


def situation_text(codebook: Codebook, observation: Observation) -> str:
    """What is there and what is true of it, as the model reads it."""
    facts = "; ".join(map(fact_text, ordered_facts(codebook, observation)))
    return f"Seen: {_seen_text(codebook, observation)}\nFacts: {facts or 'none'}"


def ordered_facts(codebook: Codebook, observation: Observation) -> list[Fact]:
    """The facts of an observation in the order of telling: those that no skill changes, then those of each entity in
    the order in which entities are seen, and last those of one entity that skills change (`holding`).
    """
    changed = _changed_predicates(codebook)
    places = {entity.id: place for place, entity in enumerate(observation.entities)}

    def order(fact: Fact) -> tuple[bool, bool, list[int], Fact]:
        changes = fact.name in changed
        return changes, changes and len(fact.args) < 2, [places.get(arg, len(places)) for arg in fact.args], fact

    return sorted(observation.facts, key=order)


@lru_cache(maxsize=32)
def _changed_predicates(codebook: Codebook) -> frozenset[str]:
    return frozenset(effect.atom.name for skill in codebook.skills.values() for effect in skill.effects)


def _seen_text(codebook: Codebook, observation: Observation) -> str:
    reachable = codebook.within_reach(observation)
    return "; ".join(f"{kind}: {', '.join(ids)}" for kind, ids in reachable.items() if ids) or "nothing"


def fact_text(fact: Fact) -> str:
    """`red_block on table`, `holding red_block`, or the name alone."""
    return " ".join(fact_words(fact))


def fact_words(fact: Fact) -> list[str]:
    """A fact word by word: its name stands behind its first thing where it has several."""
    return [fact.args[0], fact.name, *fact.args[1:]] if len(fact.args) > 1 else [fact.name, *fact.args]


def _last_text(observation: Observation) -> str:
    """How the last command ended, in words: a command copied as it was written would invite copying."""
    result = observation.last
    if result is None:
        return "Last: nothing yet"
    return f"Last: {_command_text(result)}: {result.status}{f' ({result.reason})' if result.reason else ''}"


def _command_text(result: Result) -> str:
    """`place red_block blue_bowl`, or as it came where it is no command."""
    try:
        given = json.loads(result.command)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or "skill" not in given:
        return one_line(result.command)
    return one_line(" ".join(_value_text(value) for value in given.values()))


def _value_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def one_line(text: str) -> str:
    """A text without line breaks and runs of white space."""
    return " ".join(text.split())
