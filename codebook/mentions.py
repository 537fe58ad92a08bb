"""Things that a task names: whether those that are seen, or others, by names like theirs."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise

_WORD = re.compile(r"[a-z]+|[0-9]+")
_NUMBER = re.compile(r"(_[0-9]+)$")
_NO_NAMES = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "its", "their", "his", "her", "our",
    "each", "every", "all", "any", "some", "no", "one", "two", "three", "four", "five", "six", "other",
    "another", "which", "what", "whichever", "whose", "own", "same", "such", "and", "or", "but", "of", "on",
    "in", "into", "onto", "to", "from", "with", "by", "for", "at", "next", "last", "only", "single", "both",
    "either", "neither",
})  # fmt: skip
"""Words that stand before things and tell nothing of how they look."""

_ARTICLES = frozenset({"the", "a", "an", "this", "that", "my", "your", "his", "her", "our", "their", "its"})
"""Words that a noun follows."""

NO_NOUNS = frozenset({
    "up", "down", "out", "off", "over", "under", "onto", "inside", "outside", "behind", "beside", "between", "near",
    "above", "below", "is", "are", "was", "be", "has", "have", "not", "then", "so", "if", "when", "while", "until",
    "please", "now", "here", "there", "away", "back", "together", "apart", "again", "where", "who", "as", "than",
    "it", "them", "you", "me", "us", "i", "he", "she", "they", "goes", "go", "belongs", "belong", "lies", "stands",
})  # fmt: skip
"""Words at which a name ends."""

_LOOSE = frozenset({
    "one", "ones", "thing", "things", "object", "objects", "item", "items", "rest", "others", "other", "everything",
    "anything", "something", "nothing", "all", "side", "place", "spot", "top", "bottom", "left", "right", "middle",
    "center", "end", "way", "order", "row", "pile", "stack", "tower", "robot", "arm", "gripper", "hand", "task",
    "first", "second", "third", "carefully", "gently", "slowly", "quickly", "too",
    "meter", "meters", "metre", "metres", "centimeter", "centimeters", "centimetre", "centimetres", "millimeters",
    "cm", "mm", "m", "inch", "inches", "foot", "feet", "degree", "degrees", "seconds", "minute", "minutes", "hour",
    "times", "bit", "little", "thanks", "thank",
})  # fmt: skip
"""Nouns that may mean whatever is seen, and words that end a task and are no nouns."""

_CONTRACTED = re.compile(r"(?<=[a-z])['\u2019][a-z]+")
"""What is no letter of its own: "that's", "don't"."""

_OWNED = re.compile(r"['\u2019]s?(?!\w)")
_POSSESSIVE = re.compile(r"(?<=[a-z])['\u2019]s\b")
_EXCEPTION = re.compile(
    r"\b(?:neither|except(?:ing)?(?: for)?|excluding|apart from|aside from|other than"
    r"|(?:all|every|each|any)\w*(?: \w+){0,6},? but(?: not| leave| skip| spare)?"
    r"|(?:and|but|just|only) not|not counting|instead of"
    r"|(?:but|except|only|just|and)(?: please)? (?:leave|skip|spare)(?: out)?|leaving out|without touching"
    r"|rather than|(?<=, )not|außer|ausser|nicht|sauf|excepté|excepto|salvo|tranne|eccetto)\b"
)
_EXCEPTING = re.compile(
    r",?\s*(?:(?:except(?:ing)?|but|only|just)(?: please)? (?:leave|skip|spare)(?: out)?|just not|only not"
    r"|except(?:ing)?|excluding|but|other than|apart from|aside from|save|not)(?: for| not)?\b"
)
"""How exceptions from all things of a kind begin."""

_EXCEPTED = re.compile(r"[a-z]+|[0-9]+|[^\sa-z0-9]")
_BETWEEN = frozenset({
    *_ARTICLES, "s", "and", "or", "nor", ",", "-", "'", "\u2019",
    "der", "die", "das", "dem", "den", "und", "oder", "le", "la", "les", "et", "ou", "el", "los", "las", "y", "o", "il",
})  # fmt: skip
"""What stands among the names of things that are excepted together."""

_PLACING = frozenset({"in", "on", "at", "from", "with", "to", "into", "onto", "for", "of"})
"""What may stand before the names of things that are excepted."""

_ALONE = re.compile(r"\s*(?:alone|out|be|in peace|as (?:it is|they are)|where (?:it is|they are))\b")
"""What is said behind the names of what is to be left."""

_MISSPELT = 0.93
"""Two names as alike as this, by the share of their letters, are one."""

_WORDS_OF_A_LETTER = frozenset({"a", "i"})


def named(task: str, thing: str, seen: Iterable[str]) -> bool:
    """Whether a task says the name of a thing: its words together and in order, or one that no other thing seen has. A
    number belongs to the words before it: "block 1" says nothing of another block. Of things that go by a letter it is
    that letter, unless it is a word of its own, or their sort where the task says no letter with it.

    >>> named("Push orange to the left zone.", "orange_crate", ["orange_crate", "red_crate", "left_zone"])
    True
    >>> named("Push letter B to the left zone.", "letter_c", ["letter_c", "left_zone"])
    False
    >>> named("Put block 1 in bowl 2.", "block_2", ["block_1", "block_2", "bowl_1", "bowl_2"])
    False
    """
    said, name = _WORD.findall(_CONTRACTED.sub("", task.lower())), _WORD.findall(thing)
    words = set(name)
    others = {word for other in seen if other != thing for word in _WORD.findall(other)}
    telling = {word for word in words - others - _WORDS_OF_A_LETTER if word.isalpha()}
    if any(_is_letter(word) for word in words):
        telling = {word for word in telling if _is_letter(word) or not _has_letter(said, word)}
    return any(_is_said(said, at, name, telling) for at in range(len(said)))


def _is_said(said: Sequence[str], at: int, name: Sequence[str], telling: Collection[str]) -> bool:
    """Whether a name is said from a word on: all of it, or a telling word and no number that is another one's."""
    end = at + len(name)
    whole = list(said[at:end]) == list(name)
    if whole and name[-1].isdigit():
        return True
    if not whole:
        if said[at] not in telling:
            return False
        end = at + 1
        while end < len(said) and said[end] in name and said[end].isalpha():
            end += 1
    number = said[end] if end < len(said) and said[end].isdigit() else name[-1]
    return number == name[-1]


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _has_letter(said: Sequence[str], sort: str) -> bool:
    """Whether some sort of thing is said with a letter: "letter B", "the B letter"."""
    return any(
        (word == sort and _is_letter(after)) or (after == sort and _is_letter(word) and word not in _WORDS_OF_A_LETTER)
        for word, after in pairwise(said)
    )


def excepted(task: str, seen: Iterable[str]) -> tuple[str, ...]:
    """The things that a task names as an exception, and nowhere else: what is to be done is not to be done with them.

    >>> excepted("Clean every room except the kitchen and the hall, then go to the den.", ["kitchen", "hall", "den"])
    ('kitchen', 'hall')
    >>> excepted("Take the left tray instead of the right one.", ["left_tray", "right_tray"])
    ('right_tray',)
    >>> excepted("Shut every gate but the llamas'.", ["llama_pen", "goat_pen"])
    ('llama_pen',)
    """
    things = list(seen)
    left_out, others = _exceptions(task, things)
    said = " ".join(left_out)
    return tuple(thing for thing in things if named(said, thing, things) and not named(others, thing, things))


def without_exceptions(task: str, seen: Iterable[str]) -> str:
    """A task without what it says of exceptions.

    >>> without_exceptions("Clean the kitchen instead of the hall, please.", ["kitchen", "hall"])
    'Clean the kitchen, please.'
    >>> without_exceptions("Shut every gate but the llama's, then feed the goats.", ["llama_pen", "goat_pen"])
    'Shut, then feed the goats.'
    """
    left_out, others = _exceptions(task, list(seen))
    return others if left_out else task


def _exceptions(task: str, things: Collection[str]) -> tuple[list[str], str]:
    """What a task names as exceptions, and the rest of it."""
    text = _CONTRACTED.sub(lambda found: " " * len(found[0]), task.lower())
    names = {word for thing in things for word in _WORD.findall(thing)}
    left_out, rest, at = [], [], 0
    for opening in _EXCEPTION.finditer(text):
        end = _names_end(text, opening.end(), things) if opening.start() >= at else 0
        if end:
            left_out.append(" ".join(_singular(word, names) for word in _WORD.findall(text[opening.end() : end])))
            rest.append(task[at : opening.start()].rstrip(" ,;"))
            possessive = _OWNED.match(task, end)
            at = end if possessive is None else possessive.end()
    return left_out, "".join([*rest, task[at:]])


def exceptions_end(text: str, at: int, things: Collection[str]) -> int:
    """Where the exceptions end that a text in small letters names right from a place on; 0 where it names none."""
    opening = _EXCEPTING.match(text, at)
    return _names_end(text, opening.end(), things) if opening is not None else 0


def _names_end(text: str, at: int, things: Collection[str]) -> int:
    """Where the names of things end that stand from a place on, one after the other; 0 where there is none."""
    names, end = {word for thing in things for word in _WORD.findall(thing)}, 0
    for word in _EXCEPTED.finditer(text, at):
        if _singular(word[0], names) in names or (end and word[0] in ("one", "ones")):
            end = word.end()
        elif word[0] not in _BETWEEN and (end or word[0] not in _PLACING):
            break
    rest = _ALONE.match(text, end) if end else None
    return end if rest is None else rest.end()


def _singular(word: str, names: Collection[str]) -> str:
    """A word as names have it, where they have it without an s: "llamas" is one of the llama's things."""
    alone = word.removesuffix("s")
    return alone if word not in names and alone in names else word


def absent(task: str, seen: Iterable[str], known: Collection[str] | None = None) -> dict[str, frozenset[str]]:
    """Names that a task may give to things that are not seen, each with the things seen whose names are like it: of two
    words at least, as the task says them one after the other, all but one of them the same; or with a number that none
    of them has. Where things go by one word, and that is none of those `known`, also a word that the task says as a
    noun, and that is none of them either.

    >>> absent("Put the gold block in the red bowl.", ["red_block", "red_bowl"])
    {'gold_block': frozenset({'red_block'})}
    >>> absent("Put block 3 in the bowl.", ["block_1", "block_2", "bowl"])["block_3"] == {"block_1", "block_2"}
    True
    >>> absent("Pick up the banana.", ["apple"], known=["table"])
    {'banana': frozenset({'apple'})}
    """
    spoken = _WORD.findall(_CONTRACTED.sub("", task.lower()))
    names: dict[tuple[str, ...], set[str]] = {}
    for thing in seen:
        names.setdefault(tuple(_NUMBER.sub("", thing).split("_")), set()).add(thing)
    found: dict[str, set[str]] = {}
    for words, things in names.items():
        for begin in range(len(spoken) - len(words) + 1):
            said = tuple(spoken[begin : begin + len(words)])
            other = [new for new, old in zip(said, words, strict=True) if new != old]
            alike = [new for new, old in zip(said, words, strict=True) if new == old and len(new) > 1]
            if alike and len(other) == 1 and other[0] not in _NO_NAMES and said not in names:
                found.setdefault("_".join(said), set()).update(things)
            numbered = "_".join((*words, *spoken[begin + len(words) : begin + len(words) + 1]))
            if said == words and _NUMBER.search(numbered) and numbered not in things and _all_numbered(things):
                found.setdefault(numbered, set()).update(things)
    alone = {thing for things in names.values() for thing in things if len(thing) > 1 and thing.isalpha()}
    if known is not None and not alone <= set(known):
        never = {*known, *(word for words in names for word in words)}
        for noun in _nouns(spoken):
            if noun not in never and noun.removesuffix("s") not in never and noun.removesuffix("es") not in never:
                found.setdefault(noun, set()).update(alone)
    return {name: frozenset(_alike(name, things)) for name, things in sorted(found.items())}


def _all_numbered(things: Collection[str]) -> bool:
    return all(_NUMBER.search(thing) for thing in things)


def mistaken(task: str, seen: Collection[str], known: Collection[str]) -> dict[str, frozenset[str]]:
    """Names that a task gives to things that are not seen, each with those that could be taken for them: of the same
    noun with another word before it, or of the same name with another number, and not named by the task themselves. No
    word that is `known`, and none that is misspelt, makes such a name.

    >>> mistaken("Shut the lid of the right tray.", ["left_tray", "oven_tray"], ["lid"])
    {'right_tray': frozenset({'left_tray', 'oven_tray'})}
    >>> mistaken("Fill Tom's smal tray.", ["small_tray", "toms_tray"], [])
    {}
    """
    found: dict[str, frozenset[str]] = {}
    text = task.lower() + " " + _POSSESSIVE.sub("s", task.lower())
    for name, like in absent(task, seen, known).items():
        *before, last = name.split("_")
        if not before or any(word in known for word in before) or _is_misspelt(name, like):
            continue
        others = {
            thing
            for thing in like
            if not named(text, thing, seen)
            and (thing.split("_")[-1] == last or (last.isdigit() and _NUMBER.search(thing)))
        }
        if others:
            found[name] = frozenset(others)
    return found


def _is_misspelt(name: str, things: Iterable[str]) -> bool:
    """Whether a name is one of some things', but for a letter: numbers are no letters."""
    number = _NUMBER.search(name)
    same = [thing for thing in things if number is None or thing.endswith(number[0])]
    return bool(get_close_matches(name, same, cutoff=_MISSPELT))


def _nouns(said: Sequence[str]) -> Iterator[str]:
    """The words that a text says as nouns: the last before something that is no name, in what an article begins, and
    the text's own last word. Without a dictionary some are none.
    """
    for at, word in enumerate(said):
        if word in _ARTICLES:
            end = at + 1
            while end < len(said) and said[end].isalpha() and said[end] not in _NO_NAMES | NO_NOUNS:
                end += 1
            if end > at + 1 and said[end - 1] not in _LOOSE:
                yield said[end - 1]
    if len(said) > 1 and said[-1].isalpha() and said[-1] not in _NO_NAMES | NO_NOUNS | _LOOSE:
        yield said[-1]


def _alike(name: str, things: set[str]) -> set[str]:
    """Those of the things that are of the same sort, as the last word says; all where there are none."""
    return {thing for thing in things if _NUMBER.sub("", thing).split("_")[-1] == name.split("_")[-1]} or things
