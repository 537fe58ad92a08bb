"""Kinds of task in which things are brought to places."""

from dataclasses import replace

from .aims import Aim, Apart, At
from .codebook_generator import LABELS
from .draft import Draft, DraftTask, only
from .scene import TABLE

_CORNERS = ("top_left_corner", "top_right_corner", "bottom_left_corner", "bottom_right_corner")


def put(d: Draft) -> DraftTask:
    """One thing to one place; sometimes something stands on it."""
    (a,) = d.blocks(1)
    t = d.container() if d.rng.random() < 0.9 else TABLE
    if d.book.flavor == "letters" and d.rng.random() < 0.3:
        t = d.rng.choice(d.row(d.rng.randint(2, 5)))
    d.clutter(3)
    others = [b for b in d.of_kind("block") if b != a]
    if others and d.rng.random() < 0.3:
        d.stack(a, *d.rng.sample(others, d.rng.choice((1, 1, 2)) if len(others) > 1 else 1))
    return d.task("put", [At(a, (t,))], {"a": a, "t": t})


def put_several(d: Draft) -> DraftTask:
    """Some things to one place."""
    t = d.container()
    wanted = d.blocks(d.number(2, 3, 5) if d.of_kind("zone", "box") else d.rng.choice((2, 2, 3)))
    d.clutter()
    return d.task("put_several", [At(a, (t,)) for a in wanted], {"list": wanted, "t": t}, scatter=0.25)


def put_pairs(d: Draft) -> DraftTask:
    """Different things to different places."""
    wanted = d.blocks(d.rng.choice((2, 2, 3, 3, 4)))
    if d.rng.random() < 0.5 and d.book.able(False, "zone"):
        places = d.zones(2)
    elif d.book.able(False, "bowl"):
        places = [d.bowl(color) for color in d.colors(2)]
    else:
        places = [d.container()]
    goes = [
        (a, places[number % len(places)] if len(wanted) > 3 else d.rng.choice(places))
        for number, a in enumerate(wanted)
    ]
    d.clutter(1)
    return d.task("put_pairs", [At(a, (t,)) for a, t in goes], {"pairs": goes}, scatter=0.25)


def all_to(d: Draft) -> DraftTask:
    """Everything to one place."""
    t = d.container() if d.rng.random() < 0.85 else TABLE
    d.blocks(d.number(2, 4, 6) if t == TABLE or d.of_kind("zone", "box") else d.rng.randint(2, 3))
    if d.rng.random() < 0.4:
        d.bowl(d.colors(1)[0])
    return d.task("all_to", [At(a, (t,)) for a in d.of_kind("block")], {"t": t}, scatter=0.35, groups=[("block", t)])


def some_to(d: Draft) -> DraftTask:
    """All things of a group to a place, and no others."""
    flavor, rng = d.book.flavor, d.rng
    name, of = "all_of_color", "color"
    words: tuple[str, ...] = ()
    extra: dict[str, object] = {}
    groups = list(d.book.groups)
    sized = flavor == "colors" and rng.random() < 0.25
    if groups and rng.random() < 0.8 and not sized:
        name = rng.choice(groups)
        of, words = d.book.groups[name]
    if flavor == "letters":
        name = name if of == "letter" else rng.choice(list(d.book.groups))
        of, words = d.book.groups[name]
        letters = rng.sample("abcdefghijklmnopqrstuvwxyz", rng.randint(2, 4))
        letters += [x for x in rng.sample(words, min(rng.choice((2, 2, 3)), len(words))) if x not in letters]
        for letter in letters:
            d.letter(letter)
    elif of == "label":
        wanted = rng.sample(words, min(len(words), d.number(1, 3, 4)))
        others = rng.sample([label for label in LABELS if label not in words], d.number(1, 2, 3))
        for label in (*wanted, *others):
            d.label(label)
    elif sized:
        name = rng.choice(("small", "big"))
        of, words = "size", (name,)
        for color in d.colors(d.number(3, 4, 6)):
            d.block(color, size=rng.choice(("small", "big")))
    elif name == "all_of_color":
        color, *rest = d.colors(4)
        words, extra = (color,), {"color": color}
        for number in range(1, d.number(2, 3, 4) + 1):
            d.block(color, number=number)
        for other in rest[: d.number(1, 2, 3)]:
            d.block(other)
    else:
        wanted = rng.sample(words, min(len(words), d.number(1, 3, 4)))
        others = [c for c in d.colors(10) if c not in words][: d.number(1, 2, 3)]
        for color in (*wanted, *others):
            d.block(color)
    t = d.zones(2)[0] if d.book.able(False, "zone") and rng.random() < 0.75 else d.container()
    blocks = d.of_kind("block")
    members = [b for b in blocks if d.things[b].properties.get(of) in words]
    if d.things.get(t) is not None and d.things[t].kind == "bowl" and len(members) > 3:
        t = d.zones(1)[0]
    said = [(words[0] if name == "all_of_color" else name, t)]
    return d.task("some_to", only(members, blocks, t), {"group": name, "t": t, **extra}, scatter=0.25, groups=said)


def group_but(d: Draft) -> DraftTask:
    """All things of a group to a place but for one of them, and no others."""
    task = some_to(d)
    members = [part.block for part in _at(task) if part.ok is not None]
    if len(members) < 2:
        return task
    (place,) = {part.ok[0] for part in _at(task) if part.ok is not None}
    a = d.rng.choice(members)
    parts = [At(part.block, None, (place,)) if part.block == a else part for part in _at(task)]
    return replace(task, kind="group_but", aim=Aim(tuple(parts)), words={**task.words, "a": a})


def _at(task: DraftTask) -> list[At]:
    assert task.aim is not None
    return [part for part in task.aim.parts if isinstance(part, At)]


def match(d: Draft) -> DraftTask:
    """Things to the places of their color; what has no place of its color stays out of those of others."""
    rng = d.rng
    kind = rng.choice([k for k in ("bowl", "zone") if d.book.able(False, k)] or ["zone"])
    colors = d.colors(rng.randint(2, 3))
    places = [d.bowl(c) if kind == "bowl" else d.zone(f"{c}_zone", c) for c in colors]
    twice = rng.random() < 0.4
    for color in colors:
        if twice and rng.random() < 0.6:
            d.block(color, number=1)
            d.block(color, number=2)
        else:
            d.block(color)
    extra = [] if rng.random() < 0.6 else [d.block(c) for c in d.colors(1)]
    parts = []
    for block in d.of_kind("block"):
        color = d.things[block].properties["color"]
        others = tuple(p for p in places if d.things[p].properties["color"] != color)
        parts.append(At(block, None, others) if block in extra else At(block, (f"{color}_{kind}",)))
    return d.task("match", parts, {"place": kind}, scatter=0.25, groups=[("block", f"{kind} same_color")])


def mismatch(d: Draft) -> DraftTask:
    """Each thing to a place of another color."""
    kind = d.rng.choice([k for k in ("bowl", "zone") if d.book.able(False, k)] or ["zone"])
    colors = d.colors(d.rng.randint(2, 3))
    places = [d.bowl(c) if kind == "bowl" else d.zone(f"{c}_zone", c) for c in colors]
    more = d.colors(d.number(1, 1, 3) if len(colors) > 2 else 1) if d.rng.random() < 0.35 else []
    for color in (*colors, *more):
        d.block(color)
    blocks = d.of_kind("block")
    parts = []
    for block in blocks:
        color = d.things[block].properties["color"]
        parts.append(At(block, tuple(p for p in places if d.things[p].properties["color"] != color)))
    return d.task("mismatch", parts, {"place": kind}, scatter=0.25, groups=[("block", f"{kind} not same_color")])


def corners(d: Draft) -> DraftTask:
    """Each thing to a corner of its own."""
    for corner in _CORNERS:
        d.zone(corner)
    blocks = d.blocks(d.rng.randint(2, 4))
    return d.task("corners", [Apart(tuple(sorted(blocks)), _CORNERS)], {}, scatter=0.3)


def area_to_area(d: Draft) -> DraftTask:
    """All that is in one zone to another place; or in a bowl, to a zone."""
    s, t = d.zones(2)
    if d.rng.random() < 0.25 and d.book.able(False, "zone"):
        d.things.pop(s)
        s = d.bowl(d.colors(1)[0])
    elif d.rng.random() < 0.4:
        place = TABLE if d.rng.random() < 0.4 else d.container()
        t = place if place != s else t
    moved = d.blocks(d.number(1, 3, 4) if t == TABLE or t in d.of_kind("zone", "box") else d.rng.randint(1, 3))
    others = d.blocks(d.number(1, 2, 3))
    for block in moved:
        d.at[block] = s
    elsewhere = (s,) if t == TABLE else (s, t)
    parts = [At(block, (t,)) for block in moved] + [At(block, None, elsewhere) for block in others]
    return d.task("area_to_area", parts, {"s": s, "t": t}, steady=True, groups=[(s, t)])


def even(d: Draft) -> DraftTask:
    """Things of colors that there is an even number of to the zones of their colors, and no others."""
    rng = d.rng
    colors = d.colors(rng.randint(2, 3))
    counts = [rng.choice((2, 2, 4)) if len(colors) == 2 else 2, *(rng.choice((1, 2, 3)) for _ in colors[1:])]
    if sum(counts) > 7:
        counts = [2, *(1 for _ in colors[1:])]
    for color, count in zip(colors, counts, strict=True):
        d.zone(f"{color}_zone", color)
        for number in range(1, count + 1):
            d.block(color, number=number)
    zones = tuple(d.of_kind("zone"))
    chosen = {color for color, count in zip(colors, counts, strict=True) if count % 2 == 0}
    parts = []
    for block in d.of_kind("block"):
        color = d.things[block].properties["color"]
        parts.append(At(block, (f"{color}_zone",)) if color in chosen else At(block, None, zones))
    groups = [("even_count", "zone same_color")]
    return d.task("even", parts, {"place": "zone"}, scatter=0.2, groups=groups)


def pack_all(d: Draft) -> DraftTask:
    """All goods into one box."""
    d.blocks(d.number(2, 4, 6))
    t = d.box(d.rng.choice(("brown", *d.colors(2))))
    if d.rng.random() < 0.3:
        d.bowl(d.colors(1)[0])
    parts = [At(a, (t,)) for a in d.of_kind("block")]
    return d.task("pack_all", parts, {"t": t}, scatter=0.3, groups=[("block", t)])


def pack_any(d: Draft) -> DraftTask:
    """All goods into boxes, whichever."""
    d.blocks(d.number(2, 4, 6))
    boxes = tuple(d.box(color) for color in d.colors(2))
    return d.task("pack_any", [At(a, boxes) for a in d.of_kind("block")], {"place": "box"}, scatter=0.3)


def push(d: Draft) -> DraftTask:
    """A thing that is too wide to be picked, to a zone."""
    a = d.crate(d.colors(1)[0])
    zones = d.zones(d.rng.randint(1, 3))
    d.clutter()
    if d.rng.random() < 0.15:
        d.stack(a, d.blocks(1)[0])
    return d.task("push", [At(a, (zones[0],))], {"a": a, "t": zones[0]})


def push_and_put(d: Draft) -> DraftTask:
    """A wide thing to a zone and another one somewhere."""
    a, (b,) = d.crate(d.colors(1)[0]), d.blocks(1)
    zones = d.zones(d.rng.randint(1, 2))
    t = d.container() if d.rng.random() < 0.7 else d.blocks(1)[0]
    d.clutter(1)
    return d.task("push_and_put", [At(a, (zones[0],)), At(b, (t,))], {"a": a, "b": b, "u": zones[0], "t": t})


def hold(d: Draft) -> DraftTask:
    """A thing picked up and kept."""
    (a,) = d.blocks(1)
    d.clutter(3)
    return d.task("hold", [], {"a": a}, hold=a)


def release(d: Draft) -> DraftTask:
    """Whatever is held, put down."""
    d.blocks(1)
    d.clutter(2)
    return d.task("release", [], {"t": TABLE})


def missing(d: Draft) -> DraftTask:
    """Something is named that is not there."""
    which = d.rng.random()
    a, t = d.blocks(1)[0], d.container()
    d.clutter(3)
    if which < 0.1:
        gone = d.absent("block")
        return d.impossible("put_several", {"list": [a, gone.id], "t": t, "gone": gone}, "missing")
    if which < 0.5:
        gone = d.absent("block" if d.rng.random() < 0.8 else "crate")
        return d.impossible("put", {"a": gone.id, "t": t, "gone": gone}, "missing")
    if which < 0.7:
        gone = d.absent("bowl")
        return d.impossible("put", {"a": a, "t": gone.id, "gone": gone}, "missing")
    if which < 0.85:
        gone = d.absent("block")
        return d.impossible("stack_two", {"a": a, "b": gone.id, "gone": gone}, "missing")
    gone = d.absent("block")
    other = t if t != TABLE else a
    return d.impossible("put_pairs", {"pairs": [(a, t), (gone.id, other)], "gone": gone}, "missing")


def too_wide(d: Draft) -> DraftTask:
    """A thing that cannot be picked should be brought where it cannot be pushed."""
    a = d.crate(d.colors(1)[0])
    b = d.blocks(1)[0]
    t = d.bowl(d.colors(1)[0]) if d.rng.random() < 0.8 else b
    d.clutter(2)
    if d.rng.random() < 0.3 and d.things[t].kind == "bowl":
        return d.task("put_pairs", [At(b, (t,)), At(a, (t,))], {"pairs": [(b, t), (a, t)]})
    return d.task("put", [At(a, (t,))], {"a": a, "t": t})
