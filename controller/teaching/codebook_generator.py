"""Codebooks at random: the shipped ones under other names, in other words, with skills put together, split, left out or
added, so that a codebook has to be read and cannot be known by heart.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from string import ascii_lowercase
from typing import Any

from codeword.codebook import Codebook, Command, load_codebook, make_command, parse_codebook

from .book_skills import SPLIT, Names, distractor_entry, skill_entry
from .scene import Move, Scene, State

FLAVORS = {"tabletop": 0.26, "colors": 0.38, "letters": 0.22, "packing": 0.14}
"""The shipped codebooks that others are made from, and how often."""

COLOR_GROUPS: Mapping[str, tuple[str, ...]] = {
    "warm": ("red", "orange", "yellow", "pink", "magenta"),
    "cool": ("blue", "green", "cyan", "purple", "teal", "navy"),
    "primary": ("red", "yellow", "blue"),
}
LETTER_GROUPS: Mapping[str, str] = {
    "vowel": "aeiou",
    "consonant": "bcdfghjklmnpqrstvwxyz",
    "symmetric": "ahimotuvwxy",
    "before_d": "abc",
}
LABEL_GROUPS: Mapping[str, tuple[str, ...]] = {
    "snack": ("chips", "nuts", "cookies", "pretzels", "popcorn", "candy"),
    "for_picnic": ("sandwich", "apple", "grapes", "juice", "cheese", "cookies"),
}
COLORS = (
    "red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan", "brown", "white", "gray", "black", "lime",
    "navy", "teal", "magenta",
)  # fmt: skip
LABELS = (
    "chips", "nuts", "cookies", "pretzels", "popcorn", "candy", "sandwich", "apple", "grapes", "juice", "cheese",
    "soap", "sponge", "hammer", "tape", "pliers", "candle", "pencil", "stapler", "mug", "spoon", "battery",
)  # fmt: skip


_LONG = 0.15
"""How often a codebook under other names has many skills that no task needs."""


@dataclass(frozen=True, eq=False)
class Book:
    """A codebook, and what it calls the skills, arguments, kinds and facts of the shipped ones.

    `groups` are facts that are told of things by their color, letter or label, with the words that they are true of.
    """

    codebook: Codebook
    flavor: str
    names: Names
    groups: Mapping[str, tuple[str, tuple[str, ...]]]

    def able(self, wide: bool, kind: str) -> bool:
        """Whether a block (wide or not) can be brought to a place of a kind."""
        has = self.names.skills
        if wide:
            return kind == "zone" and "push" in has
        if "move" in has or ("pick" in has and ("place" in has or SPLIT[kind] in has)):
            return kind != "box" or self.flavor == "packing"
        return False

    def commands(self, scene: Scene, state: State, move: Move) -> list[Command]:
        """The commands that a move begins with."""
        block, place = move
        has = self.names.skills
        held = state[scene.index[block]] is None
        kind = scene.kind(place) if place else ""
        if scene.by_id[block].wide:
            role = "push"
        elif not place:
            role = "pick"
        elif held:
            role = "place" if "place" in has else SPLIT[kind]
        else:
            whole = ("move", _WHOLE.get(kind, ""))
            role = next((name for name in whole if name in has), "pick")
        return [self.command(role, block, place)]

    def command(self, role: str, block: str, place: str = "") -> Command:
        """The command of a skill, called by what the shipped codebooks call it, with things by their own ids there."""
        names = self.names.arguments[role]
        args = {names["object"]: self.names.id(block)}
        if "target" in names:
            args[names["target"]] = self.names.id(place)
        return make_command(self.codebook, self.names.skills[role], args)

    @cached_property
    def done(self) -> Command:
        """The command that says that the task is done."""
        return make_command(self.codebook, "done", {})

    def cannot(self, reason: str) -> Command:
        """The command that says that the task cannot be done."""
        return make_command(self.codebook, "cannot", {"reason": reason})


_WHOLE = {"bowl": "move_to_bowl", "box": "move_to_bowl", "block": "move_to_block", "table": "take_off"}


@cache
def shipped_book(flavor: str) -> Book:
    """A shipped codebook as it is."""
    codebook = load_codebook(flavor)
    base = ("pick", "place", "push", "home", "wait")
    arguments = {role: {"object": "object", "target": "target"} for role in ("place", "push")}
    arguments |= {"pick": {"object": "object"}, "home": {}, "wait": {"duration_s": "duration_s"}}
    return Book(codebook, flavor, Names(dict(zip(base, base, strict=True)), arguments), _groups(flavor))


def make_book(
    rng: random.Random,
    pool: Mapping[str, Any],
    *,
    flavor: str | None = None,
    strange: float | None = None,
    own_words: bool = True,
    steps: bool = False,
) -> Book:
    """A codebook at random. `strange` is how likely each name is another than in the shipped ones (drawn where None).

    With `own_words` facts and kinds may be called otherwise too, which a simulator that names them itself does not
    understand. With `steps` it can be carried out.
    """
    flavor = flavor or rng.choices(list(FLAVORS), list(FLAVORS.values()))[0]
    if strange is None:
        strange = rng.choice((0.0, 0.3, 0.9, 1.0, 1.0))
    draw = _Drawing(rng, pool, strange, own_words and rng.random() < 0.4 * strange)
    roles = _structure(rng)
    names = draw.names(roles)
    groups = dict(_groups(flavor))
    if groups and rng.random() < 0.5 * strange:
        groups = draw.groups(flavor, groups)
    properties, facts = _told(flavor, groups, names)
    entries = {
        names.skills[role]: skill_entry(role, names, draw.text("skills", role, names), flavor, rng, strange, steps)
        for role in roles
    }
    for name in draw.distractors():
        entries.setdefault(name, distractor_entry(pool["distractors"][name], names, rng))
    order = list(entries)
    if strange:
        rng.shuffle(order)
    ends = {
        "done": {"description": draw.line("done_texts", "say that the task is done")},
        "cannot": {
            "description": draw.line("cannot_texts", "say that the task cannot be done"),
            "args": {"reason": {"choice": draw.shuffled(["missing", "impossible", "unsafe"])}},
        },
    }
    skills = {name: entries[name] for name in order} | ends
    if strange and rng.random() < 0.3:
        skills = {name: skills[name] for name in rng.sample(list(skills), len(skills))}
    kinds = [names.kinds[kind] for kind in draw.shuffled(["block", "bowl", "zone", "table"], 0.5)]
    kinds += [names.kinds["box"]] if flavor == "packing" else []
    data: dict[str, Any] = {
        "codebook": flavor,
        "description": rng.choice(pool["about"]),
        "robot": "arm",
        "entities": kinds,
        "workspace": {"x_m": [0.15, 0.80], "y_m": [-0.50, 0.50], "z_m": [-0.02, 0.50]},
        "facts": draw.facts(names),
        **({"properties": properties} if properties else {}),
        "derived": {**names.basics(), **facts},
        "skills": skills,
    }
    return Book(parse_codebook(json.dumps(data)), flavor, names, groups)


def _structure(rng: random.Random) -> list[str]:
    """The skills that a codebook has, by what the shipped ones call them."""
    kind = rng.random()
    if kind < 0.5:
        roles = ["pick", "place"]
    elif kind < 0.62:
        roles = ["pick", "place", "move"]
    elif kind < 0.78:
        roles = ["pick", *dict.fromkeys(SPLIT.values())]
    elif kind < 0.88:
        roles = ["move"]
    else:
        whole = ["move_to_bowl", "move_to_block", "take_off"]
        roles = ["pick", "place", *rng.sample(whole, rng.randint(1, 2))]
    roles += ["push"] if rng.random() < 0.92 else []
    roles += ["home"] if rng.random() < 0.7 else []
    return roles + (["wait"] if rng.random() < 0.6 else [])


class _Drawing:
    """Draws names and words out of a pool."""

    def __init__(self, rng: random.Random, pool: Mapping[str, Any], strange: float, own_words: bool) -> None:
        self.rng, self.pool, self.strange, self.own_words = rng, pool, strange, own_words

    def names(self, roles: list[str]) -> Names:
        taken = {"done", "cannot"}
        kinds = {k: self.name(self.pool["kinds"][k], k, taken, self.own_words) for k in self.pool["kinds"]}
        facts = {f: self.name(self.pool["facts"][f]["names"], f, taken, self.own_words) for f in self.pool["facts"]}
        derived = {d: self.name(self.pool["derived"][d], d, taken) for d in self.pool["derived"]}
        skills = {r: self.name(self.pool["skills"][r]["names"], r, taken) for r in roles}
        arguments = {}
        same = {a: self.name(self.pool["arguments"][a], a, set()) for a in ("object", "target", "duration_s")}
        for role in roles:
            given = ("duration_s",) if role == "wait" else () if role == "home" else ("object", "target")
            mine: dict[str, str] = {}
            for argument in given:
                if role == "pick" and argument == "target":
                    continue
                name = same[argument]
                if self.rng.random() < 0.2 * self.strange:
                    name = self.name(self.pool["arguments"][argument], argument, set(mine.values()))
                mine[argument] = name if name not in mine.values() else argument
            if len(mine) > 1 and self.rng.random() < 0.35 * self.strange:
                mine = dict(reversed(mine.items()))
            arguments[role] = mine
        return Names(skills, arguments, kinds, facts, derived)

    def name(self, pool: list[str], usual: str, taken: set[str], other: bool | None = None) -> str:
        """A name that is not taken yet; the usual one unless another is to be had."""
        wanted = self.rng.random() < self.strange if other is None else other
        options = [name for name in pool if name not in taken] if wanted or usual in taken else [usual]
        found = self.rng.choice(options)
        taken.add(found)
        return found

    def text(self, table: str, role: str, names: Names) -> str:
        texts: list[str] = self.pool[table][role]["texts"]
        text = self.rng.choice(texts) if self.rng.random() < self.strange else texts[0]
        return text.format(**names.kinds)

    def line(self, table: str, usual: str) -> str:
        return str(self.rng.choice(self.pool[table])) if self.rng.random() < self.strange else usual

    def facts(self, names: Names) -> dict[str, str]:
        places = {"on": "(thing, place)", "in": "(thing, bowl_like)", "holding": "(thing)", "wide": "(thing)"}
        order = self.shuffled(list(places))
        return {names.facts[fact] + places[fact]: self.text("facts", fact, names) for fact in order}

    def groups(self, flavor: str, groups: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, Any]:
        """Other groups, whose names say nothing of what is in them."""
        of, words, most = {
            "colors": ("color", COLORS, 5),
            "letters": ("letter", tuple(ascii_lowercase), 10),
            "packing": ("label", LABELS, 5),
        }[flavor]
        found = {name: group for name, group in groups.items() if self.rng.random() < 0.4}
        for name in self.rng.sample(self.pool["group_names"], self.rng.randint(1, 2)):
            found[name] = (of, tuple(self.rng.sample(words, self.rng.randint(2, most))))
        return found

    def distractors(self) -> list[str]:
        """Skills that no task needs; now and then many, so that a codebook is long."""
        if not self.strange:
            return []
        every = list(self.pool["distractors"])
        count = self.rng.randint(6, 14) if self.rng.random() < _LONG else self.rng.choice((0, 0, 1, 2, 3))
        return self.rng.sample(every, min(count, len(every)))

    def shuffled(self, items: list[str], factor: float = 1.0) -> list[str]:
        return self.rng.sample(items, len(items)) if self.rng.random() < factor * self.strange else items


def _groups(flavor: str) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    if flavor == "colors":
        return {name: ("color", words) for name, words in COLOR_GROUPS.items()}
    if flavor == "letters":
        return {name: ("letter", tuple(letters)) for name, letters in LETTER_GROUPS.items()}
    return {name: ("label", words) for name, words in LABEL_GROUPS.items()} if flavor == "packing" else {}


def _told(
    flavor: str, groups: Mapping[str, tuple[str, tuple[str, ...]]], names: Names
) -> tuple[dict[str, Any], dict[str, str]]:
    """The properties and the facts about them of a codebook."""
    block = names.kinds["block"]
    facts = {f"{name}(thing)": f"{of}(thing) in {'|'.join(words)}" for name, (of, words) in groups.items()}
    if "before_d" in groups:
        facts["before_d(thing)"] = "letter(thing) < d"
    if flavor == "colors":
        alike = f"count(x in {block} (color(x) == color(thing)))"
        facts |= {
            "same_color(thing, other)": "color(thing) == color(other)",
            "small(thing)": "size(thing) == small",
            "big(thing)": "size(thing) == big",
            "even_count(thing)": f"{alike} == 2 or {alike} == 4",
        }
        return {"color": "what color it has", "size": ["small", "big"]}, facts
    if flavor == "letters":
        facts["lettered(thing)"] = "letter(thing) >= a"
        return {"letter": "the letter that a block bears", "number": "which slot of the row it is"}, facts
    if flavor == "packing":
        return {"label": "what is printed on a block"}, facts
    return {}, {}
