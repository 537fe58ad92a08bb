"""Kinds of task that say of things where others are, how many are meant, or which are not."""

from dataclasses import replace

from .aims import Aim, AimPart, At, Some
from .draft import Draft, DraftTask
from .kinds_put import area_to_area, put, some_to
from .scene import TABLE

_COUNTS = {2: "two", 3: "three"}


def where_is(d: Draft) -> DraftTask:
    """A thing to where another one is."""
    a, b = d.blocks(2)
    t = d.container()
    if t == TABLE:
        return put(d)
    d.at[b] = t
    d.clutter(2)
    return d.task("where_is", [At(a, (t,))], {"a": a, "b": b}, steady=True)


def takes_place_of(d: Draft) -> DraftTask:
    """A thing to where another one is, and that one elsewhere."""
    a, b = d.blocks(2)
    t, u = d.container(), d.container()
    if TABLE in (t, u) or t == u:
        return put(d)
    d.at[b] = t
    d.clutter(1)
    return d.task("takes_place_of", [At(a, (t,)), At(b, (u,))], {"a": a, "b": b, "u": u}, steady=True)


def area_but(d: Draft) -> DraftTask:
    """All that is in one zone to another place but for one thing of it."""
    task = area_to_area(d)
    assert task.aim is not None
    moved = [part for part in task.aim.parts if isinstance(part, At) and part.ok is not None]
    if len(moved) < 2:
        return task
    kept = d.rng.choice(moved)
    assert kept.ok is not None
    parts = tuple(At(kept.block, None, kept.ok) if part is kept else part for part in task.aim.parts)
    return replace(task, kind="area_but", aim=Aim(parts), words={**task.words, "a": kept.block})


def all_but_group(d: Draft) -> DraftTask:
    """All things to a place but for those of a group."""
    task = some_to(d)
    assert task.aim is not None
    t = str(task.words["t"])
    spared = {part.block for part in task.aim.parts if isinstance(part, At) and part.ok is not None}
    others = [block for block in d.of_kind("block") if block not in spared]
    if t == TABLE or not others or (t in d.of_kind("bowl") and len(others) > 3):
        return task
    parts = [At(b, None, (t,)) if b in spared else At(b, (t,)) for b in d.of_kind("block")]
    return replace(task, kind="all_but_group", aim=Aim(tuple(parts)), groups=(("block", t),))


def some_number(d: Draft) -> DraftTask:
    """So many things to a place, whichever."""
    count = d.rng.choice((2, 2, 3))
    blocks = d.blocks(count + d.number(1, 2, 3))
    t = d.container()
    if t == TABLE:
        return put(d)
    parts: list[AimPart] = [Some(tuple(sorted(blocks)), t, count)]
    return d.task("some_number", parts, {"count": _COUNTS[count], "t": t}, scatter=0.1)
