"""Which of a codebook's own examples are taught, and which are kept aside to see whether teaching helped."""

import random
from dataclasses import dataclass, replace

from codeword.codebook import Codebook
from codeword.codebook.errors import InputError
from codeword.codebook.stop_words import is_stop, plain_words
from codeword.codebook.task_plan import TaskPlan

_FEWEST = 4
_EVERY, _MANY, _OF_MANY = 4, 8, 3
"""Every fourth example is kept aside; of eight or more, three at least."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Saying:
    """What an example says, and the plans that are right for it: several where examples say the same."""

    text: str
    plans: tuple[TaskPlan, ...]

    @property
    def words(self) -> Words:
        """What is said, without case and punctuation."""
        return plain_words(self.text)


@dataclass(frozen=True)
class Split:
    """A codebook with those examples alone that are taught; these, and those that are kept aside."""

    codebook: Codebook
    taught: tuple[Saying, ...]
    kept: tuple[Saying, ...]


def set_aside(codebook: Codebook, seed: int) -> Split:
    """Keep a part of a codebook's examples aside, drawn by seed. Examples that say the same are one, and
    of a stop word no model is asked.

    Raises InputError where there are no examples, or too few to keep any aside.
    """
    name = codebook.files[0] if codebook.files else codebook.name
    by_words: dict[Words, Saying] = {}
    for example in codebook.examples:
        one = Saying(example.task, (example.plan,))
        before = by_words.get(one.words)
        by_words[one.words] = one if before is None else replace(before, plans=(*before.plans, example.plan))
    every = [one for one in by_words.values() if not is_stop(one.text, codebook.stop_words)]
    if not every:
        raise InputError(
            f"{name}: has no examples to teach from; write what people say under skills (bark: "
            "{examples: [speak, bark twice: {times: 2}]}), or whole tasks at the top (examples: "
            "[{task: sit and bark, plan: [sit, bark]}])"
        )
    if len(every) < _FEWEST:
        raise InputError(
            f"{name}: {len(every)} of its examples say something of their own, too few to keep one aside and see "
            f"whether teaching helped; write {_FEWEST} at least, better {_MANY} or more"
        )
    count = max(len(every) // _EVERY, _OF_MANY if len(every) >= _MANY else 0)
    kept = {one.words for one in random.Random(f"{seed}/set aside").sample(every, count)}
    examples = tuple(example for example in codebook.examples if plain_words(example.task) not in kept)
    return Split(
        replace(codebook, examples=examples),
        tuple(one for one in every if one.words not in kept),
        tuple(one for one in every if one.words in kept),
    )
