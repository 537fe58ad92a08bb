"""What a model is offered in one decision: the legal commands, and the prompt that tells of them.

A short codebook is told whole, always the same. Of a long one only the skills that matter now are told: those that are
legal, the most relevant to the task first. What stays the same comes first in the prompt all the same.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .action_space import ActionSpace, legal_in
from .conditions import Atom, conjuncts
from .observation import Observation
from .prompt import Prompt, codebook_text, observation_text, skills_text, task_text, write_prompt
from .skills import Codebook, Skill

MOST_SKILLS = 24
"""The most skills that a codebook is told whole with, and that are offered of a longer one."""

_ENABLING = 0.5
"""What a skill that makes another possible inherits of its relevance."""

_WORD = re.compile(r"[a-z]+|[0-9]+|[\u3400-\u9fff]")
_SAID_EVERYWHERE = frozenset({"the", "a", "an", "of", "and", "or", "to", "in", "on", "it", "is", "that", "with", "for"})


@dataclass(frozen=True)
class ActionPrompt:
    """The commands that a model may choose from now, and the prompt for it; `legal.left_out` says what is missing."""

    legal: ActionSpace
    prompt: Prompt


def offer(codebook: Codebook, task: str, observation: Observation) -> ActionPrompt:
    """What is offered for a task and an observation."""
    whole = len(codebook.skills) <= MOST_SKILLS
    ranked = tuple(codebook.skills.values()) if whole else rank(codebook, task)
    state, reachable = codebook.state(observation), codebook.within_reach(observation)
    offered = legal_in(codebook, state, reachable, ranked, MOST_SKILLS, task)
    if whole:
        return ActionPrompt(offered, write_prompt(codebook, task, observation))
    told = [skill for skill in codebook.skills.values() if skill.name not in offered.left_out]
    prompt = Prompt(
        stable_text(codebook), f"{task_text(task)}\n{skills_text(told)}", observation_text(codebook, observation)
    )
    return ActionPrompt(offered, prompt)


def task_told(codebook: Codebook, task: str) -> str:
    """A task as it is told where no command is asked for: of a long codebook with the skills that matter to it."""
    if len(codebook.skills) <= MOST_SKILLS:
        return task_text(task)
    relevant = {skill.name for skill in rank(codebook, task)[:MOST_SKILLS]}
    told = [skill for skill in codebook.skills.values() if skill.name in relevant]
    return f"{task_text(task)}\n{skills_text(told)}"


def stable_text(codebook: Codebook) -> str:
    """The part of every prompt of a codebook that never changes: to be read ahead of the first decision."""
    return codebook_text(codebook, whole=len(codebook.skills) <= MOST_SKILLS)


@lru_cache(maxsize=64)
def rank(codebook: Codebook, task: str) -> tuple[Skill, ...]:
    """The skills by their relevance to a task, the ones that end an episode first.

    A skill is relevant by the words that it shares with the task, rarer ones counting more, and by the relevance of the
    skills whose preconditions its effects bring about.
    """
    weights = rarity(codebook)
    asked = simple_words(task)
    score = {
        skill.name: sum(weights.get(word, 0.0) for word in asked & simple_words(_said_of(codebook, skill)))
        for skill in codebook.skills.values()
    }
    passed_on = dict(score)
    for skill in codebook.skills.values():
        makes = {effect.atom.name for effect in skill.effects if effect.adds}
        enabled = [score[other.name] for other in codebook.skills.values() if makes & _needs(other)]
        passed_on[skill.name] += _ENABLING * max(enabled, default=0.0)
    order = {name: index for index, name in enumerate(codebook.skills)}
    skills = codebook.skills.values()
    return tuple(sorted(skills, key=lambda s: (s.ends is None, -passed_on[s.name], order[s.name])))


@lru_cache(maxsize=16)
def rarity(codebook: Codebook) -> Mapping[str, float]:
    """How much each word says: the logarithm of how few skills it is said of."""
    counts: dict[str, int] = {}
    for skill in codebook.skills.values():
        for word in simple_words(_said_of(codebook, skill)):
            counts[word] = counts.get(word, 0) + 1
    total = len(codebook.skills)
    return {word: math.log(1 + total / count) for word, count in counts.items() if word not in _SAID_EVERYWHERE}


def _said_of(codebook: Codebook, skill: Skill) -> str:
    """All that is said of a skill, in every language that there are wordings in."""
    args = " ".join(f"{name} {argument.describe()}" for name, argument in skill.args.items())
    wordings = " ".join(words.get(skill.name, "") for words in codebook.wordings.values())
    return f"{skill.name} {skill.description} {args} {wordings}"


def simple_words(text: str) -> frozenset[str]:
    """The words of a text, in their simplest form; Chinese is taken character by character."""
    return frozenset(
        word[:-1] if len(word) > 3 and word.endswith("s") else word for word in _WORD.findall(text.lower())
    )


def _needs(skill: Skill) -> frozenset[str]:
    """The base facts that a skill's preconditions ask to be true."""
    return frozenset(part.name for whole in skill.conjuncts for part in conjuncts(whole) if isinstance(part, Atom))
