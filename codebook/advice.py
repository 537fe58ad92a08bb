"""What somebody who writes a codebook should know of it beyond its faults: what plans can do with it, and what a model
can hardly tell apart.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations

from .arguments import ListArgument
from .skills import Codebook, Skill

_WORD = re.compile(r"[^\W_]+")
_ALIKE = 0.85
"""Descriptions more alike than this (difflib's ratio, 0 to 1, of their words) can hardly be told apart."""


def advice(codebook: Codebook) -> tuple[str, ...]:
    """What is worth knowing, a line each, in this order: chaining, facts, lists, descriptions."""
    return (*_chaining(codebook), *_facts(codebook), *_lists(codebook), *_descriptions(codebook))


def _chaining(codebook: Codebook) -> Iterator[str]:
    doing = [skill for skill in codebook.skills.values() if skill.ends is None and not skill.waits]
    chained = [skill.name for skill in doing if skill.effects]
    named = [skill.name for skill in doing if not skill.effects]
    if not chained:
        yield "no skill declares effects: tasks can name commands, and the planner can add none"
    elif named:
        yield f"the planner can chain {', '.join(chained)}; only a task can ask for {', '.join(named)} (no effects)"


def _facts(codebook: Codebook) -> Iterator[str]:
    changed = {effect.atom.name for skill in codebook.skills.values() for effect in skill.effects}
    for name in codebook.predicates:
        needed = [skill.name for skill in codebook.skills.values() if name in skill.preconditions.predicates()]
        if name not in changed and needed and changed:
            yield f"nothing brings about or ends '{name}', which {', '.join(needed)} ask{'s' * (len(needed) == 1)} for"


def _lists(codebook: Codebook) -> Iterator[str]:
    """Lists whose every combination is to be looked at, for a condition asks for them with an argument behind them."""
    for skill in codebook.skills.values():
        order = list(skill.args)
        for name in (name for name in order if isinstance(skill.args[name], ListArgument)):
            behind = order[order.index(name) + 1 :]
            asked = [one for one in skill.conjuncts if name in one.variables() and one.variables() & set(behind)]
            if asked:
                later = next(one for one in behind if one in asked[0].variables())
                why = f"'{asked[0]}' asks for '{later}' as well, which stands behind it"
                cure = f"put '{later}' in front of '{name}'"
                yield f"the commands of '{skill.name}' grow with every combination of its list '{name}': {why}; {cure}"


def _descriptions(codebook: Codebook) -> Iterator[str]:
    doing = [skill for skill in codebook.skills.values() if skill.ends is None]
    for skill in doing:
        if _words(skill.description) <= _words(skill.name):
            yield f"the description of '{skill.name}' says no more than its name"
    for one, other in combinations(doing, 2):
        if _alike(one, other) > _ALIKE:
            yield f"a model can hardly tell '{one.name}' from '{other.name}': their descriptions are nearly the same"


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _alike(one: Skill, other: Skill) -> float:
    first, second = (_WORD.findall(skill.description.lower()) for skill in (one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
