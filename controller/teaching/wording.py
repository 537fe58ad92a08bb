"""A task in words: a wording out of a pool, its slots filled in one of the ways in which people name things."""

import random
import re
from collections.abc import Mapping
from typing import Any, cast

from .codebook_generator import Book
from .draft import DraftTask
from .phrases import AGREEING, Goes, agreeing, bare, joined, list_told, pairs_told, tower_told
from .scene import Scene, Thing

_SLOT = re.compile(r"(\b[Aa] )?\{(\w+)\}")
_SENTENCE = re.compile(r"(^|[.?!] )([a-z])")
_ONE = re.compile(r"every|each|what|all that\b")
"""How a phrase begins that speaks of the things of a group as of one."""

_REMARKS = 0.12
"""How often somebody says something before or after a task that has nothing to do with it."""


def word_task(rng: random.Random, task: DraftTask, book: Book, pool: Mapping[str, Any], *, plain: bool = False) -> str:
    """The task in the words of a pool; `plain` leaves out what may stand around it."""
    template: str = rng.choice(pool[task.kind])
    speech = _Speech(rng, task, book, pool)
    text = _SLOT.sub(lambda match: _with_article(match[1] or "", speech.slot(match[2])), template)
    if not plain:
        before, after = _around(rng, pool)
        if before and before.strip()[-1] not in ".!?" and re.match(r"[A-Z][a-z]", text):
            text = text[0].lower() + text[1:]
        text = before + text + after
    text = _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text.strip())
    if not plain:
        text = text.lower() if rng.random() < 0.12 else text
        text = text.rstrip(".") if rng.random() < 0.12 else text
    return text


def _with_article(article: str, said: str) -> str:
    """What fills a slot, after the indefinite article that it needs where there is one: `an area`."""
    return f"{article[0]}n {said}" if article and said[0] in "aeiou" else article + said


def _around(rng: random.Random, pool: Mapping[str, Any]) -> tuple[str, str]:
    """What stands before and after a task."""
    around = pool["around"]
    before, after = rng.choice(around["before"]), rng.choice(around["after"])
    if "remarks" in pool and rng.random() < _REMARKS:
        remark = rng.choice(pool["remarks"])
        return (f"{remark} ", after) if rng.random() < 0.5 else (before, f" {remark}")
    return before, after


class _Speech:
    """How one speaker names things: always in the same way."""

    def __init__(self, rng: random.Random, task: DraftTask, book: Book, pool: Mapping[str, Any]) -> None:
        self.rng, self.task, self.book, self.pool = rng, task, book, pool
        self.scene: Scene = task.scene
        self.upper = rng.random() < 0.7
        self.joins = rng.choices((" and ", ", and ", " and also ", " as well as "), (0.7, 0.16, 0.07, 0.07))[0]
        self.style = rng.choices(("full", "id", "short", "one"), (0.68, 0.1, 0.16, 0.06))[0]

    def slot(self, name: str) -> str:
        words = self.task.words
        head, _, rest = name.partition("_")
        if name in ("block", "blocks"):
            return self.kind_word("block", many=name == "blocks")
        if name in ("place", "places"):
            return self.kind_word(str(words["place"]), many=name == "places")
        if name in ("into", "in"):
            zone = words["place"] == "zone"
            return ("to" if zone and self.rng.random() < 0.5 else "into") if name == "into" else "in"
        if head in ("into", "in") and rest in words:
            return self.where(str(words[rest]), toward=head == "into")
        if rest == "cap":
            return self.slot(head)
        if head == "group":
            return self.group(str(words["group"]), rest)
        if head == "pairs":
            return self.pairs(rest)
        if "upward" in words:
            return tower_told(self.rng, name, [self.the(block) for block in cast(list[str], words["upward"])])
        if head == "list":
            return self.list_of(cast(list[str], words["list"]), rest)
        if head in ("names", "choices"):
            return self.words_of([self.letter(word) for word in cast(list[str], words[head])], rest)
        if head == "count":
            return str(words["count"])
        if head == "word":
            return self.word(str(words["word"]), rest)
        return self.formed(str(words[head]), rest)

    def formed(self, thing: str, form: str) -> str:
        """A thing in a form: as it is spoken of, `bare` as in notes; or a word that agrees with it."""
        if form in AGREEING:
            return agreeing(form, self.many(thing))
        return bare(self.the(thing)) if form == "bare" else self.the(thing)

    def many(self, thing: str) -> bool:
        """Whether the name of a thing is plural: `the chips`."""
        return self.known(thing).properties.get("label", "").endswith("s")

    def list_of(self, blocks: list[str], form: str) -> str:
        """Some things in a form; their `head` and `rest` are of the list as it stands."""
        if not form:
            return self.things(self.shuffled(blocks))
        ordered = blocks if form in ("head", "rest") else self.shuffled(blocks)
        return list_told(self.rng, form, [self.the(block) for block in ordered], self.joins)

    def words_of(self, given: list[str], form: str) -> str:
        """Words, letters or what is printed on things, in a form; `things` says what they are told of."""
        if form == "bare":
            return self.rng.choice((", ", " / ")).join(given)
        if form == "things":
            said, flavor = self.listed(given, last=" or "), self.book.flavor
            what = "" if flavor == "packing" else " " + self.kind_word("block", many=True)
            return f"letters {said}" if flavor == "letters" else said + what
        return self.listed(given, last=" or " if form == "or" else "")

    def word(self, word: str, form: str) -> str:
        """A word to spell, whole or by its `letters`."""
        if form == "letters":
            return self.rng.choice(("-", " ", ", ")).join(self.letter(letter) for letter in word)
        return self.rng.choice((str.lower, str.upper, str.capitalize))(word)

    def kind_word(self, kind: str, *, many: bool) -> str:
        word = self.book.names.kinds[kind].replace("_", " ")
        if kind == "block" and self.book.flavor == "letters":
            word = "letter"
        if kind == "block" and self.book.flavor == "packing" and self.rng.random() < 0.6:
            word = "thing"
        if not many:
            return word
        return word + "es" if word.endswith(("x", "sh", "ch")) else word if word == "dice" else word + "s"

    def the(self, thing: str) -> str:
        """A thing as it is spoken of: `the red block`."""
        known = self.known(thing)
        name = self.book.names.id(thing)
        if self.style == "id":
            return name
        letter = known.properties.get("letter")
        if letter is not None:
            written = self.letter(letter)
            return f"the letter {written}" if self.style == "full" else f"letter {written}"
        color = known.properties.get("color", "")
        if self.style in ("short", "one") and known.kind == "block" and self.unique(known, color):
            return color if self.style == "short" else f"the {color} one"
        if re.search(r"slot_\d", thing):
            return name.replace("_", " ")
        return "the " + name.replace("_", " ")

    def known(self, thing: str) -> Thing:
        gone = self.task.words.get("gone")
        if isinstance(gone, Thing) and gone.id == thing:
            return gone
        return self.scene.by_id[thing]

    def unique(self, known: Thing, color: str) -> bool:
        """Whether a block can be told by its color alone."""
        if known.id not in (f"{color}_block", f"{color}_crate"):
            return False
        blocks = [b for b in self.scene.blocks if b.properties.get("color") == color and b.id != known.id]
        return not blocks and not any("label" in b.properties for b in self.scene.blocks)

    def where(self, place: str, *, toward: bool) -> str:
        """Where something goes or is: `into the blue bowl`, `on the table`."""
        name = self.the(place)
        kind = self.known(place).kind
        if kind in ("bowl", "box"):
            return f"{'into' if toward and self.rng.random() < 0.8 else 'in' if not toward else 'inside'} {name}"
        if kind in ("block", "table"):
            return f"{'onto' if toward and self.rng.random() < 0.7 else 'on'} {name}"
        if place.endswith("side"):
            return f"{self.rng.choice(('to', 'onto')) if toward else 'on'} {name}"
        return f"{self.rng.choice(('to', 'into', 'over to')) if toward else 'in'} {name}"

    def group(self, name: str, number: str = "") -> str:
        """A group of things, said of `many` or of each `one`, or of either."""
        phrases = self.pool["group_one" if number == "one" else "group"]
        if name not in phrases:
            name_key = "other_thing" if self.book.groups.get(name, ("",))[0] == "label" else "other"
        else:
            name_key = name
        fitting = [text for text in phrases[name_key] if number != "many" or not _ONE.match(text)]
        return str(self.rng.choice(fitting)).format(
            color=self.task.words.get("color", ""),
            group=name,
            block=self.kind_word("block", many=False),
            blocks=self.kind_word("block", many=True),
        )

    def pairs(self, form: str) -> str:
        """Several blocks and where each goes, as sentences of one form."""
        if "upward" in self.task.words:
            upward = cast(list[str], self.task.words["upward"])
            pairs = list(zip(upward[1:], upward, strict=False))
        else:
            pairs = self.shuffled(cast(list[tuple[str, str]], self.task.words["pairs"]))
        goes = [
            Goes(self.the(a), self.the(t), self.where(t, toward=True), self.where(t, toward=False), self.many(a))
            for a, t in pairs
        ]
        return pairs_told(self.rng, form, goes, self.joins)

    def letter(self, letter: str) -> str:
        """A letter as this speaker writes it; other words as they are."""
        return letter.upper() if self.upper and len(letter) == 1 else letter

    def things(self, blocks: list[str]) -> str:
        """Several things, each by itself or all in one: `the red and the blue block`, `the letters A and E`."""
        each, known = [self.the(block) for block in blocks], [self.known(block) for block in blocks]
        luck = self.rng.random()
        if self.style == "id" or luck < 0.3:
            return self.listed(each)
        blocks_word = self.kind_word("block", many=True)
        if all("letter" in thing.properties for thing in known):
            letters = [self.letter(thing.properties["letter"]) for thing in known]
            if luck < 0.75:
                return f"{'the ' if luck < 0.65 else ''}letters {self.listed(letters)}"
            return self.listed(letters if luck < 0.9 else [f"the {letter}" for letter in letters])
        if all("label" in thing.properties for thing in known):
            return f"the {self.listed([thing.properties['label'] for thing in known])}"
        colors = [thing.properties.get("color", "") for thing in known]
        if not all(self.unique(thing, color) for thing, color in zip(known, colors, strict=True)):
            return self.listed(each)
        if any(thing.wide or thing.kind != "block" for thing in known) or "crate" in "".join(blocks):
            return self.listed(each)
        if luck < 0.6:
            return f"the {self.listed(colors)} {blocks_word}"
        if luck < 0.85:
            return f"{self.listed([f'the {color}' for color in colors])} {self.book.names.kinds['block']}"
        return self.listed(colors)

    def listed(self, words: list[str], last: str = "") -> str:
        return joined(words, last or self.joins)

    def shuffled(self, items: list[Any]) -> list[Any]:
        return self.rng.sample(items, len(items)) if self.rng.random() < 0.5 else items
