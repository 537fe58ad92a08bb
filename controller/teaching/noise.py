"""What people do to a sentence without meaning anything by it: courtesy, casing, punctuation, typing errors."""

import random
import re
import string

_BEFORE = (
    "please", "could you please", "can you", "hey,", "ok,", "now", "I'd like you to", "would you kindly", "so,",
    "alright,", "next,", "robot,", "quickly", "I need you to", "go ahead and", "let's see,", "um,", "well,",
)  # fmt: skip
_AFTER = ("please", "thanks", "thank you", "now", "for me", "ok?", "if you can", "would you", "right away", "cheers")
_PLAIN = re.compile(r"[a-z]{5,}")


def noisy(rng: random.Random, task: str, kept: frozenset[str] = frozenset()) -> str:
    """A task as somebody else might type it. Words in `kept`, numbers and ids of things stay as they are."""
    text = task
    if rng.random() < 0.07:
        text = f"{rng.choice(_BEFORE)} {text}"
    if rng.random() < 0.07:
        text = f"{text.rstrip('.!?')} {rng.choice(_AFTER)}"
    if rng.random() < 0.06:
        text = _mistyped(rng, text, kept)
    style = rng.random()
    if style < 0.12:
        text = text[:1].upper() + text[1:]
    elif style < 0.14:
        text = text.upper()
    end = rng.random()
    if end < 0.1 and text[-1:] not in string.punctuation:
        text += rng.choice(("!", "!", "."))
    return text


def _mistyped(rng: random.Random, text: str, kept: frozenset[str]) -> str:
    """A text with one letter of one longer word doubled, dropped or swapped with its neighbor."""
    words = [match for match in _PLAIN.finditer(text) if match.group() not in kept and _stands_alone(text, match)]
    if not words:
        return text
    match = rng.choice(words)
    word = match.group()
    at = rng.randrange(1, len(word) - 2)
    changed = rng.choice(
        (
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return text[: match.start()] + changed + text[match.end() :]


def _stands_alone(text: str, match: "re.Match[str]") -> bool:
    """Whether a word is no part of an id (`red_block`) or of a longer word."""
    around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    return not any(sign.isalnum() or sign == "_" for sign in around)
