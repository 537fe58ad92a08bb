"""Tasks that name what is not there, made of those that name what is: to be refused, whatever else is there."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from string import ascii_lowercase

from codeword.codebook import Codebook, Entity
from codeword.codebook.action_prompt import simple_words
from codeword.codebook.task_plan import UNCLEAR, reasons

from .multiply import Said, words_of
from .pools_of import synonyms
from .things import spelt

_SAME_SORT = 0.8
"""How often a word before a noun becomes another of its sort ("left" becomes "right"), where it has one."""


def gone(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same with a thing that is named taken away: to be refused. None where the text does not name it itself."""
    named = list(_named(one))
    if not named:
        return None
    lost = rng.choice(named)
    facts = tuple(fact for fact in one.observation.facts if lost.id not in fact.args)
    entities = tuple(entity for entity in one.observation.entities if entity != lost)
    seen = one.observation.model_copy(update={"entities": entities, "facts": facts})
    return _refused(replace(one, observation=seen), codebook)


def mistaken(rng: random.Random, one: Said, codebook: Codebook) -> Said | None:
    """The same said of a thing that is not there in place of one that is: the right tray for the left one, lamp 4 for
    lamp 2, the screen for the mug; to be refused. None where no thing is said by its whole name.
    """
    said = [(entity.id, found[0]) for entity in _named(one) if len(found := spelt(entity.id, one.text)) == 1]
    if not said:
        return None
    name, place = rng.choice(said)
    parts = name.split("_")
    known = words_of(codebook, one.observation)
    if parts[-1].isdigit():
        others = [[*parts[:-1], str(number)] for number in range(1, 10) if str(number) != parts[-1]]
        others = [other for other in others if "_".join(other) not in _ids(one)]
    elif len(parts[-1]) == 1:
        others = [[*parts[:-1], letter] for letter in ascii_lowercase if letter != parts[-1]]
        others = [other for other in others if "_".join(other) not in _ids(one)]
    elif len(parts) > 1:
        others = [[word, *parts[1:]] for word in _before(rng, parts[0], known)]
    else:
        others = [[noun] for noun in _nouns(name, known)]
    if not others:
        return None
    between = "_" if "_" in place[0] else " "
    text = one.text[: place.start()] + between.join(rng.choice(others)) + one.text[place.end() :]
    return _refused(replace(one, text=text), codebook)


def _refused(one: Said, codebook: Codebook) -> Said:
    why = tuple(reason for reason in reasons(codebook) if reason in ("missing", "not_there", "not_found", UNCLEAR))
    return replace(one, kind="refusal", plans=(), cannot=why)


def _named(one: Said) -> Iterator[Entity]:
    """The things that the text names and that the plan is about."""
    words = simple_words(one.text)
    for entity in one.observation.entities:
        if simple_words(entity.id.replace("_", " ")) <= words and any(
            f'"{entity.id}"' in plan.text for plan in one.plans[:1]
        ):
            yield entity


def _ids(one: Said) -> set[str]:
    return {entity.id for entity in one.observation.entities}


def _before(rng: random.Random, word: str, known: Collection[str]) -> list[str]:
    """Words that may stand before a noun in another's place, none of them among the stems that are `known`."""
    groups = synonyms()["before"]
    same = [group for group in groups if word in group]
    chosen: Sequence[Sequence[str]] = same if same and rng.random() < _SAME_SORT else groups
    return [other for group in chosen for other in group if other != word and other[:5] not in known]


def _nouns(noun: str, known: Collection[str]) -> list[str]:
    """Nouns for something else, none of them among the stems that are `known`."""
    groups = [group for group in synonyms()["things"] if noun not in group]
    return [other for group in groups if not any(word[:5] in known for word in group) for other in group]
