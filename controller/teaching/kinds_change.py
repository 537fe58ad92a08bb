"""Kinds of task that set one thing against another, or take back what was asked for before; and those that list what
is meant although not all of it need be there.
"""

from string import ascii_lowercase

from .aims import AimPart, At
from .codebook_generator import COLORS, LABELS
from .draft import Draft, DraftTask, only
from .kinds_put import missing, put
from .scene import TABLE, Move


def instead(d: Draft) -> DraftTask:
    """One thing to a place and not another one, which may be on the way there or lie there already."""
    a, b = d.blocks(2)
    t = d.blocks(1)[0] if d.rng.random() < 0.2 else d.container()
    if t == TABLE:
        return put(d)
    d.clutter(2)
    before = _begun(d, b, t)
    return d.task("instead", [At(a, (t,)), At(b, None, (t,))], {"a": a, "b": b, "t": t}, before=before, scatter=0.1)


def instead_missing(d: Draft) -> DraftTask:
    """The thing that is wanted now is not there."""
    b = d.blocks(1)[0]
    t = d.container()
    if t == TABLE:
        return missing(d)
    d.clutter(2)
    gone = d.absent("block" if d.rng.random() < 0.6 else "crate")
    before = _begun(d, b, t)
    return d.impossible("instead", {"a": gone.id, "b": b, "t": t, "gone": gone}, "missing", before=before)


def elsewhere(d: Draft) -> DraftTask:
    """A thing to another place than was said at first."""
    (a,) = d.blocks(1)
    t, u = d.container(), d.container()
    if TABLE in (t, u) or t == u:
        return put(d)
    d.clutter(2)
    return d.task("elsewhere", [At(a, (u,))], {"a": a, "t": t, "u": u}, before=_begun(d, a, t))


def after_all(d: Draft) -> DraftTask:
    """A thing to a place after all, having been put aside for a while."""
    (a,) = d.blocks(1)
    t = d.container()
    if t == TABLE:
        return put(d)
    d.clutter(3)
    luck = d.rng.random()
    before: tuple[Move, ...] = ((a, ""), (a, TABLE)) if luck < 0.4 else ((a, ""),) if luck < 0.6 else ()
    return d.task("after_all", [At(a, (t,))], {"a": a, "t": t}, before=before, scatter=0.1)


def without(d: Draft) -> DraftTask:
    """Some named things to a place, and a named one not."""
    wanted = d.blocks(d.number(2, 2, 3))
    (b,) = d.blocks(1)
    t = d.container()
    if t == TABLE:
        return put(d)
    d.clutter(1)
    parts: list[AimPart] = [At(a, (t,)) for a in wanted]
    before = _begun(d, b, t)
    return d.task("without", [*parts, At(b, None, (t,))], {"list": wanted, "b": b, "t": t}, before=before)


def any_of(d: Draft) -> DraftTask:
    """Whatever is there of some things that are listed to a place, and nothing else."""
    flavor, rng = d.book.flavor, d.rng
    of = {"letters": "letter", "packing": "label"}.get(flavor, "color")
    pool: tuple[str, ...] = {"letter": tuple(ascii_lowercase), "label": LABELS, "color": COLORS}[of]
    listed = rng.sample(pool, rng.randint(3, 4 if of == "color" else 5))
    there = rng.sample(listed, rng.randint(1, min(3, len(listed))))
    others = rng.sample([word for word in pool if word not in listed], d.number(1, 2, 3))
    for word in (*there, *others):
        {"letter": d.letter, "label": d.label, "color": d.block}[of](word)
    t = d.zones(2)[0] if d.book.able(False, "zone") and rng.random() < 0.75 else d.container()
    blocks = d.of_kind("block")
    members = [block for block in blocks if d.things[block].properties.get(of) in listed]
    return d.task("any_of", only(members, blocks, t), {"names": listed, "t": t}, scatter=0.2)


def _begun(d: Draft, block: str, place: str) -> tuple[Move, ...]:
    """How far an earlier task had come that brought a block to a place."""
    luck = d.rng.random()
    if luck < 0.2:
        d.at[block] = place
        return ()
    if luck < 0.4:
        return (block, ""), (block, place)
    return ((block, ""),) if luck < 0.65 else ()
