"""What a task is answered by rule, before any model or planner: by stopping, or by holding still and saying why.

A task that stops is a stop word and nothing else. A task that only forbids ("Do not touch the red block.") asks for
nothing, nor does one that only wants to know something ("Is the red block in the bowl?"), or has no word in it. A
negation within a task ("the block that is not red", "all but one") is for whoever reads the task.
"""

import re
from dataclasses import dataclass
from typing import Literal

from .skills import Codebook
from .stop_words import is_stop, plain_words

_FORBIDDING = (
    "do not", "don't", "never", "you must not", "you mustn't", "you may not", "you should not", "you shouldn't",
    "must not", "under no circumstances", "on no account", "by no means",
    "niemals", "nie", "auf keinen fall", "keinesfalls", "bitte nicht", "du darfst nicht", "du sollst nicht",
    "ne", "jamais", "il ne faut pas", "non", "mai",
    "nunca", "jamás", "no debes", "no pongas", "no toques", "no muevas", "no cojas", "no agarres", "no metas",
    "não", "nooit", "nie wieder",
)  # fmt: skip
"""How an order that forbids begins."""

_POLITE = ("please", "kindly", "bitte", "por favor", "per favore", "s'il te plaît", "s'il vous plaît", "robot", "hey")

_ASKING = frozenset(
    {"forget", "hesitate", "fail", "neglect", "miss", "skip", "leave", "stop", "let", "worry", "mind", "bother", "ask"}
)
"""What is asked for by forbidding it: "don't forget to …", "don't leave anything on the table"."""

_TURNS = frozenset(
    {
        "except", "but", "unless", "until", "till", "before", "when", "while", "if", "instead", "rather", "only",
        "other", "than", "without", "sondern", "aber", "bis", "bevor", "sauf", "mais", "avant", "pero", "sino", "hasta",
        "excepto", "salvo", "ma", "finché", "mas", "exceto",
    }
)  # fmt: skip
"""Words with which an order that began by forbidding may yet ask for something."""

_GOES_ON = frozenset(
    {
        "the", "a", "an", "any", "either", "neither", "this", "that", "these", "those", "it", "them", "my", "your",
        "ever", "again", "please", "thanks", "thank", "ok", "okay", "not", "no", "never",
    }
)  # fmt: skip
"""With these a clause goes on with what was forbidden before it."""

_WHETHER = ("is", "are", "does", "did")
_WANTS_TO_KNOW = (
    *_WHETHER, "was", "were", "do you", "can you see", "can you tell", "has", "have", "what", "where", "who", "whose",
    "why", "when", "which",
    "how many", "how much", "how far", "how long", "how is", "how are", "how do", "how does", "how did",
    "ist", "sind", "liegt", "steht", "wo", "wer", "warum", "wann", "wie viele", "wieviele", "welche", "welcher",
    "welches", "est", "est-ce que", "sont", "où", "que", "qui", "pourquoi", "quand", "quel", "quelle", "combien",
    "qu'est-ce", "está", "están", "dónde", "qué", "quién", "por qué", "cuándo", "cuál", "cuántos", "cuántas", "hay",
    "dov'è", "dove", "cosa", "chi", "perché", "quanti", "quante", "onde", "quem", "quantos",
)  # fmt: skip
"""How a question begins; with the first of them also one without its mark."""

_REQUESTS = (
    "is it",
    "is there any chance",
    "are you able",
    "what about",
    "why not",
    "why don't",
    "what if",
    "have you time",
)
"""Beginnings of questions that ask to have something done."""

_CONDITION = re.compile(r"\b(?:(?<!even )(?<!as )(?<!what )if|unless|provided(?: that)?)\b[^.;!?]*", re.IGNORECASE)
_RECURS = re.compile(
    r"\b(?:every|each) (?:single |other )?(?:day|morning|noon|afternoon|evening|night|hour|week|month"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|\bwhenever\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\w+ (?:you|thou|u|possible|necessary|needed|need be|so|not|only|anything|i (?:may|can|could)|we (?:may|can|could)"
    r"|(?:some|any)(?:one|body) (?:should )?asks?"
    r"|it(?:'s| is) (?:ok|okay|possible|all ?right|alright|fine|not too|no trouble)"
    r"|that(?:'s| is| would be) (?:ok|okay|possible|all ?right|alright|fine))\b",
    re.IGNORECASE,
)
"""What begins like a condition and is a manner of speaking."""

_WHETHER_IF = re.compile(
    r"\b(?:see|look|check|know|tell|find out|ask|verify|test|inspect|examine|wonder|say|report|sure)"
    r"(?:s|ing|ed)?(?: (?:me|us|him|her|them|again|for me|(?:the|a) \w+))?\s*$",
    re.IGNORECASE,
)
"""What asks whether something is so: "see if the door is open"."""

_CLAUSE = re.compile(r"(?:[.!?;:,\n\u2014]|\s-\s)+")


@dataclass(frozen=True)
class Reflex:
    """What is done without deciding, and why, in words for people: `stop` stops the robot, latched; `hold` does nothing
    and ends.
    """

    kind: Literal["stop", "hold"]
    why: str


def reflex(codebook: Codebook, task: str) -> Reflex | None:
    """What a task is answered by rule; None where it is to be decided."""
    if is_stop(task, codebook.stop_words):
        return Reflex("stop", f"'{task.strip()}' is a stop word: the robot is stopped, and nothing is decided")
    if not plain_words(task):
        return Reflex("hold", "the task has no words: nothing is asked for")
    if only_forbids(task):
        return Reflex("hold", "the task only forbids: nothing is asked for; say in a sentence of its own what to do")
    if only_asks(task):
        return Reflex("hold", "the task is a question: nothing is to be done; say as an order what to do")
    return None


def stops(codebook: Codebook, task: str) -> bool:
    """Whether a task is a stop word and nothing else."""
    return is_stop(task, codebook.stop_words)


def only_forbids(task: str) -> bool:
    """Whether a task begins as an order that forbids, and asks for nothing after that.

    >>> only_forbids("Never put the red block in the bowl."), only_forbids("Don't touch red. Put green away.")
    (True, False)
    """
    clauses = [words for part in _CLAUSE.split(task) if (words := _without(plain_words(part), _POLITE))]
    if not clauses or not _is_forbidding(clauses[0]):
        return False
    if any(not _TURNS.isdisjoint(words) for words in clauses):
        return False
    return all(_is_forbidding(words) or _goes_on(words) for words in clauses[1:])


def only_asks(task: str) -> bool:
    """Whether a task is one sentence that wants to know something, and not to have it done.

    >>> only_asks("Is the red block in the blue bowl?"), only_asks("Could you put it there?")
    (True, False)
    """
    sentences = [part for part in re.split(r"(?<=[.!?])\s+|\n+", task.strip()) if plain_words(part)]
    if len(sentences) != 1:
        return False
    words = _without(plain_words(sentences[0]), _POLITE)
    begins = _WANTS_TO_KNOW if sentences[0].rstrip(" \"')\u201d").endswith("?") else _WHETHER
    return _begins(words, begins) and not _begins(words, _REQUESTS)


def condition(task: str) -> str:
    """The condition under which a task asks for something, or when again, empty where it asks for it once and now:
    whoever writes a plan beforehand cannot tell whether it will hold.

    >>> condition("If the guests look unhappy, say sorry."), condition("See if the door is open, if you can.")
    ('If the guests look unhappy, say sorry', '')
    """
    for found in _CONDITION.finditer(task.replace("\u2019", "'")):
        if not _COURTESY.match(found[0]) and not _WHETHER_IF.search(task, 0, found.start()):
            return found[0].strip()
    recurs = _RECURS.search(task)
    return "" if recurs is None else recurs[0]


def _begins(words: tuple[str, ...], openings: tuple[str, ...]) -> bool:
    return any(words[: len(opening)] == opening for opening in map(plain_words, openings))


def _is_forbidding(words: tuple[str, ...]) -> bool:
    for opening in map(plain_words, _FORBIDDING):
        if words[: len(opening)] == opening:
            return _ASKING.isdisjoint(words[len(opening) : len(opening) + 1])
    return False


def _goes_on(words: tuple[str, ...]) -> bool:
    rest = words[1:] if words[0] in ("and", "or", "nor") else words
    return bool(rest) and (rest[0] in _GOES_ON or _is_forbidding(rest))


def _without(words: tuple[str, ...], openings: tuple[str, ...]) -> tuple[str, ...]:
    """Words without what is said out of politeness before them."""
    for opening in map(plain_words, openings):
        if words[: len(opening)] == opening:
            return _without(words[len(opening) :], openings)
    return words
