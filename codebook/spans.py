"""Words of a task that a command may copy: which spans there are, and whether a text is one of them.

A task is taken as the model reads it, on one line. Words are what stands between blanks, from the first letter or digit
to the last; where a script is written without blanks every character is a word. A span goes from the beginning of a
word to the end of a word, with all that stands between them as it stands there. It never goes over a quotation mark, a
backslash or a control character; what stands in quotation marks is a span too, just as it is.

`spans`, for the grammar, and `is_span`, for the guard, agree on what a word is and share nothing else.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_MARKS = '"“”„‟«»‹›「」『』〝〞〟＂'
_QUOTATION = re.compile(
    r'"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|‹[^›]*›|「[^」]*」|『[^』]*』|〝[^〞〟]*[〞〟]|＂[^＂]*＂'
)
_CHUNK = re.compile(r"[^ ]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: no blanks stand between words of these."""

MOST_WORDS_OF_TASK = 300
"""Of a longer task only the first so many words can be copied, so that there are never too many spans."""

Range = tuple[int, int]
"""From the first character to behind the last."""


@lru_cache(maxsize=64)
def spans(task: str, max_words: int) -> tuple[str, ...]:
    """Every span of at most so many words, each once, in the task's order."""
    line = _one_line(task)
    found: dict[str, None] = {}
    for passage in _passages(line):
        words = _words(line, passage)
        for first, (begin, _) in enumerate(words):
            some = words[first : first + max_words] if _is_word(words[first]) else []
            found |= {line[begin : word[1]]: None for word in some if _is_word(word)}
    for begin, end in _quoted(line):
        if len(_words(line, (begin, end))) <= max_words:
            found[line[begin:end]] = None
    return tuple(found)


def is_span(task: str, text: str, max_words: int) -> bool:
    """Whether a text is a span of the task, of at most so many words."""
    line = _one_line(task)
    if not text or any(map(_breaks, text)):
        return False
    words = [word for passage in _passages(line) for word in _words(line, passage)]
    begins, ends = ({word[side] for word in words if _is_word(word)} for side in (0, 1))
    quoted, at = set(_quoted(line)), line.find(text)
    while at >= 0:
        end = at + len(text)
        is_whole = (at, end) in quoted or (at in begins and end in ends)
        if is_whole and sum(at <= begin < end for begin, _ in words) <= max_words:
            return True
        at = line.find(text, at + 1)
    return False


def count_words(text: str) -> int:
    """How many words a text has; what has neither letter nor digit but stands by itself counts as one."""
    return len(_words(text, (0, len(text))))


def begins_word(text: str) -> bool:
    """Whether a text begins with a letter or a digit, so that its tokens do not depend on a quote before it."""
    return unicodedata.category(text[0])[0] in "LN"


def _one_line(task: str) -> str:
    """A task on one line, up to the last word that can be copied."""
    line = " ".join(task.split())
    if len(line) <= MOST_WORDS_OF_TASK:  # it cannot have more words than characters
        return line
    words = [word for passage in _passages(line) for word in _words(line, passage)]
    return line if len(words) <= MOST_WORDS_OF_TASK else line[: words[MOST_WORDS_OF_TASK - 1][1]]


def _breaks(character: str) -> bool:
    return character in _MARKS or character == "\\" or unicodedata.category(character) in ("Cc", "Cs")


def _passages(line: str) -> Iterator[Range]:
    """What stands between the characters that no span goes over."""
    begin = 0
    for at, character in enumerate(line):
        if _breaks(character):
            yield begin, at
            begin = at + 1
    yield begin, len(line)


def _quoted(line: str) -> Iterator[Range]:
    """What stands in quotation marks, without blanks around it, where no span would break in it."""
    for found in _QUOTATION.finditer(line):
        inner = found[0][1:-1]
        begin = found.start() + 1 + len(inner) - len(inner.lstrip(" "))
        end = found.end() - 1 - len(inner) + len(inner.rstrip(" "))
        if begin < end and not any(map(_breaks, line[begin:end])):
            yield begin, end


def _is_word(word: Range) -> bool:
    return word[0] < word[1]


def _words(line: str, passage: Range) -> list[Range]:
    """The words of a passage; of what has neither letter nor digit an empty range, where it begins."""
    found: list[Range] = []
    for chunk in _CHUNK.finditer(line, *passage):
        found += _words_of_chunk(line, *chunk.span()) or [(chunk.start(), chunk.start())]
    return found


def _words_of_chunk(line: str, begin: int, end: int) -> list[Range]:
    """The words of what stands between two blanks: one, or one for each character of an unspaced script."""
    found: list[Range] = []
    goes_on = False
    for at in range(begin, end):
        kind = unicodedata.category(line[at])[0]
        if kind == "M":  # an accent of its own belongs to the letter before it
            if found and found[-1][1] == at:
                found[-1] = found[-1][0], at + 1
        elif kind in "LN":
            unspaced = _UNSPACED.match(line[at]) is not None
            if goes_on and not unspaced:
                found[-1] = found[-1][0], at + 1
            else:
                found.append((at, at + 1))
            goes_on = not unspaced
    return found
