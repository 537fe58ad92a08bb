"""Tasks of the corpus with other things in the scene: called otherwise than people say, others in their place, more
beside them, and with words on where one of them is and what it is like.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from codeword.codebook import Codebook, Fact
from codeword.codebook.action_prompt import simple_words
from codeword.codebook.errors import CommandError
from codeword.codebook.task_plan import read_plan

from .multiply import Said, stems, words_of
from .pools_of import everyday, looks, synonyms

_LIKELIER = 4
"""How much likelier another name is less of the name, or a word that means the same, than its words in one."""
_MOST_RECAST, _MOST_ADDED = 2, 6
_WHERE = (
    "next to", "beside", "near", "by", "close to", "right by", "to the left of", "to the right of", "in front of",
    "behind", "that is next to", "that stands near", "which is right behind",
)  # fmt: skip
_OF_MANY = re.compile(
    r"\b(all|every\w*|each|any\w*|both|some\w*|others?|rest|no\w*|which|what|how|where)\b", re.IGNORECASE
)
"""Words of tasks whose meaning hangs on what else is there."""
_ARTICLE = re.compile(r"\b(the|my|your|his|her|our|their|this|that)\s+$", re.IGNORECASE)


def renamed(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same where a thing that is named has another name in the scene than people give it: less of it (`glass` for
    the wine glass), in one word (`livingroom`), or a word that means the same (`fridge`). None where there is no such
    thing, or where it could be taken for another.
    """
    words = simple_words(one.text)
    ids = {entity.id for entity in one.observation.entities}
    named = [
        name
        for name in _in_plan(one)
        if ("_" not in name or name not in one.text) and simple_words(name.replace("_", " ")) <= words
    ]
    fresh = {}
    for name in named:
        others = {word for other in ids - {name} for word in other.split("_")} | set(codebook.kinds)
        if some := [other for other in _other_names(name) if not set(other.split("_")) & others]:
            fresh[name] = some
    if not fresh:
        return None
    old = rng.choice(sorted(fresh))
    return _called(one, codebook, {old: rng.choice(fresh[old])})


def recast(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same said of other things, a mug where it was a map: what is done hangs on the order and not on what things
    are like. None where no thing of the plan is said by its whole name.
    """
    known, fresh = words_of(codebook, one.observation), {}
    kinds = {entity.id: entity.kind for entity in one.observation.entities}
    named = [name for name in _in_plan(one) if name in kinds and spelt(name, one.text)]
    for name in rng.sample(named, min(len(named), _MOST_RECAST)):
        others = [other for other in everyday(kinds[name]) if _is_new(other, known | simple_words(one.text))]
        if not others:
            return None
        fresh[name] = rng.choice(others)
        known |= stems(fresh[name])
    text = one.text
    for old, new in fresh.items():
        for found in reversed(spelt(old, text)):
            text = text[: found.start()] + _as_said(new, found[0]) + text[found.end() :]
    return _called(replace(one, text=text), codebook, fresh) if fresh else None


def crowded(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same with more things around that nobody speaks of and nothing is known of. None where the task may hang on
    them, or where the scene has none.
    """
    entities = list(one.observation.entities)
    if not entities or _OF_MANY.search(one.text):
        return None
    known = words_of(codebook, one.observation) | stems(one.text)
    for _ in range(rng.randint(1, _MOST_ADDED)):
        like = rng.choice(one.observation.entities)
        others = [other for other in everyday(like.kind) if _is_new(other, known)]
        if others:
            entities.append(like.model_copy(update={"id": (name := rng.choice(others))}))
            known |= stems(name)
    rng.shuffle(entities)
    return replace(one, observation=one.observation.model_copy(update={"entities": tuple(entities)}))


def placed(rng: random.Random, one: Said) -> Said | None:
    """The same with a word on where a thing is: next to another one, with which nothing is done. None where a thing of
    the plan is not said by its whole name, once.
    """
    named, entities = _in_plan(one), {entity.id: entity for entity in one.observation.entities}
    said = {name: at[0] for name in named if name in entities and len(at := spelt(name, one.text)) == 1}
    others = sorted(name for name in set(entities) - set(named) if _is_new(name, stems(one.text)))
    if not said or len(said) != len(named) or not others:
        return None
    found = said[rng.choice(sorted(said))]
    beside = f" {rng.choice(_WHERE)} the {_as_said(rng.choice(others), found[0])}"
    return replace(one, text=one.text[: found.end()] + beside + one.text[found.end() :])


def described(rng: random.Random, one: Said) -> Said | None:
    """The same with a word or two on what a thing is like, which nothing there is called by: the old mug for the mug.
    None where no thing of the plan is said by its whole name, once, after an article.
    """
    said = {word for entity in one.observation.entities for word in entity.id.split("_")}
    places = [
        found[0].start()
        for name in _in_plan(one)
        if len(found := spelt(name, one.text)) == 1 and _ARTICLE.search(one.text, 0, found[0].start())
    ]
    if not places:
        return None
    groups = [[word for word in group if word not in said] for group in looks()]
    place, some = rng.choice(places), rng.sample(list(filter(None, groups)), rng.choice((1, 1, 1, 2)))
    like = " ".join(map(rng.choice, some))
    return replace(one, text=f"{one.text[:place]}{like} {one.text[place:]}")


def spelt(name: str, text: str) -> list[re.Match[str]]:
    """Where a text says the whole name of a thing."""
    words = r"[ _]".join(map(re.escape, name.split("_")))
    return list(re.finditer(rf"(?<![\w-]){words}(?![\w-])", text, re.IGNORECASE))


def _in_plan(one: Said) -> list[str]:
    """The things that the first plan names, in order of their ids."""
    text = one.plans[0].text if one.plans else ""
    return sorted({entity.id for entity in one.observation.entities if f'"{entity.id}"' in text})


def _called(one: Said, codebook: Codebook, names: Mapping[str, str]) -> Said | None:
    """The same where things have other ids; None where a plan cannot be written so."""
    entities = tuple(
        entity.model_copy(update={"id": names.get(entity.id, entity.id)}) for entity in one.observation.entities
    )
    facts = tuple(Fact(fact.name, tuple(names.get(arg, arg) for arg in fact.args)) for fact in one.observation.facts)
    seen = one.observation.model_copy(update={"entities": entities, "facts": facts})
    texts = [plan.text for plan in one.plans]
    for old, new in names.items():
        texts = [text.replace(f'"{old}"', f'"{new}"') for text in texts]
    try:
        plans = tuple(read_plan(codebook, text) for text in texts)
    except CommandError:
        return None
    return replace(one, plans=plans, observation=seen)


def _as_said(name: str, instead_of: str) -> str:
    """A name as people say it where they said another one; an id stays an id."""
    return name if "_" in instead_of else name.replace("_", " ")


def _is_new(name: str, known: frozenset[str]) -> bool:
    return not stems(name) & known


def _other_names(name: str) -> Sequence[str]:
    """Other names of a thing, those that are likelier more than once."""
    parts = name.split("_")
    found = [] if len(parts) == 1 or not parts[-1].isalpha() else [parts[-1]] * _LIKELIER
    found += ["".join(parts)] if len(parts) == 2 and all(map(str.isalpha, parts)) else []
    for group in synonyms()["things"]:
        if part := next((part for part in parts if part in group), ""):
            others = [other for other in group if other != part]
            found += ["_".join(other if one == part else one for one in parts) for other in others] * _LIKELIER
    return [one for one in found if one != name]
