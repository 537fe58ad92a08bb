"""A language model as a second judge: it says which of two episodes went better, and is itself checked.

Its verdict stands beside what physics and the rules say, never in their place. A model that is asked such things
favours what it reads first, what is longer, and what it wrote itself; every question is therefore put in both orders,
and `controls` measures each of the three on pairs where nothing but that differs.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from codeword.codebook.errors import CodewordError, InputError
from codeword.controller.remote.address import is_remote, read_address
from codeword.controller.remote.model import RemoteModel
from codeword.runtime.recording import RecordedEpisode

from .show import lines

Answer = Literal["A", "B", "same", "unclear"]

MOST_CHARACTERS = 12_000
"""Of each episode no more than so much is told; what is left out is said."""

_ANOTHER = "another model"

_QUESTION = """\
Two episodes of the same robot and task. Judge only what was done: whether the goal was reached, how directly, how
safely. How long a text is, and who decided, does not count.

Episode A:
{one}

Episode B:
{other}

Which went better? Answer with one word: A, B or same.
"""


class Asker(Protocol):
    """Something that answers: a local model, or one far away."""

    def ask(self, prompt: str) -> str:
        """The answer to a prompt. Raises CodewordError where there is none."""


@dataclass(frozen=True)
class Review:
    """What a model said of two episodes, asked in both orders.

    `better` is `one` or `other` where both answers agree, `same` where both say so, else `unclear`; `answers` are what
    it said first with `one` as A, then with `other` as A.
    """

    better: Literal["one", "other", "same", "unclear"]
    answers: tuple[Answer, Answer]

    @property
    def consistent(self) -> bool:
        """Whether the order of the two made no difference."""
        return self.better != "unclear"


@dataclass(frozen=True)
class Controls:
    """How often [0 to 1] a model's answer followed what must not count; `pairs` were put to it for each.

    `position`: of two copies of an episode it preferred one, by its place alone. `length`: it preferred the one told at
    greater length. `self_preference`: it preferred the one that is said to be its own. None where nothing was asked.
    """

    pairs: int
    position: float | None
    length: float | None
    self_preference: float | None

    def trusted(self, most: float = 0.2) -> bool:
        """Whether each of the three was measured, and none happened more often than that share."""
        return all(share is not None and share <= most for share in (self.position, self.length, self.self_preference))


def review(asker: Asker, one: RecordedEpisode, other: RecordedEpisode) -> Review:
    """Ask which of two episodes went better, once in each order.

    The decider's name is not told. Raises CodewordError where the asker does not answer.
    """
    return _review(asker, told(one), told(other))


def controls(asker: Asker, episodes: Sequence[RecordedEpisode], name: str) -> Controls:
    """Measure position, length and self-preference of a model of that name on copies of single episodes.

    Both sides say the same of what happened, so that `same` is the only right answer. Raises CodewordError where the
    asker does not answer.
    """
    texts = [told(episode) for episode in episodes]
    if not texts:
        return Controls(0, None, None, None)
    position = [_answer(asker, text, text) in ("A", "B") for text in texts]
    length = [_review(asker, longer(text), text).better == "one" for text in texts]
    width = max(len(name), len(_ANOTHER))  # a name is not to be told by its length
    own, others = (f"Decided by {who:<{width}}" for who in (name, _ANOTHER))
    mine = [_review(asker, f"{own}\n{text}", f"{others}\n{text}").better == "one" for text in texts]
    return Controls(len(texts), *(sum(found) / len(found) for found in (position, length, mine)))


def told(episode: RecordedEpisode) -> str:
    """An episode as a model reads it: its time line without who decided."""
    text = "\n".join(line for line in lines(episode) if not line.startswith("decided by "))
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]}\n(the rest is left out)"
    return text


def longer(text: str) -> str:
    """The same told at greater length: nothing that happened is added."""
    filler = "             (nothing else was seen, and nothing else was done)"
    return "\n".join(part for line in text.splitlines() for part in (line, filler))


def read_answer(text: str) -> Answer:
    """The one word that was asked for; `unclear` where the answer is none of them."""
    word = text.strip().strip("\"'`*.! \n").casefold()
    answers: dict[str, Answer] = {"a": "A", "b": "B", "same": "same", "episode a": "A", "episode b": "B"}
    return answers.get(word, "unclear")


def beside(review_of: Review, one: RecordedEpisode, other: RecordedEpisode) -> dict[str, object]:
    """A model's verdict next to physics': neither replaces the other, and where they disagree it is said."""
    judged = [episode.verdict.success if episode.verdict is not None else None for episode in (one, other)]
    physics = "same" if judged[0] == judged[1] else "one" if judged[0] else "other"
    disagree = review_of.consistent and review_of.better != physics and physics != "same"
    return {"physics": physics, "model": review_of.better, "answers": list(review_of.answers), "disagree": disagree}


def open_asker(name: str) -> Asker:
    """An asker: a model elsewhere by its address, or a user's own class, called without arguments.

    Raises InputError where the name leads to none.
    """
    if is_remote(name):
        return RemoteModel(read_address(name))
    module, colon, cls = name.partition(":")
    if not colon or not module or not cls:
        raise InputError(
            f"--asker: '{name}' names no class; it would be one as package.module:Class, or http://HOST:PORT/v1#NAME"
        )
    try:
        made = getattr(importlib.import_module(module), cls)()
    except Exception as problem:  # a user's own code may raise anything
        raise InputError(f"--asker: '{name}' could not be made: {type(problem).__name__}: {problem}") from problem
    if not callable(getattr(made, "ask", None)):
        raise InputError(f"--asker: '{name}' has no method ask(prompt)")
    asker: Asker = made
    return asker


def _review(asker: Asker, one: str, other: str) -> Review:
    answers = (_answer(asker, one, other), _answer(asker, other, one))
    agreed: dict[tuple[Answer, Answer], Literal["one", "other", "same"]] = {
        ("A", "B"): "one", ("B", "A"): "other", ("same", "same"): "same"
    }  # fmt: skip
    return Review(agreed.get(answers, "unclear"), answers)


def _answer(asker: Asker, one: str, other: str) -> Answer:
    said = asker.ask(_QUESTION.format(one=one, other=other))
    if not isinstance(said, str):
        raise CodewordError(f"the language-model judge answered with {type(said).__name__}, not with text")
    return read_answer(said)
