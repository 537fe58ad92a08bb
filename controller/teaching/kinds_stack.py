"""Kinds of task in which things are stacked or taken apart, and in which letters are put in order."""

from itertools import pairwise
from string import ascii_lowercase

from .aims import AimPart, At, Tower
from .draft import Draft, DraftTask
from .pools_of import training_words
from .scene import TABLE

_EACH = ((2, 2), (3, 2), (2, 3), (3, 2), (2, 3), (2, 1), (3, 3))
"""How many things of each of two colors there are. Where one color has a single thing, only the other's tower is told:
too often that, and the model learns to tell of one alone."""


def stack_two(d: Draft) -> DraftTask:
    """One thing on another."""
    a, b = d.blocks(2)
    d.clutter(3)
    others = [x for x in d.of_kind("block") if x not in (a, b)]
    if others and d.rng.random() < 0.25:
        d.stack(d.rng.choice((a, b)), d.rng.choice(others))
    return d.task("stack_two", [At(a, (b,))], {"a": a, "b": b})


def stack_order(d: Draft) -> DraftTask:
    """A tower in a given order; parts of it may stand already, or stand wrongly."""
    upward = d.blocks(d.rng.choice((3, 3, 3, 4)))
    d.clutter(2)
    luck = d.rng.random()
    if luck < 0.15:
        d.stack(*reversed(upward))
    elif luck < 0.3:
        d.stack(upward[0], upward[1])
    elif luck < 0.4:
        d.stack(upward[0], upward[2])
    parts = [At(above, (below,)) for below, above in pairwise(upward)]
    return d.task("stack_order", parts, {"upward": upward}, scatter=0.2)


def stack_all(d: Draft) -> DraftTask:
    """Everything in one tower."""
    blocks = tuple(sorted(d.blocks(d.number(2, 4, 6))))
    if d.rng.random() < 0.4:
        d.bowl(d.colors(1)[0])
    return d.task("stack_all", [Tower(blocks)], {}, scatter=0.1, groups=[("block", "")])


def stack_area(d: Draft) -> DraftTask:
    """Everything in one tower in a zone."""
    blocks = tuple(sorted(d.blocks(d.number(2, 4, 5))))
    zones = d.zones(d.rng.randint(1, 2))
    parts = [Tower(blocks, base=(zones[0],))]
    return d.task("stack_area", parts, {"t": zones[0]}, scatter=0.25, groups=[("block", "")])


def stack_group(d: Draft) -> DraftTask:
    """A tower of all things of a group, and of no others."""
    groups = [name for name, (of, _) in d.book.groups.items() if of == "color"]
    if not groups:
        return stack_all(d)
    name = d.rng.choice(groups)
    _, words = d.book.groups[name]
    members = [d.block(c) for c in d.rng.sample(words, min(len(words), d.rng.choice((2, 2, 3, 3, 4))))]
    others = [d.block(c) for c in [c for c in d.colors(10) if c not in words][: d.number(1, 2, 3)]]
    blocks = (*members, *others)
    parts: list[AimPart] = [Tower(tuple(sorted(members)))]
    parts += [At(other, None, tuple(b for b in blocks if b != other)) for other in others]
    return d.task("stack_group", parts, {"group": name}, scatter=0.15, groups=[(name, "")])


def stack_by_color(d: Draft) -> DraftTask:
    """One tower for each color."""
    colors = d.colors(2)
    towers = []
    for color, count in zip(colors, d.rng.choice(_EACH), strict=True):
        towers.append(tuple(d.block(color, number=n) for n in range(1, count + 1)))
    groups = [("block", "one_another same_color")]
    return d.task("stack_by_color", towers_apart(towers), {}, scatter=0.15, groups=groups)


def stack_by_size(d: Draft) -> DraftTask:
    """One tower of the big things and one of the small."""
    sizes, towers = ("big", "small"), []
    for size in sizes:
        towers.append(tuple(sorted(d.block(c, size) for c in d.colors(d.rng.choice((1, 2, 2, 2, 3, 3, 3))))))
    groups = [(size, "") for size, tower in zip(sizes, towers, strict=True) if len(tower) > 1]
    return d.task("stack_by_size", towers_apart(towers), {}, scatter=0.15, groups=groups)


def towers_apart(towers: list[tuple[str, ...]]) -> list[AimPart]:
    """Towers that nothing of another stands on."""
    parts: list[AimPart] = [Tower(tower) for tower in towers]
    for tower in towers:
        others = tuple(b for other in towers if other is not tower for b in other)
        parts += [At(block, None, others) for block in tower]
    return parts


def alternate(d: Draft) -> DraftTask:
    """One tower of two colors in turn."""
    first, second = d.colors(2)
    more, less = d.rng.choice(((2, 1), (2, 2), (3, 2)))
    blocks = [d.block(first, number=n) for n in range(1, more + 1)]
    blocks += [d.block(second, number=n) for n in range(1, less + 1)]
    colors = {block: str(d.things[block].properties["color"]) for block in blocks}
    parts, groups = [Tower(tuple(sorted(blocks)), colors=colors)], [("block", "one_another not same_color")]
    return d.task("alternate", parts, {"one": first, "two": second}, scatter=0.1, groups=groups)


def small_on_big(d: Draft) -> DraftTask:
    """Small things on the big ones of their color."""
    parts = []
    for color in d.colors(d.rng.randint(2, 3)):
        parts.append(At(d.block(color, "small"), (d.block(color, "big"),)))
    return d.task("small_on_big", parts, {}, scatter=0.15, groups=[("small", "big same_color")])


def small_on_big_zones(d: Draft) -> DraftTask:
    """The same in the zones of the colors."""
    parts = []
    for color in d.colors(2):
        zone = d.zone(f"{color}_zone", color)
        small, big = d.block(color, "small"), d.block(color, "big")
        parts += [At(big, (zone,)), At(small, (big,))]
    groups = [("big", "zone same_color"), ("small", "big same_color")]
    return d.task("small_on_big_zones", parts, {"place": "zone"}, scatter=0.15, groups=groups)


def unstack(d: Draft) -> DraftTask:
    """Everything on the table."""
    blocks = d.blocks(d.number(2, 4, 6))
    d.stack(*blocks[: d.rng.randint(2, len(blocks))])
    if d.rng.random() < 0.3:
        d.zones(1)
    parts = [At(block, (TABLE,)) for block in d.of_kind("block")]
    return d.task("unstack", parts, {"t": TABLE}, scatter=0.1, groups=[("block", TABLE)])


def take_off(d: Draft) -> DraftTask:
    """What stands on a thing, onto the table."""
    a, b = d.blocks(2)
    d.stack(b, a)
    d.clutter(2)
    return d.task("take_off", [At(a, (TABLE,))], {"a": a, "b": b, "t": TABLE}, steady=True)


def swap(d: Draft) -> DraftTask:
    """Two stacked things the other way round."""
    a, b = d.blocks(2)
    d.stack(a, b)
    d.clutter(2)
    return d.task("swap", [At(a, (b,))], {"a": a, "b": b})


def alphabet(d: Draft) -> DraftTask:
    return _row(d, "alphabet", sorted(_letters(d)))


def reverse_alphabet(d: Draft) -> DraftTask:
    return _row(d, "reverse_alphabet", sorted(_letters(d), reverse=True))


def _letters(d: Draft) -> list[str]:
    return d.rng.sample(ascii_lowercase, d.rng.choice((3, 4, 5, 5, 6)))


def spell(d: Draft) -> DraftTask:
    word = d.rng.choice(training_words())
    others = _others(d, word, 0)
    for letter in others:
        d.letter(letter)
    return _row(d, "spell", list(word), {"word": word})


def spell_part(d: Draft) -> DraftTask:
    """The letters of a word that are there, without a gap."""
    word = d.rng.choice([w for w in training_words() if len(w) > 3])
    there = sorted(d.rng.sample(range(len(word)), len(word) - 1))
    for letter in _others(d, word, 1):
        d.letter(letter)
    return _row(d, "spell_part", [word[k] for k in there], {"word": word})


def spell_one_of(d: Draft) -> DraftTask:
    """The one of some words that the letters make."""
    words = d.rng.sample([w for w in training_words() if len(w) == 4], 4)
    word = words[0]
    others = _others(d, word, 0)
    if any(set(other) <= {*word, *others} for other in words[1:]):
        return spell(d)
    for letter in others:
        d.letter(letter)
    return _row(d, "spell_one_of", list(word), {"choices": d.rng.sample(words, 4)})


def _others(d: Draft, word: str, least: int) -> list[str]:
    """Letters that a word has not."""
    return d.rng.sample([x for x in ascii_lowercase if x not in word], d.rng.randint(least, 3))


def _row(d: Draft, kind: str, letters: list[str], words: dict[str, object] | None = None) -> DraftTask:
    """Letters in the slots of a row; nothing else stands there."""
    slots = d.row(len(letters))
    blocks = [d.letter(letter) for letter in letters]
    if kind in ("alphabet", "reverse_alphabet") and d.rng.random() < 0.5:
        d.block(d.colors(1)[0])
    parts: list[AimPart] = [At(block, (slot,)) for block, slot in zip(blocks, slots, strict=True)]
    parts += [At(block, None, tuple(slots)) for block in d.of_kind("block") if block not in blocks]
    how = {"alphabet": ("lettered", "zone rising letter"), "reverse_alphabet": ("lettered", "zone falling letter")}
    word = str((words or {}).get("word", "".join(letters)))
    groups = [how.get(kind, (word, "zone spelled"))]
    return d.task(kind, parts, words or {}, scatter=0.25, groups=groups)
