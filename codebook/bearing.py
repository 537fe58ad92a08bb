"""Which skills bear on what is wanted: those that bring it about, and those that make other ones of them possible."""

from collections.abc import Iterable
from functools import lru_cache

from .skills import Codebook, Skill


@lru_cache(maxsize=256)
def bearing(codebook: Codebook, wanted: frozenset[str]) -> frozenset[str]:
    """The names of the skills that can bear on facts of these names, whatever they are about.

    It is the backward relevance of planners (Nebel, Dimopoulos and Koehler 1997), by names alone and so never too
    narrow, as far as effects are declared.
    """
    needed, found = set(_base(codebook, wanted)), set[str]()
    while True:
        more = [
            skill
            for skill in codebook.skills.values()
            if skill.name not in found and any(effect.atom.name in needed for effect in skill.effects)
        ]
        if not more:
            return frozenset(found)
        for skill in more:
            found.add(skill.name)
            needed |= _base(codebook, _asked(skill))


def idle(codebook: Codebook) -> list[Skill]:
    """The skills that declare that they merely wait: to look again after them. A skill without effects is none of
    them: what it does is not declared, and it may well move the robot.
    """
    return [skill for skill in codebook.skills.values() if skill.waits]


def _asked(skill: Skill) -> frozenset[str]:
    """The facts that a skill's preconditions ask about, and that its effects depend on."""
    whens = [effect.when.predicates() for effect in skill.effects if effect.when is not None]
    return skill.preconditions.predicates().union(*whens)


def _base(codebook: Codebook, names: Iterable[str]) -> set[str]:
    """These facts, and those that derived ones among them are made of."""
    found, new = set[str](), set(names)
    while new:
        found |= new
        new = {
            inner for name in new if name in codebook.derived for inner in codebook.derived[name].condition.predicates()
        } - found
    return found
