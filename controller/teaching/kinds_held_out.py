"""The kinds of task that evaluation holds against a model; no training draws them."""

from .aims import At
from .draft import Draft, DraftTask
from .scene import TABLE


def all_but_one(d: Draft) -> DraftTask:
    """All things but one to a place."""
    a, *others = d.blocks(d.rng.randint(3, 4))
    t = d.container()
    parts = [At(block, (t,)) for block in others[:3]] + [At(a, None, (t,))]
    for block in others[3:]:
        d.things.pop(block)
    return d.task("all_but_one", parts, {"a": a, "t": t}, scatter=0.2)


def empty_bowl(d: Draft) -> DraftTask:
    """All that lies in a bowl onto the table."""
    s = d.bowl(d.colors(1)[0])
    inside = d.blocks(d.rng.randint(1, 3))
    for block in inside:
        d.at[block] = s
    parts = [At(block, (TABLE,)) for block in inside]
    d.clutter(1)
    return d.task("empty_bowl", parts, {"s": s, "t": TABLE}, steady=True)


def put_and_stack(d: Draft) -> DraftTask:
    """One thing to a place, another on a third."""
    a, b, c = d.blocks(3)
    t = d.container()
    return d.task("put_and_stack", [At(a, (b,)), At(c, (t,))], {"a": a, "b": b, "c": c, "t": t}, scatter=0.1)
