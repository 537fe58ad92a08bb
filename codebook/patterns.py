"""Texts by pattern: a small, finite kind of regular expression, so that a command is always one of a countable set.

[A-D][1-9]      row_[1-3]      (north|south)_[0-9]{2}      x?
"""

from collections.abc import Iterator
from itertools import product

MOST_TEXTS = 1000
"""A pattern with more texts than that is refused: a model should choose, not invent."""

MOST_TIMES = 32

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ")


class PatternError(ValueError):
    """A pattern that cannot be used; the message says what is wrong with it."""


def texts_of(pattern: str) -> tuple[str, ...]:
    """Every text of a pattern, without repetition, in the pattern's order.

    A text begins and ends with a letter or a digit, so that its tokens never depend on what stands beside it. Raises
    PatternError.
    """
    parser = _Parser(pattern)
    texts = tuple(dict.fromkeys(parser.alternatives()))
    if parser.at < len(pattern):
        raise PatternError(f"'{pattern[parser.at]}' at {parser.at + 1} closes nothing")
    if not texts:
        raise PatternError("allows no text at all")
    for text in texts:
        if not text or not (text[0].isalnum() and text[-1].isalnum()):
            raise PatternError(f"allows '{text}'; a text begins and ends with a letter or a digit")
    return texts


class _Parser:
    """Recursive descent; every rule gives the list of texts that a part stands for."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def alternatives(self) -> list[str]:
        found = self.sequence()
        while self.peek() == "|":
            self.at += 1
            found += self.sequence()
        return self.few(found)

    def sequence(self) -> list[str]:
        found = [""]
        while self.peek() not in ("", "|", ")"):
            part = self.repeated(self.part())
            self.few_of(len(found) * len(part))
            found = [head + tail for head in found for tail in part]
        return found

    def part(self) -> list[str]:
        character = self.peek()
        self.at += 1
        if character == "(":
            inner = self.alternatives()
            self.close(")")
            return inner
        if character == "[":
            return self.characters()
        if character not in _PLAIN:
            raise PatternError(
                f"'{character}' at {self.at} is not known here; use letters, [A-D], (a|b), {{m,n}} and ?"
            )
        return [character]

    def characters(self) -> list[str]:
        found: list[str] = []
        while self.peek() not in ("]", ""):
            first = self.peek()
            self.at += 1
            last = first
            if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                last = self.pattern[self.at + 1]
                self.at += 2
            between = [chr(code) for code in range(ord(first), ord(last) + 1)]
            if not between or not _PLAIN.issuperset(between):
                raise PatternError(f"'{first}-{last}' at {self.at} is no range of plain characters")
            found += between
        self.close("]")
        return found

    def repeated(self, part: list[str]) -> list[str]:
        if self.peek() == "?":
            self.at += 1
            return ["", *part]
        if self.peek() != "{":
            return part
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at + 1 : end if end > 0 else None].partition(",")
        if end < 0 or not low.isdigit() or (comma and not high.isdigit()):
            raise PatternError(f"'{{' at {self.at + 1} needs {{n}} or {{m,n}}; a text has a greatest length")
        self.at = end + 1
        counts = range(int(low[:3]), int((high or low)[:3]) + 1)
        if counts.stop > MOST_TIMES + 1 or not counts:
            raise PatternError(f"'{{' at {self.at} repeats from 0 to {MOST_TIMES} times, the lower number first")
        self.few_of(sum(len(part) ** min(count, 20) for count in counts))
        return ["".join(parts) for count in counts for parts in _power(part, count)]

    def close(self, sign: str) -> None:
        if self.peek() != sign:
            raise PatternError(f"lacks a '{sign}'")
        self.at += 1

    def few(self, found: list[str]) -> list[str]:
        self.few_of(len(found))
        return found

    def few_of(self, count: int) -> None:
        if count > MOST_TEXTS:
            raise PatternError(f"allows more than {MOST_TEXTS} texts; narrow it, or use a choice")


def _power(part: list[str], count: int) -> Iterator[tuple[str, ...]]:
    return product(part, repeat=count)
