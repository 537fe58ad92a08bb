"""What the model reads: the codebook, the task and the observation as text, in the order in which they change."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from .arguments import described
from .facts import Fact
from .observation import Observation, Result
from .skills import NOTHING, Codebook, Skill

CONTRACT = 1
"""Version of the prompt contract: text, order and form of all that the model sees. An adapter names its own."""


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
        _example(codebook),
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


def _example(codebook: Codebook) -> str:
    skill = next(iter(codebook.skills.values()))
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
    """An observation as the model reads it: what is there, what is true of it, and how the last command ended."""
    reachable = codebook.within_reach(observation)
    seen = "; ".join(f"{kind}: {', '.join(ids)}" for kind, ids in reachable.items() if ids)
    facts = "; ".join(_fact_text(fact) for fact in observation.facts)
    return f"Seen: {seen or 'nothing'}\nFacts: {facts or 'none'}\nLast: {_result_text(observation.last)}"


def _fact_text(fact: Fact) -> str:
    """`red_block on table`, `holding red_block`, or the name alone."""
    if len(fact.args) == 2:
        return f"{fact.args[0]} {fact.name} {fact.args[1]}"
    return " ".join((fact.name, *fact.args))


def _result_text(result: Result | None) -> str:
    if result is None:
        return "nothing yet"
    return f"{result.command} {result.status}{f' ({result.reason})' if result.reason else ''}"


def one_line(text: str) -> str:
    """A text without line breaks and runs of white space."""
    return " ".join(text.split())
